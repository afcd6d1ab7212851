-- Written by `cdp generate` from the properties files of the project: run it again instead of editing.
{{ cdp.unified('ticket', [
    ref('stg_support__tickets'),
]) }}
