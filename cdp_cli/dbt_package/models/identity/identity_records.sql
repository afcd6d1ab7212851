{#- What linking reads of a record. A change in any of them makes it a changed record. -#}
{%- set compared = [
    'source', 'first_name', 'last_name', 'all_names', 'email_first_name', 'email_last_name', 'birth_date', 'birth_text', 'gender', 'email', 'phone',
    'street', 'city', 'postcode', 'user_id', 'loyalty_id', 'national_id', 'anonymous_id',
] -%}
{#- The seed is loaded first: it names the identifiers of the project's own. -#}
{%- do ref('identifier_types') -%}
{%- set own_identifiers = own_identifier_columns().split() -%}
{%- set birth_text = "nullif(trim(cast(birth_date as " ~ dbt.type_string() ~ ")), '')" -%}
{%- set today = "cast(current_date as " ~ dbt.type_string() ~ ")" -%}
{%- set is_future = regexp_like(birth_text, '^[0-9]{4}') ~ " and " ~ birth_text ~ " > " ~ today -%}

with

people as (

    select * from {{ ref('unified_people') }}

),

blocked_values as (

    select * from {{ ref('blocked_values') }}

),

normalised as (

    select
        record_id,
        source,
        coalesce(one_record_per_person, false) as one_record_per_person,
        {{ identity_name('first_name', titles=true) }} as given_names,
        {{ identity_name('first_name') }} as given_title,
        coalesce({{ identity_name('last_name', titles=true) }}, {{ identity_name('last_name') }}) as family_name,
        {{ identity_name(
            "case when full_name like '%,%' then "
            ~ dbt.split_part('full_name', "','", 2) ~ " || ' ' || " ~ dbt.split_part('full_name', "','", 1)
            ~ " else full_name end", titles=true
        ) }} as whole_name,
        -- Nobody is born in the future: the date of a form or a slip, so it is unknown.
        case when not ({{ is_future }}) then {{ birth_text }} end as birth_text,
        nullif(lower(trim(gender)), '') as gender,
        nullif(lower(trim(email)), '') as email,
        nullif({{ regexp_replace_all('phone', '[^0-9+]+', '') }}, '') as given_phone,
        {{ identity_text('street_address') }} as street,
        {{ identity_text('city') }} as city,
        nullif(replace({{ identity_text('postcode') }}, ' ', ''), '') as postcode,
        nullif(trim(cast(user_id as {{ dbt.type_string() }})), '') as user_id,
        nullif(trim(cast(loyalty_id as {{ dbt.type_string() }})), '') as loyalty_id,
        nullif(
            lower({{ regexp_replace_all('cast(national_id as ' ~ dbt.type_string() ~ ')', '[^0-9A-Za-z]+', '') }}), ''
        ) as national_id,
        {%- for type in own_identifiers %}
        nullif(trim(cast({{ type }} as {{ dbt.type_string() }})), '') as {{ type }},
        {%- endfor %}
        nullif(trim(cast(anonymous_id as {{ dbt.type_string() }})), '') as anonymous_id

    from people

),

given_phones as (

    select distinct
        given_phone,
        {{ regexp_replace_all('given_phone', '^0+', '') }} as national_phone,
        given_phone like '+%' as is_international

    from normalised

    where given_phone is not null

),

-- A till knows no country: a number without its country's code is the one that ends with it, where exactly
-- one does. Of fewer than nine digits too many strangers' numbers end alike.
whole_phones as (

    select
        nationals.given_phone,
        max(internationals.given_phone) as phone

    from given_phones as nationals

    inner join given_phones as internationals
        on
            substring(nationals.national_phone, length(nationals.national_phone) - 8)
            = substring(internationals.given_phone, length(internationals.given_phone) - 8)
            and internationals.given_phone like '+_%' || nationals.national_phone

    where
        not nationals.is_international
        and internationals.is_international
        and length(nationals.national_phone) >= 9

    group by nationals.given_phone

    having count(*) = 1

),

with_whole_phones as (

    select
        normalised.*,
        coalesce(whole_phones.phone, normalised.given_phone) as phone

    from normalised

    left join whole_phones
        on normalised.given_phone = whole_phones.given_phone

),

split_names as (

    select
        *,
        coalesce(
            given_names,
            case
                when {{ dbt.split_part('whole_name', "' '", 1) }} <> coalesce(family_name, '')
                    then {{ dbt.split_part('whole_name', "' '", 1) }}
            end,
            -- Earl and Major are first names too, where there is no other.
            given_title
        ) as any_first_name,
        coalesce(
            family_name,
            case when whole_name like '% %' then {{ dbt.split_part('whole_name', "' '", -1) }} end
        ) as any_last_name,
        case
            when {{ regexp_like('birth_text', '^[0-9]{4}-[0-9]{2}-[0-9]{2}') }}
                then substring(birth_text, 1, 10)
        end as whole_birth_date

    from with_whole_phones

),

without_blocked_values as (

    select
        split_names.*,
        case
            when blocked_first.value is not null then null
            -- Of several initials (J. E.), the first stands for the name.
            when split_names.any_first_name like '_ %' then substring(split_names.any_first_name, 1, 1)
            else nullif(split_names.any_first_name, '')
        end as first_name,
        case when blocked_last.value is null then nullif(split_names.any_last_name, '') end as last_name,
        case
            when blocked_birth.value is null
                then cast({{ try_cast('split_names.whole_birth_date', 'date') }} as {{ dbt.type_string() }})
        end as birth_date,
        blocked_birth.value is not null as birth_is_blocked

    from split_names

    left join blocked_values as blocked_first
        on
            split_names.any_first_name = blocked_first.value
            and blocked_first.column_name = 'name'

    left join blocked_values as blocked_last
        on
            split_names.any_last_name = blocked_last.value
            and blocked_last.column_name = 'name'

    left join blocked_values as blocked_birth
        on
            split_names.whole_birth_date = blocked_birth.value
            and blocked_birth.column_name = 'birth_date'

),

given_names as (

    select
        *,
        {{ dbt.split_part('email', "'@'", 1) }} as email_name,
        nullif(
            trim({{ keep_letters(strip_accents(dbt.split_part('email', "'@'", 1))) }}), ''
        ) as email_words

    from without_blocked_values

),

-- Which words are first names here and which are surnames, by how often they are used so.
name_uses as (

    select
        name,
        sum(as_first) as count_first,
        sum(as_last) as count_last

    from (
        select
            first_name as name,
            1 as as_first,
            0 as as_last

        from given_names

        where first_name is not null

        union all

        select
            last_name as name,
            0 as as_first,
            1 as as_last

        from given_names

        where last_name is not null
    ) as uses

    group by name

),

-- Many write their name into their address: it stands in where a record gives none. Two words are both
-- names; of one word the initial is taken off, and the rest has to be a name that somebody gives.
email_names as (

    select
        given_names.record_id,
        case
            when given_names.email_words like '% %'
                then {{ dbt.split_part('given_names.email_words', "' '", 1) }}
            when whole_uses.count_first > 0 then given_names.email_words
            when surname_uses.count_last > 0 then substring(given_names.email_words, 1, 1)
            when first_uses.count_first > 0 then first_uses.name
        end as one_name,
        case
            when given_names.email_words like '% %'
                then {{ dbt.split_part('given_names.email_words', "' '", -1) }}
            when whole_uses.count_first > 0 then null
            when whole_uses.count_last > 0 then given_names.email_words
            when surname_uses.count_last > 0 then surname_uses.name
        end as other_name

    from given_names

    left join name_uses as whole_uses
        on given_names.email_words = whole_uses.name

    left join name_uses as surname_uses
        on
            substring(given_names.email_words, 2) = surname_uses.name
            and length(surname_uses.name) >= 4

    left join name_uses as first_uses
        on
            substring(given_names.email_words, 1, length(given_names.email_words) - 1) = first_uses.name
            and length(first_uses.name) >= 3

    where
        given_names.email_words is not null
        and (given_names.first_name is null or given_names.last_name is null)

),

ordered_email_names as (

    select
        email_names.record_id,
        case
            when
                coalesce(one_uses.count_last, 0) + coalesce(other_uses.count_first, 0)
                > coalesce(one_uses.count_first, 0) + coalesce(other_uses.count_last, 0)
                then email_names.other_name
            else email_names.one_name
        end as first_name,
        case
            when
                coalesce(one_uses.count_last, 0) + coalesce(other_uses.count_first, 0)
                > coalesce(one_uses.count_first, 0) + coalesce(other_uses.count_last, 0)
                then email_names.one_name
            else email_names.other_name
        end as last_name

    from email_names

    left join name_uses as one_uses
        on email_names.one_name = one_uses.name

    left join name_uses as other_uses
        on email_names.other_name = other_uses.name

    left join blocked_values as blocked_one
        on
            email_names.one_name = blocked_one.value
            and blocked_one.column_name in ('name', 'email_word')

    left join blocked_values as blocked_other
        on
            email_names.other_name = blocked_other.value
            and blocked_other.column_name in ('name', 'email_word')

    where
        blocked_one.value is null
        and blocked_other.value is null

),

records as (

    select
        given_names.record_id,
        given_names.source,
        given_names.one_record_per_person,
        given_names.first_name,
        given_names.last_name,
        case
            when given_names.first_name is null and given_names.last_name is null then null
            else
                coalesce(
                    given_names.whole_name,
                    trim(coalesce(given_names.first_name, '') || ' ' || coalesce(given_names.last_name, ''))
                )
        end as all_names,
        case
            when given_names.first_name is not null then null
            when given_names.last_name is null or given_names.last_name = ordered_email_names.last_name
                then ordered_email_names.first_name
        end as email_first_name,
        case
            when given_names.last_name is not null then null
            when
                given_names.first_name is null
                or ordered_email_names.first_name = substring(given_names.first_name, 1, 1)
                or ordered_email_names.first_name = given_names.first_name
                then ordered_email_names.last_name
        end as email_last_name,
        given_names.birth_date,
        case when not given_names.birth_is_blocked then given_names.birth_text end as birth_text,
        given_names.gender,
        given_names.email,
        given_names.phone,
        given_names.street,
        given_names.city,
        given_names.postcode,
        given_names.user_id,
        given_names.loyalty_id,
        given_names.national_id,
        {%- for type in own_identifiers %}
        given_names.{{ type }},
        {%- endfor %}
        given_names.anonymous_id

    from given_names

    left join ordered_email_names
        on given_names.record_id = ordered_email_names.record_id

),

final as (

    select
        *,
        md5(
            case when one_record_per_person then '1' else '0' end
            {%- for column in compared + own_identifiers %}
                || '|' || coalesce({{ column }}, '~')
            {%- endfor %}
        ) as record_hash

    from records

)

select * from final
