"""The page that says how a destination is written names every key, and its tables are those of the code."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from cdp_cli.destinations import conversions, json_sql
from cdp_cli.destinations.auth.keys import Auth, Basic, OAuth2, ServiceAccount
from cdp_cli.destinations.definition import Definition, FieldRule, ObjectRule
from cdp_cli.destinations.evidence import Count, Evidence
from cdp_cli.destinations.fields import HASHES, STEPS
from cdp_cli.destinations.operations import Lookup, Operation, Outcomes, Refusal, RowOf, Step
from cdp_cli.destinations.rate_headers import RateHeaders
from tests.conftest import ROOT

DOCS = (ROOT / "docs" / "how-to" / "write-a-destination.md").read_text(encoding="utf-8")
KEYS: tuple[type[BaseModel], ...] = (
    *(Auth, Basic, OAuth2, ServiceAccount, Count, Definition, Evidence, FieldRule, Lookup, ObjectRule),
    *(Operation, Outcomes, RateHeaders, Refusal, RowOf, Step),
)


@pytest.mark.parametrize("model", KEYS, ids=lambda model: model.__name__)
def test_every_key_is_in_the_docs(model: type[BaseModel]) -> None:
    names = [field.alias or name for name, field in model.model_fields.items()]
    words = set(
        DOCS.replace("`", " ").replace(":", " ").replace("{", " ").replace(".", " ").replace(",", " ").split()
    )
    assert [name for name in names if name not in words] == []


@pytest.mark.parametrize("module", [json_sql, conversions], ids=lambda module: module.__name__)
def test_a_table_in_the_docs_is_that_of_the_code(module: object) -> None:
    table = [line for line in str(module.__doc__).splitlines() if line.startswith("|")]
    assert len(table) > 5
    assert "\n".join(table) in DOCS


def test_every_normaliser_and_hash_is_in_the_docs() -> None:
    assert [name for name in (*STEPS, *HASHES) if f"`{name}`" not in DOCS] == []
