"""What an assignment reads."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class Input:
    """Arrow tables with the columns of the models of the same names.

    `records` are identity_records, `changes` the rows of identity_record_log, `pairs` those of
    identity_pairs that are in force, `log` is all of identity_assignments.
    """

    records: pa.Table
    identifiers: pa.Table
    identifier_types: pa.Table
    nicknames: pa.Table
    models: pa.Table
    pairs: pa.Table
    decisions: pa.Table
    changes: pa.Table
    log: pa.Table
