"""The generated models, from properties files to lists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from cdp_cli.entities import DATA_TYPES, vocabulary
from cdp_cli.errors import FixConfiguration
from cdp_cli.staging import generated
from tests.conftest import ROOT

UNIFIED = Path("models/unified")

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
    generated.write(folder)
    return (folder / UNIFIED / f"{vocabulary(folder)[entity].model}.sql").read_text()


def test_the_repository_holds_what_its_properties_files_say() -> None:
    assert generated.plan(ROOT).up_to_date


def properties(folder: Path, model: str) -> dict[str, Any]:
    generated.write(folder)
    (described,) = yaml.safe_load((folder / UNIFIED / f"{model}.yml").read_text())["models"]
    return {column["name"]: column for column in described["columns"]}


def test_an_entity_that_no_source_gives_is_an_empty_list(tmp_path: Path) -> None:
    assert unified(tmp_path, "return").endswith("{{ cdp.unified('return', [\n]) }}\n")


def test_a_unified_model_is_one_line_a_source(tmp_path: Path) -> None:
    write(tmp_path, "fair/stg_fair__visitors.yml", PERSON)
    assert unified(tmp_path, "person").splitlines()[1:] == [
        "{{ cdp.unified('person', [",
        "    ref('stg_fair__visitors'),",
        "]) }}",
    ]


def test_a_unified_model_has_all_columns_of_its_entity_and_where_a_row_came_from(tmp_path: Path) -> None:
    columns = properties(tmp_path, "unified_people")
    person = vocabulary(tmp_path)["person"]
    assert list(columns) == [*(column.name for column in person.columns), "source", "one_record_per_person"]
    assert {columns[column.name]["data_type"] == DATA_TYPES[column.type] for column in person.columns} == {
        True
    }


def test_what_holds_personal_data_says_so_in_the_generated_files(tmp_path: Path) -> None:
    marked = {
        name
        for name, column in properties(tmp_path, "unified_people").items()
        if column.get("config") == {"meta": {"pii": True}}
    }
    assert marked == {column.name for column in vocabulary(tmp_path)["person"].columns if column.pii}
    assert {"full_name", "email", "phone", "street_address", "birth_date", "national_id", "user_id"} <= marked


def test_sources_come_in_the_order_of_their_names_whatever_their_folders(tmp_path: Path) -> None:
    write(tmp_path, "b/stg_fair__visitors.yml", PERSON)
    write(tmp_path, "c/stg_a__people.yml", PERSON.replace("stg_fair__visitors", "stg_a__people"))
    assert re.findall(r"ref\('(\w+)'\)", unified(tmp_path, "person")) == [
        "stg_a__people",
        "stg_fair__visitors",
    ]


def test_writing_twice_changes_nothing_and_a_source_that_goes_is_gone(tmp_path: Path) -> None:
    write(tmp_path, "fair/stg_fair__visitors.yml", PERSON)
    assert not generated.write(tmp_path).up_to_date
    assert generated.write(tmp_path).up_to_date

    (tmp_path / "models/staging/fair/stg_fair__visitors.yml").unlink()
    changed = {path.name for path in generated.plan(tmp_path).different}
    assert changed == {"unified_people.sql", "unified_people.yml"}


def test_a_file_of_an_entity_that_is_no_more_is_removed_and_one_of_somebody_else_is_not(
    tmp_path: Path,
) -> None:
    generated.write(tmp_path)
    old, other = (tmp_path / UNIFIED / name for name in ("unified_old.sql", "mine.sql"))
    old.write_text((tmp_path / UNIFIED / "unified_people.sql").read_text())
    other.write_text("select 1")

    assert generated.write(tmp_path).stale == (UNIFIED / "unified_old.sql",)
    assert (old.exists(), other.exists()) == (False, True)


def test_a_model_that_is_switched_off_gives_nothing(tmp_path: Path) -> None:
    write(tmp_path, "fair/stg_fair__visitors.yml", PERSON.replace("config:", "config:\n      enabled: false"))
    assert "stg_fair__visitors" not in unified(tmp_path, "person")


FILE = "models/staging/fair/stg_fair__visitors.yml"
MARTS = """
version: 2
models:
  - name: dim_customers
    meta: {entity: person, columns: {record_id: customer_id, email: email_address}}
    columns: [{name: customer_id}, {name: email_address}, {name: lifetime_value}]
