"""Takes a scored pair apart: the odds before anything was compared, and what each comparison adds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2
from typing import Any

from cdp_cli.identity.linking.rules import Rule
from cdp_cli.identity.training.trained_model import Model

# The label of the level where a value is missing; it adds nothing.
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Part:
    """One comparison: the level that the pair is at, and what it adds, in bits.

    `frequency_weight` is what the value itself adds to that: a rare name says more than a common one.
    """

    comparison: str
    level: str
    weight: float
    frequency_weight: float


@dataclass(frozen=True)
class Waterfall:
    """What adds up to a pair's match weight: log2 of the odds that the two are one person.

    `prior` and `parts` are of the model, none where only a rule speaks. The rule, where there is one, makes
    the total at least `rule_weight`.
    """

    prior: float | None
    parts: tuple[Part, ...]
    rule: str | None
    rule_why: str | None
    rule_weight: float | None
    total: float
    probability: float


def waterfall(pair: Mapping[str, Any], model: Model | None, rules: Sequence[Rule]) -> Waterfall:
    """The parts of a row of identity_pairs; `model` is the one that scored it."""
    rule = next((found for found in rules if found.name == pair["rule"]), None)
    prior: float | None = None
    parts: tuple[Part, ...] = ()
    if pair["comparisons"] is not None and model is not None:
        random = float(model.settings["probability_two_random_records_match"])
        prior, parts = _weight(random), _parts(json.loads(pair["comparisons"]), model)
    return Waterfall(
        prior=prior,
        parts=parts,
        rule=pair["rule"],
        rule_why=rule.why if rule else None,
        rule_weight=_weight(rule.probability) if rule else None,
        total=float(pair["match_weight"]),
        probability=float(pair["match_probability"]),
    )


def _parts(compared: Mapping[str, Mapping[str, Any]], model: Model) -> tuple[Part, ...]:
    entries = {entry["output_column_name"]: entry for entry in model.settings["comparisons"]}
    found = []
    for comparison in model.comparisons:
        made = compared.get(comparison.name)
        if made is None:
            continue
        # Levels are counted from the plainest difference, 0, and -1 is unknown, which is written first.
        position = 0 if made["level"] < 0 else len(comparison.levels) - 1 - int(made["level"])
        level = entries[comparison.name]["comparison_levels"][position]
        weight = float(made["weight"])
        own = log2(level["m_probability"] / level["u_probability"]) if "m_probability" in level else 0.0
        by_value = comparison.levels[position].term_frequency is not None
        found.append(
            Part(
                comparison=comparison.name,
                level=comparison.levels[position].label,
                weight=round(own if by_value else weight, 3),
                frequency_weight=round(weight - own, 3) if by_value else 0.0,
            )
        )
    return tuple(found)


def _weight(probability: float) -> float:
    return round(log2(probability / (1 - probability)), 3)
