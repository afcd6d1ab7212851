"""The whole of it in memory: what becomes one person, what never does, and that order decides nothing."""

from __future__ import annotations

import copy
import dataclasses
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from cdp_cli.config import find_settings
from cdp_cli.identity.evaluation.report import against_truth
from cdp_cli.identity.resolve import Resolution, resolve
from cdp_cli.stewardship.identity_sql import identity_sql
from tests.conftest import copy_project
from tests.identity_sql import compiled
from tests.python.identity.people import groups, people, present

BO = {"first_name": "Bo", "last_name": "Kragh", "email": "bo.kragh@example.com", "birth_date": "1980-02-03"}


def found(*rows: dict[str, Any], **options: Any) -> set[frozenset[str]]:
    return groups(present(resolve(people(*rows), compiled(), **options).assigned))


def test_one_address_is_one_person() -> None:
    assert found(BO, {"email": "bo.kragh@example.com"}) == {frozenset("ab")}


def test_a_visitor_is_who_signed_in() -> None:
    assert found({**BO, "user_id": "7"}, {"anonymous_id": "x", "user_id": "7"}, {"anonymous_id": "y"}) == {
        frozenset("ab"),
        frozenset("c"),
    }


def test_a_family_that_shares_everything_but_names_stays_apart() -> None:
    home = {"last_name": "Kragh", "street_address": "1 Vej", "city": "Aarhus", "phone": "+4586121212"}
    members = [
        {**home, "first_name": name, "email": "familie.kragh@example.com"} for name in ("Bo", "Ida", "Emil")
    ]
    assert found(*members) == {frozenset("a"), frozenset("b"), frozenset("c")}


def test_a_source_that_holds_each_person_once_has_no_duplicates() -> None:
    assert found(BO, BO) == {frozenset("ab")}
    assert found(BO, BO, unique_sources=["crm"]) == {frozenset("a"), frozenset("b")}


def test_no_records_are_no_trouble() -> None:
    empty = pa.table({"record_id": pa.array([], pa.string()), "source": pa.array([], pa.string())})
    assert resolve(empty, compiled()).assigned.num_rows == 0


def test_one_record_is_one_person() -> None:
    assert found(BO) == {frozenset("a")}


def test_records_of_nothing_are_nobody_in_common() -> None:
    assert found({}, {}, {}) == {frozenset("a"), frozenset("b"), frozenset("c")}


def test_a_value_on_thousands_of_records_joins_nobody() -> None:
    rows = [{"record_id": f"r{n}", "first_name": f"N{n}", "email": "shop@till.example"} for n in range(3000)]
    assert len(found(*rows)) == 3000


@pytest.fixture(scope="module")
def labelled(shared: Callable[[str], Path]) -> pa.Table:
    return pq.read_table(shared("data/identity/fake_1000.parquet"))


@pytest.fixture(scope="module")
def resolved(labelled: pa.Table) -> Resolution:
    return resolve(labelled, compiled())


def test_shuffled_rows_give_the_same_bytes(labelled: pa.Table, resolved: Resolution) -> None:
    order = list(range(labelled.num_rows))
    random.Random(4).shuffle(order)
    again = resolve(labelled.take(order), compiled())
    assert again.model == resolved.model
    assert again.pairs.equals(resolved.pairs)
    assert again.assigned.equals(resolved.assigned)


def test_a_pinned_model_and_a_log_change_no_id(labelled: pa.Table, resolved: Resolution) -> None:
    later = resolve(
        labelled,
        compiled(),
        model=resolved.model,
        log=resolved.assigned,
        at=resolved.assigned["assigned_at"][0].as_py().replace(year=2001),
    )
    assert later.assigned.num_rows == 0


def test_a_stored_model_weighs_and_this_release_says_what(labelled: pa.Table, resolved: Resolution) -> None:
    settings = copy.deepcopy(resolved.model.settings)
    for comparison in settings["comparisons"]:
        for level in comparison["comparison_levels"][1:-1]:
            level["sql_condition"] = "a_column_of_before_l = a_column_of_before_r"
    earlier = dataclasses.replace(resolved.model, settings=settings)
    assert resolve(labelled, compiled(), model=earlier).pairs.equals(resolved.pairs)


def test_labelled_people_are_found(labelled: pa.Table, resolved: Resolution) -> None:
    report = against_truth(
        resolved.records,
        resolved.assigned.select(["record_id", "profile_id"]),
        resolved.pairs,
        resolved.keys,
        labelled.select(["record_id", "person_id"]),
        resolved.evidence,
        0.0,
    )
    assert report.clusters.f1 >= 0.945
    assert report.clusters.precision >= 0.985
    assert report.people == 251
    assert report.pairs.recall <= report.blocking_recall <= 1.0


def test_a_pair_carries_its_explanation(resolved: Resolution) -> None:
    row = resolved.pairs.to_pylist()[0]
    assert set(row) >= {"match_weight", "match_probability", "veto", "rule", "version"}
    assert '"first_name":{"level":' in row["comparisons"]


def test_an_identifier_type_of_a_project_is_a_row_of_the_seed_and_a_column(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    (project.root / "entities").mkdir()
    (project.root / "entities" / "person.yml").write_text(
        "extends: person\ncolumns:\n  - {name: passport, type: varchar, description: A number.}\n",
        encoding="utf-8",
    )
    with (project.engine / "seeds" / "identity" / "identifier_types.csv").open("a", encoding="utf-8") as seed:
        seed.write("passport,0.999,3,1,2,50,,all,false,A passport is given to one person.\n")
    assert project.cdp("generate").code == 0
    ann = {"first_name": "Ann", "last_name": "Archer", "passport": "X1"}
    rows = people(ann, {**ann, "last_name": "Baker"}, {**ann, "passport": "X2", "last_name": "Cook"})
    made = resolve(rows, identity_sql(find_settings(project.root)))
    assert groups(present(made.assigned)) == {frozenset("ab"), frozenset("c")}
    [rule] = made.pairs.filter(pc.is_valid(made.pairs.column("rule"))).column("rule").to_pylist()
    assert rule == "same_passport"
    assert "passport" in made.evidence
