{#- The one place where survivorship is decided; `profiles` only turns the winners into columns. Ranks are
    windows over narrow rows of numbers: with the values carried along they took five times as long. -#}
{%- set rules = survivorship_rules() -%}
{%- set identifiers = rules
    | selectattr('attribute', 'in', ['email', 'phone', 'user_id', 'loyalty_id']) | map(attribute='attribute') | list -%}
{%- set groups = {} -%}
{%- for rule in rules -%}
    {%- do groups.setdefault(rule.group, rule) -%}
{%- endfor -%}

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
records as (

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

),
{%- for rule in rules if rule.strategy == 'most_frequent' %}

    {{ rule.attribute }}_counts as (

        select
            profile_id,
            lower({{ rule.attribute }}) as value,
            count(*) as count_records

        from records

        where {{ rule.attribute }} is not null

        group by
            profile_id,
            lower({{ rule.attribute }})

    ),
{%- endfor %}

ages as (

    select
        record_id,
        row_number() over (partition by profile_id order by updated_at desc, record_id asc) as age,
        row_number() over (partition by profile_id order by created_at, record_id) as seniority

    from records

),

scored as (

    select
        {%- for group, rule in groups.items() %}
            {{ survivorship_penalty(rule, identifiers) }} as {{ group }}_penalty,
        {%- endfor %}
        records.profile_id,
        records.record_id,
        ages.age,
        ages.seniority

    from records

    inner join ages
        on records.record_id = ages.record_id
    {%- for rule in rules if rule.strategy == 'most_frequent' %}

        left join {{ rule.attribute }}_counts
            on
                records.profile_id = {{ rule.attribute }}_counts.profile_id
                and lower(records.{{ rule.attribute }}) = {{ rule.attribute }}_counts.value
    {%- endfor %}

),

ranked as (

    select
        {%- for group, rule in groups.items() %}
            row_number() over (
                partition by profile_id
                order by {{ group }}_penalty, {{ 'seniority' if rule.strategy == 'first' else 'age' }}
            ) as {{ group }}_rank,
        {%- endfor %}
        record_id

    from scored

),

ranked_records as (

    select
        {%- for group in groups %}
            ranked.{{ group }}_rank,
        {%- endfor %}
        records.*

    from records

    inner join ranked
        on records.record_id = ranked.record_id

),

attributes as (
    {%- for rule in rules %}

        select '{{ rule.attribute }}' as attribute
        {%- if not loop.last %}

            union all
        {%- endif %}
    {%- endfor %}

),

-- One pass over the records, whatever the number of attributes.
listed as (

    select
        ranked_records.profile_id,
        attributes.attribute,
        case attributes.attribute
            {%- for rule in rules %}
                when '{{ rule.attribute }}' then ranked_records.{{ rule.attribute }}
            {%- endfor %}
        end as value,
        ranked_records.record_id,
        ranked_records.source,
        case attributes.attribute
            {%- for rule in rules %}
                when '{{ rule.attribute }}' then ranked_records.{{ rule.group }}_rank
            {%- endfor %}
        end as rank,
        case attributes.attribute
            {%- for identifier in identifiers %}
                when '{{ identifier }}' then ranked_records.{{ identifier }}_class
            {%- endfor %}
            when '' then cast(null as {{ dbt.type_string() }})
        end as identifier_class,
        ranked_records.updated_at

    from ranked_records

    cross join attributes

),

final as (

    select
        profile_id,
        attribute,
        value,
        record_id,
        source,
        rank = 1 and coalesce(identifier_class, 'personal') <> 'junk' as is_winner,
        cast(rank as integer) as rank,
        identifier_class,
        updated_at

    from listed

    where value is not null

)

select * from final
