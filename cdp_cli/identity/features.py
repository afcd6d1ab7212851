"""Turns normalised records into what comparisons, rules and vetoes read: one row a record, junk removed."""

from __future__ import annotations

from cdp_cli.identity.engine import Engine, Relation


def make_features(engine: Engine, records: Relation, identifiers: Relation, nicknames: Relation) -> None:
    """Make the tables `numbers`, `linking_values` and `features` of all records.

    `records`, `identifiers` and `nicknames` have the columns of the models identity_records,
    identity_identifiers and nicknames.
    """
    number_records(engine, records)
    make_linking_values(engine, identifiers)
    make_features_of(engine, "numbers", records, nicknames)


def number_records(engine: Engine, records: Relation) -> None:
    """Make the table `numbers`: n, record_id. It numbers the records by record_id, from 0."""
    engine.give("given_ids", records, "record_id", once=True)
    engine.number("numbers", "select record_id from given_ids", "record_id")
    engine.drop("given_ids")


def make_linking_values(engine: Engine, identifiers: Relation) -> None:
    """Make the table `linking_values`: n, identifier_type, identifier_class, value.

    `value` is a number that stands for the identifier's. Reads the table `numbers`.
    """
    columns = "record_id, identifier_type, identifier_class, hash(identifier_value) as value"
    engine.give("given_identifiers", identifiers, columns, once=True)
    engine.make("linking_values", _LINKING_VALUES)
    engine.drop("given_identifiers")


def make_features_of(engine: Engine, of: str, records: Relation, nicknames: Relation) -> None:
    """Make the table `features` of the records whose n the table `of` has.

    Reads the tables `numbers` and `linking_values`.
    """
    engine.give("given_nicknames", nicknames)
    engine.give("given_records", records, ", ".join(RECORD_COLUMNS), once=True)
    engine.make("features", _FEATURES.format(of=of))
    engine.drop("given_records", "given_nicknames")


# The columns of identity_records that features are made of.
RECORD_COLUMNS = (
    "record_id", "source", "one_record_per_person", "first_name", "email_first_name", "last_name",
    "email_last_name", "all_names", "birth_date", "birth_text", "gender", "email", "phone", "street", "city",
    "postcode", "national_id", "user_id", "loyalty_id",
)  # fmt: skip

# The columns of the table `features` but `n` and the further ones of the surname, which stand for its
# frequencies (comparisons.Level).
COLUMNS = (
    "record_id", "source", "one_record_per_person", "first_name", "first_name_is_given", "last_name",
    "name_words", "first_name_forms", "first_name_nicknames", "birth_date", "birth_text", "gender", "email",
    "email_is_shared", "email_name", "email_number", "personal_phone", "phone_end", "shared_phone", "street",
    "city", "postcode", "national_id", "user_id", "loyalty_id", "personal_email",
)  # fmt: skip

_FEATURES = """
with

classes as (

    select
        n,
        max(case when identifier_type = 'email' then identifier_class end) as email_class,
        max(case when identifier_type = 'phone' then identifier_class end) as phone_class,
        max(case when identifier_type = 'national_id' then identifier_class end) as national_id_class,
        max(case when identifier_type = 'user_id' then identifier_class end) as user_id_class,
        max(case when identifier_type = 'loyalty_id' then identifier_class end) as loyalty_id_class

    from linking_values

    where n in (select n from {of})

    group by n

),

forms as (

    -- Tommie, Tommy and Tommi are one nickname.
    select
        regexp_replace(nickname, '(ie|ey|i|y)$', 'y') as nickname,
        list_sort(list(distinct name)) as names

    from given_nicknames

    group by regexp_replace(nickname, '(ie|ey|i|y)$', 'y')

),

nicknames_of as (

    select
        name,
        list_sort(list(distinct nickname)) as nicknames

    from given_nicknames

    where length(nickname) >= 3

    group by name

)

select
    numbers.n,
    given_records.record_id,
    given_records.source,
    given_records.one_record_per_person,
    coalesce(given_records.first_name, given_records.email_first_name) as first_name,
    given_records.first_name is not null as first_name_is_given,
    coalesce(given_records.last_name, given_records.email_last_name) as last_name,
    coalesce(given_records.last_name, given_records.email_last_name) as last_name_in_town,
    coalesce(given_records.last_name, given_records.email_last_name) as last_name_elsewhere,
    list_distinct(string_split(concat_ws(
        ' ', given_records.all_names, given_records.email_first_name, given_records.email_last_name
    ), ' ')) as name_words,
    case
        when coalesce(given_records.first_name, given_records.email_first_name) is not null
            then list_prepend(
                coalesce(given_records.first_name, given_records.email_first_name), coalesce(forms.names, [])
            )
    end as first_name_forms,
    nicknames_of.nicknames as first_name_nicknames,
    given_records.birth_date,
    given_records.birth_text,
    given_records.gender,
    case when classes.email_class <> 'junk' then given_records.email end as email,
    case when classes.email_class = 'household' then true end as email_is_shared,
    case when classes.email_class <> 'junk' then split_part(given_records.email, '@', 1) end as email_name,
    case
        when classes.email_class <> 'junk'
            then nullif(regexp_replace(split_part(given_records.email, '@', 1), '[^0-9]', '', 'g'), '')
    end as email_number,
    case when classes.phone_class = 'personal' then right(given_records.phone, 9) end as phone_end,
    case when classes.phone_class = 'personal' then given_records.phone end as personal_phone,
    case when classes.phone_class = 'household' then given_records.phone end as shared_phone,
    given_records.street,
    given_records.city,
    given_records.postcode,
    case when classes.national_id_class <> 'junk' then given_records.national_id end as national_id,
    case when classes.email_class = 'personal' then given_records.email end as personal_email,
    case when classes.user_id_class <> 'junk' then given_records.user_id end as user_id,
    case when classes.loyalty_id_class <> 'junk' then given_records.loyalty_id end as loyalty_id

from given_records

inner join numbers
    on given_records.record_id = numbers.record_id

left join classes
    on numbers.n = classes.n

left join forms
    on
        regexp_replace(
            coalesce(given_records.first_name, given_records.email_first_name), '(ie|ey|i|y)$', 'y'
        )
        = forms.nickname

left join nicknames_of
    on coalesce(given_records.first_name, given_records.email_first_name) = nicknames_of.name

where numbers.n in (select n from {of})
"""

_LINKING_VALUES = """
select
    numbers.n,
    given_identifiers.identifier_type,
    given_identifiers.identifier_class,
    given_identifiers.value

from given_identifiers

inner join numbers
    on given_identifiers.record_id = numbers.record_id
"""
