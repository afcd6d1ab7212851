with

source as (

    select * from {{ latest_rows(source('support', 'requesters'), 'requester_id', 'updated_at') }}

),

renamed as (

    select

        ---------- ids
        {{ record_id('support_requester', 'requester_id') }} as record_id,

        ---------- person
        -- Some agents write "Surname, First".
        case
            when name like '%,%'
                then
                    {{ clean_text(dbt.split_part('name', "','", 2) | trim) }}
                    || ' '
                    || {{ clean_text(dbt.split_part('name', "','", 1) | trim) }}
            else {{ clean_text('name') }}
        end as full_name,
        {{ normalize_email('email') }} as email,
        {{ normalize_phone('phone') }} as phone,

        ---------- timestamps
        created_at,
        updated_at,
        _loaded_at as loaded_at

    from source

)

select * from renamed