"""


def test_a_model_anywhere_in_the_model_paths_gives_rows_by_its_properties_file(tmp_path: Path) -> None:
    (tmp_path / "dbt_project.yml").write_text("name: shop\nmodel-paths: [transform, more]\n")
    (tmp_path / "more" / "marts").mkdir(parents=True)
    (tmp_path / "more" / "marts" / "dim_customers.sql").write_text("select 1")
    (tmp_path / "more" / "schema.yml").write_text(MARTS)
    written = generated.write(tmp_path)
    assert "ref('dim_customers')" in written.files[Path("transform/unified/unified_people.sql")]
    (model,) = written.models
    assert (model.source, model.unused(written.entities["person"])) == ("marts", ["lifetime_value"])


def test_an_entity_of_the_project_gets_a_model_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "entities").mkdir()
    (tmp_path / "entities" / "visit.yml").write_text(
        "{entity: visit, plural: visits, description: One row per visit., key: visit_id, columns: "
        "[{name: visit_id, type: varchar, required: true, description: Key.}]}"
    )
    assert list(properties(tmp_path, "unified_visits")) == ["visit_id", "source"]


BAD_PROPERTIES = {
    "an entity that there is not": (
        PERSON.replace("entity: person", "entity: people"),
        f"{FILE}: the model 'stg_fair__visitors' names the unknown entity 'people'. Use one of: "
        "consent_event, email_event, order, order_item, person, return, ticket, web_event.",
    ),
    "no key": (
        PERSON.replace("{name: record_id}, ", ""),
        f"{FILE}: the model 'stg_fair__visitors' does not list 'record_id', the key of the entity 'person'. "
        "Select it in stg_fair__visitors.sql and list it under `columns:`, or name your own column for it "
        "in the "
        "meta: `columns: {record_id: your_column}`.",
    ),
    "no required column": (
        PERSON.replace("person, one_record_per_person: true", "order").replace("record_id", "order_id"),
        f"{FILE}: the model 'stg_fair__visitors' does not list 'ordered_at', a required column of the entity "
        "'order'. Select it in stg_fair__visitors.sql and list it under `columns:`, or name your own column "
        "for it "
        "in the meta: `columns: {ordered_at: your_column}`.",
    ),
    "a column twice": (
        PERSON.replace("badge", "email"),
        f"{FILE}: the model 'stg_fair__visitors' lists the column 'email' twice. Remove one of them.",
    ),
    "one record per person that is no yes or no": (
        PERSON.replace("one_record_per_person: true", "one_record_per_person: maybe"),
        f"{FILE}: `one_record_per_person` of the model 'stg_fair__visitors' is 'maybe'. Write true or false.",
    ),
    "one record per person of orders": (
        PERSON.replace("person, one", "return, one").replace(
            "{name: record_id}", "{name: return_id}, {name: order_id}, {name: returned_at}"
        ),
        f"{FILE}: the model 'stg_fair__visitors' gives rows of 'return' and sets `one_record_per_person`. "
        "It says something about models of the entity 'person' only: remove it.",
    ),
    "a mapping that is not one": (
        PERSON.replace("person,", "person, columns: [email],"),
        f"{FILE}: `columns` in the meta of the model 'stg_fair__visitors' is not a mapping. Write it as "
        "{record_id: your_column}.",
    ),
    "a mapping to a column that is not listed": (
        PERSON.replace("person,", "person, columns: {email: mail},"),
        f"{FILE}: the meta of the model 'stg_fair__visitors' maps 'email' to 'mail', a column that the model "
        "does not list. List it under `columns:`, or correct the mapping.",
    ),
    "invalid YAML": (
        PERSON.replace("  - name: stg", "  - name: [stg"),
        f"{FILE} is not valid YAML: line 5: expected ',' or ']', but got ':'. "
        "Correct the line; dbt reads the same file.",
    ),
    "columns that are no list": (
        PERSON.replace("[{name: record_id}, {name: email}, {name: badge}]", "[record_id]"),
        f"{FILE}: 'columns' of 'stg_fair__visitors' is not a list of entries with a name. "
        "Give each entry a `name`.",
    ),
    "a list at the top": (
        "- models",
        f"{FILE} is not a mapping of `sources:` and `models:`. Correct it; dbt reads the same file.",
    ),
}


@pytest.mark.parametrize("name", BAD_PROPERTIES)
def test_a_properties_file_that_cannot_be_united_is_named(tmp_path: Path, name: str) -> None:
    text, says = BAD_PROPERTIES[name]
    write(tmp_path, "fair/stg_fair__visitors.yml", text)
    with pytest.raises(FixConfiguration) as caught:
        generated.write(tmp_path)
    assert str(caught.value) == says
    assert not (tmp_path / UNIFIED).exists()


def test_a_model_that_two_files_describe_is_named(tmp_path: Path) -> None:
    write(tmp_path, "a/stg_fair__visitors.yml", PERSON)
    write(tmp_path, "b/stg_fair__visitors.yml", PERSON)
    with pytest.raises(FixConfiguration, match=r"a/stg_fair__visitors\.yml both describe the model"):
        generated.plan(tmp_path)


def test_a_properties_file_without_its_model_is_named(tmp_path: Path) -> None:
    write(tmp_path, "fair/stg_fair__visitors.yml", PERSON, with_model=False)
    with pytest.raises(FixConfiguration, match=r"there is no stg_fair__visitors\.sql in models"):
        generated.plan(tmp_path)
