{{ config(materialized='view') }}

{%- set types = identifier_columns().split() -%}

with

records as (

    select * from {{ ref('identity_records') }}

),

uses as (

    {% for type in types -%}
        select
            record_id,
            source,
            '{{ type }}' as identifier_type,
            {{ type }} as identifier_value,
            first_name,
            last_name,
            birth_date,
            user_id

        from records

        where {{ type }} is not null
        {%- if not loop.last %}

            union all

        {% endif %}
    {%- endfor %}

)

select * from uses
