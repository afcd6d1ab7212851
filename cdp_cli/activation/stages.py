"""Stages what a plan sends: the temporary view `staged`, one row per row to freeze."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from cdp_cli.activation.diff import extract_sql
from cdp_cli.destinations.base import Destination, Verb
from cdp_cli.destinations.fields import quoted


def stage_removals(
    work: duckdb.DuckDBPyConnection,
    verb: Verb,
    match: Mapping[str, str],
    destination: Destination,
    where: str = "operation = 'remove' or is_moved",
) -> None:
    """Make the temporary view `staged`: the rows to remove, by the match keys last acknowledged."""
    typed = "".join(
        f",\n                try_cast({extract_sql('known_match_keys', field)} as {kind}) as {quoted(field)}"
        for field, kind in match.items()
    )
    work.execute(
        f"""
        create or replace temp view staged as
        with

        leaving as (
            select
                key as _cdp_key, profile_id as _cdp_profile_id, operation as _cdp_operation,
                known_match_keys as _cdp_match_keys, coalesce(blocked, 'left') as _cdp_why{typed}
            from planned
            where {where}
        )

        select
            _cdp_key as key,
            _cdp_profile_id as profile_id,
            _cdp_operation as operation,
            cast(null as varchar) as hash,
            cast(null as ubigint) as fingerprint,
            _cdp_match_keys as match_keys,
            _cdp_why as why,
            {destination.row_sql(verb, match, {})} as body
        from leaving
        """
    )


def stage_puts(work: duckdb.DuckDBPyConnection) -> None:
    """Make the temporary view `staged`: the rows to send.

    A moved row waits until its old object is removed, because sending it would overwrite its old match keys.
    """
    work.execute(
        """
        create or replace temp view staged as
        select
            key, profile_id, operation, hash, fingerprint, match_keys, cast(null as varchar) as why, body
        from planned
        where
            operation in ('add', 'change')
            and not (is_moved and key in (select key from ledger.acknowledged))
        """
    )
