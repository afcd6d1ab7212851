"""What joins and parts records, as edges between their numbers: pairs, decisions, and who was one before."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import numpy as np
import pyarrow as pa

from cdp_cli.identity.clustering.graph import Edges
from cdp_cli.identity.linking.discovery import found_vetoes
from cdp_cli.identity.linking.rules import Rule

# Comparisons repeat each other (a name stands in the e-mail address too): what they add up to never joins
# before an account or a card does.
_SUREST_SCORE = 0.998


def read_edges(connection: duckdb.DuckDBPyConnection, rules: Sequence[Rule]) -> Edges:
    """The pairs and decisions of the tables that `assignments` makes, between the numbers of records."""
    firm = [veto.name for veto in found_vetoes() if veto.firm]
    surest = [rule.name for rule in rules if rule.probability > _SUREST_SCORE]
    for table, names in (("firm_vetoes", firm), ("surest_rules", surest)):
        connection.register(table, pa.table({"name": pa.array(names, pa.string())}))
    found = connection.sql(f"""
        with

        pairs as (

            select
                coalesce(given_pairs.left_record_id, decided.left_record_id) as left_record_id,
                coalesce(given_pairs.right_record_id, decided.right_record_id) as right_record_id,
                least(
                    coalesce(given_pairs.match_probability, 0),
                    case
                        when given_pairs.rule in (select name from surest_rules) then 1
                        else {_SUREST_SCORE}
                    end
                ) as probability,
                coalesce(decided.decision = 'same', false) as must_link,
                coalesce(decided.decision = 'different', false)
                or coalesce(given_pairs.veto in (select name from firm_vetoes), false) as cannot_link,
                coalesce(given_pairs.veto not in (select name from firm_vetoes), false) as soft_cannot_link

            from given_pairs

            full join decided
                on given_pairs.left_record_id = decided.left_record_id
                and given_pairs.right_record_id = decided.right_record_id

        ),

        -- Profiles of which a decision was taken back: what holds them now has to do so by itself.
        judged_anew as (

            select present.profile_id
            from decided
            inner join present on present.record_id in (decided.left_record_id, decided.right_record_id)
            where decided.decision in ('undone', 'unsure')
            and decided.decided_at > (select assigned_at from last_run)
            and present.profile_id is not null

        )

        select
            l.n as l,
            r.n as r,
            pairs.probability,
            pairs.must_link,
            pairs.cannot_link,
            pairs.soft_cannot_link,
            coalesce(left_present.profile_id = right_present.profile_id, false)
            and left_present.profile_id not in (select profile_id from judged_anew) as was_linked

        from pairs
        inner join numbered as l on pairs.left_record_id = l.record_id
        inner join numbered as r on pairs.right_record_id = r.record_id
        left join present as left_present on l.record_id = left_present.record_id
        left join present as right_present on r.record_id = right_present.record_id
        order by l.n, r.n
    """).to_arrow_table()
    columns = [found.column(name).to_numpy(zero_copy_only=False) for name in found.column_names]
    return Edges(
        columns[0].astype(np.int64), columns[1].astype(np.int64), columns[2].astype(np.float64),
        columns[3].astype(np.bool_), columns[4].astype(np.bool_), columns[5].astype(np.bool_),
        columns[6].astype(np.bool_),
    )  # fmt: skip
