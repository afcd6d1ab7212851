"""What suspect components are held to: vetoes and likeness between all of their records, limits of values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2

import duckdb
import numpy as np
import pyarrow as pa

from cdp_cli.identity.bands import Bands
from cdp_cli.identity.clustering.clustering import held_components, suspects
from cdp_cli.identity.clustering.graph import Edges, Integers, Limit
from cdp_cli.identity.in_memory_engine import InMemory
from cdp_cli.identity.inputs import Input
from cdp_cli.identity.linking.comparable_fields import filled_expression
from cdp_cli.identity.linking.discovery import vetoes_in_force
from cdp_cli.identity.linking.features import COLUMNS as FEATURE_COLUMNS
from cdp_cli.identity.linking.features import make_features
from cdp_cli.identity.linking.scoring import paired_columns, weight_expression
from cdp_cli.identity.linking.vetoes import Veto
from cdp_cli.identity.training import trained_model

# In a component of more records than this, only pairs that were scored speak for or against anybody.
_MOST_RECORDS_COMPARED = 200
# A pair that no blocking rule found joins nobody by itself, however alike the two are.
_SUREST_UNSCORED = 0.49


@dataclass(frozen=True)
class Constraints:
    """What suspect components are held to.

    `between` has the pairs of their records that nothing is known of yet, in which a veto or likeness speaks:
    n_l, n_r, veto (the name of a firm one), doubt, probability.
    """

    limits: list[Limit]
    filled: Integers
    between: pa.Table


def constraints(
    connection: duckdb.DuckDBPyConnection, given: Input, edges: Edges, count: int, bands: Bands
) -> Constraints:
    """What holds between the `count` records of the table `chosen`, which `edges` connect."""
    connection.register("all_records", given.records)
    connection.register("all_identifiers", given.identifiers)
    filled = _filled(connection, count)
    labels = held_components(count, edges, bands)
    suspect = suspects(labels, edges, filled, bands)
    sizes = np.bincount(labels, minlength=suspect.size)
    wanted = np.flatnonzero((suspect & (sizes > 2))[labels])
    connection.register("suspect_records", pa.table({"n": wanted, "component": labels[wanted]}))
    connection.register("known_pairs", pa.table({"n_l": edges.left, "n_r": edges.right}))
    chosen = "select chosen.record_id from chosen inner join suspect_records on chosen.n = suspect_records.n"
    records = connection.sql(f"select * from all_records where record_id in ({chosen})").to_arrow_table()
    identifiers = connection.sql(
        f"select * from all_identifiers where record_id in ({chosen})"
    ).to_arrow_table()
    make_features(InMemory(connection), records, identifiers, given.nicknames, given.identifier_types)
    model = trained_model.newest(given.models)
    vetoes = vetoes_in_force(model, bands)
    # A case ends with the first veto that holds, where `or` would try them all.
    firm = _first(vetoes, firm=True, then="'{name}'", otherwise="cast(null as varchar)")
    doubt = _first(vetoes, firm=False, then="true", otherwise="false")
    weight = weight_expression(model.settings, model.comparisons)
    between = connection.sql(f"""
        with

        members as (

            select chosen.n, features.* exclude (n), suspect_records.component
            from suspect_records
            inner join chosen on suspect_records.n = chosen.n
            inner join features on chosen.record_id = features.record_id
            qualify count(*) over (partition by suspect_records.component) <= {_MOST_RECORDS_COMPARED}

        ),

        -- Else the condition on them would work them out a second time.
        judged as materialized (

            select n_l, n_r, {firm} as veto, {doubt} as doubt, {weight} as weight
            from (
                select l.n as n_l, r.n as n_r, {paired_columns(FEATURE_COLUMNS)}
                from members as l
                inner join members as r on l.component = r.component and l.n < r.n
                anti join known_pairs on l.n = known_pairs.n_l and r.n = known_pairs.n_r
            )

        )

        select n_l, n_r, veto, doubt, 1 / (1 + pow(2, -weight)) as probability
        from judged
        where veto is not null or doubt or weight >= {log2(bands.review / (1 - bands.review)):.6f}
        order by n_l, n_r
    """).to_arrow_table()
    return Constraints(_limits(connection, given, count), filled, between)


def _first(vetoes: Sequence[Veto], firm: bool, then: str, otherwise: str) -> str:
    """SQL for the first veto that holds, of those that are firm or of the others."""
    cases = " ".join(f"when {v.condition} then {then.format(name=v.name)}" for v in vetoes if v.firm == firm)
    return f"case when false then {otherwise} {cases} else {otherwise} end"


def _filled(connection: duckdb.DuckDBPyConnection, count: int) -> Integers:
    known = connection.sql(f"""
        select chosen.n, {filled_expression()} as filled
        from all_records
        inner join chosen on all_records.record_id = chosen.record_id
    """).to_arrow_table()
    filled = np.zeros(count, dtype=np.int64)
    filled[known.column("n").to_numpy()] = known.column("filled").to_numpy()
    return filled


def _limits(connection: duckdb.DuckDBPyConnection, given: Input, count: int) -> list[Limit]:
    limits = []
    for row in given.identifier_types.select(["identifier_type", "max_values_per_profile"]).to_pylist():
        found = connection.sql(f"""
            select chosen.n, dense_rank() over (order by all_identifiers.identifier_value) as value
            from all_identifiers
            inner join chosen on all_identifiers.record_id = chosen.record_id
            inner join suspect_records on chosen.n = suspect_records.n
            where all_identifiers.identifier_type = '{row["identifier_type"]}'
            and all_identifiers.identifier_class = 'personal'
        """).to_arrow_table()
        values = np.full(count, -1, dtype=np.int64)
        values[found.column("n").to_numpy()] = found.column("value").to_numpy()
        limits.append(Limit(values, int(row["max_values_per_profile"])))
    return limits


def with_unscored(edges: Edges, between: pa.Table) -> Edges:
    """The edges, and as further ones the pairs of suspect components that were never scored."""
    left, right = (between.column(name).to_numpy().astype(np.int64) for name in ("n_l", "n_r"))
    firm = between.column("veto").is_valid().to_numpy(zero_copy_only=False).astype(np.bool_)
    doubt = between.column("doubt").to_numpy(zero_copy_only=False).astype(np.bool_)
    probability = np.minimum(between.column("probability").to_numpy(), _SUREST_UNSCORED)
    no = np.zeros(left.size, dtype=np.bool_)
    return Edges(
        np.concatenate([edges.left, left]),
        np.concatenate([edges.right, right]),
        np.concatenate([edges.probability, probability]),
        np.concatenate([edges.must_link, no]),
        np.concatenate([edges.cannot_link, firm]),
        np.concatenate([edges.soft_cannot_link, doubt & ~firm]),
        np.concatenate([edges.was_linked, no]),
    )
