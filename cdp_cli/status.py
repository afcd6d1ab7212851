"""The state of the platform: freshness, people, consent, segments, syncs."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from cdp_cli.config import Settings
from cdp_cli.project import Project
from cdp_cli.warehouse import Warehouse


@dataclass(frozen=True)
class SourceFreshness:
    """A raw table: how many rows, and when the latest reached the warehouse (UTC)."""

    table: str
    rows: int
    loaded_at: dt.datetime | None


@dataclass(frozen=True)
class SourceMatch:
    """A source's person records, and the share of them that is linked to another source (0 to 1)."""

    source: str
    records: int
    people: int
    matched: float


@dataclass(frozen=True)
class PurposeConsent:
    """How many of the known people granted a purpose, and their share (0 to 1)."""

    purpose: str
    granted: int
    share: float


@dataclass(frozen=True)
class SegmentSize:
    """A segment's members now."""

    segment: str
    label: str
    members: int


@dataclass(frozen=True)
class Status:
    """The state of the whole platform. `syncs` are the latest runs, as in cdp.sync_runs.

    `blocked` are their rows of cdp.sync_blocked: the number of blocked rows by reason.
    """

    records: int
    people: int
    anonymous: int
    sources: tuple[SourceMatch, ...]
    consent: tuple[PurposeConsent, ...]
    segments: tuple[SegmentSize, ...]
    syncs: tuple[dict[str, Any], ...]
    blocked: tuple[dict[str, Any], ...]
    waiting_for_review: int
    failed_models: tuple[str, ...]
    freshness: tuple[SourceFreshness, ...]


def read_status(settings: Settings, project: Project, warehouse: Warehouse) -> Status:
    """Read the state; a part that is not built yet is empty."""
    people = _one(
        warehouse, "profiles", "profiles", "count(*) as n, sum(case when is_anonymous then 1 else 0 end) as a"
    )
    known = (people["n"] or 0) - (people["a"] or 0)
    records = _one(warehouse, "identity", "identity_map", "count(*) as n, 0 as a")
    review = _one(warehouse, "identity", "identity_review", "count(*) as n, 0 as a")
    return Status(
        records=records["n"] or 0,
        people=known,
        anonymous=people["a"] or 0,
        sources=_matches(warehouse),
        consent=_consent(warehouse, known),
        segments=_segments(project, warehouse),
        syncs=_latest_runs(warehouse),
        blocked=_blocked(warehouse),
        waiting_for_review=review["n"] or 0,
        failed_models=_failed_models(settings),
        freshness=_freshness(project, warehouse),
    )


def _one(warehouse: Warehouse, schema: str, table: str, select: str) -> dict[str, Any]:
    if not warehouse.exists(schema, table):
        return {"n": 0, "a": 0}
    return warehouse.rows(f"select {select} from {schema}.{table}")[0]


def _matches(warehouse: Warehouse) -> tuple[SourceMatch, ...]:
    if not warehouse.exists("identity", "identity_map"):
        return ()
    found = warehouse.rows(
        """
        with

        records as (
            select people.source, identity_map.profile_id
            from identity.identity_records as people
            inner join identity.identity_map as identity_map
                on people.record_id = identity_map.record_id
        ),

        reach as (
            select profile_id, count(distinct source) as count_sources
            from records
            group by profile_id
        )

        select
            records.source,
            count(*) as records,
            count(distinct records.profile_id) as people,
            avg(case when reach.count_sources > 1 then 1.0e0 else 0.0e0 end) as matched
        from records
        inner join reach on records.profile_id = reach.profile_id
        group by records.source
        order by records.source
        """
    )
    return tuple(SourceMatch(**row) for row in found)


def _consent(warehouse: Warehouse, known: int) -> tuple[PurposeConsent, ...]:
    if not known or not warehouse.exists("profiles", "profile_consents"):
        return ()
    found = warehouse.rows(
        """
        select consents.purpose, count(*) as granted
        from profiles.profile_consents as consents
        inner join profiles.profiles as profiles on consents.profile_id = profiles.profile_id
        where consents.state = 'granted' and not profiles.is_anonymous
        group by consents.purpose
        order by consents.purpose
        """
    )
    return tuple(PurposeConsent(row["purpose"], row["granted"], row["granted"] / known) for row in found)


def _segments(project: Project, warehouse: Warehouse) -> tuple[SegmentSize, ...]:
    sizes: dict[str, int] = {}
    if warehouse.exists("segments", "segment_members"):
        found = warehouse.rows("select segment, count(*) as n from segments.segment_members group by segment")
        sizes = {row["segment"]: row["n"] for row in found}
    return tuple(
        SegmentSize(model.name, str(model.meta.get("label", model.name)), sizes.get(model.name, 0))
        for model in project.segments
    )


def _latest_runs(warehouse: Warehouse) -> tuple[dict[str, Any], ...]:
    if not warehouse.exists("cdp", "sync_runs"):
        return ()
    return tuple(
        warehouse.rows(
            """
            with

            ordered as (
                select
                    *,
                    row_number() over (partition by sync order by started_at desc, run_id desc) as place
                from cdp.sync_runs
            )

            select
                sync, status, started_at, ended_at, added, changed, removed, unchanged, blocked, invalid,
                rejected, in_doubt, requests
            from ordered
            where place = 1
            order by sync
            """
        )
    )


def _blocked(warehouse: Warehouse) -> tuple[dict[str, Any], ...]:
    """How many rows the latest run of each sync blocked, by reason."""
    if not (warehouse.exists("cdp", "sync_runs") and warehouse.exists("cdp", "sync_blocked")):
        return ()
    return tuple(
        warehouse.rows(
            """
            with

            ordered as (
                select
                    run_id, sync,
                    row_number() over (partition by sync order by started_at desc, run_id desc) as place
                from cdp.sync_runs
            )

            select blocked.sync, blocked.reason, blocked.count_rows
            from ordered
            inner join cdp.sync_blocked as blocked
                on ordered.run_id = blocked.run_id and ordered.sync = blocked.sync
            where ordered.place = 1
            order by blocked.sync, blocked.count_rows desc, blocked.reason
            """
        )
    )


def _failed_models(settings: Settings) -> tuple[str, ...]:
    results = settings.artifacts_dir / "run_results.json"
    if not results.exists():
        return ()
    document = json.loads(results.read_text(encoding="utf-8"))
    return tuple(
        result["unique_id"].split(".")[2]
        for result in document["results"]
        if result["status"] in ("error", "fail")
    )


def _freshness(project: Project, warehouse: Warehouse) -> tuple[SourceFreshness, ...]:
    names = [f"{table.schema}.{table.table}" for table in project.raw_tables]
    parts = []
    for position, (name, table) in enumerate(zip(names, project.raw_tables, strict=True)):
        columns = warehouse.columns(table.schema, table.table)
        if columns:
            latest = f"cast({'max(_loaded_at)' if '_loaded_at' in columns else 'null'} as timestamp)"
            parts.append(f"select {position} as place, count(*) as n, {latest} as loaded_at from {name}")
    # One statement for all tables, because an engine may need a second for each statement.
    found = {row["place"]: row for row in warehouse.rows(" union all ".join(parts))} if parts else {}
    return tuple(
        SourceFreshness(name, found[place]["n"], found[place]["loaded_at"])
        if place in found
        else SourceFreshness(name, 0, None)
        for place, name in enumerate(names)
    )
