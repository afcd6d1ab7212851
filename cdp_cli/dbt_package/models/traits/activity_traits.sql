{%- set moments = {
    'order_traits': 'last_order_at',
    'web_traits': 'last_visit_at',
    'email_traits': 'last_engaged_at',
    'support_traits': 'last_ticket_at',
} -%}

with

profiles as (

    select * from {{ ref('profiles') }}

),

order_traits as (

    select * from {{ ref('order_traits') }}

),

web_traits as (

    select * from {{ ref('web_traits') }}

),

email_traits as (

    select * from {{ ref('email_traits') }}

),

support_traits as (

    select * from {{ ref('support_traits') }}

),

clock as (

    select {{ as_of_utc() }} as present

),

latest as (

    select
        profiles.profile_id,
        greatest(
            {%- for group, moment in moments.items() %}
                {{ group }}.{{ moment }}{{ ',' if not loop.last }}
            {%- endfor %}
        ) as last_active_at

    from profiles
    {%- for group in moments %}

        left join {{ group }}
            on profiles.profile_id = {{ group }}.profile_id
    {%- endfor %}

),

final as (

    select
        latest.profile_id,
        latest.last_active_at,
        case
            when latest.last_active_at is null then 'never'
            when latest.last_active_at > {{ dbt.dateadd('day', -30, 'clock.present') }} then 'active'
            when latest.last_active_at > {{ dbt.dateadd('day', -90, 'clock.present') }} then 'fading'
            else 'dormant'
        end as activity_status

    from latest

    cross join clock

)

select * from final
