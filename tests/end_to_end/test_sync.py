"""`cdp sync` on the demo: the destination has what the models and consent say, and only changes travel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from cdp_cli.receiver import Receiver
from tests.conftest import Project

LIST, PROFILES = "klaviyo__vip_list", "klaviyo__newsletter_profiles"
RESULT = {
    "name", "status", "added", "changed", "removed", "unchanged", "blocked", "invalid", "rejected",
    "invalid_reasons", "quarantined", "in_doubt", "pending", "requests", "samples", "seconds",
    "first_run", "published", "error",
}  # fmt: skip


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


def query(project: Project, sql: str) -> list[Any]:
    with duckdb.connect(str(project.warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def allowed(project: Project, sync: str) -> dict[str, str]:
    """Who the destination may have, in words other than the engine's: external id and e-mail."""
    rows = query(
        project,
        f"""
        select external_id, email from activation.{sync}
        where profile_id in (
            select profile_id from profiles.profile_consents
            where purpose = 'marketing_email' and state = 'granted'
        )
        and profile_id not in (
            select profile_id from profiles.profile_suppressions where channel in ('email', '*')
        )
        """,
    )
    return dict(rows)


def sync(project: Project, receiver: Receiver, *arguments: str) -> dict[str, Any]:
    ran = project.cdp("sync", *arguments, "--json", **receiver.environment)
    assert ran.code == 0, ran.err
    return {result["name"]: result for result in ran.json["syncs"]}


def members(receiver: Receiver) -> dict[str, str]:
    found = receiver.state()["klaviyo"].get("list:VIPS01", {})
    return {member["external_id"]: member["email"] for member in found.values()}


def test_the_destination_has_what_the_models_and_consent_say_and_a_second_run_sends_nothing(
    demo: Project, receiver: Receiver
) -> None:
    plan = sync(demo, receiver, "--dry-run")
    assert not receiver.state().get("klaviyo")

    first = sync(demo, receiver)
    assert all(set(result) == RESULT for result in first.values())
    assert {name: result["added"] for name, result in first.items()} == {
        name: result["added"] for name, result in plan.items()
    }
    assert members(receiver) == allowed(demo, LIST)
    assert members(receiver)
    held_out = first[PROFILES]["blocked"].get("holdout", 0)
    assert first[PROFILES]["added"] + held_out == len(allowed(demo, PROFILES))

    second = sync(demo, receiver)
    assert sum(result["requests"] for result in second.values()) == 0
    assert {name: result["unchanged"] for name, result in second.items()} == {
        name: result["added"] for name, result in first.items()
    }
    ran = demo.cdp("sync", **receiver.environment)
    assert "There was nothing to send: the destinations have everything already." in ran.out


def test_who_withdraws_is_removed_at_the_next_sync_and_the_warehouse_knows_why(
    demo: Project, receiver: Receiver
) -> None:
    sync(demo, receiver, LIST)
    leaving = sorted(members(receiver))[0]
    with duckdb.connect(str(demo.warehouse)) as connection:
        connection.execute("create table kept as from profiles.profile_consents")
        kind = connection.execute(
            "select table_type from information_schema.tables where table_name = 'profile_consents'"
        ).fetchall()[0][0]
        connection.execute(f"drop {'view' if kind == 'VIEW' else 'table'} profiles.profile_consents")
        connection.execute("create table profiles.profile_consents as from kept")
        connection.execute(
            "update profiles.profile_consents set state = 'withdrawn' "
            "where profile_id = ? and purpose = 'marketing_email'",
            [leaving],
        )
    result = sync(demo, receiver, LIST)[LIST]
    assert (result["removed"], result["added"]) == (1, 0)
    assert leaving not in members(receiver)
    assert members(receiver) == allowed(demo, LIST)
    rows = query(
        demo,
        "select operation, outcome, reason from cdp.sync_deliveries "
        f"where profile_id = '{leaving}' and sync = '{LIST}' order by occurred_at",
    )
    assert rows == [
        ("add", "acknowledged", None), ("remove", "acknowledged", "consent"), ("block", "blocked", "consent"),
    ]  # fmt: skip


