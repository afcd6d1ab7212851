{%- set particles = [
    'van', 'von', 'der', 'den', 'des', 'del', 'della', 'dos', 'das', 'las', 'los', 'ter', 'ten', 'bin', 'ibn',
] -%}

with

identity_map as (

    select * from {{ ref('identity_map') }}

),

identity_records as (

    select * from {{ ref('identity_records') }}

),

surnames_of_records as (

    select distinct
        identity_map.profile_id,
        identity_records.last_name

    from identity_map

    inner join identity_records
        on identity_map.record_id = identity_records.record_id

    where identity_records.last_name is not null

),

surname_parts as (

    select
        profile_id,
        last_name as surname

    from surnames_of_records

    where
        last_name not like '% %'
        and not {{ regexp_like('last_name', '^[a-z]$') }}
    {%- for place in range(1, 5) %}

        union

        select
            profile_id,
            {{ dbt.split_part('last_name', "' '", place) }} as surname

        from surnames_of_records

        where
            last_name like '% %'
            and length({{ dbt.split_part('last_name', "' '", place) }}) >= 3
            and {{ dbt.split_part('last_name', "' '", place) }} not in (
                {%- for particle in particles %}
                    '{{ particle }}'{{ ',' if not loop.last }}
                {%- endfor %}
            )
    {%- endfor %}

)

select * from surname_parts
