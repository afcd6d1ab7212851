"""Compares the payload with what the destination acknowledged, row by row, in SQL.

`compare` reads the warehouse, so it runs while the payload is lent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from cdp_cli.activation.belonging import checked_columns, foreign_sql
from cdp_cli.activation.eligibility import Payload
from cdp_cli.activation.spec import PROFILE_ID, Sync, match_columns
from cdp_cli.destinations.base import Destination, Verb
from cdp_cli.destinations.fields import literal, quoted

# How often a row is refused before it waits for a change, or for a person.
PATIENCE_WITH_A_ROW = 3


def compare(
    work: duckdb.DuckDBPyConnection,
    sync: Sync,
    payload: Payload,
    destination: Destination,
    unsettled_rows: str,
) -> dict[str, str]:
    """Make the temporary table `planned`: one row per row of the payload or of the ledger, with what to do.

    `operation` is add, change, remove, release, unchanged, block, invalid, quarantine, in_doubt or let_go.
    `unsettled_rows` is a query for the rows that were sent and have no answer: they are in_doubt, or let_go
    if they may not leave any more. A release is a removal whose object at the destination now belongs to
    another row, because two profiles became one. It is not sent; the row is forgotten, and the row that owns
    the object is sent again. `is_moved` marks a change of match keys, after which the destination would know
    another object. The old object is removed first.

    Returns the payload's match columns with their types.
    """
    fields = [column for column in payload.columns if column != PROFILE_ID]
    given = _types(work, f"select * from {payload.rows}")
    normalised = "".join(
        f",\n    {destination.field_sql(field, given[field])} as {quoted(field)}" for field in fields
    )
    types = _types(work, f"select {PROFILE_ID}{normalised} from {payload.rows} as payload_rows")
    types.pop(PROFILE_ID)
    match = match_columns(fields, destination)
    work.execute(f"create or replace temp table unsettled as {unsettled_rows}")
    _join(work, sync, payload, destination, types, normalised)
    _find_foreign(work, sync, payload, destination, fields)
    _decide(work, sync, destination, match)
    work.execute("drop table joined")
    if sync.spec.mode.remove is not None and _release(work, match):
        _render_again(work, sync, payload, destination, types, normalised)
    return {field: types[field] for field in match}


def _join(
    work: duckdb.DuckDBPyConnection,
    sync: Sync,
    payload: Payload,
    destination: Destination,
    types: Mapping[str, str],
    normalised: str,
) -> None:
    """Make the temporary table `joined`: the payload beside consent and ledger, in one pass over each.

    Only a row that may leave and may have changed is rendered, so that nobody else's values are written
    down. Whether it may have changed says its fingerprint, a fast hash of its normalised values: if that is
    the one in the ledger, so is the rendered row. If it is another, the rendered row's own hash decides,
    so a column that the destination does not take never causes a send.
    """
    fields, mode = list(types), sync.spec.mode
    verb = mode.put
    row_sql = destination.row_sql(verb, types, dict(sync.spec.nulls))
    salt = literal(f"{verb.value} {row_sql}")
    kept = "".join(
        f",\n    case when _cdp_renders then {quoted(field)} end as {quoted(field)}"
        for field in checked_columns(fields, sync, destination)
    )
    stays = f"({mode.once} and state.hash is not null)"
    work.execute(
        f"""
        create or replace temp table joined as
        with

        normalised as (
            select
                true as _cdp_given,
                {_key_sql(sync.spec.key)} as _cdp_key,
                cast({PROFILE_ID} as varchar) as _cdp_profile_id{normalised}
            from {payload.rows} as payload_rows
        ),

        fingerprinted as (
            select *, hash({", ".join(map(quoted, fields))}, {salt}) as _cdp_fingerprint
            from normalised
        ),

        gated as (
            select
                fingerprinted.*,
                case
                    when eligible.profile_id is null then 'consent'
                    else eligible.blocked
                end as _cdp_blocked
            from fingerprinted
            left join {payload.eligibility} as eligible
                on fingerprinted._cdp_profile_id = eligible.profile_id
        ),

        beside as (
            select
                gated.*,
                state.key as _cdp_known, state.profile_id as _cdp_known_profile,
                state.hash as _cdp_known_hash, state.match_keys as _cdp_known_match_keys,
                _cdp_given
                and _cdp_blocked is null
                and (
                    state.key is null
                    or not (
                        {stays}
                        or (
                            state.hash is not null
                            and state.fingerprint is not distinct from _cdp_fingerprint
                        )
                    )
                ) as _cdp_renders
            from gated
            full outer join ledger.main.acknowledged as state on gated._cdp_key = state.key
        )

        select
            coalesce(_cdp_key, _cdp_known) as _cdp_key,
            coalesce(_cdp_profile_id, _cdp_known_profile) as _cdp_profile_id,
            coalesce(_cdp_given, false) as _cdp_given,
            _cdp_given is not null and _cdp_key is null as _cdp_keyless,
            _cdp_blocked, _cdp_fingerprint, _cdp_known is not null as _cdp_is_known, _cdp_known_hash,
            _cdp_known_match_keys, coalesce(_cdp_renders, false) as _cdp_renders,
            case when _cdp_renders then {row_sql} end as _cdp_body,
            case when _cdp_renders then {destination.invalid_sql(verb, types)} end as _cdp_invalid,
            case when _cdp_renders then {_match_keys_sql(match_columns(fields, destination))} end
                as _cdp_match_keys{kept}
        from beside
        """
    )


def _find_foreign(
    work: duckdb.DuckDBPyConnection,
    sync: Sync,
    payload: Payload,
    destination: Destination,
    fields: Sequence[str],
) -> None:
    """Make the temporary table `foreign_rows`: rows of `joined` that are not their profile's, and why."""
    work.execute(
        f"""
        create or replace temp table identifiers as
        select profile_id, identifier_type, identifier_value
        from {payload.identifiers} as known
        where profile_id in (select _cdp_profile_id from joined where _cdp_renders)
        """
    )
    work.execute(
        f"""
        create or replace temp table foreign_rows as
        with

        leaving as (
            select rowid as _cdp_row, * from joined where _cdp_renders
        )

        select _cdp_row, _cdp_why
        from (select _cdp_row, {foreign_sql(fields, sync, destination)} as _cdp_why from leaving)
        where _cdp_why is not null
        """
    )
    work.execute("drop table identifiers")


