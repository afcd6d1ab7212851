"""Why two records were compared or never were: the keys that blocking rules give them, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from cdp_cli.identity.in_memory_engine import connect
from cdp_cli.identity.prepare import IdentitySql


@dataclass(frozen=True)
class BlockingRule:
    """A rule's keys of the two records that come nearest; None where a record has none.

    `likeness` is 1 where the keys agree, which has the two compared but where the block is `skipped` for
    holding too many records (`count_records`).
    """

    name: str
    left_key: str | None
    right_key: str | None
    likeness: float
    skipped: bool = False
    count_records: int | None = None


def blocking_rules(
    records: pa.Table, identifiers: pa.Table, blocks: pa.Table, left: str, right: str, sql: IdentitySql
) -> tuple[BlockingRule, ...]:
    """Each blocking rule that has a key for one of two records at least, the nearest first.

    `records` and `identifiers` are rows of identity_records and identity_identifiers, `blocks` those of
    identity_blocks, of the two.
    """
    connection = connect()
    try:
        connection.register("identity_records", records)
        connection.register("identity_identifiers", identifiers)
        connection.execute(f"create view identity_keys as {sql.models['identity_keys'].sql}")
        connection.execute(
            "create view keys as unpivot identity_keys on columns(* exclude (record_id)) "
            "into name blocking_rule value block_key"
        )
        found = connection.execute(
            """
            with

            l as (select blocking_rule, block_key from keys where record_id = ?),

            r as (select blocking_rule, block_key from keys where record_id = ?)

            select
                coalesce(l.blocking_rule, r.blocking_rule) as name,
                l.block_key as left_key,
                r.block_key as right_key,
                coalesce(
                    case
                        when l.block_key = r.block_key then 1.0
                        else least(jaro_winkler_similarity(l.block_key, r.block_key), 0.999)
                    end,
                    0.0
                ) as likeness
            from l
            full join r on l.blocking_rule = r.blocking_rule
            qualify row_number() over (
                partition by name order by likeness desc, left_key, right_key
            ) = 1
            order by likeness desc, name
            """,
            [left, right],
        ).fetchall()
    finally:
        connection.close()
    known = _known(blocks)
    return tuple(
        BlockingRule(
            name, left_key, right_key, round(likeness, 3), *known.get((name, left_key), (False, None))
        )
        if likeness == 1
        else BlockingRule(name, left_key, right_key, round(likeness, 3))
        for name, left_key, right_key, likeness in found
    )


def _known(blocks: pa.Table) -> Mapping[tuple[str, str], tuple[bool, int | None]]:
    """For each rule and key whether it was skipped, and its number of records."""
    rows: list[dict[str, Any]] = blocks.to_pylist()
    return {
        (row["blocking_rule"], row["block_key"]): (bool(row["is_skipped"]), row["count_records"])
        for row in rows
    }
