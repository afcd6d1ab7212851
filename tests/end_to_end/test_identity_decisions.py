"""A profile that is split, and put together again: everything downstream follows by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from cdp_cli.receiver import Receiver
from tests.conftest import Project

SYNC, SEGMENT = "klaviyo__vip_list", "top_decile_by_value"
IDENTITY = ("build", "--select", "cdp.identity", "--exclude", "test_type:singular")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


def rows(project: Project, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(project.warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def build(project: Project, *arguments: str) -> None:
    ran = project.dbt(*(arguments or ("build",)))
    assert ran.code == 0, ran.out


def members(receiver: Receiver) -> set[str]:
    return {member["external_id"] for member in receiver.state()["klaviyo"].get("list:VIPS01", {}).values()}


def sync(project: Project, receiver: Receiver, *arguments: str) -> dict[str, Any]:
    ran = project.cdp("sync", SYNC, *arguments, "--json", **receiver.environment)
    assert ran.code == 0, ran.err
    (result,) = ran.json["syncs"]
    return dict(result)


def the_map(project: Project) -> list[tuple[Any, ...]]:
    return rows(project, "select record_id, profile_id from identity.identity_map order by 1")


def orders_of(project: Project, profile_id: str) -> int:
    found = rows(
        project, f"select count_orders from profiles.profile_traits where profile_id = '{profile_id}'"
    )
    return int(found[0][0] or 0) if found else 0


def buyer_among_visitors(project: Project, sent: set[str]) -> tuple[str, list[str]]:
    """A sent profile of which the most are browsers, and its records that are none."""
    found = rows(
        project,
        """
        select
            profile_id,
            list(record_id order by record_id) filter (where record_id not like 'web_visitor:%') as known,
            count(*) as records
        from identity.identity_map
        group by profile_id
        having len(known) > 0 and len(known) < records / 2
        order by profile_id
        """,
    )
    return next((profile, known) for profile, known, _ in found if profile in sent)


@pytest.mark.deep
def test_a_split_is_felt_by_traits_segments_and_destinations_and_undone_as_one(
    demo: Project, receiver: Receiver
) -> None:
    sync(demo, receiver)
    before, sent = the_map(demo), members(receiver)
    profile, leaving = buyer_among_visitors(demo, sent)
    orders = orders_of(demo, profile)
    assert orders

    ran = demo.cdp(
        "identity", "split", profile, *leaving, "--why", "a shared browser", "--by", "bo", "--json"
    )
    assert ran.code == 0, ran.err
    group = ran.json["decision_group"]
    assert ran.json["leaving"] == leaving
    assert the_map(demo) == before
    build(demo)

    after = dict(the_map(demo))
    (split_off,) = {after[record] for record in leaving}
    assert split_off not in {profile_id for _, profile_id in before}
    assert {profile_id for record, profile_id in before if after[record] != profile_id} == {profile}
    assert orders_of(demo, split_off) == orders
    assert orders_of(demo, profile) == 0
    assert rows(
        demo,
        "select profile_id, other_profile_id, decision, decided_by, decision_reason "
        "from identity.identity_events where event = 'split'",
    ) == [(profile, split_off, "different", "bo", "a shared browser")]
    changes = rows(
        demo,
        f"select profile_id, event from segments.segment_events where segment = '{SEGMENT}' "
        f"and profile_id in ('{profile}', '{split_off}')",
    )
    assert sorted(changes) == sorted([(profile, "entered"), (profile, "exited"), (split_off, "entered")])

    plan = sync(demo, receiver, "--dry-run")
    assert (plan["added"], plan["removed"]) == (1, 1)
    sync(demo, receiver)
    assert members(receiver) == sent - {profile} | {split_off}

    build(demo, *IDENTITY, "--full-refresh")
    assert dict(the_map(demo)) == after

    ran = demo.cdp("identity", "undo", group, "--why", "one person after all", "--by", "cy")
    assert ran.code == 0, ran.err
    build(demo)
    assert the_map(demo) == before
    assert orders_of(demo, profile) == orders
    assert rows(demo, "select retired_profile_id, profile_id from identity.profile_aliases") == [
        (split_off, profile)
    ]
    assert rows(
        demo,
        "select profile_id, decision, decided_by, decision_reason "
        "from identity.identity_events where event = 'merged'",
    ) == [(split_off, "undone", "cy", "one person after all")]
    sync(demo, receiver)
    assert members(receiver) == sent


def test_a_decision_on_a_record_that_is_gone_later_is_no_trouble(demo: Project) -> None:
    contact, lead = rows(
        demo,
        """
        select
            (select min(contact_id) from crm.contacts),
            (select min(lead_id) from crm.leads)
        """,
    )[0]
    two = f"crm_contact:{contact}", f"crm_lead:{lead}"
    assert demo.cdp("identity", "decide", *two, "--same", "--why", "one passport").code == 0
    build(demo, *IDENTITY)
    joined = dict(the_map(demo))
    assert joined[two[0]] == joined[two[1]]
    with duckdb.connect(str(demo.warehouse)) as connection:
        connection.execute("delete from crm.contacts where contact_id = ?", [contact])
    build(demo, "build", "--select", "+identity_review", "--exclude", "test_type:singular")
    assert two[0] not in dict(the_map(demo))
    assert two[1] in dict(the_map(demo))
    # The log keeps what was decided, and it can still be taken back.
    assert demo.cdp("identity", "undo", *two, "--why", "the contact is gone").code == 0


def test_an_answer_settles_two_profiles_and_not_only_two_records(demo: Project) -> None:
    left, right = rows(
        demo,
        "select left_record_id, right_record_id from identity.identity_review order by 1, 2",
    )[0]
    assert demo.cdp("identity", "decide", left, right, "--unsure", "--why", "no telling").code == 0
    build(demo, *IDENTITY)
    profiles = dict(the_map(demo))
    asked = rows(demo, "select left_profile_id, right_profile_id from identity.identity_review")
    assert {profiles[left], profiles[right]} not in [set(pair) for pair in asked]
    assert demo.cdp("identity", "undo", left, right, "--why", "ask again").code == 0
    build(demo, *IDENTITY)
    asked = rows(demo, "select left_profile_id, right_profile_id from identity.identity_review")
    assert {profiles[left], profiles[right]} in [set(pair) for pair in asked]
