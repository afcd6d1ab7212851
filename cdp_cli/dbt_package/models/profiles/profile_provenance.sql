{%- set rules = survivorship_rules() -%}
{%- set identifiers = rules
    | selectattr('attribute', 'in', ['email', 'phone', 'user_id', 'loyalty_id']) | map(attribute='attribute') | list -%}
{%- set groups = {} -%}
{%- for rule in rules -%}
    {%- do groups.setdefault(rule.group, rule) -%}
{%- endfor -%}

with

records as (

    select * from {{ ref('profile_record_values') }}

),

ranked as (

    select * from {{ ref('profile_record_ranks') }}

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
