{#- Ranks are windows over narrow rows of numbers: with the values carried along they took five times as long. -#}
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

final as (

    select
        {%- for group, rule in groups.items() %}
            row_number() over (
                partition by profile_id
                order by {{ group }}_penalty, {{ 'seniority' if rule.strategy == 'first' else 'age' }}
            ) as {{ group }}_rank,
        {%- endfor %}
        record_id

    from scored

)

select * from final
