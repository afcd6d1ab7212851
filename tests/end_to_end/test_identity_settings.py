"""The vars of identity reach all that read them: the joining, the review, and the commands."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from tests.conftest import Project
from tests.end_to_end.test_identity_change import IDENTITY

BUILD = (*IDENTITY[:2], "+identity_review", "identity_refusals", *IDENTITY[2:])


def rows(project: Project, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(project.warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def set_vars(project: Project, **values: str) -> None:
    path = project.root / "dbt_project.yml"
    text = path.read_text(encoding="utf-8")
    for name, value in values.items():
        [line] = [line for line in text.splitlines() if line.startswith(f"  {name}:")]
        text = text.replace(line, f"  {name}: {value}")
    path.write_text(text, encoding="utf-8")


@pytest.mark.deep
def test_the_band_auto_changes_the_joining_the_review_and_what_explain_says(demo: Project) -> None:
    count = "select count(distinct profile_id) from identity.identity_map"
    [(before,)] = rows(demo, count)
    left, right, probability = rows(
        demo,
        "select left_record_id, right_record_id, match_probability from identity.identity_current_pairs "
        "where rule is null and veto is null and match_probability between 0.6 and 0.9 "
        "order by match_probability desc limit 1",
    )[0]
    set_vars(demo, identity_auto="0.95", identity_hysteresis="0.0", identity_change_guard="1.0")
    built = demo.dbt(*BUILD)
    assert built.code == 0, built.out
    [(after,)] = rows(demo, count)
    assert after > before
    # Nothing below the band waits no longer, and what waits is below it.
    [(highest,)] = rows(
        demo,
        "select max(match_probability) from identity.identity_review "
        "where reason like 'the score is between%'",
    )
    assert highest is not None and probability - 0.4 < highest < 0.95
    told = demo.cdp("identity", "explain", left, right, "--json")
    assert told.code == 0, told.err
    assert "between review 0.1 and auto 0.95" in told.json["link"]["standing"]


@pytest.mark.deep
def test_a_veto_that_is_switched_off_vetoes_no_pair(demo: Project) -> None:
    vetoes = "select distinct veto from identity.identity_current_pairs where veto is not null order by 1"
    (first,), *rest = rows(demo, vetoes)
    set_vars(demo, identity_vetoes=f"{{{first}: false}}", identity_change_guard="1.0")
    built = demo.dbt(*BUILD)
    assert built.code == 0, built.out
    assert (first,) not in rows(demo, vetoes)
    assert set(rest) <= set(rows(demo, vetoes))


@pytest.mark.deep
def test_a_full_refresh_loses_no_refusal(demo: Project) -> None:
    log = "select * from cdp.identity_refusals order by all"
    before = rows(demo, log)
    assert before
    built = demo.dbt(*BUILD, "--full-refresh")
    assert built.code == 0, built.out
    assert set(before) <= set(rows(demo, log))