LATE = {
    # In a spelling that was not there at the build, so that no table made then knows how to read it.
    "an address": """
        insert into consent.events
        select 'late', 'email', ' MAILTO:' || upper(email), 'marketing_email', 'withdrawn', 'consent',
            latest, latest
        from profiles.profiles cross join moment where profile_id = ? and email is not null
        """,
    "a number": """
        insert into consent.events
        select 'late', 'phone', '0 ' || phone[4:5] || '--' || phone[6:], '*', 'withdrawn', 'consent',
            latest, latest
        from profiles.profiles cross join moment where profile_id = ? and phone like '+44%'
        """,
    "an account": """
        insert into consent.events
        select 'late', 'customer_id', split_part(record_id, ':', 2), '*', 'withdrawn', 'consent',
            latest, latest
        from identity.identity_map cross join moment
        where profile_id = ? and record_id like 'shop_customer:%'
        """,
    "a link in a mail": """
        insert into email.events by name
        select 'late' || record_id as event_id, split_part(record_id, ':', 2) as subscriber_id,
            'unsubscribe' as event, latest as occurred_at, latest as _loaded_at
        from identity.identity_map cross join moment
        where profile_id = ? and record_id like 'email_subscriber:%'
        """,
}


@pytest.mark.parametrize("way", LATE)
def test_a_withdrawal_loaded_after_the_build_stops_the_next_sync(
    demo: Project, receiver: Receiver, way: str
) -> None:
    sync(demo, receiver, LIST)
    with duckdb.connect(str(demo.warehouse)) as connection:
        connection.execute("create temp table moment as select max(_loaded_at) as latest from consent.events")
        leaving = next(
            member
            for member in sorted(members(receiver))
            if connection.execute(LATE[way], [member]).fetchall()[0][0]
        )

    result = sync(demo, receiver, LIST)[LIST]

    assert result["removed"] >= 1
    assert leaving not in members(receiver)
    assert members(receiver) == allowed(demo, LIST)


def test_status_tells_what_the_latest_syncs_blocked(demo: Project, receiver: Receiver) -> None:
    sync(demo, receiver)
    with duckdb.connect(str(demo.warehouse)) as connection:
        connection.execute(
            f"delete from activation.{PROFILES} where profile_id not in "
            "(select profile_id from profiles.profile_consents "
            "where purpose = 'marketing_email' and state = 'granted')"
        )
    said = sync(demo, receiver, PROFILES)
    assert "consent" not in said[PROFILES]["blocked"]
    said = sync(demo, receiver)

    ran = demo.cdp("status", "--json")

    assert ran.code == 0, ran.err
    told: dict[str, dict[str, int]] = {}
    for row in ran.json["blocked"]:
        told.setdefault(row["sync"], {})[row["reason"]] = row["count_rows"]
    assert told == {name: result["blocked"] for name, result in said.items() if result["blocked"]}
    assert told


def test_one_sync_that_fails_does_not_stop_the_others(demo: Project, receiver: Receiver) -> None:
    environment = {**receiver.environment, "CRM_WEBHOOK_SECRET": ""}
    ran = demo.cdp("sync", "--json", **environment)
    statuses = {result["name"]: result["status"] for result in ran.json["syncs"]}
    assert ran.code == 4
    assert statuses["webhook__high_value_at_risk"] == "failed"
    assert statuses[LIST] == "succeeded"
    assert members(receiver) == allowed(demo, LIST)


@pytest.mark.slow
def test_a_run_sends_nothing_that_is_built_on_what_failed(demo: Project, receiver: Receiver) -> None:
    model = demo.root / "models" / "activation" / f"{LIST}.sql"
    good = model.read_text(encoding="utf-8")
    model.write_text(good.replace("select", "select no_such_column,", 1), encoding="utf-8")
    ran = demo.cdp("run", "--json", **receiver.environment)
    results = {result["name"]: result for result in ran.json["syncs"]}
    assert ran.code == 6
    assert [failure["name"] for failure in ran.json["build"]["failures"]] == [LIST]
    assert results[LIST]["status"] == "skipped"
    assert results[LIST]["error"]["problem"] == f"Sync {LIST} was not sent, because {LIST} failed."
    assert results[PROFILES]["status"] == "succeeded"
    assert not members(receiver)

    model.write_text(good, encoding="utf-8")
    ran = demo.cdp("run", "--json", **receiver.environment)
    assert ran.code == 0, ran.err
    assert members(receiver) == allowed(demo, LIST)
