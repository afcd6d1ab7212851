{#- A SELECT of profile_id: of the profiles that share an address, the one that was last active. A destination
    that knows people by that address holds one of them; sending both would overwrite one with the other. -#}
{% macro one_profile_per(column) -%}
    select ranked.profile_id

    from (
        select
            profiles.profile_id,
            row_number() over (
                partition by profiles.{{ column }}
                order by profile_traits.last_active_at desc nulls last, profiles.profile_id asc
            ) as place

        from {{ ref('profiles') }} as profiles

        inner join {{ ref('profile_traits') }} as profile_traits
            on profiles.profile_id = profile_traits.profile_id

        where profiles.{{ column }} is not null
    ) as ranked

    where ranked.place = 1
{%- endmacro %}
