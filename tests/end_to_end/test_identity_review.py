"""Reviewing and explaining on the demo: in a terminal one key a pair, elsewhere as text and JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import Project
from tests.end_to_end.terminal import drive

PROMPT = "q quit  > "


def rows(project: Project, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(project.warehouse), read_only=True) as connection:
        found: list[tuple[Any, ...]] = connection.execute(sql).fetchall()
    return found


def answers(project: Project) -> list[tuple[Any, ...]]:
    return rows(project, "select decision, origin from cdp.identity_decisions order by decided_at")


def test_each_key_is_an_answer_and_stored_at_once(demo: Project) -> None:
    waiting = rows(demo, "select count(*) from identity.identity_review")[0][0]
    stored: list[int] = []
    ran = drive(
        demo, ["identity", "review"], "sdukq", PROMPT, lambda number: stored.append(len(answers(demo)))
    )
    assert ran.code == 0, ran.out
    assert answers(demo) == [("same", "review"), ("different", "review"), ("unsure", "review")]
    # While the program waits for a key, the warehouse is free and has all answers until then.
    assert stored == [1, 2, 3, 3]
    assert f"5 of {waiting}" in ran.out
    assert "3 answers stored. The next `dbt build` acts on them." in ran.out
    assert "1 pairs were decided the same, 1 different" in ran.out
    # What is answered is not asked again, and what was skipped is.
    asked = demo.cdp("identity", "review", "--json").json
    assert asked["waiting"] == waiting - 3


def test_another_key_is_no_answer(demo: Project) -> None:
    ran = drive(demo, ["identity", "review"], ["xs", "q"], PROMPT)
    assert ran.code == 0, ran.out
    assert answers(demo) == [("same", "review")]


def test_differences_are_marked_without_colours_too(demo: Project) -> None:
    ran = demo.cdp("identity", "review", "--limit", "40")
    assert ran.code == 0, ran.err
    assert "\x1b" not in ran.out
    lines = ran.out.splitlines()
    assert any(line.startswith(" != email ") for line in lines)
    assert any(line.startswith("  = first name ") for line in lines)
    assert not any(line.lstrip().startswith("!= source") for line in lines)


def test_without_a_terminal_the_most_consequential_pair_is_printed(demo: Project) -> None:
    most = rows(
        demo,
        "select left_record_id, right_record_id from identity.identity_review "
        "order by consequence desc, left_record_id, right_record_id limit 2",
    )
    asked = demo.cdp("identity", "review", "--json", "--limit", "2").json["questions"]
    assert [(found["left_record_id"], found["right_record_id"]) for found in asked] == most
    assert asked[0]["waterfall"]["probability"] > 0
    assert {"attribute", "left", "right", "mark"} == set(asked[0]["comparisons"][0])


def test_a_sample_estimates_what_the_truth_says(demo: Project) -> None:
    first = demo.cdp("identity", "review", "--sample", "30", "--limit", "30", "--json").json
    assert (first["answered"], first["waiting"]) == (0, 30)
    truth = dict(rows(demo, "select record_id, person_id from truth.records"))
    keys = "".join(
        "s" if truth[found["left_record_id"]] == truth[found["right_record_id"]] else "d"
        for found in first["questions"]
    )
    ran = drive(demo, ["identity", "review", "--sample", "30"], keys, PROMPT)
    assert ran.code == 0, ran.out
    assert "Estimated from the sample, with 95 % intervals" in ran.out
    assert {origin for _, origin in answers(demo)} == {"sample"}

    done = demo.cdp("identity", "review", "--progress", "--json").json
    pairs = rows(
        demo,
        "select left_record_id, right_record_id, match_probability from identity.identity_current_pairs "
        "where veto is null and match_probability >= 0.1",
    )
    for found, (low, high) in zip(done["sample"], ((0.5, 1.01), (0.1, 0.5)), strict=True):
        right = [truth[left] == truth[other] for left, other, p in pairs if low <= p < high]
        assert found["pairs"] == len(right)
        assert found["low"] <= sum(right) / len(right) <= found["high"]
    again = demo.cdp("identity", "review", "--sample", "30", "--json").json
    assert (again["answered"], again["waiting"]) == (30, 0)


@pytest.fixture(scope="module")
def two_of_one(built_demo: Project) -> tuple[str, str, str]:
    """Two records of a profile that no pair joins, and the profile."""
    return tuple(
        rows(
            built_demo,
            """
            select l.record_id, r.record_id, l.profile_id
            from identity.identity_map as l
            inner join identity.identity_map as r
                on l.profile_id = r.profile_id and l.record_id < r.record_id
            left join identity.identity_current_pairs as pairs
                on pairs.left_record_id = l.record_id and pairs.right_record_id = r.record_id
            where pairs.veto is null and pairs.left_record_id is null
            order by 1, 2
            limit 1
            """,
        )[0]
    )  # type: ignore[return-value]


def test_a_path_of_pairs_explains_two_records(
    built_demo: Project, two_of_one: tuple[str, str, str], tmp_path: Path
) -> None:
    left, right, profile = two_of_one
    found = built_demo.cdp("identity", "explain", left, right, "--json").json
    assert found["joined"]
    assert {found["left_profile_id"], found["right_profile_id"]} == {profile}
    path = found["path"]
    assert len(path) > 1
    ends = [record for link in path for record in (link["left_record_id"], link["right_record_id"])]
    assert {record for record in ends if ends.count(record) == 1} == {left, right}
    assert all(link["waterfall"]["probability"] >= 0.1 for link in path)

    ran = built_demo.cdp("identity", "explain", left, right)
    assert ran.code == 0, ran.err
    assert f"Pair 1 of {len(path)}" in ran.out
    html = tmp_path / "two.html"
    ran = built_demo.cdp("identity", "explain", left, right, "--html", html)
    assert "It holds personal data." in ran.err
    assert "<svg" in html.read_text(encoding="utf-8")


def test_a_profile_and_an_e_mail_are_explained_by_their_strongest_pair(built_demo: Project) -> None:
    profile, email = rows(
        built_demo,
        """
        select profile_id, min(identifier_value) from profiles.profile_identifiers
        where identifier_type = 'email' and identifier_class = 'personal' and count_records > 1
        group by profile_id order by 1 limit 1
        """,
    )[0]
    ran = built_demo.cdp("identity", "explain", email, profile, "--json")
    assert ran.code == 0, ran.err
    assert ran.json["joined"]
    assert ran.json["left_profile_id"] == profile


def test_every_waiting_pair_is_explained(built_demo: Project) -> None:
    # One of each reason: the command costs a second.
    for left, right, reason in rows(
        built_demo,
        "select min_by(left_record_id, consequence), min_by(right_record_id, consequence), reason "
        "from identity.identity_review group by reason order by reason",
    ):
        found = built_demo.cdp("identity", "explain", left, right, "--json").json
        assert not found["joined"]
        assert found["verdict"].startswith("Not one person"), reason
        assert not found["link"]["scored_now"]


def test_two_strangers_were_never_compared(built_demo: Project) -> None:
    left, right = rows(
        built_demo,
        """
        select min(l.record_id), min(r.record_id)
        from identity.identity_records as l, identity.identity_records as r
        where l.record_id like 'crm_contact:%' and r.record_id like 'pos_member:%'
        and l.record_id not in (
            select lb.record_id from identity.identity_blocks as lb
            inner join identity.identity_blocks as rb
                on lb.blocking_rule = rb.blocking_rule and lb.block_key = rb.block_key
                and rb.record_id = r.record_id
        )
        """,
    )[0]
    ran = built_demo.cdp("identity", "explain", left, right)
    assert ran.code == 0, ran.err
    assert "Blocking rules that would have had to agree, the nearest first" in ran.out
    assert "scored now" in ran.out
