"""What an assignment reads."""

from __future__ import annotations

from dataclasses import dataclass

from cdp_cli.identity.engine import Relation


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
