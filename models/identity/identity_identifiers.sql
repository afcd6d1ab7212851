{%- set types = identifier_columns().split() -%}

with

records as (

    select * from {{ ref('identity_records') }}

),

identifier_types as (

    select * from {{ ref('identifier_types') }}

),

blocked_values as (

    select * from {{ ref('blocked_values') }}

),

nicknames as (

    select * from {{ ref('nicknames') }}

),

mobile_prefixes as (

    select * from {{ ref('mobile_prefixes') }}

),

mobile_countries as (

    select distinct calling_code from mobile_prefixes

),

identifiers as (

    {% for type in types -%}
        select
            record_id,
            source,
            '{{ type }}' as identifier_type,
            {{ type }} as identifier_value,
            first_name,
            last_name,
            birth_date,
            user_id

        from records

        where {{ type }} is not null
        {%- if not loop.last %}

            union all

        {% endif %}
    {%- endfor %}

),

-- The first names on a value. One that is another's surname on the same value was written the wrong way round.
value_names as (

    select
        identifiers.identifier_type,
        identifiers.identifier_value,
        identifiers.first_name as name

    from identifiers

    left join identifiers as surnames
        on
            identifiers.identifier_type = surnames.identifier_type
            and identifiers.identifier_value = surnames.identifier_value
            and identifiers.first_name = surnames.last_name

    where
        identifiers.first_name is not null
        and surnames.record_id is null

    group by
        identifiers.identifier_type,
        identifiers.identifier_value,
        identifiers.first_name

),

-- A value with very many names needs no closer look: they are counted as they are.
values_of_many_names as (

    select
        identifier_type,
        identifier_value,
        count(*) as count_names

    from value_names

    group by
        identifier_type,
        identifier_value

    having count(*) > 1

),

far_names as (

    select
        names.identifier_type,
        names.identifier_value,
        names.name,
        other_names.name as other_name

    from value_names as names

    inner join values_of_many_names
        on
            names.identifier_type = values_of_many_names.identifier_type
            and names.identifier_value = values_of_many_names.identifier_value
            and values_of_many_names.count_names <= 40

    inner join value_names as other_names
        on
            names.identifier_type = other_names.identifier_type
            and names.identifier_value = other_names.identifier_value
            and names.name <> other_names.name

    where {{ names_contradict('names.name', 'other_names.name') }}

),

name_forms as (

    select
        far_names.name,
        nicknames.name as form

    from far_names

    inner join nicknames
        on far_names.name = nicknames.nickname

    union

    select
        name,
        name as form

    from far_names

),

-- A nickname with a slip in it is a nickname still: rsoe for rosemary.
slipped_nicknames as (

    select distinct
        far_names.name,
        far_names.other_name

    from far_names

    inner join nicknames
        on far_names.other_name = nicknames.name

    where {{ is_slipped_nickname('far_names.name', 'nicknames.nickname') }}

),

-- Names of which a form of the one is a form of the other, but for one slip, are nicknames of each other.
related_names as (

    select
        name,
        other_name

    from slipped_nicknames

    union

    select
        other_name as name,
        name as other_name

    from slipped_nicknames

    union

    select
        far_names.name,
        far_names.other_name

    from (select distinct
        name,
        other_name
    from far_names) as far_names

    inner join name_forms as forms
        on far_names.name = forms.name

    inner join name_forms as other_forms
        on far_names.other_name = other_forms.name

    where
        forms.form = other_forms.form
        or (length(forms.form) = 1 and other_forms.form like forms.form || '%')
        or (length(other_forms.form) = 1 and forms.form like other_forms.form || '%')
        or (
            length(forms.form) > 3
            and {{ edit_distance('forms.form', 'other_forms.form') }} <= 1
        )

),

-- Two names with one whole birth date on a value are one person under a name that nobody listed.
born_alike as (

    select distinct
        identifiers.identifier_type,
        identifiers.identifier_value,
        identifiers.first_name as name,
        others.first_name as other_name

    from identifiers

    inner join values_of_many_names
        on
            identifiers.identifier_type = values_of_many_names.identifier_type
            and identifiers.identifier_value = values_of_many_names.identifier_value
            and values_of_many_names.count_names <= 40

    inner join identifiers as others
        on
            identifiers.identifier_type = others.identifier_type
            and identifiers.identifier_value = others.identifier_value
            and identifiers.birth_date = others.birth_date
            and identifiers.first_name <> others.first_name

),

contradicting_names as (

    select
        far_names.identifier_type,
        far_names.identifier_value,
        far_names.name

    from far_names

    left join related_names
        on
            far_names.name = related_names.name
            and far_names.other_name = related_names.other_name

    left join born_alike
        on
            far_names.identifier_type = born_alike.identifier_type
            and far_names.identifier_value = born_alike.identifier_value
            and far_names.name = born_alike.name
            and far_names.other_name = born_alike.other_name

    where
        related_names.name is null
        and born_alike.name is null

),

count_contradicting as (

    select
        identifier_type,
        identifier_value,
        count(distinct substring(name, 1, 1)) as count_initials

    from contradicting_names

    group by
        identifier_type,
        identifier_value

),

