"""Reads a sync's rows and decides which of them are blocked. Consent is joined here, for every sync.

One query in one short visit to the warehouse. It fails closed: a profile without a granted row is blocked,
and a warehouse without consent tables stops the sync.
"""

from __future__ import annotations

import datetime as dt
import difflib
from dataclasses import dataclass

import pyarrow as pa

from cdp_cli.activation.spec import PROFILE_ID, Sync
from cdp_cli.errors import FixConfiguration, FixModel
from cdp_cli.warehouse import Warehouse

BLOCKED = "_cdp_blocked"

# The first reason that applies counts, so a person without consent is not counted in the holdout.
REASONS = ("consent", "suppression", "priority", "holdout")

_CONSENT_TABLES = ("purposes", "profile_consents", "profile_suppressions")
_HOLDOUT_DIGITS = 8


@dataclass(frozen=True)
class Payload:
    """A sync's rows as the warehouse has them.

    `rows` has the model's columns and `_cdp_blocked`: null, or the reason why the row is blocked.
    `known_until` is the end of the last run that changed the destination, as far as the warehouse knows.
    """

    columns: tuple[str, ...]
    rows: pa.Table
    known_until: dt.datetime | None


def read_payload(warehouse: Warehouse, sync: Sync) -> Payload:
    """The rows of the sync's table. A blocked row has its reason.

    Raises FixModel if a table is missing, FixConfiguration if the purpose is unknown.
    """
    columns = tuple(warehouse.columns(*sync.relation))
    if not columns:
        raise FixModel(
            f"The warehouse has no table {sync.relation.name}, which sync {sync.name} sends.",
            f"Build it: `dbt build --select +{sync.name}`, or `cdp run`.",
        )
    if PROFILE_ID not in columns:
        raise FixConfiguration(
            f"Sync {sync.name} ({sync.path}) does not select profile_id.",
            "Select it: consent is checked by profile.",
        )
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
    channel = _channel(warehouse, sync)
    # The parameters are in the order of the question marks.
    rows = warehouse.arrow(_eligibility_sql(sync), [sync.spec.purpose, channel, f"{sync.name}:"])
    return Payload(columns, rows, _known_until(warehouse, sync))


def _channel(warehouse: Warehouse, sync: Sync) -> str:
    purposes = sync.relations.ref("purposes")
    found = warehouse.rows(f"select purpose, channel from {purposes} order by purpose")
    channels = {row["purpose"]: row["channel"] for row in found}
    if sync.spec.purpose not in channels:
        close = difflib.get_close_matches(sync.spec.purpose, list(channels), n=1)
        raise FixConfiguration(
            f"Sync {sync.name} ({sync.path}) has the purpose {sync.spec.purpose!r}, "
            "which seeds/consent/purposes.csv does not have.",
            f"Did you mean {close[0]}?" if close else f"There are: {', '.join(channels)}.",
        )
    return str(channels[sync.spec.purpose])


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
            where channel = '*' or channel = ?
        ),

        first_served as (
            {first_served}
        )

        select
            payload.*,
            case
                when consented.profile_id is null then 'consent'
                when suppressed.profile_id is not null then 'suppression'
                when first_served.profile_id is not null then 'priority'
                when {_held_out_sql(sync)} then 'holdout'
            end as {BLOCKED}
        from {sync.relation} as payload
        left join consented on payload.profile_id = consented.profile_id
        left join suppressed on payload.profile_id = suppressed.profile_id
        left join first_served on payload.profile_id = first_served.profile_id
    """


def _held_out_sql(sync: Sync) -> str:
    """Whether the profile is in the holdout: the same people on every run and on every engine.

    The first hexadecimal digits of an md5, compared as text, stand for a number between 0 and 1.
    """
    bound = format(round(sync.spec.holdout * 16**_HOLDOUT_DIGITS), f"0{_HOLDOUT_DIGITS}x")
    return f"substr(md5(concat(?, payload.profile_id)), 1, {_HOLDOUT_DIGITS}) < '{bound}'"


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
