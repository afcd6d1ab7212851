-- Who asked for an electronic receipt without a card, known by what it was sent to.
with

receipts as (

    select * from {{ ref('stg_pos__receipts') }}

),

buyers as (

    select

        ---------- ids
        record_id,

        ---------- person
        max(email) as email,
        max(phone) as phone,

        ---------- timestamps
        min(ordered_at) as created_at,
        max(ordered_at) as updated_at,
        max(loaded_at) as loaded_at

    from receipts

    where
        is_buyer
        and record_id is not null

    group by record_id

)

select * from buyers
