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
            order_traits.last_order_at,
            web_traits.last_visit_at,
            email_traits.last_engaged_at,
            support_traits.last_ticket_at
        ) as last_active_at

    from profiles

    left join order_traits
        on profiles.profile_id = order_traits.profile_id

    left join web_traits
        on profiles.profile_id = web_traits.profile_id

    left join email_traits
        on profiles.profile_id = email_traits.profile_id

    left join support_traits
        on profiles.profile_id = support_traits.profile_id

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