def _decide(
    work: duckdb.DuckDBPyConnection, sync: Sync, destination: Destination, match: Sequence[str]
) -> None:
    verb, removes = sync.spec.mode.put, sync.spec.mode.remove is not None
    gone = "'remove'" if removes else "'gone'"
    moved = f"{_identity_sql('known_match_keys', match)} <> {_identity_sql('match_keys', match)}"
    work.execute(
        f"""
        create or replace temp table planned as
        with

        checked as (
            select
                joined._cdp_key as key, joined._cdp_profile_id as profile_id, joined._cdp_given as is_given,
                joined._cdp_keyless as is_keyless, joined._cdp_blocked as blocked,
                joined._cdp_fingerprint as fingerprint, joined._cdp_is_known as is_known,
                joined._cdp_known_hash as known_hash, joined._cdp_known_match_keys as known_match_keys,
                joined._cdp_match_keys as match_keys, joined._cdp_renders as is_rendered,
                case
                    when not _cdp_renders then null
                    when foreign_rows._cdp_why is not null then foreign_rows._cdp_why
                    when strlen(_cdp_body) > {_room(destination, verb)}
                        then 'larger than the destination accepts'
                    else _cdp_invalid
                end as invalid,
                _cdp_body as body,
                case when _cdp_body is not null then md5({literal(verb.value)} || _cdp_body) end as hash
            from joined
            left join foreign_rows on joined.rowid = foreign_rows._cdp_row
        ),

        decided as (
            select
                checked.* exclude (body),
                case
                    when unsettled.key is not null and is_given and blocked is null then 'in_doubt'
                    when unsettled.key is not null then 'let_go'
                    when not is_given then {gone}
                    when blocked is not null and {removes} and is_known then 'remove'
                    when blocked is not null then 'block'
                    when is_known and not is_rendered then 'unchanged'
                    when invalid is not null then 'invalid'
                    when is_known and known_hash = checked.hash then 'unchanged'
                    when refusals.times >= {PATIENCE_WITH_A_ROW} and refusals.hash = checked.hash
                        then 'quarantine'
                    when is_known then 'change'
                    else 'add'
                end as operation,
                case when invalid is null then body end as body
            from checked
            left join (select distinct key from unsettled) as unsettled on checked.key = unsettled.key
            left join ledger.main.refusals as refusals on checked.key = refusals.key
        )

        select
            *,
            cast(null as varchar) as known_identity,
            case
                when operation = 'change' and {removes} then coalesce({moved}, false)
                else false
            end as is_moved
        from decided
        where operation <> 'gone'
        """
    )


