with

source as (

    select * from {{ cdp.latest_rows(source('support', 'requesters'), 'requester_id', 'updated_at') }}

),

renamed as (

    select

        ---------- ids
        {{ cdp.record_id('support_requester', 'requester_id') }} as record_id,

        ---------- person
        -- Some agents write "Surname, First".
        case
            when name like '%,%'
                then
                    {{ cdp.clean_text(dbt.split_part('name', "','", 2) | trim) }}
                    || ' '
                    || {{ cdp.clean_text(dbt.split_part('name', "','", 1) | trim) }}
            else {{ cdp.clean_text('name') }}
        end as full_name,
        {{ cdp.normalize_email('email') }} as email,
        {{ cdp.normalize_phone('phone') }} as phone,

        ---------- timestamps
        created_at,
        updated_at,
        _loaded_at as loaded_at

    from source

)

select * from renamed
