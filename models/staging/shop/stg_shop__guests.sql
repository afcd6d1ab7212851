-- Who ordered without an account, known by the address the order was confirmed to.
with

orders as (

    select * from {{ ref('stg_shop__orders') }}

),

guests as (

    select

        ---------- ids
        record_id,

        ---------- person
        max(email) as email,

        ---------- timestamps
        min(ordered_at) as created_at,
        max(ordered_at) as updated_at,
        max(loaded_at) as loaded_at

    from orders

    where
        is_guest
        and record_id is not null

    group by record_id

)

select * from guests