def _release(work: duckdb.DuckDBPyConnection, match: Sequence[str]) -> bool:
    """Find the removals whose object belongs to a row that stays; whether there are any."""
    identity = _identity_sql("known_match_keys", match)
    leaving = "operation = 'remove' or is_moved"
    if not work.execute(f"select 1 from planned where {leaving} limit 1").fetchone():
        return False
    work.execute(
        f"""
        update planned set known_identity = {identity}
        where is_known and {identity} in (select {identity} from planned where {leaving})
        """
    )
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
    return bool(work.execute("select 1 from released limit 1").fetchone())


def _render_again(
    work: duckdb.DuckDBPyConnection,
    sync: Sync,
    payload: Payload,
    destination: Destination,
    types: Mapping[str, str],
    normalised: str,
) -> None:
    """Render the unchanged rows that are to be sent all the same."""
    verb = sync.spec.mode.put
    work.execute(
        f"""
        update planned set
            body = again.body,
            hash = md5({literal(verb.value)} || again.body),
            match_keys = again.match_keys
        from (
            select
                _cdp_key, {destination.row_sql(verb, types, dict(sync.spec.nulls))} as body,
                {_match_keys_sql(match_columns(list(types), destination))} as match_keys
            from (
                select {_key_sql(sync.spec.key)} as _cdp_key{normalised}
                from {payload.rows} as payload_rows
            )
            where _cdp_key in (select key from planned where operation = 'change' and body is null)
        ) as again
        where planned.key = again._cdp_key and planned.operation = 'change' and planned.body is null
        """
    )


def _types(work: duckdb.DuckDBPyConnection, sql: str) -> dict[str, str]:
    """The columns of a query with their DuckDB types."""
    return {row[0]: row[1] for row in work.execute(f"describe {sql}").fetchall()}


def note_fingerprints(work: duckdb.DuckDBPyConnection) -> None:
    """Write down the fingerprints of unchanged rows that had to be rendered to see that."""
    stale = "operation = 'unchanged' and is_rendered"
    if work.execute(f"select 1 from planned where {stale} limit 1").fetchone():
        work.execute(
            f"""
            update ledger.acknowledged set fingerprint = planned.fingerprint
            from (select key, fingerprint from planned where {stale}) as planned
            where acknowledged.key = planned.key
            """
        )


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
    parts = [f"{literal(field + '=')} || {extract_sql(match_keys, field)}" for field in match]
    return f"coalesce({', '.join(parts)})" if parts else "cast(null as varchar)"


def extract_sql(match_keys: str, field: str) -> str:
    """The SQL of one field's value in a column of match keys."""
    pointer = "/" + field.replace("~", "~0").replace("/", "~1")
    return f"json_extract_string({match_keys}, {literal(pointer)})"
