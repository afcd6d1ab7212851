"""Columns that hold personal data say so, in every properties file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from cdp_cli.entities import vocabulary
from cdp_cli.staging.trait_groups import ENGINE_PACKAGE
from tests.conftest import ROOT

PERSONAL = {column.name for column in vocabulary(ROOT)["person"].columns if column.pii}


def described(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each column of each model and source table below `folder`, with where it is described."""
    for path in sorted((folder / "models").rglob("*.yml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        tables = [table for source in content.get("sources", []) for table in source["tables"]]
        for owner in [*content.get("models", []), *tables]:
            for column in owner.get("columns", []):
                yield f"{path.relative_to(folder)}: {owner['name']}.{column['name']}", column


def test_the_person_entity_knows_what_names_and_reaches_a_person() -> None:
    assert {"full_name", "email", "phone", "street_address", "birth_date", "national_id"} <= PERSONAL


def test_each_column_of_a_person_is_marked_as_personal_wherever_it_is_described() -> None:
    columns = [*described(ROOT), *described(ENGINE_PACKAGE)]
    personal = [(where, column) for where, column in columns if column["name"] in PERSONAL]
    assert len(personal) > 100
    unmarked = [
        where for where, column in personal if not column.get("config", {}).get("meta", {}).get("pii")
    ]
    assert unmarked == []
