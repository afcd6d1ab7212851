-- Written by `cdp generate` from the properties files of the project: run it again instead of editing.
{{ cdp.unified('return', [
    ref('stg_shop__returns'),
]) }}
