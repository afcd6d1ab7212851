"""The union over all sources, from twins to models."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cdp_cli.entities import SQL_TYPES, vocabulary
from cdp_cli.errors import FixConfiguration
from cdp_cli.staging import union
from tests.conftest import ROOT

PERSON = """
version: 2
models:
  - name: stg_fair__visitors
    config:
      meta: {entity: person, one_record_per_person: true}
    columns: [{name: record_id}, {name: email}, {name: badge}]
"""


def write(folder: Path, name: str, text: str, with_model: bool = True) -> None:
    path = folder / "models" / "staging" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    if with_model:
        path.with_suffix(".sql").write_text("select 1")


def unified(folder: Path, entity: str) -> str:
    union.write(folder)
    return (folder / union.UNIFIED / f"{vocabulary()[entity].model}.sql").read_text()


def test_each_type_of_the_vocabulary_can_be_said_in_sql() -> None:
    for entity in vocabulary().values():
        assert entity.key in {column.name for column in entity.columns if column.required}
        assert {column.type for column in entity.columns} <= set(SQL_TYPES)


def test_the_repository_holds_what_its_twins_say() -> None:
    assert union.plan(ROOT).up_to_date


def test_an_entity_that_no_source_gives_is_an_empty_table_of_its_shape(tmp_path: Path) -> None:
    sql = unified(tmp_path, "return")
    assert sql.rstrip().endswith("where 1 = 0")
    assert "cast(null as decimal(18,2)) as refund_amount" in sql


def test_a_column_that_a_source_lacks_is_null_and_one_beyond_the_vocabulary_stays_behind(
    tmp_path: Path,
) -> None:
    write(tmp_path, "fair/stg_fair__visitors.yml", PERSON)
    sql = unified(tmp_path, "person")
    assert "cast(email as {{ dbt.type_string() }}) as email" in sql
    assert "cast(null as {{ dbt.type_string() }}) as phone" in sql
    assert "cast('fair' as {{ dbt.type_string() }}) as source" in sql
    assert "true as one_record_per_person" in sql
    assert "badge" not in sql


def test_sources_come_in_the_order_of_their_names_whatever_their_folders(tmp_path: Path) -> None:
    write(tmp_path, "b/stg_fair__visitors.yml", PERSON)
    write(tmp_path, "c/stg_a__people.yml", PERSON.replace("stg_fair__visitors", "stg_a__people"))
    assert re.findall(r"ref\('(\w+)'\)", unified(tmp_path, "person")) == [
        "stg_a__people",
        "stg_fair__visitors",
    ]


def test_writing_twice_changes_nothing_and_a_source_that_goes_is_gone(tmp_path: Path) -> None:
    write(tmp_path, "fair/stg_fair__visitors.yml", PERSON)
    assert not union.write(tmp_path).up_to_date
    assert union.write(tmp_path).up_to_date

    (tmp_path / "models/staging/fair/stg_fair__visitors.yml").unlink()
    changed = {path.name for path in union.plan(tmp_path).different}
    assert changed == {"unified_people.sql", "unified_people.yml"}


def test_a_file_of_an_entity_that_is_no_more_is_removed_and_one_of_somebody_else_is_not(
    tmp_path: Path,
) -> None:
    union.write(tmp_path)
    old, other = (tmp_path / union.UNIFIED / name for name in ("unified_old.sql", "mine.sql"))
    old.write_text((tmp_path / union.UNIFIED / "unified_people.sql").read_text())
    other.write_text("select 1")

    assert union.write(tmp_path).stale == (union.UNIFIED / "unified_old.sql",)
    assert (old.exists(), other.exists()) == (False, True)


def test_a_model_that_is_switched_off_gives_nothing(tmp_path: Path) -> None:
    write(tmp_path, "fair/stg_fair__visitors.yml", PERSON.replace("config:", "config:\n      enabled: false"))
    assert "stg_fair__visitors" not in unified(tmp_path, "person")


TWIN = "models/staging/fair/stg_fair__visitors.yml"
BAD_TWINS = {
    "an entity that there is not": (
        PERSON.replace("entity: person", "entity: people"),
        f"{TWIN}: the model 'stg_fair__visitors' names the entity 'people', which there is not. Use one of: "
        "consent_event, email_event, order, order_item, person, return, ticket, web_event.",
    ),
    "no key": (
        PERSON.replace("{name: record_id}, ", ""),
        f"{TWIN}: the model 'stg_fair__visitors' does not list 'record_id', the key of the entity 'person'. "
        "Select it in stg_fair__visitors.sql and list it under `columns:`.",
    ),
    "no required column": (
        PERSON.replace("person, one_record_per_person: true", "order").replace("record_id", "order_id"),
        f"{TWIN}: the model 'stg_fair__visitors' does not list 'ordered_at', a required column of the entity "
        "'order'. Select it in stg_fair__visitors.sql and list it under `columns:`.",
    ),
    "a column twice": (
        PERSON.replace("badge", "email"),
        f"{TWIN}: the model 'stg_fair__visitors' lists the column 'email' twice. Remove one of them.",
    ),
    "one record per person that is no yes or no": (
        PERSON.replace("one_record_per_person: true", "one_record_per_person: maybe"),
        f"{TWIN}: `one_record_per_person` of the model 'stg_fair__visitors' is 'maybe'. Write true or false.",
    ),
    "one record per person of orders": (
        PERSON.replace("person, one", "return, one").replace(
            "{name: record_id}", "{name: return_id}, {name: order_id}, {name: returned_at}"
        ),
        f"{TWIN}: the model 'stg_fair__visitors' gives rows of 'return' and sets `one_record_per_person`. "
        "It says something about models of the entity 'person' only: remove it.",
    ),
    "invalid YAML": (
        PERSON.replace("  - name: stg", "  - name: [stg"),
        f"{TWIN} is not valid YAML: line 5: expected ',' or ']', but got ':'. "
        "Correct the line; dbt reads the same file.",
    ),
    "columns that are no list": (
        PERSON.replace("[{name: record_id}, {name: email}, {name: badge}]", "[record_id]"),
        f"{TWIN}: 'columns' of 'stg_fair__visitors' is not a list of entries with a name. "
        "Give each entry a `name`.",
    ),
    "a list at the top": (
        "- models",
        f"{TWIN} is not a mapping of `sources:` and `models:`. Correct it; dbt reads the same file.",
    ),
}


@pytest.mark.parametrize("name", BAD_TWINS)
def test_a_twin_that_cannot_be_united_is_named(tmp_path: Path, name: str) -> None:
    text, says = BAD_TWINS[name]
    write(tmp_path, "fair/stg_fair__visitors.yml", text)
    with pytest.raises(FixConfiguration) as caught:
        union.write(tmp_path)
    assert str(caught.value) == says
    assert not (tmp_path / union.UNIFIED).exists()


def test_a_model_that_two_files_describe_is_named(tmp_path: Path) -> None:
    write(tmp_path, "a/stg_fair__visitors.yml", PERSON)
    write(tmp_path, "b/stg_fair__visitors.yml", PERSON)
    with pytest.raises(FixConfiguration, match=r"a/stg_fair__visitors\.yml both describe the model"):
        union.plan(tmp_path)


def test_a_twin_without_its_model_is_named(tmp_path: Path) -> None:
    write(tmp_path, "fair/stg_fair__visitors.yml", PERSON, with_model=False)
    with pytest.raises(FixConfiguration, match=r"there is no models/staging/fair/stg_fair__visitors\.sql"):
        union.plan(tmp_path)
