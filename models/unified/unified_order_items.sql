-- Written by `cdp generate` from the properties files of the project: run it again instead of editing.
{{ cdp.unified('order_item', [
    ref('stg_pos__receipt_items'),
    ref('stg_shop__order_items'),
]) }}
