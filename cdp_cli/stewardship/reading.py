"""Reads from the warehouse what an explanation, an audit or a training needs, and no more."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from cdp_cli.identity.clustering import assignments, refusals
from cdp_cli.identity.inputs import Input
from cdp_cli.relations import Relations
from cdp_cli.stewardship.decision_log import need_build, read_decisions
from cdp_cli.warehouse import Warehouse


def read_profiles(
    warehouse: Warehouse, relations: Relations, profile_ids: Sequence[str]
) -> tuple[Input, dict[str, str]]:
    """The tables of identity as far as they concern the records of some profiles, and who is in which.

    Pairs are also those with records of other profiles, whose records are read too.
    """
    ids = sorted(set(profile_ids))
    marks = ", ".join("?" for _ in ids)
    present = relations.ref("identity_map")
    members = f"select record_id from {present} where profile_id in ({marks})"
    pairs = warehouse.arrow(
        f"select * from {relations.ref('identity_current_pairs')} where left_record_id in ({members}) "
        f"or right_record_id in ({members}) order by left_record_id, right_record_id",
        [*ids, *ids],
    )
    paired = sorted(
        {*pairs.column("left_record_id").to_pylist(), *pairs.column("right_record_id").to_pylist()}
    )
    known = ", ".join("?" for _ in paired) or "null"
    profiles = warehouse.rows(
        f"select record_id, profile_id from {present} where profile_id in ({marks}) "
        f"or profile_id in (select profile_id from {present} where record_id in ({known}))",
        [*ids, *paired],
    )
    met = [row["record_id"] for row in profiles]
    met_marks = ", ".join("?" for _ in met) or "null"
    given = Input(
        records=warehouse.arrow(
            f"select * from {relations.ref('identity_records')} where record_id in ({met_marks}) "
            "order by record_id",
            met,
        ),
        identifiers=warehouse.arrow(
            f"select * from {relations.ref('identity_identifiers')} where record_id in ({members})",
            ids,
        ),
        identifier_types=warehouse.arrow(f"select * from {relations.ref('identifier_types')}"),
        nicknames=warehouse.arrow(f"select * from {relations.ref('nicknames')}"),
        models=warehouse.arrow(f"select * from {relations.ref('identity_models')}"),
        pairs=pairs,
        decisions=read_decisions(warehouse, relations),
        changes=pa.table({}),
        log=assignments.SCHEMA.empty_table(),
    )
    return given, {row["record_id"]: row["profile_id"] for row in profiles}


def read_blocks(warehouse: Warehouse, relations: Relations, record_ids: Sequence[str]) -> pa.Table:
    """The rows of identity_blocks that some records have in common; none where there are none to ask for.

    Only their own keys are counted, where identity_blocks would count those of everybody.
    """
    if not record_ids:
        return pa.table({})
    marks = ", ".join("?" for _ in record_ids)
    keys = warehouse.rows(
        f"select * from {relations.ref('identity_keys')} where record_id in ({marks})", list(record_ids)
    )
    if len(keys) < len(record_ids):
        return pa.table({})
    caps = warehouse.rows(f"select * from {relations.ref('identity_caps')} order by blocking_rule")
    most = {row["blocking_rule"]: row["max_records"] for row in caps}
    common = {
        rule: keys[0][rule]
        for rule in most
        if keys[0][rule] is not None and all(row[rule] == keys[0][rule] for row in keys)
    }
    if not common:
        return pa.table({})
    counts = ", ".join(f"sum(case when {rule} = ? then 1 else 0 end) as {rule}" for rule in common)
    found = warehouse.rows(f"select {counts} from {relations.ref('identity_keys')}", list(common.values()))[0]
    return pa.Table.from_pylist(
        [
            {
                "blocking_rule": rule,
                "block_key": key,
                "count_records": int(found[rule]),
                "is_skipped": int(found[rule]) > most[rule],
            }
            for rule, key in common.items()
        ]
    )


def read_refusals(warehouse: Warehouse, relations: Relations, profile_id: str, other_id: str) -> pa.Table:
    """The refused joins of two profiles that no later run took back, as rows of identity_refusals."""
    relation = relations.ref("identity_refusals")
    if not warehouse.exists(*relation):
        # Built by an earlier release.
        return refusals.SCHEMA.empty_table()
    return warehouse.arrow(
        f"select * from {relation} where is_latest and ("
        "(left_profile_now = ? and right_profile_now = ?) or (left_profile_now = ? and right_profile_now = ?)"
        ") order by left_record_id, right_record_id",
        [profile_id, other_id, other_id, profile_id],
    )


def read_all(warehouse: Warehouse, relations: Relations) -> tuple[Input, pa.Table, pa.Table]:
    """What a build reads to assign all records, and the rows of identity_keys and blocking_rules."""

    def of(table: str, order: str) -> pa.Table:
        return warehouse.arrow(f"select * from {relations.ref(table)} order by {order}")

    given = Input(
        records=of("identity_records", "record_id"),
        identifiers=of("identity_identifiers", "record_id, identifier_type, identifier_value"),
        identifier_types=of("identifier_types", "identifier_type"),
        nicknames=warehouse.arrow(f"select * from {relations.ref('nicknames')}"),
        models=of("identity_models", "trained_at"),
        pairs=of("identity_current_pairs", "left_record_id, right_record_id"),
        decisions=read_decisions(warehouse, relations),
        changes=of("identity_record_log", "record_id, seen_at"),
        log=of("identity_assignments", "assigned_at, record_id"),
    )
    return given, of("identity_keys", "record_id"), of("blocking_rules", "blocking_rule")


def read_audited(
    warehouse: Warehouse, relations: Relations
) -> tuple[pa.Table, pa.Table, pa.Table, pa.Table, pa.Table]:
    """What `audit` reads: the log of assignments, pairs in force, identifiers, decisions and their types."""
    need_build(warehouse, relations, "identity_assignments")
    return (
        warehouse.arrow(
            f"select * from {relations.ref('identity_assignments')} order by assigned_at, record_id"
        ),
        warehouse.arrow(
            "select left_record_id, right_record_id, rule, match_probability, veto "
            f"from {relations.ref('identity_current_pairs')} order by left_record_id, right_record_id"
        ),
        warehouse.arrow(
            "select record_id, source, identifier_type, identifier_value, identifier_class "
            f"from {relations.ref('identity_identifiers')} order by record_id, identifier_type"
        ),
        read_decisions(warehouse, relations),
        warehouse.arrow(f"select * from {relations.ref('identifier_types')} order by identifier_type"),
    )
