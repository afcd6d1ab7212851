"""`cdp run`, a day later `cdp run` again: every destination holds exactly what the models and consent say.

The test computes what should be there in SQL of its own and compares it row by row. Every destination must
have rows, so that no two empty sets are compared.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from cdp_cli.receiver import Receiver
from tests.conftest import TODAY, Project, copy_project

CONSENTED = """
    select profile_id from profiles.profile_consents where purpose = '{purpose}' and state = 'granted'
    except
    select profile_id from profiles.profile_suppressions where channel in ('*', '{channel}')
"""


def query(project: Project, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(project.warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def desired(
    project: Project, sync: str, purpose: str, channel: str, columns: str, *, holdout: float = 0
) -> set[Any]:
    bound = f"{round(holdout * 16**8):08x}"
    return set(
        query(
            project,
            f"""
            select {columns} from activation.{sync}
            where profile_id in ({CONSENTED.format(purpose=purpose, channel=channel)})
            and left(md5('{sync}:' || profile_id), 8) >= '{bound}'
            """,
        )
    )


def list_members(receiver: Receiver, list_id: str) -> set[tuple[str, str]]:
    found = receiver.state()["klaviyo"].get(f"list:{list_id}", {})
    return {(member["external_id"], member["email"]) for member in found.values()}


def files_say(project: Project) -> set[tuple[str, ...]]:
    """The rows that a reader has who applies every file of every manifest in the order of the runs."""
    folder = project.root / "data" / "exports" / "store_buyers_exclusion"
    rows: dict[str, tuple[str, ...]] = {}
    for manifest in sorted(folder.glob("manifest-*.json"), key=lambda path: path.stat().st_mtime_ns):
        for file in json.loads(manifest.read_text())["files"]:
            path = folder / file["file"]
            with path.open(newline="", encoding="utf-8") as lines:
                for row in csv.DictReader(lines):
                    if path.name.startswith("remove"):
                        rows.pop(row["external_id"], None)
                    else:
                        rows[row["external_id"]] = (
                            row["external_id"],
                            row.get("email") or "",
                            row.get("phone") or "",
                        )
    return set(rows.values())


def check_every_destination(project: Project, receiver: Receiver) -> None:
    pairs = "external_id, email"
    vip = desired(project, "klaviyo__vip_list", "marketing_email", "email", pairs)
    assert vip
    assert list_members(receiver, "VIPS01") == vip

    winback = desired(project, "klaviyo__winback_list", "marketing_email", "email", pairs, holdout=0.1)
    first_served = {row[0] for row in query(project, "select profile_id from activation.klaviyo__vip_list")}
    winback = {row for row in winback if row[0] not in first_served}
    assert winback
    assert list_members(receiver, "WINB01") == winback

    letters = desired(
        project, "klaviyo__newsletter_profiles", "marketing_email", "email",
        'external_id, email, first_name, last_name, "location.city", '
        'cast("properties.count_orders" as varchar)',
        holdout=0.05,
    )  # fmt: skip
    there = {
        profile["external_id"]: (
            profile["external_id"], profile["email"], profile.get("first_name"), profile.get("last_name"),
            profile.get("location", {}).get("city"), str(profile.get("properties", {}).get("count_orders")),
        )
        for profile in receiver.state()["klaviyo"]["profiles"].values()
    }  # fmt: skip
    assert letters
    # Nobody is missing. Other people came by a list, or have withdrawn and are not mailed any more.
    for letter in letters:
        kept = there[letter[0]]
        # The sync omits nulls, so the tool keeps the value that it had.
        assert tuple(had if now is None else now for now, had in zip(letter, kept, strict=True)) == kept

    at_risk = desired(
        project, "webhook__high_value_at_risk", "personalisation", "onsite",
        "external_id, full_name, email, phone, cast(revenue_365d as double)",
    )  # fmt: skip
    assert at_risk
    hooks = receiver.state().get("crm", {}).get("high_value_at_risk", {})
    assert {
        (
            row["external_id"],
            row.get("full_name"),
            row.get("email"),
            row.get("phone"),
            float(row["revenue_365d"]),
        )
        for row in hooks.values()
    } == at_risk

    events = desired(project, "webhook__segment_events", "personalisation", "onsite", "event_id")
    assert events
    got = [row["event_id"] for row in receiver.state().get("crm", {}).get("segment_events", {}).values()]
    assert len(got) == len(set(got)), "an event arrived twice"
    assert {event for (event,) in events} <= set(got)

    excluded = desired(
        project, "files__store_buyers_exclusion", "advertising", "ads",
        "external_id, coalesce(email, ''), coalesce(phone, '')",
    )  # fmt: skip
    assert excluded
    assert files_say(project) == excluded


def counts(ran_json: Any) -> dict[str, int]:
    return {
        key: sum(sync[key] for sync in ran_json["syncs"])
        for key in ("added", "changed", "removed", "requests", "rejected", "in_doubt")
    }


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


@pytest.mark.slow
def test_only_changes_are_sent_and_every_destination_holds_exactly_what_it_should(
    tmp_path_factory: pytest.TempPathFactory, receiver: Receiver
) -> None:
    project = copy_project(tmp_path_factory.mktemp("whole_path") / "project")
    made = project.cdp("demo", "--customers", "3000", "--seed", "3", "--today", TODAY, "--json")
    assert made.code == 0, made.err

    first = project.cdp("run", "--json", **receiver.environment)
    assert first.code == 0, first.err
    check_every_destination(project, receiver)
    there = {profile["external_id"] for profile in receiver.state()["klaviyo"]["profiles"].values()}
    may_be_mailed = query(project, CONSENTED.format(purpose="marketing_email", channel="email"))
    assert there <= {profile_id for (profile_id,) in may_be_mailed}, "somebody left without consent"
    ids = dict(query(project, "select record_id, profile_id from identity.identity_map"))

    again = project.cdp("sync", "--json", **receiver.environment)
    assert counts(again.json) == dict.fromkeys(counts(again.json), 0)

    advanced = project.cdp("demo", "--advance", "1", "--json")
    assert advanced.code == 0, advanced.err
    before = len(receiver.log())
    second = project.cdp("run", "--json", **receiver.environment)
    assert second.code == 0, second.err
    check_every_destination(project, receiver)

    sent, initial = counts(second.json), counts(first.json)
    assert 0 < sent["added"] + sent["changed"] + sent["removed"] < initial["added"] / 2
    effects = [entry["effect"] for entry in receiver.log()[before:]]
    # A changed newsletter profile and a list can name one person: the second of them finds nothing to do.
    assert effects.count("absent") == 0
    explained = query(
        project,
        """
        select record_id from identity.identity_events where record_id is not null
        union
        select assignments.record_id
        from identity.identity_assignments as assignments
        inner join identity.profile_aliases as aliases on assignments.profile_id = aliases.retired_profile_id
        """,
    )
    now = dict(query(project, "select record_id, profile_id from identity.identity_map"))
    moved = {record for record, profile in ids.items() if now.get(record) != profile}
    assert moved <= {record for (record,) in explained}
