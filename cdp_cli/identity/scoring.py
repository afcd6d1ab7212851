"""Finds the pairs of records worth comparing, and lets Splink weigh them."""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping, Sequence
from math import log2
from typing import Any

import pyarrow as pa

from cdp_cli.identity.comparisons import Comparison
from cdp_cli.identity.engine import Engine, Relation


def make_blocks(engine: Engine, blocks: Relation) -> tuple[str, ...]:
    """Make the table `blocks` from rows of the model identity_blocks that are not skipped.

    Returns the names of the rules.
    """
    engine.give("given_blocks", blocks, where="not is_skipped", once=True)
    engine.make(
        "named_blocks",
        "select features.n, given_blocks.blocking_rule, hash(given_blocks.block_key) as block_key "
        "from given_blocks inner join features on given_blocks.record_id = features.record_id",
    )
    found = engine.arrow("select distinct blocking_rule from named_blocks order by blocking_rule")
    names: list[str] = found.column("blocking_rule").to_pylist()
    numbers = pa.array(range(len(names)), pa.int32())
    engine.give("rule_numbers", pa.table({"blocking_rule": pa.array(names, pa.string()), "number": numbers}))
    engine.make(
        "blocks",
        "select named_blocks.n, rule_numbers.number as rule, named_blocks.block_key from named_blocks "
        "inner join rule_numbers on named_blocks.blocking_rule = rule_numbers.blocking_rule",
    )
    engine.drop("named_blocks")
    return tuple(names)


def make_candidates(engine: Engine, *, changed_only: bool) -> None:
    """Make the table `candidates` from `blocks`: pairs that share a block, `rules` being a bit for each rule.

    With `changed_only`, pairs of which one record at least is in the table `changed`.
    """
    condition = ""
    if changed_only:
        engine.make(
            "blocks",
            """
            select blocks.*
            from blocks
            semi join (
                select blocks.rule, blocks.block_key
                from blocks
                inner join changed on blocks.n = changed.n
            ) as touched on blocks.rule = touched.rule and blocks.block_key = touched.block_key
            """,
        )
        condition = "and (l.n in (select n from changed) or r.n in (select n from changed))"
    engine.make(
        "candidates",
        f"""
        select
            l.n as join_key_l,
            r.n as join_key_r,
            '0' as match_key,
            bit_or(1::bigint << l.rule) as rules
        from blocks as l
        inner join blocks as r
            on l.rule = r.rule and l.block_key = r.block_key and l.n < r.n
        where true {condition}
        group by l.n, r.n
        """,
    )
    # As many rows as there are keys to compare under: nobody reads them any more.
    engine.drop("blocks")


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
) -> None:
    """Make the table `predictions` from `candidates` by Splink: n_l, n_r, match weight and its parts.

    `frequencies` are the frozen term frequencies by column and value; a value that they lack is a rare one.
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
        linker.table_management.register_blocked_pairs_for_predict(
            api.register(engine.splink_name("candidates"))
        )
        predicted = linker.inference.predict(
            threshold_match_probability=least_probability, warning_mode="never"
        )
        engine.make("predictions", f"select * from {predicted.physical_name}")


def _in_dialect(engine: Engine, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Splink's settings with the conditions as the engine's Splink reads them."""
    spoken = copy.deepcopy(dict(settings))
    for comparison in spoken["comparisons"]:
        for level in comparison["comparison_levels"]:
            if level["sql_condition"] != "ELSE":
                level["sql_condition"] = engine.splink_condition(level["sql_condition"])
    return spoken
