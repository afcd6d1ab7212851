with

unified_tickets as (

    select * from {{ ref('unified_tickets') }}

),

identity_map as (

    select * from {{ ref('identity_map') }}

),

clock as (

    select {{ as_of_utc() }} as present

),

tickets as (

    select
        identity_map.profile_id,
        tickets.opened_at,
        tickets.closed_at,
        tickets.topic,
        tickets.satisfaction,
        {{ age_in_seconds('tickets.opened_at') }} as age_seconds,
        row_number() over (
            partition by identity_map.profile_id, case when tickets.satisfaction is null then 0 else 1 end
            order by tickets.opened_at desc, tickets.ticket_id desc
        ) as latest_rated

    from unified_tickets as tickets

    inner join identity_map
        on tickets.record_id = identity_map.record_id

    cross join clock

    where tickets.opened_at <= clock.present

),

totals as (

    select
        profile_id,
        count(*) as count_tickets,
        {%- for days in [30, 90, 365] %}
            count(*) filter (where {{ within_days(days) }}) as count_tickets_{{ days }}d,
        {%- endfor %}
        count(*) filter (where closed_at is null) as count_open_tickets,
        max(opened_at) as last_ticket_at,
        {{ most_frequent('topic') }} as favourite_ticket_topic,
        avg(satisfaction) filter (where {{ within_days(365) }}) as avg_satisfaction_365d,
        max(satisfaction) filter (where latest_rated = 1) as last_satisfaction,
        max(opened_at) filter (where satisfaction is not null) as last_rated_ticket_at,
        median({{ dbt.datediff('opened_at', 'closed_at', 'second') }}) / 3600 as median_hours_to_solve

    from tickets
    group by profile_id

)

select * from totals
