"""`cdp profile show` on the demo: one person, whole, and where each value came from."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pytest
import sqlglot
from sqlglot import expressions

from tests.conftest import Project


def ask(project: Project, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(project.warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def show(project: Project, who: str) -> dict[str, Any]:
    ran = project.cdp("profile", "show", who, "--json")
    assert ran.code == 0, ran.err
    shown: dict[str, Any] = ran.json
    return shown


@pytest.fixture(scope="module")
def known_widely(built_demo: Project) -> str:
    """A person of four sources or more."""
    [(profile_id,)] = ask(
        built_demo,
        "select profile_id from profiles.profiles "
        "order by count_sources desc, count_records desc, profile_id limit 1",
    )
    return str(profile_id)


def test_a_person_in_four_sources_shows_where_each_value_came_from(
    built_demo: Project, known_widely: str
) -> None:
    profile = show(built_demo, known_widely)["profile"]

    assert profile["golden"]["count_sources"] >= 4
    given = {c["attribute"]: c["winner"]["value"] for c in profile["provenance"] if c["winner"]}
    golden = {name: value for name, value in profile["golden"].items() if name in given}
    assert given == golden
    records = {record["record_id"] for record in profile["records"]}
    assert {c["winner"]["record_id"] for c in profile["provenance"] if c["winner"]} <= records
    assert any(choice["losers"] for choice in profile["provenance"])
    assert profile["timeline"] and profile["identifiers"] and profile["consents"]


def test_the_plain_page_names_the_record_behind_the_name(built_demo: Project, known_widely: str) -> None:
    ran = built_demo.cdp("profile", "show", known_widely)

    assert ran.code == 0, ran.err
    [(record_id,)] = ask(
        built_demo,
        "select record_id from profiles.profile_provenance "
        f"where profile_id = '{known_widely}' and attribute = 'full_name' and is_winner",
    )
    assert record_id in ran.out
    assert "Golden record" in ran.out


def test_an_address_of_several_profiles_lists_them(built_demo: Project) -> None:
    shared = ask(
        built_demo,
        "select identifier_value, count(*) from profiles.profile_identifiers "
        "where identifier_type in ('email', 'phone') and identifier_class = 'household' "
        "group by identifier_value having count(*) > 1 order by 1 limit 1",
    )
    if not shared:
        pytest.skip("no two profiles share an address in this demo")
    [(value, count)] = shared

    found = show(built_demo, value)

    assert len(found["matches"]) == count
    assert found["profile"] is None


def test_profiles_are_the_winners_of_their_provenance(built_demo: Project) -> None:
    for attribute in ("full_name", "email", "phone", "city", "loyalty_id"):
        assert ask(
            built_demo,
            f"""
            select count(*)
            from profiles.profiles
            full join (
                select profile_id, value from profiles.profile_provenance
                where attribute = '{attribute}' and is_winner
            ) as winners
                on profiles.profile_id = winners.profile_id
            where profiles.{attribute} is distinct from winners.value
            """,
        ) == [(0,)]


def test_the_columns_of_an_address_come_from_one_record(built_demo: Project) -> None:
    mixed = ask(
        built_demo,
        """
        select profile_id
        from profiles.profile_provenance
        where is_winner and attribute in ('street_address', 'city', 'postcode', 'country')
        group by profile_id
        having count(distinct record_id) > 1
        """,
    )
    assert mixed == []


def test_no_one_who_said_no_last_under_an_address_is_granted_through_it(built_demo: Project) -> None:
    """A second account of the consent rule, the other way round: from each no to the profiles it reaches."""
    wrongly_granted = ask(
        built_demo,
        """
        with

        last_words as (
            select
                coalesce(record_id, email, phone) as subject,
                max(captured_at) filter (where state <> 'granted') as no_at,
                max(captured_at) filter (where state = 'granted') as yes_at
            from unified.unified_consent_events
            where purpose in ('marketing_email', '*')
            group by subject
        ),

        holders as (
            select identifier_value as subject, profile_id
            from profiles.profile_identifiers
            where identifier_class <> 'junk'
            union all
            select record_id, profile_id from identity.identity_map
        )

        select consents.profile_id
        from last_words
        inner join holders on last_words.subject = holders.subject
        inner join profiles.profile_consents as consents on holders.profile_id = consents.profile_id
        where
            consents.purpose = 'marketing_email'
            and consents.state = 'granted'
            and last_words.no_at >= coalesce(last_words.yes_at, last_words.no_at)
        """,
    )
    assert wrongly_granted == []


def test_no_model_reads_the_truth(built_demo: Project) -> None:
    manifest = json.loads((built_demo.root / "target" / "manifest.json").read_text(encoding="utf-8"))
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    assert [s["unique_id"] for s in manifest["sources"].values() if s["schema"] == "truth"] == []

    assert len(models) > 50
    assert [model["name"] for model in models if reads_truth(built_demo, model)] == []


def reads_truth(project: Project, model: dict[str, Any]) -> bool:
    if model["language"] == "python":
        return "truth." in model["raw_code"]
    path = project.root / "target" / "compiled" / model["package_name"] / model["original_file_path"]
    return "truth" in schemas_read(path.read_text(encoding="utf-8"))


def schemas_read(sql: str) -> set[str]:
    return {table.db for table in sqlglot.parse_one(sql, dialect="duckdb").find_all(expressions.Table)}


def test_the_rule_sees_a_model_that_does() -> None:
    assert "truth" in schemas_read('with a as (select * from "warehouse"."truth"."people") select * from a')
