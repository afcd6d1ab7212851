"""The state of the platform: freshness, people, consent, segments, syncs."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from cdp_cli.config import Settings
from cdp_cli.project import Project
from cdp_cli.relations import Relation, Relations
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
    """The state of the whole platform. `syncs` are the latest runs, as in the table sync_runs.

    `blocked` are their rows of sync_blocked: the number of blocked rows by reason.
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
    relations = project.relations
    people = _one(
        warehouse,
        relations.ref("profiles"),
        "count(*) as n, sum(case when is_anonymous then 1 else 0 end) as a",
    )
    known = (people["n"] or 0) - (people["a"] or 0)
    records = _one(warehouse, relations.ref("identity_map"), "count(*) as n, 0 as a")
    review = _one(warehouse, relations.ref("identity_review"), "count(*) as n, 0 as a")
    return Status(
        records=records["n"] or 0,
        people=known,
        anonymous=people["a"] or 0,
        sources=_matches(warehouse, relations),
        consent=_consent(warehouse, relations, known),
        segments=_segments(project, warehouse),
        syncs=_latest_runs(warehouse, relations),
        blocked=_blocked(warehouse, relations),
        waiting_for_review=review["n"] or 0,
        failed_models=_failed_models(settings),
        freshness=_freshness(project, warehouse),
    )


def _one(warehouse: Warehouse, relation: Relation, select: str) -> dict[str, Any]:
    if not warehouse.exists(*relation):
        return {"n": 0, "a": 0}
    return warehouse.rows(f"select {select} from {relation}")[0]


def _matches(warehouse: Warehouse, relations: Relations) -> tuple[SourceMatch, ...]:
    if not warehouse.exists(*relations.ref("identity_map")):
        return ()
    found = warehouse.rows(
        f"""
        with

        records as (
            select people.source, identity_map.profile_id
            from {relations.ref("identity_records")} as people
            inner join {relations.ref("identity_map")} as identity_map
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


def _consent(warehouse: Warehouse, relations: Relations, known: int) -> tuple[PurposeConsent, ...]:
    if not known or not warehouse.exists(*relations.ref("profile_consents")):
        return ()
    found = warehouse.rows(
        f"""
        select consents.purpose, count(*) as granted
        from {relations.ref("profile_consents")} as consents
        inner join {relations.ref("profiles")} as profiles on consents.profile_id = profiles.profile_id
        where consents.state = 'granted' and not profiles.is_anonymous
        group by consents.purpose
        order by consents.purpose
        """
    )
    return tuple(PurposeConsent(row["purpose"], row["granted"], row["granted"] / known) for row in found)


def _segments(project: Project, warehouse: Warehouse) -> tuple[SegmentSize, ...]:
    sizes: dict[str, int] = {}
    members = project.relations.ref("segment_members")
    if warehouse.exists(*members):
        found = warehouse.rows(f"select segment, count(*) as n from {members} group by segment")
        sizes = {row["segment"]: row["n"] for row in found}
    return tuple(
        SegmentSize(model.name, str(model.meta.get("label", model.name)), sizes.get(model.name, 0))
        for model in project.segments
    )


def _latest_runs(warehouse: Warehouse, relations: Relations) -> tuple[dict[str, Any], ...]:
    if not warehouse.exists(*relations.source("cdp", "sync_runs")):
        return ()
    return tuple(
        warehouse.rows(
            f"""
            with

            ordered as (
                select
                    *,
                    row_number() over (partition by sync order by started_at desc, run_id desc) as place
                from {relations.source("cdp", "sync_runs")}
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


def _blocked(warehouse: Warehouse, relations: Relations) -> tuple[dict[str, Any], ...]:
    """How many rows the latest run of each sync blocked, by reason."""
    needed = ("sync_runs", "sync_blocked")
    if not all(warehouse.exists(*relations.source("cdp", name)) for name in needed):
        return ()
    return tuple(
        warehouse.rows(
            f"""
            with

            ordered as (
                select
                    run_id, sync,
                    row_number() over (partition by sync order by started_at desc, run_id desc) as place
                from {relations.source("cdp", "sync_runs")}
            )

            select blocked.sync, blocked.reason, blocked.count_rows
            from ordered
            inner join {relations.source("cdp", "sync_blocked")} as blocked
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
    raw = [table.relation for table in project.raw_tables]
    parts = []
    for position, relation in enumerate(raw):
        columns = warehouse.columns(*relation)
        if columns:
            latest = f"cast({'max(_loaded_at)' if '_loaded_at' in columns else 'null'} as timestamp)"
            parts.append(f"select {position} as place, count(*) as n, {latest} as loaded_at from {relation}")
    # One statement for all tables, because an engine may need a second for each statement.
    found = {row["place"]: row for row in warehouse.rows(" union all ".join(parts))} if parts else {}
    return tuple(
        SourceFreshness(relation.name, found[place]["n"], found[place]["loaded_at"])
        if place in found
        else SourceFreshness(relation.name, 0, None)
        for place, relation in enumerate(raw)
    )
