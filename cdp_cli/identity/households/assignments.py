"""Household ids: minted once, carried by most people, never issued again.

A level above the profile, with the rules of profile ids (clustering/ids.py), counted in people. All of it is
queries, so any engine can run it and no table that grows with the customer base comes to one place.
"""

from __future__ import annotations

import datetime as dt

import pyarrow as pa

from cdp_cli.identity.engine import Engine, Relation

SCHEMA = pa.schema(
    [
        ("profile_id", pa.string()),
        ("household_id", pa.string()),
        ("run_id", pa.string()),
        ("assigned_at", pa.timestamp("us")),
        ("reason", pa.string()),
    ]
)


def new_assignments(
    engine: Engine, groups: Relation, aliases: Relation, run: Relation, stored: str | None
) -> Relation:
    """New rows of household_assignments, in the columns of SCHEMA: whose household this run changes.

    `aliases` are the rows of profile_aliases: a profile that was merged lived where its successor is counted.
    `stored` is the full name of household_assignments, where it is there.
    """
    try:
        engine.register("living", groups)
        engine.register("aliases", aliases)
        engine.register("log", engine.table(stored) if stored else engine.to_relation(SCHEMA.empty_table()))
        row = engine.read(run).to_pylist()[0]
        assigned_at = _moment(engine, row["started_at"])
        engine.create_table("present", _PRESENT)
        engine.create_table("in_common", _OVERLAPS)
        _carry(engine)
        engine.create_table("named", _NAMED)
        return engine.result(
            _CHANGES.format(run_id=row["run_id"], assigned_at=assigned_at.isoformat()), SCHEMA
        )
    finally:
        engine.close()


def _moment(engine: Engine, started_at: dt.datetime) -> dt.datetime:
    """When this run assigns: where it is a part of a build, whose run is an earlier one, just after that."""
    last: dt.datetime | None = (
        engine.arrow("select max(assigned_at) as assigned_at from log").column("assigned_at")[0].as_py()
    )
    if last is None or last < started_at:
        return started_at
    return last + dt.timedelta(microseconds=1)


def _carry(engine: Engine) -> None:
    """Choose among the rows of `in_common` the household that each group goes on as, as `ids.carry` does.

    The largest overlap of all is the first of its group and of its household, and so is each that would be
    chosen after it without another in between: those of one round hinder none of each other.
    """
    while engine.arrow("select group_id from in_common where state = 'open' limit 1").num_rows:
        engine.create_table("in_common", _ROUND)


_PRESENT = """
    with

    latest as (

        select
            profile_id,
            household_id,
            row_number() over (partition by profile_id order by assigned_at desc) as newest_first
        from log

    )

    select profile_id, household_id from latest where newest_first = 1 and household_id is not null
"""

# How many people of each household are in which group now.
_OVERLAPS = """
    with

    earlier as (

        select distinct coalesce(aliases.profile_id, present.profile_id) as profile_id, present.household_id
        from present
        left join aliases on present.profile_id = aliases.retired_profile_id

    ),

    ages as (

        select household_id, min(assigned_at) as minted_at
        from log
        where household_id is not null
        group by household_id

    )

    select
        living.group_id,
        earlier.household_id,
        count(*) as count_people,
        min(ages.minted_at) as minted_at,
        'open' as state
    from living
    inner join earlier on living.profile_id = earlier.profile_id
    inner join ages on earlier.household_id = ages.household_id
    group by living.group_id, earlier.household_id
"""

# Rows that are first in their group and in their household are chosen, and both have no use for others.
_ROUND = """
    with

    ranked as (

        select
            *,
            row_number() over (
                partition by group_id, state order by count_people desc, minted_at, household_id
            ) as place_in_group,
            row_number() over (
                partition by household_id, state order by count_people desc, group_id
            ) as place_in_household
        from in_common

    ),

    chosen as (

        select
            *,
            case
                when state = 'open' and place_in_group = 1 and place_in_household = 1 then 1 else 0
            end as is_first
        from ranked

    ),

    met as (

        select
            *,
            max(is_first) over (partition by group_id) as group_is_done,
            max(is_first) over (partition by household_id) as household_is_done
        from chosen

    )

    select
        group_id,
        household_id,
        count_people,
        minted_at,
        case
            when state <> 'open' then state
            when is_first = 1 then 'carried'
            when group_is_done = 1 or household_is_done = 1 then 'left'
            else 'open'
        end as state
    from met
"""

# An id is minted from the group's smallest profile id and the number of households that this profile ever was
# in. Whoever founded a household was in it, so the number grows with each id and none comes twice.
_NAMED = """
    with

    stays as (

        select profile_id, count(distinct household_id) as count_households
        from log
        where household_id is not null
        group by profile_id

    ),

    founders as (

        select distinct group_id from living

    ),

    carried as (

        select group_id, household_id from in_common where state = 'carried'

    )

    select
        founders.group_id,
        coalesce(
            carried.household_id,
            'h_' || substring(
                md5(founders.group_id || coalesce('#' || cast(stays.count_households as varchar), '')), 1, 20
            )
        ) as household_id,
        carried.household_id is null as is_new
    from founders
    left join carried on founders.group_id = carried.group_id
    left join stays on founders.group_id = stays.profile_id
"""

_CHANGES = """
    with

    now as (

        select living.profile_id, named.household_id, named.is_new
        from living
        inner join named on living.group_id = named.group_id

    ),

    changed as (

        select
            now.profile_id,
            now.household_id,
            case
                when present.household_id is null and now.is_new then 'minted'
                when present.household_id is null then 'joined'
                when now.is_new then 'split'
                else 'moved'
            end as reason
        from now
        left join present on now.profile_id = present.profile_id
        where present.household_id is null or present.household_id <> now.household_id

        union all

        select
            present.profile_id,
            cast(null as varchar) as household_id,
            case when aliases.profile_id is null then 'left' else 'merged' end as reason
        from present
        left join now on present.profile_id = now.profile_id
        left join aliases on present.profile_id = aliases.retired_profile_id
        where now.profile_id is null

    )

    select
        changed.profile_id,
        changed.household_id,
        '{run_id}' as run_id,
        cast('{assigned_at}' as timestamp) as assigned_at,
        changed.reason
    from changed
    order by changed.profile_id
"""
