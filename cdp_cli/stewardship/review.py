"""The pairs that a person should look at, and how right the build is as far as people looked."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow.compute as pc

from cdp_cli.identity.bands import Bands
from cdp_cli.identity.clustering.decisions import in_force
from cdp_cli.identity.evaluation.report import DecisionReport, against_decisions
from cdp_cli.identity.linking.rules import rules_of
from cdp_cli.identity.training.trained_model import Model
from cdp_cli.relations import Relations
from cdp_cli.stewardship import sampling
from cdp_cli.stewardship.decision_log import need_build, read_decisions
from cdp_cli.stewardship.explanation import pinned_model
from cdp_cli.stewardship.questions import Question, question, waiting
from cdp_cli.warehouse import Warehouse


@dataclass(frozen=True)
class Progress:
    """How many pairs wait, how the build agrees with what was decided, and the estimates from a sample."""

    waiting: int
    decided: DecisionReport
    sample: Sequence[sampling.BandEstimate]


def model_in_use(warehouse: Warehouse, relations: Relations) -> Model:
    """The model that scored the pairs which are asked about. Raises FixModel if nothing was built."""
    need_build(warehouse, relations, "identity_review")
    return pinned_model(warehouse.arrow(f"select * from {relations.ref('identity_models')}"), ())


def waiting_pairs(warehouse: Warehouse, relations: Relations) -> list[dict[str, Any]]:
    """The rows of identity_review that nobody answered since it was built, the most consequential first."""
    decisions = read_decisions(warehouse, relations)
    profiles: dict[str, str] = {}
    if decisions.num_rows:
        log = relations.source("cdp", "identity_decisions")
        found = warehouse.rows(f"""
            select identity_map.record_id, identity_map.profile_id
            from {relations.ref("identity_map")} as identity_map
            inner join (
                select left_record_id as record_id from {log}
                union
                select right_record_id as record_id from {log}
            ) as decided
                on identity_map.record_id = decided.record_id
        """)
        profiles = {row["record_id"]: row["profile_id"] for row in found}
    return waiting(warehouse.arrow(f"select * from {relations.ref('identity_review')}"), decisions, profiles)


def sampled_pairs(
    warehouse: Warehouse, relations: Relations, count: int, seed: int, bands: Bands
) -> tuple[list[dict[str, Any]], int]:
    """The pairs of a random sample that are still to be asked, and how many of it were answered."""
    pairs = warehouse.arrow(f"{_pairs_sql(relations, bands)} and veto is null")
    drawn = sampling.draw(pairs, count, seed, bands)
    answered = in_force(read_decisions(warehouse, relations))
    still = [pair for pair in drawn if pair not in answered]
    rows = [{"left_record_id": left, "right_record_id": right} for left, right in still]
    return rows, len(drawn) - len(rows)


def read_question(
    warehouse: Warehouse, relations: Relations, row: Mapping[str, Any], model: Model
) -> Question:
    """A question about a row of `waiting_pairs` or `sampled_pairs`, with both records."""
    two = [row["left_record_id"], row["right_record_id"]]
    people = warehouse.rows(f"select * from {relations.ref('unified_people')} where record_id in (?, ?)", two)
    whole = row if "comparisons" in row else _pair(warehouse, relations, *two)
    types = warehouse.arrow(f"select * from {relations.ref('identifier_types')}")
    return question(whole, people, model, rules_of(types))


def progress(warehouse: Warehouse, relations: Relations, bands: Bands) -> Progress:
    """How right the build is: on the decided pairs, and estimated from a random sample."""
    started = time.perf_counter()
    need_build(warehouse, relations, "identity_review")
    decisions = read_decisions(warehouse, relations)
    profiles = warehouse.arrow(f"select record_id, profile_id from {relations.ref('identity_map')}")
    pairs = warehouse.arrow(_pairs_sql(relations, bands))
    still = len(waiting_pairs(warehouse, relations))
    decided = against_decisions(profiles, pairs, decisions, time.perf_counter() - started, bands)
    estimates = sampling.estimate(pairs.filter(pc.is_null(pairs.column("veto"))), decisions, bands)
    return Progress(still, decided, estimates)


def _pairs_sql(relations: Relations, bands: Bands) -> str:
    return (
        "select left_record_id, right_record_id, match_probability, veto "
        f"from {relations.ref('identity_current_pairs')} where match_probability >= {bands.review}"
    )


def _pair(warehouse: Warehouse, relations: Relations, left: str, right: str) -> dict[str, Any]:
    """A pair in force as a row of identity_review."""
    present = relations.ref("identity_map")
    row = warehouse.rows(
        f"select * from {relations.ref('identity_current_pairs')} "
        "where left_record_id = ? and right_record_id = ?",
        [left, right],
    )[0]
    places = {
        place["record_id"]: place["profile_id"]
        for place in warehouse.rows(
            f"select record_id, profile_id from {present} where record_id in (?, ?)", [left, right]
        )
    }
    size = warehouse.rows(
        f"select count(*) as count_records from {present} where profile_id in (?, ?)",
        [places[left], places[right]],
    )[0]
    joined = places[left] == places[right]
    return {
        **row,
        **size,
        "left_profile_id": places[left],
        "right_profile_id": places[right],
        "reason": "drawn at random; " + ("one profile now" if joined else "two profiles now"),
    }
