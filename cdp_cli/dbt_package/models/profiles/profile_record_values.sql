{%- set rules = survivorship_rules() -%}
{%- set identifiers = rules
    | selectattr('attribute', 'in', ['email', 'phone', 'user_id', 'loyalty_id']) | map(attribute='attribute') | list -%}

with

unified_people as (

    select * from {{ ref('unified_people') }}

),

identity_map as (

    select * from {{ ref('identity_map') }}

),

identity_identifiers as (

    select * from {{ ref('identity_identifiers') }}

),

person_values as (

    select
        identity_map.profile_id,
        unified_people.record_id,
        unified_people.source,
        {%- for rule in rules %}
            {{ golden_value(rule.attribute) }} as {{ rule.attribute }},
        {%- endfor %}
        coalesce(unified_people.updated_at, unified_people.created_at, unified_people.loaded_at) as updated_at,
        coalesce(unified_people.created_at, unified_people.updated_at, unified_people.loaded_at) as created_at

    from unified_people

    inner join identity_map
        on unified_people.record_id = identity_map.record_id

),

-- A record has at most one value of a type.
classes_of_records as (

    select
        {%- for identifier in identifiers %}
            max(case when identifier_type = '{{ identifier }}' then identifier_class end) as {{ identifier }}_class,
        {%- endfor %}
        record_id

    from identity_identifiers

    group by record_id

),

-- Most records of visitors give nothing to choose from.
final as (

    select
        {%- for identifier in identifiers %}
            classes_of_records.{{ identifier }}_class,
        {%- endfor %}
        person_values.*

    from person_values

    left join classes_of_records
        on person_values.record_id = classes_of_records.record_id

    where
        1 = 0
        {%- for rule in rules %}
            or person_values.{{ rule.attribute }} is not null
        {%- endfor %}

)

select * from final
