"""Reads a sync's rows, and decides whom the sync may send. Consent is joined here, for every sync.

One short visit to the warehouse. Who is eligible is a relation of its own, never a column beside the model's
columns, so nothing that a model selects can change it. It fails closed: a profile without a granted row is
blocked, and a warehouse without consent tables stops the sync.
"""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from cdp_cli.activation.spec import Sync, check_names
from cdp_cli.destinations.base import Destination
from cdp_cli.destinations.definition import ANY_MEDIUM
from cdp_cli.errors import FixConfiguration, FixModel
from cdp_cli.warehouse import Warehouse
from cdp_cli.warehouse.base import Lent

# The first reason that applies counts, so a person without consent is not counted in the holdout.
REASONS = ("consent", "suppression", "priority", "holdout")

_CONSENT_TABLES = ("purposes", "profile_consents", "profile_suppressions", "profile_identifiers")
_HOLDOUT_DIGITS = 8


@dataclass(frozen=True)
class Payload:
    """A sync's rows where they are, and beside them what decides who may leave: relations in `work`.

    `rows` has the model's columns and nothing else; `columns` are their names. `eligibility` has one row per
    profile that granted the purpose: `profile_id`, and `blocked`, null or a further reason; a profile that is
    not there is blocked for want of consent. `identifiers` are the values that are known to be those
    people's: `profile_id`, `identifier_type`, `identifier_value`; junk values are nobody's.
    `known_until` is the end of the last run that changed the destination, as far as the warehouse knows.
    """

    columns: tuple[str, ...]
    rows: str
    eligibility: str
    identifiers: str
    known_until: dt.datetime | None


@contextmanager
def read_payload(
    warehouse: Warehouse, work: duckdb.DuckDBPyConnection, sync: Sync, destination: Destination
) -> Iterator[Payload]:
    """Let `work` read the sync's table, who may be sent, and what identifies them, while the context lasts.

    Raises FixModel if a table is missing, FixConfiguration if the purpose is unknown or does not
    cover the destination's medium.
    """
    columns = tuple(warehouse.columns(*sync.relation))
    if not columns:
        raise FixModel(
            f"The warehouse has no table {sync.relation.name}, which sync {sync.name} sends.",
            f"Build it: `dbt build --select +{sync.name}`, or `cdp run`.",
        )
    check_names(sync, columns)
    for consent in map(sync.relations.ref, _CONSENT_TABLES):
        if not warehouse.exists(*consent):
            raise FixModel(
                f"The warehouse has no table {consent.name}, so consent cannot be checked "
                f"and sync {sync.name} sends nothing.",
                "Build it: `dbt build`, or `cdp run`.",
            )
    for first in sync.yields_to:
        if not warehouse.exists(*first):
            raise FixModel(
                f"The warehouse has no table {first.name}, to which sync {sync.name} yields.",
                "Build it: `dbt build`, or `cdp run`.",
            )
    _check_purpose(warehouse, sync, destination)
    identifiers = _identifiers_sql(warehouse, sync)
    known_until = _known_until(warehouse, sync)
    with warehouse.lend(work) as lent:
        yield Payload(
            columns=columns,
            rows=lent(f"select * from {sync.relation}", ()),
            eligibility=_lent_eligibility(lent, sync, destination),
            identifiers=lent(identifiers, ()),
            known_until=known_until,
        )


def read_eligible(
    warehouse: Warehouse, work: duckdb.DuckDBPyConnection, sync: Sync, destination: Destination
) -> None:
    """Make the temporary table `eligible` in `work`: the profiles that may be sent now."""
    with warehouse.lend(work) as lent:
        work.execute(
            "create or replace temp table eligible as "
            f"select profile_id from {_lent_eligibility(lent, sync, destination)} where blocked is null"
        )


def _lent_eligibility(lent: Lent, sync: Sync, destination: Destination) -> str:
    medium = destination.medium
    # The parameters are in the order of the question marks.
    return lent(_eligibility_sql(sync), [sync.spec.purpose, medium, medium, f"{sync.name}:"])


