"""Turns normalised records into what comparisons, rules and vetoes read: one row a record, junk removed."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from cdp_cli.identity.engine import Engine, Relation


def make_features(
    engine: Engine,
    records: Relation,
    identifiers: Relation,
    nicknames: Relation,
    identifier_types: pa.Table,
) -> None:
    """Make the tables `numbers`, `linking_values` and `features` of all records.

    The arguments have the columns of the models identity_records and identity_identifiers, and of the seeds
    nicknames and identifier_types.
    """
    number_records(engine, records)
    make_linking_values(engine, identifiers, identifier_types)
    make_features_of(engine, "numbers", records, nicknames)


def number_records(engine: Engine, records: Relation) -> None:
    """Make the table `numbers`: n, record_id. It numbers the records by record_id, from 0."""
    engine.register("given_ids", records, "record_id", once=True)
    engine.number("numbers", "select record_id from given_ids", "record_id")
    engine.drop("given_ids")


def make_linking_values(engine: Engine, identifiers: Relation, identifier_types: pa.Table) -> None:
    """Make the table `linking_values`: n, identifier_type, identifier_class, value, says_who.

    `value` is a number that stands for the identifier's type and value. `says_who` flags personal values of
    people, and shared ones of which a person has one, such as an account. Reads the table `numbers`.
    """
    columns = "record_id, identifier_type, identifier_class, hash(identifier_type, identifier_value) as value"
    engine.register("given_identifiers", identifiers, columns, once=True)
    rows = identifier_types.select(["identifier_type", "one_per_person", "is_device"]).to_pylist()
    people = [row["identifier_type"] for row in rows if not row["is_device"]]
    accounts = [row["identifier_type"] for row in rows if row["one_per_person"]]
    engine.create_table(
        "linking_values", _LINKING_VALUES.format(people=_listed(people), accounts=_listed(accounts))
    )
    engine.drop("given_identifiers")


def make_features_of(engine: Engine, of: str, records: Relation, nicknames: Relation) -> None:
    """Make the table `features` of the records whose n the table `of` has.

    Reads the tables `numbers` and `linking_values`.
    """
    engine.register("given_nicknames", nicknames)
    engine.register("given_records", records, ", ".join(RECORD_COLUMNS), once=True)
    # In a step of its own: whoever streams the records waits for each row that is worked on.
    engine.create_table("chosen_records", _CHOSEN_RECORDS.format(of=of))
    engine.drop("given_records")
    engine.create_table("features", _FEATURES)
    engine.drop("chosen_records", "given_nicknames")


def _listed(types: Sequence[str]) -> str:
    """Types as SQL for the inside of a list; no type is called ''."""
    return ", ".join(f"'{name}'" for name in ("", *types))


# The columns of identity_records that features are made of.
RECORD_COLUMNS = (
    "record_id", "source", "one_record_per_person", "first_name", "email_first_name", "last_name",
    "email_last_name", "all_names", "birth_date", "birth_text", "gender", "email", "phone", "street", "city",
    "postcode", "national_id",
)  # fmt: skip

# The columns of the table `features` but `n` and the further ones of the surname, which stand for its
# frequencies (comparisons.Level).
COLUMNS = (
    "record_id", "sole_source", "first_name", "first_name_is_given", "last_name", "name_words",
    "formal_names", "first_name_nicknames", "birth_text", "birth_is_whole", "gender", "email",
    "email_is_shared", "email_name", "email_number", "personal_phone", "shared_phone", "street", "city",
    "postcode", "national_id", "personal_ids",
)  # fmt: skip

_CHOSEN_RECORDS = """
select numbers.n, given_records.*
from given_records
inner join numbers on given_records.record_id = numbers.record_id
where numbers.n in (select n from {of})
"""

_FEATURES = """
with

classes as (

    select
        n,
        max(case when identifier_type = 'email' then identifier_class end) as email_class,
        max(case when identifier_type = 'phone' then identifier_class end) as phone_class,
        max(case when identifier_type = 'national_id' then identifier_class end) as national_id_class

    from linking_values

    where n in (select n from chosen_records)

    group by n

),

personal_values as (

    select
        n,
        list_sort(list(distinct value)) as personal_ids

    from linking_values

    where
        says_who
        and n in (select n from chosen_records)

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
    chosen_records.n,
    chosen_records.record_id,
    case when chosen_records.one_record_per_person then chosen_records.source end as sole_source,
    coalesce(chosen_records.first_name, chosen_records.email_first_name) as first_name,
    chosen_records.first_name is not null as first_name_is_given,
    coalesce(chosen_records.last_name, chosen_records.email_last_name) as last_name,
    coalesce(chosen_records.last_name, chosen_records.email_last_name) as last_name_in_town,
    coalesce(chosen_records.last_name, chosen_records.email_last_name) as last_name_elsewhere,
    list_distinct(string_split(concat_ws(
        ' ', chosen_records.all_names, chosen_records.email_first_name, chosen_records.email_last_name
    ), ' ')) as name_words,
    forms.names as formal_names,
    nicknames_of.nicknames as first_name_nicknames,
    chosen_records.birth_text,
    chosen_records.birth_date is not null as birth_is_whole,
    chosen_records.gender,
    case when classes.email_class <> 'junk' then chosen_records.email end as email,
    case when classes.email_class = 'household' then true end as email_is_shared,
    case when classes.email_class <> 'junk' then split_part(chosen_records.email, '@', 1) end as email_name,
    case
        when classes.email_class <> 'junk'
            then nullif(regexp_replace(split_part(chosen_records.email, '@', 1), '[^0-9]', '', 'g'), '')
    end as email_number,
    case when classes.phone_class = 'personal' then chosen_records.phone end as personal_phone,
    case when classes.phone_class = 'household' then chosen_records.phone end as shared_phone,
    chosen_records.street,
    chosen_records.city,
    chosen_records.postcode,
    case when classes.national_id_class <> 'junk' then chosen_records.national_id end as national_id,
    -- Only ever asked whether two have one in common, of which a number is sure enough and takes less memory.
    personal_values.personal_ids

from chosen_records

left join classes
    on chosen_records.n = classes.n

left join personal_values
    on chosen_records.n = personal_values.n

left join forms
    on
        regexp_replace(
            coalesce(chosen_records.first_name, chosen_records.email_first_name), '(ie|ey|i|y)$', 'y'
        )
        = forms.nickname

left join nicknames_of
    on coalesce(chosen_records.first_name, chosen_records.email_first_name) = nicknames_of.name
"""

_LINKING_VALUES = """
select
    numbers.n,
    given_identifiers.identifier_type,
    given_identifiers.identifier_class,
    given_identifiers.value,
    (given_identifiers.identifier_class = 'personal' and given_identifiers.identifier_type in ({people}))
    or (
        given_identifiers.identifier_class = 'household'
        and given_identifiers.identifier_type in ({accounts})
    ) as says_who

from given_identifiers

inner join numbers
    on given_identifiers.record_id = numbers.record_id
"""
