"""Who lives together, and under which household id: minted once, carried by most people, never issued again.

A level above the profile, with the rules of profile ids (ids.py), counted in people. It is queries alone, so
that it is the same on every engine and nothing that grows with the customer base comes to one place.
"""

from __future__ import annotations

import datetime as dt

import pyarrow as pa

from cdp_cli.errors import FixConfiguration
from cdp_cli.identity.components import make_components
from cdp_cli.identity.engine import Engine, Relation

GROUPS = pa.schema([("profile_id", pa.string()), ("group_id", pa.string()), ("crowd_id", pa.string())])

SCHEMA = pa.schema(
    [
        ("profile_id", pa.string()),
        ("household_id", pa.string()),
        ("run_id", pa.string()),
        ("assigned_at", pa.timestamp("us")),
        ("reason", pa.string()),
    ]
)


def people_limit(value: object) -> int:
    """The most people of a household, by its dbt var as YAML or a command line has it.

    Raises FixConfiguration where that is no number from 1 on.
    """
    text = str(value)
    if not text.isdecimal() or int(text) < 1:
        raise FixConfiguration(
            f"The dbt var household_max_people is {text!r}, which is no number of people.",
            "Correct it in dbt_project.yml: 10 is the default.",
        )
    return int(text)


def groups(engine: Engine, homes: Relation, ties: Relation, max_people: int) -> Relation:
    """Rows of household_groups, in the columns of GROUPS: each profile with those that ties lead to.

    `homes` are the rows of household_homes, `ties` those of household_ties. A group of more than `max_people`
    falls apart into its people; those without a home of their own then live nowhere.
    """
    try:
        engine.give("homes", homes, where="street is not null")
        engine.give("ties", ties)
        engine.number(
            "people",
            "select profile_id from homes "
            "union select left_profile_id as profile_id from ties "
            "union select right_profile_id as profile_id from ties",
            "profile_id",
        )
        make_components(
            engine,
            "component_of",
            "select l.n as a, r.n as b from ties "
            "inner join people as l on ties.left_profile_id = l.profile_id "
            "inner join people as r on ties.right_profile_id = r.profile_id",
        )
        return engine.result(_GROUPS.format(max_people=max_people), GROUPS)
    finally:
        engine.close()


# The least number of a component is that of its smallest profile id.
_GROUPS = """
    with

    placed as (

        select people.profile_id, coalesce(component_of.component, people.n) as component
        from people
        left join component_of on people.n = component_of.node

    ),

    sizes as (

        select component, min(profile_id) as group_id, count(*) > {max_people} as is_crowd
        from placed
        group by component

    )

    select
        placed.profile_id,
        case when sizes.is_crowd then placed.profile_id else sizes.group_id end as group_id,
        case when sizes.is_crowd then sizes.group_id end as crowd_id
    from placed
    inner join sizes on placed.component = sizes.component
    left join homes on placed.profile_id = homes.profile_id
    where homes.profile_id is not null or not sizes.is_crowd
    order by placed.profile_id
"""


def new_assignments(
    engine: Engine, groups: Relation, aliases: Relation, run: Relation, stored: str | None
) -> Relation:
    """New rows of household_assignments, in the columns of SCHEMA: whose household this run changes.

    `aliases` are the rows of profile_aliases: a profile that was merged lived where its successor is counted.
    `stored` is the full name of household_assignments, where it is there.
    """
    try:
        engine.give("living", groups)
        engine.give("aliases", aliases)
        engine.give("log", engine.table(stored) if stored else engine.returned(SCHEMA.empty_table()))
        row = engine.read(run).to_pylist()[0]
        assigned_at = _moment(engine, row["started_at"])
        engine.make("present", _PRESENT)
        engine.make("in_common", _OVERLAPS)
        _carry(engine)
        engine.make("named", _NAMED)
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
        engine.make("in_common", _ROUND)


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
