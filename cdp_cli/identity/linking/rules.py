"""Deterministic rules: a personal value in common joins two records, as surely as its type says."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from cdp_cli.errors import FixModel


@dataclass(frozen=True)
class Rule:
    """Two records that share a personal value of `identifier_type` are one person with `probability`.

    A value of several people is not personal (identity_identifiers says which are), so it joins nobody.
    """

    identifier_type: str
    probability: float
    why: str

    @property
    def name(self) -> str:
        """The name of the rule in identity_pairs."""
        return f"same_{self.identifier_type}"


def rules_of(identifier_types: pa.Table) -> tuple[Rule, ...]:
    """The rules of the seed identifier_types, by name. A type without a probability joins nobody by itself.

    Raises FixModel if the seed was loaded by a release that had no such column.
    """
    if "probability" not in identifier_types.column_names:
        raise FixModel(
            "The table of the seed identifier_types has no column probability: an earlier release loaded it.",
            "Run `dbt build`, which loads the seed again.",
        )
    rows = identifier_types.select(["identifier_type", "probability", "description"]).to_pylist()
    rules = (
        Rule(row["identifier_type"], float(row["probability"]), row["description"] or "")
        for row in rows
        if row["probability"] is not None
    )
    return tuple(sorted(rules, key=lambda rule: rule.name))
