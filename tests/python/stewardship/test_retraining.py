"""A new model is trained beside the pinned one, and what it would change is what the next build does."""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
from functools import cache

import pyarrow as pa
import pytest

from cdp_cli.errors import FixInput, FixModel
from cdp_cli.identity.in_memory_engine import InMemory
from cdp_cli.identity.inputs import Input
from cdp_cli.identity.prepare import prepare
from cdp_cli.identity.resolve import resolve
from cdp_cli.identity.training import trained_model
from cdp_cli.stewardship.retraining import accepted, restored, retrain
from cdp_cli.stewardship.verdict import KEEP, REPLACE, SAME
from tests.identity_sql import compiled
from tests.python.identity.people import decisions, given, scored

AT = dt.datetime(2026, 3, 1)
FIRST = ("ann", "bo", "cleo", "dan", "eva", "finn", "gro", "hans", "ida", "jon")
LAST = ("kragh", "lund", "moeller", "nygaard", "olsen", "poulsen", "quist", "rask", "skov", "toft")


def town() -> pa.Table:
    """A hundred people with two records each, of which some lack an e-mail."""
    rows = []
    for number in range(100):
        person = {
            "first_name": FIRST[number % 10],
            "last_name": LAST[number // 10],
            "birth_date": str(dt.date(1950, 1, 1) + dt.timedelta(days=137 * number)),
            "email": f"{FIRST[number % 10]}.{LAST[number // 10]}{number}@example.com",
        }
        rows.append({"record_id": f"crm:{number}", "source": "crm", **person})
        other = {**person, "email": None} if number % 3 == 0 else person
        rows.append({"record_id": f"shop:{number}", "source": "shop", **other})
    return pa.Table.from_pylist(rows)


@cache
def built() -> tuple[Input, pa.Table, pa.Table]:
    """What was built of the town, its keys and the caps of blocking rules."""
    found = resolve(town(), compiled(), at=AT)
    engine = InMemory()
    prepare(engine.connection, town(), compiled())
    names = ("identity_identifiers", "identifier_types", "nicknames", "identity_keys", "blocking_rules")
    tables = [engine.table(name) for name in names]
    engine.close()
    read = given([], found.pairs, log=found.assigned)
    whole = dataclasses.replace(
        read,
        records=found.records,
        identifiers=tables[0],
        identifier_types=tables[1],
        nicknames=tables[2],
        models=trained_model.stored(found.model, AT),
    )
    return whole, tables[3], tables[4]


def pinned_otherwise(share_of_weight: float) -> Input:
    """What was built, by a pinned model that sees less in a first name."""
    read, *_ = built()
    model = trained_model.newest(read.models)
    settings = copy.deepcopy(model.settings)
    for level in settings["comparisons"][0]["comparison_levels"][1:]:
        level["u_probability"] = min(0.99, level["u_probability"] * share_of_weight)
    other = dataclasses.replace(model, version="m_other", settings=settings)
    return dataclasses.replace(read, models=trained_model.stored(other, AT))


def after() -> dt.datetime:
    return AT + dt.timedelta(days=1)


def test_the_same_records_train_the_same_model_and_change_nobody() -> None:
    read, *keys = built()
    model, report = retrain(read, *keys, after())
    assert (report.verdict, report.version) == (SAME, report.pinned_version)
    assert (report.people.moved_records, report.people.merged, report.people.split) == (0, 0, 0)
    assert report.converged
    assert report.rounds > 1
    with pytest.raises(FixInput, match=f"The model {model.version} is in force already"):
        accepted(model, read.models, after())


def test_levels_come_with_those_of_the_pinned_model_and_what_was_never_seen() -> None:
    _, *keys = built()
    _, report = retrain(pinned_otherwise(4.0), *keys, after())
    same = next(row for row in report.levels if (row.comparison, row.level) == ("first_name", "same"))
    assert same.weight is not None
    assert same.pinned_weight == pytest.approx(same.weight - 2.0, abs=0.01)
    assert same.pairs
    assert "email: same, a household's" in report.never_seen
    assert all(
        (row.pairs == 0) == (f"{row.comparison}: {row.level}" in report.never_seen) for row in report.levels
    )


def test_a_level_that_says_more_is_a_reason_to_replace() -> None:
    _, *keys = built()
    _, report = retrain(pinned_otherwise(4.0), *keys, after())
    assert report.verdict == REPLACE, report.why
    assert "first_name" in report.why


def test_a_model_that_says_the_same_is_kept() -> None:
    _, *keys = built()
    _, report = retrain(pinned_otherwise(1.1), *keys, after())
    assert (report.verdict, report.why) == (
        KEEP,
        "No level that was seen often says a bit more or less than before: there is nothing to gain.",
    )


def test_a_model_that_people_disagree_with_is_kept() -> None:
    read, *keys = built()
    others = dataclasses.replace(
        pinned_otherwise(4.0),
        pairs=scored(("crm:1", "shop:1", 0.99)),
        decisions=decisions(("crm:1", "shop:1", "same", AT), ("crm:2", "shop:2", "different", AT)),
    )
    _, report = retrain(others, *keys, after())
    assert report.decided is not None
    assert report.decided.new_f1 < report.decided.pinned_f1 == 1.0
    assert report.verdict == KEEP
    assert read.decisions.num_rows == 0


def test_an_accepted_model_is_in_force() -> None:
    _, *keys = built()
    read = pinned_otherwise(4.0)
    model, _ = retrain(read, *keys, after())
    log = pa.concat_tables([read.models, accepted(model, read.models, after())])
    assert trained_model.newest(log).version == model.version


def test_an_earlier_model_comes_back_under_a_name_of_its_own() -> None:
    read, *keys = built()
    first = trained_model.newest(read.models)
    other = trained_model.stored(dataclasses.replace(first, version="m_other"), after())
    log = pa.concat_tables([read.models, other])
    log = pa.concat_tables([log, restored(first.version, log, after() + dt.timedelta(days=1))])
    back = trained_model.newest(log)
    assert (back.version, back.settings) == (f"{first.version}.2", first.settings)
    _, report = retrain(dataclasses.replace(read, models=log), *keys, after() + dt.timedelta(days=2))
    assert report.verdict == SAME
    for version, sentence in ((first.version, "is in force already"), ("m_none", "has no model 'm_none'")):
        with pytest.raises(FixInput, match=sentence):
            restored(version, log, after())


def test_without_a_model_or_records_there_is_nothing_to_train() -> None:
    read, *keys = built()
    with pytest.raises(FixModel, match="identity_models is empty"):
        retrain(dataclasses.replace(read, models=trained_model.SCHEMA.empty_table()), *keys, after())
    with pytest.raises(FixInput, match="identity_records is empty"):
        retrain(dataclasses.replace(read, records=read.records.slice(0, 0)), *keys, after())
