{#- An id is retired once and never comes back, so that each has one successor at most. Each round of
    following doubles the length of chain that is resolved: eight are enough for 256 merges in a row. -#}
{%- set rounds = 8 -%}

with

events as (

    select * from {{ ref('identity_events') }}

),

successors as (

    select
        profile_id as retired_profile_id,
        other_profile_id as profile_id,
        occurred_at as retired_at

    from events

    where event = 'merged'

),

{% for round in range(1, rounds + 1) -%}
    {%- set before = 'successors' if loop.first else 'round_' ~ (round - 1) -%}
    round_{{ round }} as (

        select
            nearer.retired_profile_id,
            coalesce(further.profile_id, nearer.profile_id) as profile_id,
            nearer.retired_at

        from {{ before }} as nearer

        left join {{ before }} as further
            on nearer.profile_id = further.retired_profile_id

    ),

{% endfor -%}
final as (

    select * from round_{{ rounds }}

)

select * from final
