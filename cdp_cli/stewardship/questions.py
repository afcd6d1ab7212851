"""What a steward is asked: two records side by side, and what the score saw in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from cdp_cli.identity.clustering.decisions import settled
from cdp_cli.identity.linking.rules import Rule
from cdp_cli.identity.training.trained_model import Model
from cdp_cli.stewardship.waterfall import UNKNOWN, Waterfall, waterfall

# They help nobody to compare two people.
_LEFT_OUT = frozenset({"record_id", "one_record_per_person", "loaded_at"})
# They differ by nature, which is no difference of people.
_OF_THE_RECORD = frozenset({"source", "created_at", "updated_at"})


@dataclass(frozen=True)
class Comparison:
    """An attribute of two records; `mark` is `=`, `!=`, or empty where it says nothing."""

    attribute: str
    left: str | None
    right: str | None
    mark: str


@dataclass(frozen=True)
class Question:
    """Two records that may be one person, why it is asked, and all that helps to answer it."""

    left_record_id: str
    right_record_id: str
    left_profile_id: str
    right_profile_id: str
    reason: str
    count_records: int
    comparisons: tuple[Comparison, ...]
    waterfall: Waterfall


def waiting(review: pa.Table, decisions: pa.Table, profiles: Mapping[str, str]) -> list[dict[str, Any]]:
    """The rows of identity_review that nobody answered since it was built, the most consequential first.

    `profiles` has the profile of each record that was decided on.
    """
    held = settled(decisions, pa.chunked_array([pa.array(sorted(profiles), pa.string())]))
    answered = {
        frozenset((profiles[row["left_record_id"]], profiles[row["right_record_id"]]))
        for row in held.to_pylist()
        if row["decision"] != "undone"
        and row["left_record_id"] in profiles
        and row["right_record_id"] in profiles
    }
    rows = [
        row
        for row in review.to_pylist()
        if frozenset((row["left_profile_id"], row["right_profile_id"])) not in answered
    ]
    return sorted(rows, key=lambda row: (-row["consequence"], row["left_record_id"], row["right_record_id"]))


def question(
    row: Mapping[str, Any], people: Iterable[Mapping[str, Any]], model: Model, rules: Sequence[Rule]
) -> Question:
    """A question of a row of identity_review, and the rows of unified_people of its two records."""
    by_record = {person["record_id"]: person for person in people}
    left, right = row["left_record_id"], row["right_record_id"]
    return Question(
        left_record_id=left,
        right_record_id=right,
        left_profile_id=row["left_profile_id"],
        right_profile_id=row["right_profile_id"],
        reason=row["reason"],
        count_records=row["count_records"],
        comparisons=_side_by_side(by_record.get(left, {}), by_record.get(right, {})),
        waterfall=waterfall(row, model, rules),
    )


def parts_of(fall: Waterfall) -> Sequence[str]:
    """What speaks for and against, in a few words each."""
    said = [
        f"{part.comparison.replace('_', ' ')}: {part.level} {part.weight + part.frequency_weight:+.1f}"
        for part in fall.parts
        if part.level != UNKNOWN
    ]
    return [*([f"rule {fall.rule}"] if fall.rule else []), *said]


def _side_by_side(left: Mapping[str, Any], right: Mapping[str, Any]) -> tuple[Comparison, ...]:
    found = []
    for attribute in dict.fromkeys([*left, *right]):
        if attribute in _LEFT_OUT:
            continue
        one, other = _text(left.get(attribute)), _text(right.get(attribute))
        if one is None and other is None:
            continue
        mark = ""
        if one is not None and other is not None and attribute not in _OF_THE_RECORD:
            mark = "=" if one.casefold() == other.casefold() else "!="
        found.append(Comparison(attribute.replace("_", " "), one, other, mark))
    return tuple(found)


def _text(value: object) -> str | None:
    return None if value is None or value == "" else str(value)