value_statistics as (

    select
        identifiers.identifier_type,
        identifiers.identifier_value,
        count(distinct identifiers.record_id) as count_records,
        count(distinct identifiers.source) as count_sources,
        count(distinct identifiers.first_name) as count_first_names,
        count(distinct identifiers.birth_date) as count_birth_dates,
        count(distinct identifiers.user_id) as count_user_ids,
        cast(substring(max(identifiers.birth_date), 1, 4) as integer)
        - cast(substring(min(identifiers.birth_date), 1, 4) as integer) as birth_years_apart

    from identifiers

    group by
        identifiers.identifier_type,
        identifiers.identifier_value

),

-- A line of a country whose mobile numbers are known, and not one of them: it rings in a home.
landlines as (

    select distinct
        value_statistics.identifier_type,
        value_statistics.identifier_value

    from value_statistics

    inner join mobile_countries
        on value_statistics.identifier_value like '+' || mobile_countries.calling_code || '%'

    left join mobile_prefixes
        on value_statistics.identifier_value like '+' || mobile_prefixes.prefix || '%'

    where
        value_statistics.identifier_type = 'phone'
        and mobile_prefixes.prefix is null

),

-- Addresses that say themselves that they are no one person's: family.smith@, info@.
shared_addresses as (

    select distinct
        value_statistics.identifier_type,
        value_statistics.identifier_value

    from value_statistics

    inner join blocked_values
        on
            blocked_values.column_name = 'email_word'
            and ' ' || {{ keep_letters(dbt.split_part('value_statistics.identifier_value', "'@'", 1)) }} || ' '
            like '% ' || blocked_values.value || ' %'

    where value_statistics.identifier_type = 'email'

),

value_people as (

    select
        value_statistics.*,
        landlines.identifier_value is not null as is_landline,
        case
            when values_of_many_names.count_names > 40 then values_of_many_names.count_names
            -- Names that contradict and share their initial are two people at least.
            when count_contradicting.count_initials is not null
                then greatest(count_contradicting.count_initials, 2)
            -- A parent and a child of one name are some twenty years apart, a slip of the pen is not.
            when value_statistics.birth_years_apart >= 15 then 2
            else 1
        end as count_people,
        coalesce(blocked_values.reason, blocked_email_names.reason) as blocked_reason,
        shared_addresses.identifier_value is not null as is_shared_address,
        {{ is_malformed_identifier('value_statistics.identifier_type', 'value_statistics.identifier_value') }}
            as is_malformed

    from value_statistics

    left join landlines
        on
            value_statistics.identifier_type = landlines.identifier_type
            and value_statistics.identifier_value = landlines.identifier_value

    left join shared_addresses
        on
            value_statistics.identifier_type = shared_addresses.identifier_type
            and value_statistics.identifier_value = shared_addresses.identifier_value

    left join values_of_many_names
        on
            value_statistics.identifier_type = values_of_many_names.identifier_type
            and value_statistics.identifier_value = values_of_many_names.identifier_value

    left join count_contradicting
        on
            value_statistics.identifier_type = count_contradicting.identifier_type
            and value_statistics.identifier_value = count_contradicting.identifier_value

    left join blocked_values
        on
            value_statistics.identifier_type = blocked_values.column_name
            and replace(value_statistics.identifier_value, '+', '') = blocked_values.value

    left join blocked_values as blocked_email_names
        on
            value_statistics.identifier_type = 'email'
            and blocked_email_names.column_name = 'email_name'
            and {{ dbt.split_part('value_statistics.identifier_value', "'@'", 1) }} = blocked_email_names.value

),

value_classes as (

    select
        value_people.*,
        case
            when value_people.blocked_reason is not null then 'blocked: ' || value_people.blocked_reason
            when value_people.is_malformed then 'malformed'
            when value_people.count_records > identifier_types.max_records then 'over max_records'
            when value_people.count_people > identifier_types.max_household then 'over max_household'
        end as junk_reason,
        case
            when value_people.count_people > identifier_types.max_profiles_per_value
                then 'over max_profiles_per_value'
            when value_people.count_user_ids > identifier_types.max_user_ids then 'over max_user_ids'
            when value_people.is_landline then 'a landline'
            when value_people.is_shared_address then 'a shared address'
        end as household_reason

    from value_people

    inner join identifier_types
        on value_people.identifier_type = identifier_types.identifier_type

),

final as (

    select
        identifiers.record_id,
        identifiers.source,
        identifiers.identifier_type,
        identifiers.identifier_value,
        case
            when value_classes.junk_reason is not null then 'junk'
            when value_classes.household_reason is not null then 'household'
            else 'personal'
        end as identifier_class,
        coalesce(value_classes.junk_reason, value_classes.household_reason) as demoted_reason,
        value_classes.count_records,
        value_classes.count_sources,
        value_classes.count_first_names,
        value_classes.count_birth_dates,
        value_classes.count_user_ids,
        value_classes.count_people

    from identifiers

    inner join value_classes
        on
            identifiers.identifier_type = value_classes.identifier_type
            and identifiers.identifier_value = value_classes.identifier_value

)

select * from final
