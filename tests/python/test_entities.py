"""The vocabulary of the engine, and what a project adds to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp_cli.entities import DATA_TYPES, Column, vocabulary
from cdp_cli.errors import FixConfiguration

VISIT = """
entity: class_visit
plural: class_visits
description: One row per visit of a class.
key: visit_id
columns:
  - {name: visit_id, type: varchar, required: true, description: "Unique over all sources."}
  - {name: trainer_name, type: varchar, pii: true, description: "Who held it."}
"""
LONGER_PERSON = """
extends: person
columns:
  - {name: membership, type: varchar, description: "basic or plus."}
"""


def write(folder: Path, name: str, text: str) -> Path:
    (folder / "entities").mkdir(exist_ok=True)
    (folder / "entities" / name).write_text(text, encoding="utf-8")
    return folder


def test_each_entity_of_the_engine_has_a_required_key_and_known_types(tmp_path: Path) -> None:
    found = vocabulary(tmp_path)
    assert {"person", "order", "consent_event"} <= set(found)
    for entity in found.values():
        assert entity.key in {column.name for column in entity.columns if column.required}
        assert {column.type for column in entity.columns} <= set(DATA_TYPES)


def test_a_project_adds_an_entity_with_a_model_of_its_own(tmp_path: Path) -> None:
    entity = vocabulary(write(tmp_path, "class_visit.yml", VISIT))["class_visit"]
    assert entity.model == "unified_class_visits"
    assert entity.columns[1] == Column("trainer_name", "varchar", "Who held it.", pii=True)


def test_a_project_extends_an_entity_by_columns(tmp_path: Path) -> None:
    before = vocabulary(tmp_path)["person"]
    after = vocabulary(write(tmp_path, "person.yml", LONGER_PERSON))["person"]
    assert after.columns == (*before.columns, Column("membership", "varchar", "basic or plus."))


def test_a_project_extends_its_own_entity_too(tmp_path: Path) -> None:
    write(tmp_path, "a.yml", LONGER_PERSON.replace("person", "class_visit"))
    assert len(vocabulary(write(tmp_path, "b.yml", VISIT))["class_visit"].columns) == 3


def test_an_extension_describes_a_column_better_and_never_makes_it_less_strict(tmp_path: Path) -> None:
    text = LONGER_PERSON.replace("membership", "email").replace("basic or plus", "The work address")
    email = {c.name: c for c in vocabulary(write(tmp_path, "person.yml", text))["person"].columns}["email"]
    assert (email.description, email.pii) == ("The work address.", True)


BAD = {
    "an unknown type": (
        VISIT.replace("type: varchar, pii", "type: text, pii"),
        "entities/x.yml: the column 'trainer_name' has the unknown type 'text'. Use one of: varchar, "
        "timestamp, "
        "boolean, integer, bigint, double, date, decimal(18,2).",
    ),
    "a clash of a column with another type": (
        LONGER_PERSON.replace("membership, type: varchar", "email, type: bigint"),
        "entities/x.yml gives the column 'email' of the entity 'person' the type 'bigint', but it has the "
        "type "
        "'varchar' already. Use that type, or another name.",
    ),
    "no key": (VISIT.replace("key: visit_id\n", ""), "entities/x.yml has no `key`. Add it."),
    "a key that is not a column": (
        VISIT.replace("key: visit_id", "key: id"),
        "entities/x.yml: the key 'id' is not a required column of the entity. Add it to `columns:` with "
        "`required: true`.",
    ),
    "an unknown key": (
        VISIT + "primary_key: visit_id\n",
        "entities/x.yml has the unknown key 'primary_key'. Use: columns, description, entity, key, plural.",
    ),
    "an entity of the engine": (
        VISIT.replace("entity: class_visit", "entity: order"),
        "entities/x.yml: the entity 'order' exists already. Use another name, or extend it with "
        "`extends: order`.",
    ),
    "a plural of the engine": (
        VISIT.replace("plural: class_visits", "plural: people"),
        "entities/x.yml: the plural 'people' belongs to the entity 'person' already. Use another plural: it "
        "names "
        "the model unified_people.",
    ),
    "an unknown entity": (
        LONGER_PERSON.replace("person", "member"),
        "entities/x.yml extends the unknown entity 'member'. Use one of: consent_event, email_event, order, "
        "order_item, person, return, ticket, web_event.",
    ),
    "a column twice": (
        VISIT.replace("trainer_name", "visit_id"),
        "entities/x.yml: the column 'visit_id' is listed twice. Remove one of them.",
    ),
    "a column that the union adds": (
        LONGER_PERSON.replace("membership", "source"),
        "entities/x.yml: the column 'source' has a name that the unified models use themselves. Use another "
        "name.",
    ),
    "a column without a description": (
        LONGER_PERSON.replace(', description: "basic or plus."', ""),
        "entities/x.yml: the column 'membership' has no `description`. Add it.",
    ),
    "a name that is not one": (
        VISIT.replace("plural: class_visits", "plural: Class visits"),
        "entities/x.yml: 'Class visits' is not a name that a table can have, but is the plural. Use "
        "lower-case "
        "letters, digits and underscores.",
    ),
    "a flag that is neither true nor false": (
        VISIT.replace("pii: true", "pii: maybe"),
        "entities/x.yml: the column 'trainer_name': `pii` is 'maybe'. Write true or false.",
    ),
    "invalid YAML": (
        VISIT.replace("columns:", "columns: ["),
        "entities/x.yml is not valid YAML: line 7: expected the node content, but found '-'. Correct the "
        "line.",
    ),
    "a list at the top": (
        "- entity",
        "entities/x.yml is not a mapping. Start it with `entity: NAME`, or with `extends: NAME`.",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_an_entity_file_that_is_not_valid_is_named(tmp_path: Path, name: str) -> None:
    text, says = BAD[name]
    with pytest.raises(FixConfiguration) as caught:
        vocabulary(write(tmp_path, "x.yml", text))
    assert str(caught.value) == says
