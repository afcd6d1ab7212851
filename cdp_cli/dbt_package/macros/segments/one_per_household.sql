{#- A table of profile_id: of an audience, one person a household; who lives in none is a household of one.
    It is the one with a street whom we know longest, so that it stays the same person from build to build.
    `audience` is a ref(), or the name of a WITH above it. -#}
{% macro one_per_household(audience) -%}
    (
        select ranked.profile_id

        from (
            select
                audience.profile_id,
                row_number() over (
                    partition by coalesce(profiles.household_id, profiles.profile_id)
                    order by
                        case when profiles.street_address is null then 1 else 0 end asc,
                        profiles.first_seen_at asc,
                        profiles.profile_id asc
                ) as place

            from {{ audience }} as audience

            inner join {{ ref('profiles') }} as profiles
                on audience.profile_id = profiles.profile_id
        ) as ranked

        where ranked.place = 1
    )
{%- endmacro %}
