{%- set rules = survivorship_rules() -%}
{%- set naming = rules | map(attribute='attribute') | select('in', naming_attributes()) | list -%}

with

unified_people as (

    select * from {{ ref('unified_people') }}

),

identity_map as (

    select * from {{ ref('identity_map') }}

),

profile_provenance as (

    select * from {{ ref('profile_provenance') }}

),

household_map as (

    select * from {{ ref('household_map') }}

),

unified_orders as (

    select * from {{ ref('unified_orders') }}

),

unified_email_events as (

    select * from {{ ref('unified_email_events') }}

),

unified_tickets as (

    select * from {{ ref('unified_tickets') }}

),

records as (

    select
        identity_map.profile_id,
        unified_people.record_id,
        unified_people.source,
        unified_people.national_id,
        coalesce(unified_people.created_at, unified_people.updated_at, unified_people.loaded_at) as first_seen_at,
        coalesce(unified_people.updated_at, unified_people.created_at, unified_people.loaded_at) as last_seen_at

    from unified_people

    inner join identity_map
        on unified_people.record_id = identity_map.record_id

),

-- What people did themselves. Page views need no place here: they move the visitor record's own dates.
activity as (

    select
        record_id,
        ordered_at as occurred_at

    from unified_orders

    union all

    select
        record_id,
        occurred_at

    from unified_email_events

    where event_type in ('opened', 'clicked')

    union all

    select
        record_id,
        opened_at as occurred_at

    from unified_tickets

),

activity_of_records as (

    select
        record_id,
        min(occurred_at) as first_done_at,
        max(occurred_at) as last_done_at

    from activity

    where record_id is not null

    group by record_id

),

sources_of_profiles as (

    select distinct
        profile_id,
        source

    from records

),

listed_sources as (

    select
        profile_id,
        count(*) as count_sources,
        {{ dbt.listagg('source', "', '", 'order by source') }} as sources

    from sources_of_profiles

    group by profile_id

),

seen as (

    select
        records.profile_id,
        count(*) as count_records,
        max(records.national_id) as national_id,
        min(coalesce(least(records.first_seen_at, activity_of_records.first_done_at), records.first_seen_at))
            as first_seen_at,
        max(coalesce(greatest(records.last_seen_at, activity_of_records.last_done_at), records.last_seen_at))
            as last_seen_at

    from records

    left join activity_of_records
        on records.record_id = activity_of_records.record_id

    group by records.profile_id

),

golden as (

    select
        {%- for rule in rules %}
            cast(max(case when attribute = '{{ rule.attribute }}' then value end) as {{ rule.data_type }})
                as {{ rule.attribute }},
        {%- endfor %}
        profile_id

    from profile_provenance

    where is_winner

    group by profile_id

),

households as (

    select
        profile_id,
        household_id,
        count(*) over (partition by household_id) as count_household_members

    from household_map

),

described as (

    select
        seen.profile_id,
        {%- for rule in rules %}
            golden.{{ rule.attribute }},
        {%- endfor %}
        coalesce(
            {%- for attribute in naming %}
                golden.{{ attribute }},
            {%- endfor %}
            seen.national_id
        ) is null as is_anonymous,
        households.household_id,
        households.count_household_members,
        seen.count_records,
        listed_sources.count_sources,
        listed_sources.sources,
        seen.first_seen_at,
        seen.last_seen_at

    from seen

    inner join listed_sources
        on seen.profile_id = listed_sources.profile_id

    left join golden
        on seen.profile_id = golden.profile_id

    left join households
        on seen.profile_id = households.profile_id

),

final as (

    select *

    from described

    where
        not is_anonymous
        or last_seen_at >= {{ dbt.dateadd(
            'day', -1 * var('anonymous_profile_days', 365) | int, as_of_utc()
        ) }}

)

select * from final
