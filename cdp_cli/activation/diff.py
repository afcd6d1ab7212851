"""Compares the payload with what the destination acknowledged, row by row, in SQL.

`render` makes one table of the payload: key, reason for blocking, rendered row and its hash. `compare` joins
it with the ledger and decides what to do with each row. Only the rendered row is hashed, so a column that the
destination does not take never causes a send.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from cdp_cli.activation.belonging import foreign_sql
from cdp_cli.activation.eligibility import Payload
from cdp_cli.activation.spec import PROFILE_ID, Sync, match_columns
from cdp_cli.destinations.base import Destination, Verb


@dataclass(frozen=True)
class Rendered:
    """What the later steps need of the payload: its match columns and their types."""

    match: Mapping[str, str]


def render(
    work: duckdb.DuckDBPyConnection, sync: Sync, payload: Payload, destination: Destination
) -> Rendered:
    """Make the temporary table `payload`: one row per row of the activation model.

    A row is blocked unless its profile is in the payload's eligibility without a reason. A row with a value
    that is not its profile's is invalid. Neither is rendered, so its values are not written to disk.
    """
    fields = [column for column in payload.columns if column != PROFILE_ID]
    verb = sync.spec.mode.put
    match = match_columns(fields, destination)
    work.register("payload_rows", payload.rows)
    given = _types(work, "select * from payload_rows")
    normalised = "".join(
        f",\n                {destination.field_sql(field, given[field])} as {quoted(field)}"
        for field in fields
    )
    types = _types(work, f"select {PROFILE_ID}{normalised} from payload_rows")
    types.pop(PROFILE_ID)
    work.register("eligibility", payload.eligibility)
    work.register("identifiers", payload.identifiers)
    work.execute(
        f"""
        create or replace temp table payload as
        with

        normalised as (
            select
                {_key_sql(sync.spec.key)} as _cdp_key,
                cast({PROFILE_ID} as varchar) as _cdp_profile_id{normalised}
            from payload_rows
        ),

        checked as (
            select
                normalised.*,
                case
                    when eligibility.profile_id is null then 'consent'
                    else eligibility.blocked
                end as _cdp_blocked,
                {foreign_sql(fields, sync, destination)} as _cdp_foreign
            from normalised
            left join eligibility on normalised._cdp_profile_id = eligibility.profile_id
        ),

        rendered as (
            select
                *,
                case
                    when _cdp_blocked is null and _cdp_foreign is null
                        then {destination.row_sql(verb, types, dict(sync.spec.nulls))}
                end as _cdp_body
            from checked
        )

        select
            _cdp_key as key,
            _cdp_profile_id as profile_id,
            _cdp_blocked as blocked,
            case
                when _cdp_blocked is not null then null
                when _cdp_foreign is not null then _cdp_foreign
                when strlen(_cdp_body) > {_room(destination, verb)} then 'larger than the destination accepts'
                else {destination.invalid_sql(verb, types)}
            end as invalid,
            _cdp_body as body,
            md5({literal(verb.value)} || _cdp_body) as hash,
            case when _cdp_body is not null then {_match_keys_sql(match)} end as match_keys
        from rendered
        """
    )
    for name in ("payload_rows", "eligibility", "identifiers"):
        work.unregister(name)
    return Rendered({field: types[field] for field in match})


def compare(work: duckdb.DuckDBPyConnection, sync: Sync, rendered: Rendered) -> None:
    """Make the temporary table `planned`: one row per row of the payload or of the ledger, with what to do.

    `operation` is add, change, remove, release, unchanged, block, invalid or in_doubt. A release is a removal
    whose object at the destination now belongs to another row, because two profiles became one. It is not
    sent; the row is forgotten, and the row that owns the object is sent again. `is_moved` marks a change of
    match keys, after which the destination would know another object. The old object is removed first.
    """
    removes = sync.spec.mode.remove is not None
    gone = "'remove'" if removes else "'gone'"
    identity = _identity_sql("state.match_keys", list(rendered.match))
    new_identity = _identity_sql("payload.match_keys", list(rendered.match))
    work.execute(
        f"""
        create or replace temp table planned as
        with

        doubtful as (
            select distinct frozen_rows.key
            from ledger.batches as batches
            inner join outbox.frozen_rows as frozen_rows
                on frozen_rows.row_number >= batches.first_row and frozen_rows.row_number < batches.end_row
            where batches.status in ('in_flight', 'in_doubt')
        ),

        compared as (
            select
                coalesce(payload.key, state.key) as key,
                coalesce(payload.profile_id, state.profile_id) as profile_id,
                case
                    when doubtful.key is not null then 'in_doubt'
                    when payload.key is null and payload.profile_id is null then {gone}
                    when payload.blocked is not null and {removes} and state.key is not null then 'remove'
                    when payload.blocked is not null then 'block'
                    when payload.invalid is not null then 'invalid'
                    when state.key is null then 'add'
                    when {sync.spec.mode.once} or state.hash = payload.hash then 'unchanged'
                    else 'change'
                end as operation,
                payload.blocked,
                payload.invalid,
                state.key is not null as is_known,
                state.match_keys as known_match_keys,
                {identity} as known_identity,
                {removes} and {identity} <> {new_identity} as is_moved
            from payload
            full outer join ledger.acknowledged as state on payload.key = state.key
            left join doubtful on coalesce(payload.key, state.key) = doubtful.key
        )

        select * replace (coalesce(is_moved, false) and operation = 'change' as is_moved)
        from compared
        where operation <> 'gone'
        """
    )
    if removes:
        _release(work)


def _release(work: duckdb.DuckDBPyConnection) -> None:
    work.execute(
        """
        create or replace temp table released as
        select distinct leaving.known_identity
        from planned as leaving
        inner join planned as staying on leaving.known_identity = staying.known_identity
        where
            (leaving.operation = 'remove' or leaving.is_moved)
            and staying.is_known
            and staying.operation in ('unchanged', 'change', 'invalid', 'in_doubt')
            and not staying.is_moved
        """
    )
    work.execute(
        """
        update planned set
            operation = case operation
                when 'remove' then 'release'
                when 'unchanged' then 'change'
                else operation
            end,
            is_moved = false
        where
            known_identity in (select known_identity from released)
            and (operation in ('remove', 'unchanged') or is_moved)
        """
    )


def stage_removals(
    work: duckdb.DuckDBPyConnection, sync: Sync, rendered: Rendered, destination: Destination
) -> None:
    """Make the temporary table `staged`: the rows to remove, by the match keys last acknowledged."""
    verb = sync.spec.mode.remove
    if verb is None:
        raise ValueError(f"mode {sync.spec.mode.value} never removes")
    typed = "".join(
        f",\n                try_cast({_extract('known_match_keys', field)} as {kind}) as {quoted(field)}"
        for field, kind in rendered.match.items()
    )
    work.execute(
        f"""
        create or replace temp table staged as
        with

        leaving as (
            select
                key as _cdp_key, profile_id as _cdp_profile_id, operation as _cdp_operation,
                known_match_keys as _cdp_match_keys, coalesce(blocked, 'left') as _cdp_why{typed}
            from planned
            where operation = 'remove' or is_moved
        )

        select
            _cdp_key as key,
            _cdp_profile_id as profile_id,
            _cdp_operation as operation,
            cast(null as varchar) as hash,
            _cdp_match_keys as match_keys,
            _cdp_why as why,
            {destination.row_sql(verb, rendered.match, {})} as body
        from leaving
        """
    )


def stage_puts(work: duckdb.DuckDBPyConnection) -> None:
    """Make the temporary table `staged`: the rows to send.

    A moved row waits until its old object is removed, because sending it would overwrite its old match keys.
    """
    work.execute(
        """
        create or replace temp table staged as
        select
            planned.key, planned.profile_id, planned.operation, payload.hash, payload.match_keys,
            cast(null as varchar) as why, payload.body
        from planned
        inner join payload on planned.key = payload.key
        where
            planned.operation in ('add', 'change')
            and not (planned.is_moved and planned.key in (select key from ledger.acknowledged))
        """
    )


def _types(work: duckdb.DuckDBPyConnection, sql: str) -> dict[str, str]:
    """The columns of a query with their DuckDB types."""
    return {row[0]: row[1] for row in work.execute(f"describe {sql}").fetchall()}


def quoted(name: str) -> str:
    """A column's name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _room(destination: Destination, verb: Verb) -> int:
    limits = destination.limits(verb)
    return min(limits.row_bytes or limits.bytes, limits.bytes)


def _key_sql(key: Sequence[str]) -> str:
    if len(key) == 1:
        return f"cast(payload_rows.{quoted(key[0])} as varchar)"
    parts = [f"cast(payload_rows.{quoted(column)} as varchar)" for column in key]
    missing = " or ".join(f"{part} is null" for part in parts)
    return f"case when not ({missing}) then cast(json_array({', '.join(parts)}) as varchar) end"


def _match_keys_sql(match: Sequence[str]) -> str:
    pairs = ", ".join(f"{literal(field)}, {quoted(field)}" for field in match)
    return f"cast(json_object({pairs}) as varchar)"


def _identity_sql(match_keys: str, match: Sequence[str]) -> str:
    """The strongest match key of the row, with its name: it identifies the object at the destination."""
    parts = [f"{literal(field + '=')} || {_extract(match_keys, field)}" for field in match]
    return f"coalesce({', '.join(parts)})" if parts else "cast(null as varchar)"


def _extract(match_keys: str, field: str) -> str:
    pointer = "/" + field.replace("~", "~0").replace("/", "~1")
    return f"json_extract_string({match_keys}, {literal(pointer)})"
