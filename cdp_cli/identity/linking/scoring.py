"""Lets Splink weigh pairs of records, and says in SQL how it does."""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping, Sequence
from math import log2
from typing import Any

import pyarrow as pa

from cdp_cli.identity.engine import Engine
from cdp_cli.identity.linking import comparisons as compared
from cdp_cli.identity.linking.comparisons import Comparison


def level_expression(comparison: Comparison) -> str:
    """SQL for the level of a pair over `<column>_l` and `<column>_r`: -1 unknown, 0 different, up to same."""
    top = len(comparison.levels) - 2
    cases = " ".join(
        f"when {level.condition} then {top - position}"
        for position, level in enumerate(comparison.levels[1:-1])
    )
    return f"case when {comparison.levels[0].condition} then -1 {cases} else 0 end"


def weight_expression(settings: Mapping[str, Any], comparisons: Sequence[Comparison]) -> str:
    """SQL for the match weight of a pair over `<column>_l` and `<column>_r`, as Splink adds it up.

    Term frequencies are left out: each value weighs what one of average frequency does.
    """
    prior = settings["probability_two_random_records_match"]
    parts = [f"{log2(prior / (1 - prior)):.6f}"]
    for comparison, entry in zip(comparisons, settings["comparisons"], strict=True):
        weights = [
            f"{log2(level['m_probability'] / level['u_probability']):.6f}"
            for level in entry["comparison_levels"][1:]
        ]
        conditions = [level.condition for level in comparison.levels[1:-1]]
        cases = " ".join(
            f"when {condition} then {weight}"
            for condition, weight in zip(conditions, weights[:-1], strict=True)
        )
        parts.append(f"case when {comparison.levels[0].condition} then 0 {cases} else {weights[-1]} end")
    return " + ".join(parts)


def paired_columns(names: Sequence[str]) -> str:
    """SQL that selects columns of `l` and `r` as `<column>_l` and `<column>_r`."""
    return ", ".join(f"l.{name} as {name}_l, r.{name} as {name}_r" for name in names)


def predict(
    engine: Engine,
    settings: Mapping[str, Any],
    frequencies: Mapping[str, Mapping[str, float]],
    least_probability: float,
    parts: Sequence[str],
) -> None:
    """Make the table `predictions` from `candidates` by Splink: n_l, n_r, match weight, probability, parts.

    `frequencies` are the frozen term frequencies by column and value; a value that they lack is a rare one.
    `parts` are the further columns of Splink's to keep: it has as many again.
    """
    # Importing Splink takes a second and a half, which a build with nothing to score need not spend.
    from splink import Linker

    with engine.splink() as api:
        linker = Linker(api.register(engine.splink_name("features")), _in_dialect(engine, settings))
        # Splink sets its level when a linker is made; what it notes is for one who trains by hand.
        logging.getLogger("splink").setLevel(logging.ERROR)
        for column, values in frequencies.items():
            table = pa.table(
                {
                    column: pa.array(list(values), pa.string()),
                    f"tf_{column}": pa.array(list(values.values()), pa.float64()),
                }
            )
            linker.table_management.register_term_frequency_lookup(
                api.register(table, table_name=f"frequencies_{column}"), column
            )
        candidates = linker.table_management.register_blocked_pairs_for_predict(
            api.register(engine.splink_name("candidates"))
        )
        # Splink would first copy the records of each side that pairs name: here that is all of them.
        candidates.metadata["registered_for_predict"] = False
        predicted = linker.inference.predict(
            threshold_match_probability=least_probability, warning_mode="never"
        )
        kept = ", ".join(("n_l", "n_r", "match_weight", "match_probability", *parts))
        engine.create_table("predictions", f"select {kept} from {predicted.physical_name}")


def _in_dialect(engine: Engine, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Splink's settings with the conditions as the engine's Splink reads them.

    A model holds what its levels weigh; what they are is this release's to say, in its own columns.
    """
    spoken = copy.deepcopy(dict(settings))
    conditions = {
        (comparison.name, level.label): level.condition
        for comparison in compared.ALL
        for level in comparison.levels
    }
    for comparison in spoken["comparisons"]:
        for level in comparison["comparison_levels"]:
            if level["sql_condition"] != "ELSE":
                named = comparison["output_column_name"], level["label_for_charts"]
                condition = conditions.get(named, level["sql_condition"])
                level["sql_condition"] = engine.splink_condition(condition)
    return spoken
