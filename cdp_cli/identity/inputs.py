"""What an assignment reads."""

from __future__ import annotations

from dataclasses import dataclass

from cdp_cli.identity.engine import Relation
from cdp_cli.identity.linking.features import RECORD_COLUMNS

# The columns that assigning reads of the tables of one row a record or a pair: explanations of pairs are most
# of what there is.
COLUMNS = {
    "records": RECORD_COLUMNS,
    "identifiers": ("record_id", "identifier_type", "identifier_value", "identifier_class"),
    "pairs": ("left_record_id", "right_record_id", "rule", "match_probability", "veto", "scored_at"),
    "changes": ("record_id", "seen_at"),
}


@dataclass(frozen=True)
class Input:
    """Tables with the columns of the models of the same names: relations of an engine, or Arrow.

    `records` are identity_records, `changes` the rows of identity_record_log, `pairs` those of
    identity_pairs that are in force, `log` is all of identity_assignments,
    and None where the caller has yet to find it.
    """

    records: Relation
    identifiers: Relation
    identifier_types: Relation
    nicknames: Relation
    models: Relation
    pairs: Relation
    decisions: Relation
    changes: Relation
    log: Relation = None
