-- Written by `cdp generate` from the properties files of the project: run it again instead of editing.
{{ cdp.unified('order', [
    ref('stg_pos__receipts'),
    ref('stg_shop__orders'),
]) }}
