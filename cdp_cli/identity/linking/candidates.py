"""Finds the pairs of records worth comparing: those that have a key of one blocking rule in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from cdp_cli.errors import FixConfiguration
from cdp_cli.identity.engine import Engine, Relation


def make_blocks(
    engine: Engine, keys: Relation, rules: Relation, *, changed_only: bool = False
) -> tuple[str, ...]:
    """Make the table `blocks` (n, rule, key, count_records) of keys of two records up to the rule's cap.

    `keys` are rows of the model identity_keys, `rules` those of blocking_rules or identity_caps; `rule` is a
    position in the names that are returned. With `changed_only`, only keys of records in the table `changed`.

    Reads the table `numbers`. Raises FixConfiguration where a rule has no cap.
    """
    caps = _caps(engine, keys, rules)
    caps = {name: most for name, most in caps.items() if most > 1} or caps
    # As numbers, once a record: the text of a key is for people.
    hashed = ", ".join(f"case when {name} is not null then hash({name}) end as {name}" for name in caps)
    engine.register("given_keys", keys, f"record_id, {hashed}", once=True)
    engine.create_table(
        "keyed",
        f"select numbers.n, {', '.join(f'given_keys.{name}' for name in caps)} "
        "from given_keys inner join numbers on given_keys.record_id = numbers.record_id",
    )
    of_rules = (
        f"select n, {rule} as rule, {name} as key from keyed where {name} is not null"
        for rule, name in enumerate(caps)
    )
    engine.create_table("known_keys", " union all ".join(of_rules))
    engine.drop("given_keys", "keyed")
    if changed_only:
        engine.create_table(
            "known_keys",
            """
            select known_keys.n, known_keys.rule, known_keys.key
            from known_keys
            semi join (
                select rule, key from known_keys where n in (select n from changed)
            ) as touched on known_keys.rule = touched.rule and known_keys.key = touched.key
            """,
        )
    most = pa.table(
        {
            "rule": pa.array(range(len(caps)), pa.int32()),
            "max_records": pa.array(caps.values(), pa.int64()),
        }
    )
    engine.register("caps", most)
    engine.create_table(
        "blocks",
        """
        select known_keys.n, known_keys.rule, known_keys.key, sizes.count_records
        from known_keys
        inner join (
            select rule, key, count(*) as count_records
            from known_keys
            group by rule, key
            having count(*) > 1
        ) as sizes on known_keys.rule = sizes.rule and known_keys.key = sizes.key
        inner join caps on sizes.rule = caps.rule and sizes.count_records <= caps.max_records
        """,
    )
    engine.drop("known_keys", "caps")
    return tuple(caps)


def make_candidates(engine: Engine, *, changed_only: bool = False) -> None:
    """Make the table `candidates` from `blocks`: the pairs that share a block, each once.

    With `changed_only`, pairs of which one record at least is in the table `changed`.
    """
    if changed_only:
        pairs = """
            select least(l.n, r.n) as join_key_l, greatest(l.n, r.n) as join_key_r
            from (select * from blocks where n in (select n from changed)) as l
            inner join blocks as r on l.rule = r.rule and l.key = r.key and l.n <> r.n
        """
    else:
        pairs = pairs_of_blocks()
    engine.create_table(
        "candidates",
        f"select distinct join_key_l, join_key_r, 0 as match_key from ({pairs}) as pairs",
    )
    # As many rows as there are keys to compare under: nobody reads them any more.
    engine.drop("blocks")


def pairs_of_blocks() -> str:
    """A query of the pairs that share a block of the table `blocks`, once for each that they share.

    It has the rule and the number of records of the block.
    """
    return """
        select l.n as join_key_l, r.n as join_key_r, l.rule, l.count_records
        from blocks as l
        inner join blocks as r on l.rule = r.rule and l.key = r.key and l.n < r.n
    """


def lower_caps(engine: Engine, names: Sequence[str], caps: Mapping[str, int]) -> None:
    """Take the blocks over `caps` out of `blocks`; `names` are the rules as make_blocks returned them."""
    lower = {rule: caps[name] for rule, name in enumerate(names) if name in caps}
    if lower:
        over = " or ".join(f"rule = {rule} and count_records > {most}" for rule, most in lower.items())
        engine.create_table("blocks", f"select * from blocks where not ({over})")


def _caps(engine: Engine, keys: Relation, rules: Relation) -> Mapping[str, int]:
    """The cap of each rule that `keys` has a column for, by name."""
    names = engine.query(keys, "select * from given limit 0").column_names
    rows = engine.read(rules).select(["blocking_rule", "max_records"]).to_pylist()
    caps = {row["blocking_rule"]: row["max_records"] for row in rows}
    known = sorted(name for name in names if name != "record_id")
    for name in known:
        if caps.get(name) is None:
            raise FixConfiguration(
                f"seeds/identity/blocking_rules.csv has no max_records for {name} of identity_keys.",
                "Add a row that says how many records one key may have; 0 compares none.",
            )
    return {name: int(caps[name]) for name in known}
