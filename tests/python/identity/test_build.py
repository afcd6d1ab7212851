"""The Python models of a build: each reads what its dbt model gives it, and blocking is declared once."""

from __future__ import annotations

import csv
import re

import pytest

from cdp_cli.identity import build
from cdp_cli.identity.in_memory_engine import connect
from cdp_cli.identity.prepare import prepare
from tests.conftest import ENGINE
from tests.identity_sql import compiled
from tests.python.identity.people import people


@pytest.mark.parametrize("name", build.MODELS)
def test_a_dbt_model_gives_the_tables_that_its_function_reads(name: str) -> None:
    text = (ENGINE / "models" / "identity" / f"{name}.py").read_text(encoding="utf-8")
    given = re.findall(r'"(\w+)": dbt[.](?:ref[(]"|source[(]"cdp", ")(\w+)"', text)
    assert all(key == table for key, table in given)
    assert {key for key, _ in given} == set(build.MODELS[name].reads)


def test_a_blocking_rule_is_a_column_of_identity_keys_and_a_row_of_its_seed() -> None:
    with (ENGINE / "seeds" / "identity" / "blocking_rules.csv").open(encoding="utf-8") as lines:
        rules = {row["blocking_rule"] for row in csv.DictReader(lines)}
    connection = connect()
    try:
        same = {"first_name": "Ann", "last_name": "Lee", "birth_date": "1980-01-02", "postcode": "1000"}
        prepare(connection, people(same, same), compiled())
        keys = set(connection.sql("select * exclude (record_id) from identity_keys").columns)
        blocks = connection.sql("select distinct blocking_rule from identity_blocks").fetchall()
    finally:
        connection.close()
    assert keys == rules
    assert {"both_names", "birth_date_postcode", "last_name_initial"} <= {rule for (rule,) in blocks} <= rules
