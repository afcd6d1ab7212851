from __future__ import annotations

from typing import Any

import pytest

from cdp_cli.identity.bands import Bands
from cdp_cli.identity.in_memory_engine import InMemory
from cdp_cli.identity.linking.discovery import found_vetoes, vetoes_in_force
from cdp_cli.identity.linking.features import COLUMNS, make_features
from cdp_cli.identity.linking.scoring import paired_columns
from cdp_cli.identity.prepare import prepare
from cdp_cli.identity.training import trained_model
from cdp_cli.identity.training.trained_model import Model
from tests.conftest import ROOT
from tests.identity_sql import compiled
from tests.python.identity.people import people

ANN = {"first_name": "Ann", "last_name": "Lee", "street_address": "1 High Street", "city": "York"}

CASES = [
    ("different_first_names", ANN, {**ANN, "first_name": "Robert"}, True),
    ("different_first_names", ANN, {**ANN, "first_name": "Anne"}, False),
    ("different_first_names", ANN, {**ANN, "first_name": "A."}, False),
    ("different_first_names", ANN, {**ANN, "first_name": "B."}, True),
    ("different_first_names", ANN, {**ANN, "first_name": None}, False),
    ("different_first_names", ANN, {**ANN, "first_name": "Lee", "last_name": "Ann"}, False),
    (
        "different_first_names",
        {**ANN, "first_name": "Lete", "last_name": "Annes"},
        {**ANN, "first_name": "Annas"},
        False,
    ),
    (
        "different_first_names",
        {"first_name": "A", "last_name": "X"},
        {"first_name": "B", "last_name": "X"},
        True,
    ),
    ("different_first_names", {**ANN, "first_name": "Robert"}, {**ANN, "first_name": "Bob"}, False),
    (
        "different_first_names",
        {**ANN, "first_name": "Toos", "email": "vos.catharina45107@example.com"},
        {**ANN, "first_name": "Catharina", "email": "vos.catharina45170@example.com"},
        False,
    ),
    ("different_first_names", {**ANN, "first_name": "Maggie"}, {**ANN, "first_name": "Margaert"}, False),
    ("different_first_names", {**ANN, "first_name": "Rosemary"}, {**ANN, "first_name": "Orse"}, False),
    ("different_first_names", {**ANN, "first_name": "Cameron"}, {**ANN, "first_name": "Crm"}, False),
    ("different_first_names", {**ANN, "first_name": "Cameron"}, {**ANN, "first_name": "Pam"}, True),
    ("different_first_names", {**ANN, "first_name": "Ruby"}, {**ANN, "first_name": "Rbuy"}, False),
    ("different_first_names", {**ANN, "first_name": "Bas"}, {**ANN, "first_name": "Sebastiaan"}, False),
    (
        "different_first_names",
        {**ANN, "loyalty_id": "7"},
        {**ANN, "first_name": "Robert", "loyalty_id": "7"},
        False,
    ),
    ("different_national_id", {"national_id": "123456789"}, {"national_id": "987654321"}, False),
    ("different_national_id", {"national_id": "AB471115C"}, {"national_id": "XY802233D"}, True),
    ("different_national_id", {"national_id": "AB471115C"}, {"national_id": "ab-471151-c"}, False),
    ("different_national_id", {"national_id": "AB471115C"}, {}, False),
    ("birth_dates_far_apart", {"birth_date": "1950-03-01"}, {"birth_date": "1981-11-24"}, True),
    ("birth_dates_far_apart", {"birth_date": "1950-03-01"}, {"birth_date": "1958-11-24"}, False),
    ("birth_dates_far_apart", {"birth_date": "1950-03-01"}, {"birth_date": "1980-03-01"}, False),
    ("birth_dates_far_apart", {"birth_date": "1950-03-01"}, {"birth_date": "1981"}, False),
    ("birth_dates_far_apart", {"birth_date": "1900-01-01"}, {"birth_date": "1981-11-24"}, False),
    ("one_record_per_person", {"one_record_per_person": True}, {"one_record_per_person": True}, True),
    ("one_record_per_person", {"one_record_per_person": True}, {"one_record_per_person": False}, False),
    (
        "one_record_per_person",
        {"one_record_per_person": True},
        {"one_record_per_person": True, "source": "shop"},
        False,
    ),
]


@pytest.mark.parametrize(("name", "one", "other", "vetoed"), CASES)
def test_a_veto_holds_where_it_should(
    name: str, one: dict[str, Any], other: dict[str, Any], vetoed: bool
) -> None:
    engine = InMemory()
    connection = engine.connection
    prepare(connection, people(one, other), compiled())
    make_features(
        engine,
        *(
            connection.table(table).to_arrow_table()
            for table in ("identity_records", "identity_identifiers", "nicknames", "identifier_types")
        ),
    )
    veto = next(veto for veto in found_vetoes() if veto.name == name)
    pair = f"select {paired_columns(COLUMNS)} from features as l inner join features as r on l.n < r.n"
    for sides in (pair, pair.replace("l.n < r.n", "l.n > r.n")):
        answer = connection.execute(f"select coalesce({veto.condition}, false) from ({sides})").fetchall()
        assert answer == [(vetoed,)]


@pytest.mark.parametrize("thing", found_vetoes(), ids=lambda thing: thing.name)
def test_each_veto_is_a_file_of_its_name_and_a_line_of_the_docs(thing: Any) -> None:
    assert (ROOT / "cdp_cli" / "identity" / "linking" / "vetoes" / f"{thing.name}.py").is_file()
    assert f"`{thing.name}`" in (ROOT / "docs" / "reference" / "identity.md").read_text(encoding="utf-8")


def test_a_veto_is_in_force_only_where_one_person_hardly_ever_differs() -> None:
    def model(different: float) -> Model:
        levels = [{"is_null_level": True}, {"m_probability": 1 - different}, {"m_probability": different}]
        comparison = {"output_column_name": "national_id", "comparison_levels": levels}
        return Model("m", {"comparisons": [comparison]}, {}, {})

    assert "different_national_id" in {veto.name for veto in vetoes_in_force(model(0.01), Bands())}
    assert "different_national_id" not in {veto.name for veto in vetoes_in_force(model(0.07), Bands())}
    assert "one_record_per_person" in {veto.name for veto in vetoes_in_force(model(0.5), Bands())}


def test_a_stored_model_comes_back_as_it_was() -> None:
    from tests.python.identity.people import EPOCH

    model = Model(
        "m1", {"comparisons": [], "x": 0.1}, {"first_name": {"ann": 0.5, "žofie": 0.25}}, {"records": 3}
    )
    older = Model("m0", {"comparisons": []}, {}, {})
    import pyarrow as pa

    table = pa.concat_tables(
        [trained_model.stored(model, EPOCH), trained_model.stored(older, EPOCH.replace(year=2025))]
    )
    assert trained_model.newest(table) == model
