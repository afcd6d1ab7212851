"""Why two records are one person, or why they are not."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cdp_cli.errors import FixModel
from cdp_cli.identity import pipeline
from cdp_cli.identity.bands import DEFAULT, Bands
from cdp_cli.identity.clustering import decisions as decided_by_people
from cdp_cli.identity.clustering.strongest_path import strongest_path
from cdp_cli.identity.in_memory_engine import InMemory
from cdp_cli.identity.inputs import Input
from cdp_cli.identity.linking.discovery import found_vetoes
from cdp_cli.identity.linking.rules import rules_of
from cdp_cli.identity.prepare import IdentitySql
from cdp_cli.identity.training import trained_model
from cdp_cli.identity.training.trained_model import Model
from cdp_cli.stewardship.blocking import BlockingRule, blocking_rules
from cdp_cli.stewardship.refusal import Reason, decided_apart, recorded, said, vetoed
from cdp_cli.stewardship.waterfall import Waterfall, waterfall

# What a person compares besides identifiers, in the columns of identity_records.
ATTRIBUTES = (
    "source", "first_name", "last_name", "birth_text", "gender", "street", "city", "postcode",
)  # fmt: skip


@dataclass(frozen=True)
class Value:
    """An attribute of two records; `same` is None where one of them has none."""

    attribute: str
    left: str | None
    right: str | None
    same: bool | None


@dataclass(frozen=True)
class SharedValue:
    """An identifier that both records carry and that joins nobody, with the reason."""

    identifier_type: str
    value: str
    identifier_class: str
    reason: str | None


@dataclass(frozen=True)
class Link:
    """Two records as a pair: their values, the score, and what became of it (`standing`).

    `scored_now` where the build stored no such pair; `waterfall` is None where nothing could be scored.
    """

    left_record_id: str
    right_record_id: str
    values: tuple[Value, ...]
    waterfall: Waterfall | None
    veto: str | None
    veto_why: str | None
    decision: str | None
    standing: str
    scored_now: bool


@dataclass(frozen=True)
class Explanation:
    """`path` has the pairs that join the two; `reasons` say what keeps them apart, the strongest first.

    `blocking` and `shared` matter where the pair was never compared: the rules under which it would have
    been, the nearest first, and the identifiers in common that join nobody.
    """

    left_record_id: str
    right_record_id: str
    left_profile_id: str
    right_profile_id: str
    joined: bool
    verdict: str
    reasons: tuple[Reason, ...]
    link: Link
    path: tuple[Link, ...]
    compared: bool
    blocking: tuple[BlockingRule, ...]
    shared: tuple[SharedValue, ...]


def explain(
    given: Input,
    blocks: pa.Table,
    refusals: pa.Table,
    profiles: Mapping[str, str],
    left: str,
    right: str,
    sql: Callable[[], IdentitySql],
    bands: Bands = DEFAULT,
) -> Explanation:
    """Why the records `left` and `right` are one profile, or are not.

    `given` has the records of their profiles and of all that they have pairs with, and what concerns them
    (`changes` and `log` are not read); `blocks` has the rows of identity_blocks of the two, `refusals` the
    latest of identity_refusals between their profiles, `profiles` the profile of each record of `given`.
    `sql` compiles the models, and is only called for a pair without a score.

    Raises FixModel where the model that scored the pairs is missing.
    """
    sides = profiles[left], profiles[right]
    reasons_recorded = recorded(refusals, profiles)
    profiles = {record: profile for record, profile in profiles.items() if profile in sides}
    given = _narrowed(given, profiles)
    model = pinned_model(given.models, given.pairs.column("version").to_pylist())
    held = {
        (row["left_record_id"], row["right_record_id"]): row
        for row in decided_by_people.settled(given.decisions, given.records.column("record_id")).to_pylist()
        if row["decision"] != "undone"
    }
    stored = {(row["left_record_id"], row["right_record_id"]): row for row in given.pairs.to_pylist()}
    case = _Case(given, stored, profiles, model, held, bands)
    joined = profiles[left] == profiles[right]
    link = case.link(left, right)
    path = case.path(left, right) if joined else ()
    rules: tuple[BlockingRule, ...] = ()
    if link.scored_now:
        records, identifiers = (_of_two(table, left, right) for table in (given.records, given.identifiers))
        rules = blocking_rules(records, identifiers, blocks, link.left_record_id, link.right_record_id, sql())
    compared = not link.scored_now or any(rule.likeness == 1 and not rule.skipped for rule in rules)
    reasons: tuple[Reason, ...] = ()
    if not joined:
        asked = (link.left_record_id, link.right_record_id)
        found = [*decided_apart(held, profiles, asked)]
        if link.veto is not None and link.decision is None:
            found.append(vetoed(*asked, link.veto))
        if case.is_sure(given.pairs):
            found += [reason for reason in reasons_recorded if reason not in found]
        reasons = tuple(found)
    return Explanation(
        left_record_id=link.left_record_id,
        right_record_id=link.right_record_id,
        left_profile_id=profiles[link.left_record_id],
        right_profile_id=profiles[link.right_record_id],
        joined=joined,
        verdict=_joined_verdict(path) if joined else case.apart_verdict(link, reasons, compared),
        reasons=reasons,
        link=link,
        path=path,
        compared=compared,
        blocking=rules,
        shared=_shared(given.identifiers, left, right) if link.scored_now else (),
    )


def pinned_model(models: pa.Table, versions: Sequence[str]) -> Model:
    """The model that scored pairs of these versions; the newest where there are none.

    Raises FixModel where it is missing.
    """
    scored_by = sorted({version.rsplit("-", 1)[0] for version in versions})
    if scored_by:
        models = models.filter(pc.equal(models.column("version"), scored_by[-1]))
    if not models.num_rows:
        which = f"no model {scored_by[-1]}, which scored the pairs" if scored_by else "no model"
        raise FixModel(f"identity_models has {which}.", "Run `dbt build`: it scores them again.")
    return trained_model.newest(models)


def strongest_pair(given: pa.Table, left: Sequence[str], right: Sequence[str]) -> tuple[str, str] | None:
    """Of the records meant on the left and on the right, the two with the strongest pair between them.

    `given` are rows of identity_pairs. Without any the first record of each; None where there is but one.
    """
    ones, others = set(left), set(right)
    found = [
        (-row["match_weight"], row["left_record_id"], row["right_record_id"])
        for row in given.to_pylist()
        if (row["left_record_id"] in ones and row["right_record_id"] in others)
        or (row["right_record_id"] in ones and row["left_record_id"] in others)
    ]
    if found:
        return min(found)[1:]
    two = ((one, other) for one in sorted(ones) for other in sorted(others) if one != other)
    return next(two, None)


def is_stored(given: pa.Table, one: str, other: str) -> bool:
    """Whether rows of identity_pairs have the pair of two records."""
    left, right = sorted((one, other))
    found = pc.and_(
        pc.equal(given.column("left_record_id"), left), pc.equal(given.column("right_record_id"), right)
    )
    return bool(pc.any(found).as_py())


def score_now(given: Input, left: str, right: str, model: Model, bands: Bands) -> Mapping[str, Any] | None:
    """The row of identity_pairs that two records would have, whatever their score; None without a score."""
    records, identifiers = (_of_two(table, left, right) for table in (given.records, given.identifiers))
    engine = InMemory()
    try:
        every_score = dataclasses.replace(bands, review=1e-300)
        found = engine.read(pipeline.link_two(engine, given, records, identifiers, model, every_score))
    finally:
        engine.close()
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows[0] if rows else None


def _narrowed(given: Input, profiles: Mapping[str, str]) -> Input:
    """What concerns the records of `profiles` alone."""
    records = pa.array(sorted(profiles), pa.string())

    def of(table: pa.Table, *columns: str) -> pa.Table:
        for column in columns:
            table = table.filter(pc.is_in(table.column(column), value_set=records))
        return table

    return dataclasses.replace(
        given,
        records=of(given.records, "record_id"),
        identifiers=of(given.identifiers, "record_id"),
        pairs=of(given.pairs, "left_record_id", "right_record_id"),
    )


@dataclass(frozen=True)
class _Case:
    given: Input
    stored: Mapping[tuple[str, str], Mapping[str, Any]]
    profiles: Mapping[str, str]
    model: Model
    held: Mapping[tuple[str, str], Mapping[str, Any]]
    bands: Bands

    def link(self, one: str, other: str) -> Link:
        """Two records as a pair, scored now where they were not."""
        left, right = sorted((one, other))
        row = self.stored.get((left, right))
        scored_now = row is None
        if row is None:
            row = score_now(self.given, left, right, self.model, self.bands)
        decision = self.held.get((left, right))
        veto = row["veto"] if row else None
        return Link(
            left_record_id=left,
            right_record_id=right,
            values=_values(self.given, left, right),
            waterfall=waterfall(row, self.model, rules_of(self.given.identifier_types)) if row else None,
            veto=veto,
            veto_why=next((found.why for found in found_vetoes() if found.name == veto), None),
            decision=said(decision) if decision else None,
            standing=self._standing(row, decision),
            scored_now=scored_now,
        )

    def is_sure(self, pairs: pa.Table) -> bool:
        """Whether a pair between the two profiles would join them, so that what was refused still is."""
        return any(
            self.profiles[row["left_record_id"]] != self.profiles[row["right_record_id"]]
            and row["match_probability"] >= self.bands.auto - self.bands.hysteresis
            for row in pairs.to_pylist()
        )

    def path(self, left: str, right: str) -> tuple[Link, ...]:
        """The pairs of the strongest path from one record to the other."""
        strengths = {
            pair: float(row["match_weight"])
            for pair, row in self.stored.items()
            if row["veto"] is None
            and row["match_probability"] >= self.bands.review
            and self._answer(pair) != "different"
        }
        strengths |= {pair: float("inf") for pair in self.held if self._answer(pair) == "same"}
        profile = self.profiles[left]
        inside = {
            pair: strength
            for pair, strength in strengths.items()
            if all(self.profiles.get(record) == profile for record in pair)
        }
        records = strongest_path(inside, left, right)
        return tuple(self.link(one, other) for one, other in pairwise(records))

    def apart_verdict(self, link: Link, reasons: Sequence[Reason], compared: bool) -> str:
        """Why two profiles are not one, in a sentence."""
        # What nobody compared needs no veto to stay apart, but for what else there is between the two.
        ties = any(self.profiles[one] != self.profiles[other] for one, other in self.stored)
        vetoed = any(reason.kind == "veto" for reason in reasons)
        unseen = not compared and not ties and all(reason.kind == "veto" for reason in reasons)
        if reasons and not unseen:
            whose = "of the two" if link.veto else "of other records of the two profiles"
            return {
                "decision": "Not one person: somebody decided so.",
                "veto": f"Not one person: a veto {whose} keeps them apart, whatever the score.",
            }.get(reasons[0].kind, "Not one person: the join of the two profiles was refused.")
        if link.waterfall is None:
            return "Not one person: the two have nothing in common that could be compared."
        probability = link.waterfall.probability
        what = f"weight {link.waterfall.total:.1f}, probability {probability:.2f}"
        if not compared:
            would = "would wait for a person" if probability < self.bands.auto else "would join"
            would = "would be dropped" if probability < self.bands.review else would
            would = "would be vetoed" if vetoed else would
            return f"Never compared: no blocking rule puts them in one block. The pair {would} ({what})."
        if probability >= self.bands.auto:
            return (
                f"Not one person yet: the pair is sure ({what}), and joins in the next build unless refused."
            )
        if probability >= self.bands.review:
            return f"Not one person: the pair waits for a person to decide ({what})."
        return f"Not one person: the two were compared, and score below review {self.bands.review} ({what})."

    def _standing(self, row: Mapping[str, Any] | None, decision: Mapping[str, Any] | None) -> str:
        if decision is not None and decision["decision"] != "unsure":
            return "decided by a person"
        if row is None:
            return "nothing to compare"
        if row["veto"] is not None:
            return f"vetoed: {row['veto']}"
        if row["match_probability"] >= self.bands.auto:
            return f"sure: at or above auto {self.bands.auto}"
        if row["match_probability"] >= self.bands.review:
            asked = "; a person looked and could not tell" if decision is not None else ""
            return f"doubtful: between review {self.bands.review} and auto {self.bands.auto}{asked}"
        return f"dropped: below review {self.bands.review}"

    def _answer(self, pair: tuple[str, str]) -> str | None:
        return self.held[pair]["decision"] if pair in self.held else None


def _joined_verdict(path: Sequence[Link]) -> str:
    if not path:
        return (
            "One person by an earlier build; the pairs that joined them are no longer in force, and the next "
            "build decides anew."
        )
    if len(path) == 1:
        return "One person, by this pair."
    return f"One person, by a path of {len(path)} pairs: the one whose weakest pair is the strongest."


def _of_two(table: pa.Table, left: str, right: str) -> pa.Table:
    """The rows of two records."""
    return table.filter(pc.is_in(table.column("record_id"), value_set=pa.array([left, right], pa.string())))


def _values(given: Input, left: str, right: str) -> tuple[Value, ...]:
    rows = {row["record_id"]: row for row in _of_two(given.records, left, right).to_pylist()}
    found = []
    for attribute in (*ATTRIBUTES, *sorted(given.identifier_types.column("identifier_type").to_pylist())):
        one, other = (rows[record].get(attribute) for record in (left, right))
        if one is not None or other is not None:
            # Two sources are no difference of people.
            same = None if one is None or other is None or attribute == "source" else one == other
            found.append(Value("birth_date" if attribute == "birth_text" else attribute, one, other, same))
    return tuple(found)


def _shared(identifiers: pa.Table, left: str, right: str) -> tuple[SharedValue, ...]:
    carried: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in identifiers.to_pylist():
        if row["record_id"] in (left, right) and row["identifier_class"] != "personal":
            carried.setdefault((row["identifier_type"], row["identifier_value"]), []).append(row)
    return tuple(
        SharedValue(*key, rows[0]["identifier_class"], rows[0]["demoted_reason"])
        for key, rows in sorted(carried.items())
        if len({row["record_id"] for row in rows}) > 1
    )
