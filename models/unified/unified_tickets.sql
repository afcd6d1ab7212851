-- Written by `cdp generate` from the properties files of the project: run it again instead of editing.
{{ unified('ticket', [
    ref('stg_support__tickets'),
]) }}
