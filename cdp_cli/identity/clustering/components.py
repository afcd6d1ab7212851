"""Connected components of a graph of any size, by queries alone.

Alternates the large-star and small-star steps of Kiveris et al., "Connected Components in MapReduce and
Beyond" (2014), section 3.3: each keeps the components and brings nodes nearer to the least node of theirs, in
a logarithmic number of rounds whatever the shape of the graph.
"""

from __future__ import annotations

from cdp_cli.identity.engine import Engine

# Each node points its larger neighbours at the least node that it knows.
_LARGE_STAR = """
with

either_way as (

    select a as node, b as neighbour from stars
    union all
    select b as node, a as neighbour from stars

),

known as (

    select node, neighbour, least(node, min(neighbour) over (partition by node)) as lowest from either_way

)

select distinct neighbour as a, lowest as b from known where neighbour > node
"""

# Each node points itself and its smaller neighbours at the least of them.
_SMALL_STAR = """
with

known as (

    select a as node, b as neighbour, min(b) over (partition by a) as lowest from stars

)

select node as a, lowest as b from known
union
select neighbour as a, lowest as b from known where neighbour <> lowest
"""

# In stars each node but the centres has one edge, to a centre.
_LEFT_TO_DO = """
select count(*) - count(distinct stars.a) + count(centres.b) as count_edges
from stars
left join (select distinct b from stars) as centres on stars.a = centres.b
"""


def make_components(engine: Engine, name: str, edges: str) -> None:
    """Make the table `name`: node, component; the component is the least node of it.

    `edges` is a query of two columns `a` and `b`, numbers of nodes. Nodes without an edge are left out: each
    is its own component.
    """
    engine.create_table(
        "stars",
        f"select distinct greatest(a, b) as a, least(a, b) as b from ({edges}) as edges where a <> b",
    )
    while engine.arrow(_LEFT_TO_DO).column("count_edges")[0].as_py():
        engine.create_table("stars", _LARGE_STAR)
        engine.create_table("stars", _SMALL_STAR)
    engine.create_table(
        name,
        "select a as node, b as component from stars union select b as node, b as component from stars",
    )
    engine.drop("stars")