def _check_purpose(warehouse: Warehouse, sync: Sync, destination: Destination) -> None:
    """A purpose covers the medium that is its channel.

    One of every channel (`*`) covers a stated medium only where the connection lets it in, so that a
    newsletter cannot go out as a service message. A medium that nobody stated may be any: then only a
    purpose of every channel covers it, and each suppression counts.
    """
    purposes = sync.relations.ref("purposes")
    found = warehouse.rows(f"select purpose, channel from {purposes} order by purpose")
    channels = {str(row["purpose"]): str(row["channel"]) for row in found}
    purpose, medium = sync.spec.purpose, destination.medium
    if purpose not in channels:
        close = difflib.get_close_matches(purpose, list(channels), n=1)
        raise FixConfiguration(
            f"Sync {sync.name} ({sync.path}) has the purpose {purpose!r}, "
            "which seeds/consent/purposes.csv does not have.",
            f"Did you mean {close[0]}?" if close else f"There are: {', '.join(channels)}.",
        )
    channel = channels[purpose]
    if channel == medium or (channel == ANY_MEDIUM and purpose in destination.purposes):
        return
    where = f"{sync.spec.object!r} of connection {sync.spec.connection!r}"
    fitting = ", ".join(name for name, covered in channels.items() if covered == medium) or "no purpose"
    if medium == ANY_MEDIUM:
        raise FixConfiguration(
            f"Sync {sync.name} ({sync.path}) has the purpose {purpose!r} for {channel!r}, and {where} "
            "does not say by what medium it reaches people.",
            f"Write `medium: {channel}` into the connection, if that is so; "
            f"without a medium fits: {fitting}.",
        )
    let_in = ""
    if channel == ANY_MEDIUM:
        let_in = f", or let it in with `purposes: [{purpose}]` in the connection"
    raise FixConfiguration(
        f"Sync {sync.name} ({sync.path}) has the purpose {purpose!r} for {channel!r}, which does not cover "
        f"the medium {medium!r} of {where}.",
        f"For {medium!r} fits: {fitting}{let_in}.",
    )


def _eligibility_sql(sync: Sync) -> str:
    first_served = " union ".join(
        [f"select profile_id from {sync.relation} where 1 = 0"]
        + [f"select profile_id from {first}" for first in sync.yields_to]
    )
    return f"""
        with

        consented as (
            select distinct profile_id
            from {sync.relations.ref("profile_consents")}
            where purpose = ? and state = 'granted'
        ),

        suppressed as (
            select distinct profile_id
            from {sync.relations.ref("profile_suppressions")}
            where channel = '*' or channel = ? or ? = '*'
        ),

        first_served as (
            {first_served}
        )

        select
            consented.profile_id,
            case
                when suppressed.profile_id is not null then 'suppression'
                when first_served.profile_id is not null then 'priority'
                when {_held_out_sql(sync)} then 'holdout'
            end as blocked
        from consented
        left join suppressed on consented.profile_id = suppressed.profile_id
        left join first_served on consented.profile_id = first_served.profile_id
        where consented.profile_id in (select profile_id from {sync.relation})
    """


def _identifiers_sql(warehouse: Warehouse, sync: Sync) -> str:
    """Each value of each person. A number that was typed without its country is known by its digits."""
    dialled = sync.relations.ref("profile_dialled_numbers")
    without_country = f"""
        union all
        select profile_id, 'phone' as identifier_type, digits as identifier_value
        from {dialled}
        where profile_id in (select profile_id from {sync.relation})
    """
    return f"""
        select profile_id, identifier_type, identifier_value
        from {sync.relations.ref("profile_identifiers")}
        where
            identifier_class <> 'junk'
            and profile_id in (select profile_id from {sync.relation})
        {without_country if warehouse.exists(*dialled) else ""}
    """


def _held_out_sql(sync: Sync) -> str:
    """Whether the profile is in the holdout: the same people on every run and on every engine.

    The first hexadecimal digits of an md5, compared as text, stand for a number between 0 and 1.
    """
    bound = format(round(sync.spec.holdout * 16**_HOLDOUT_DIGITS), f"0{_HOLDOUT_DIGITS}x")
    return f"substr(md5(concat(?, consented.profile_id)), 1, {_HOLDOUT_DIGITS}) < '{bound}'"


def _known_until(warehouse: Warehouse, sync: Sync) -> dt.datetime | None:
    runs = sync.relations.source("cdp", "sync_runs")
    if not warehouse.exists(*runs):
        return None
    found = warehouse.rows(
        f"select max(ended_at) as ended_at from {runs} where sync = ? and added + changed > 0",
        [sync.name],
    )
    ended: dt.datetime | None = found[0]["ended_at"]
    return ended
