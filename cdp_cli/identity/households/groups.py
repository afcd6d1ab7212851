"""Which people live together: the groups that ties make. All of it is queries, so any engine can run it."""

from __future__ import annotations

import pyarrow as pa

from cdp_cli.errors import FixConfiguration
from cdp_cli.identity.clustering.components import make_components
from cdp_cli.identity.engine import Engine, Relation

SCHEMA = pa.schema([("profile_id", pa.string()), ("group_id", pa.string()), ("crowd_id", pa.string())])


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


def household_groups(engine: Engine, homes: Relation, ties: Relation, max_people: int) -> Relation:
    """Rows of household_groups, in the columns of SCHEMA: each profile with those that ties lead to.

    `homes` are the rows of household_homes, `ties` those of household_ties. A group of more than `max_people`
    falls apart into its people; those without a home of their own then live nowhere.
    """
    try:
        engine.register("homes", homes, where="street is not null")
        engine.register("ties", ties)
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
        return engine.result(_GROUPS.format(max_people=max_people), SCHEMA)
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
