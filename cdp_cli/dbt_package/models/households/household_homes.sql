{#- Of the golden address, so that who moves out leaves: each part from the record that survived for it. -#}
{%- set parts = {'street_address': 'street', 'city': 'city', 'postcode': 'postcode'} -%}

with

profile_provenance as (

    select * from {{ ref('profile_provenance') }}

),

identity_records as (

    select * from {{ ref('identity_records') }}

),

identity_map as (

    select * from {{ ref('identity_map') }}

),

addresses as (

    select
        {%- for attribute, part in parts.items() %}
            max(case when profile_provenance.attribute = '{{ attribute }}' then identity_records.{{ part }} end)
                as {{ part }},
        {%- endfor %}
        profile_provenance.profile_id

    from profile_provenance

    inner join identity_records
        on profile_provenance.record_id = identity_records.record_id

    where
        profile_provenance.is_winner
        and profile_provenance.attribute in (
            {%- for attribute in parts %}
                '{{ attribute }}'{{ ',' if not loop.last }}
            {%- endfor %}
        )

    group by profile_provenance.profile_id

),

-- As in `profiles`: nothing that is anonymous lives anywhere.
named as (

    select profile_id

    from profile_provenance

    where
        is_winner
        and attribute in (
            {%- for attribute in naming_attributes() %}
                '{{ attribute }}'{{ ',' if not loop.last }}
            {%- endfor %}
        )

    union

    select identity_map.profile_id

    from identity_map

    inner join identity_records
        on identity_map.record_id = identity_records.record_id

    where identity_records.national_id is not null

),

final as (

    select
        named.profile_id,
        case
            when addresses.street is not null
                then md5(
                    addresses.street
                    || '|' || coalesce(addresses.city, '') || '|' || coalesce(addresses.postcode, '')
                )
        end as address_key,
        addresses.street,
        addresses.city,
        addresses.postcode,
        trim({{ regexp_replace_all('addresses.street', '[^0-9]+', ' ') }}) as house_number,
        {{ regexp_remove('addresses.street', '[0-9 ]') }} as street_letters

    from named

    left join addresses
        on named.profile_id = addresses.profile_id

)

select * from final
