"""Learns a model from the data itself: how often each level of agreement occurs for one person and for two.

The comparisons are Splink's to make at scoring; here their levels are counted in one pass over random pairs
and over the pairs of a few blocking rules, and expectation.py turns the counts into m and u. Splink's own
training passes over the pairs once a comparison and a rule, depends on threads in its sampling, and drops
comparisons from the model when a rule yields no pairs.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cdp_cli.identity import comparisons as compared
from cdp_cli.identity.candidates import pairs_of_blocks
from cdp_cli.identity.caps import learnt_caps
from cdp_cli.identity.comparisons import Comparison
from cdp_cli.identity.engine import Engine
from cdp_cli.identity.expectation import RANDOM, Floats, Parameters, View, fit, posterior
from cdp_cli.identity.scoring import level_expression, paired_columns

SEED = 20260101
RANDOM_PAIRS = 300_000
MOST_PAIRS_OF_VIEW = 200_000
# What that view's priors weigh, in pairs.
_PRIOR_COINCIDENCES = 20.0
# Parameters are stored with so many digits, which also makes them independent of the order of addition.
_DIGITS = 6
_LEAST_SHARE_FILLED = 0.005
_LEAST_FREQUENCY = 2
_CANDIDATES = "candidates"
_DRAWN_PAIRS = "drawn_pairs"

# A number below _LEHMER for a pair, by its content: a sample that neither threads, the order of rows nor the
# engine can change. A step of the generator of Park and Miller (1988), squared.
_LEHMER = 2147483647
_MIXED = f"((cast(join_key_l as bigint) * 1000003 + join_key_r) % {_LEHMER} * 48271 % {_LEHMER})"
_DRAWN = f"{_MIXED} * {_MIXED} % {_LEHMER}"

# Blocking rules whose strangers are like any two strangers, with the comparisons that they block on, and
# gender where they block on the first name, which tells it. Rules on addresses and shared values are not
# among them: their strangers are families.
VIEWS: Mapping[str, tuple[str, ...]] = {
    "email": ("email",),
    "phone": ("phone",),
    "national_id": ("national_id",),
    "both_names": ("first_name", "household", "gender"),
    "first_name_birth_date": ("first_name", "birth_date", "gender"),
    "birth_date_postcode": ("birth_date", "household"),
}


SCHEMA = pa.schema(
    [
        ("version", pa.string()),
        ("trained_at", pa.timestamp("us")),
        ("settings", pa.string()),
        ("frequencies", pa.string()),
        ("report", pa.string()),
    ]
)


@dataclass(frozen=True)
class Model:
    """A trained model: Splink's settings, the frozen term frequencies by column and value, and how it came.

    `version` names its content: equal data trains an equal model of the same version.
    """

    version: str
    settings: dict[str, Any]
    frequencies: dict[str, dict[str, float]]
    report: dict[str, Any]

    def share_different(self, comparison: str) -> float | None:
        """How often two records of one person plainly differ in a comparison; None where it is not made."""
        for entry in self.settings["comparisons"]:
            if entry["output_column_name"] == comparison:
                return float(entry["comparison_levels"][-1]["m_probability"])
        return None

    @property
    def caps(self) -> dict[str, int]:
        """The most records that a block may have, for blocking rules whose larger ones are not worth it."""
        return dict(self.report.get("caps", {}))

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """The comparisons of the model, in its order."""
        by_name = {comparison.name: comparison for comparison in compared.ALL}
        return tuple(by_name[entry["output_column_name"]] for entry in self.settings["comparisons"])


def stored(model: Model, trained_at: dt.datetime) -> pa.Table:
    """A model as a row of identity_models, in the columns of SCHEMA."""
    return pa.table(
        {
            "version": [model.version],
            "trained_at": [trained_at],
            "settings": [json.dumps(model.settings)],
            "frequencies": [json.dumps(model.frequencies, ensure_ascii=False)],
            "report": [json.dumps(model.report)],
        },
        schema=SCHEMA,
    )


def newest(models: pa.Table) -> Model:
    """The model in force: the one trained last."""
    order = [("trained_at", "descending"), ("version", "ascending")]
    row = models.sort_by(order).slice(0, 1).to_pylist()[0]
    return Model(
        row["version"], json.loads(row["settings"]), json.loads(row["frequencies"]), json.loads(row["report"])
    )


def train(engine: Engine, rules: Sequence[str]) -> Model:
    """A model of the tables `features` and `blocks`; `rules` names the numbers of blocks.rule."""
    count_records = _one(engine, "select count(*) as answer from features")
    comparisons = _filled(engine, count_records)
    views, candidates, drawn = _views(engine, comparisons, rules, count_records)
    priors = [[(level.m, level.u) for level in comparison.levels[:0:-1]] for comparison in comparisons]
    held = [position for position, comparison in enumerate(comparisons) if comparison.corrects]
    parameters = fit(views, [np.array(p)[:, 0] for p in priors], [np.array(p)[:, 1] for p in priors], held)
    for position in held:
        _correct(engine, comparisons, position, views, parameters)
    prior = _prior(candidates, parameters, count_records)
    settings = compared.splink_settings(comparisons, prior)
    for entry, m, u in zip(settings["comparisons"], parameters.m, parameters.u, strict=True):
        levels = entry["comparison_levels"][1:]
        for position, level in enumerate(reversed(levels)):
            level["m_probability"] = _rounded(m[position])
            level["u_probability"] = _rounded(u[position])
    frequencies = _frequencies(engine, comparisons, parameters, prior * (count_records - 1))
    caps = learnt_caps(engine, rules, comparisons, settings, drawn) if candidates.sampled < 1 else {}
    report = {
        "records": count_records,
        "iterations": parameters.iterations,
        "change": _rounded(parameters.change),
        "converged": parameters.converged,
        # Pairs at each level, from plain difference up; a level that no pair is at keeps its priors.
        "seen": {
            comparison.name: _seen(views, position, len(priors[position]))
            for position, comparison in enumerate(comparisons)
        },
        "views": {
            view.name: {
                "pairs": int(view.counts.sum()),
                "share_of_matches": _rounded(parameters.shares[view.name]),
            }
            for view in views
        },
        "caps": caps,
    }
    content = json.dumps([settings, frequencies, *([caps] if caps else [])], sort_keys=True)
    return Model("m" + hashlib.sha256(content.encode()).hexdigest()[:12], settings, frequencies, report)


def _correct(
    engine: Engine,
    comparisons: Sequence[Comparison],
    position: int,
    views: Sequence[View],
    parameters: Parameters,
) -> None:
    """Set m and u of a comparison that corrects two others, so that it takes back what they overstate.

    That is how much more often two strangers agree in both, by the view of that name, than the product of
    the two u has it.
    """
    comparison = comparisons[position]
    view = next((view for view in views if view.name == comparison.name), None)
    known = _one(
        engine,
        "select count(*) as answer from features where first_name is not null and last_name is not null",
    )
    pairs = known * (known - 1) / 2
    if view is None or not pairs:
        return
    by_chance = pairs
    for other, u in zip(comparisons, parameters.u, strict=True):
        if other.name in comparison.corrects:
            agree = comparison.corrects[other.name]
            by_chance *= sum(
                float(share)
                for level, share in zip(other.levels[:0:-1], u, strict=True)
                if level.label.startswith(agree)
            )
    strangers = (1 - parameters.shares[view.name]) * float(view.counts.sum()) / view.sampled
    # Few pairs say little: the priors are pairs of which as many agree as by chance.
    excess = max(1.0, (strangers + _PRIOR_COINCIDENCES) / (by_chance + _PRIOR_COINCIDENCES))
    share = min(0.5, (strangers + 1) / pairs)
    parameters.m[position][:] = 1 - share / excess, share / excess
    parameters.u[position][:] = 1 - share, share


def _filled(engine: Engine, count_records: int) -> tuple[Comparison, ...]:
    """The comparisons that the data can feed: one of the columns that they need is filled often enough."""
    needed = sorted({column for comparison in compared.ALL for column in comparison.needs})
    counts = ", ".join(f"count({column}) as {column}" for column in needed)
    filled = engine.arrow(f"select {counts} from features").to_pylist()[0]
    least = max(2.0, _LEAST_SHARE_FILLED * count_records)
    chosen = tuple(c for c in compared.ALL if max(filled[column] for column in c.needs) >= least)
    # A model needs a comparison, even of a source that fills nothing.
    return chosen or (compared.FIRST_NAME,)


def _views(
    engine: Engine, comparisons: Sequence[Comparison], rules: Sequence[str], count_records: int
) -> tuple[list[View], View, str]:
    """The views to learn from, a view of all pairs that share a block, and a query of the pairs of that.

    All of them are counted in one pass, since each pass costs an engine of many machines seconds.
    """
    counts = _pairs_by_rule(engine, rules)
    found = {rule: rules.index(rule) for rule in VIEWS if rule in counts}
    counts[_CANDIDATES] = sum(counts.values())
    limits = {
        name: min(_LEHMER, MOST_PAIRS_OF_VIEW * _LEHMER // max(counts[name], 1))
        for name in (*found, _CANDIDATES)
    }
    of_rules = "".join(f" or rule = {rule} and drawn < {limits[name]}" for name, rule in found.items())
    # A pair of several blocks is drawn or not whatever the block.
    engine.make(
        _DRAWN_PAIRS,
        f"select * from (select *, {_DRAWN} as drawn from ({pairs_of_blocks()}) as pairs) as pairs "
        f"where drawn < {limits[_CANDIDATES]}{of_rules}",
    )
    both = f"select join_key_l, join_key_r from {_DRAWN_PAIRS}"
    pairs = {RANDOM: _random_pairs(engine, count_records)} | {
        name: f"{both} where rule = {rule} and drawn < {limits[name]}" for name, rule in found.items()
    }
    drawn = f"(select * from {_DRAWN_PAIRS} where drawn < {limits[_CANDIDATES]})"
    pairs[_CANDIDATES] = f"select distinct join_key_l, join_key_r from {drawn} as pairs"
    sampled = {name: limit / _LEHMER for name, limit in limits.items()} | {RANDOM: 1.0}
    positions = {comparison.name: position for position, comparison in enumerate(comparisons)}
    used = {
        name: tuple(positions[u] for u in VIEWS.get(name, ()) if u in positions) for name in (RANDOM, *found)
    }
    levels = _counted(engine, comparisons, pairs)
    views = {name: _view(levels, comparisons, name, used.get(name, ()), sampled[name]) for name in pairs}
    return [views[name] for name in used], views[_CANDIDATES], drawn


def _pairs_by_rule(engine: Engine, rules: Sequence[str]) -> dict[str, int]:
    """How many pairs share a block, by rule; a pair of several rules counts for each."""
    # Each record of a block has a pair with each other, and each pair has two records.
    found = engine.arrow("select rule, sum(count_records - 1) as count_twice from blocks group by rule")
    return {rules[row["rule"]]: int(row["count_twice"]) // 2 for row in found.to_pylist()}


def _random_pairs(engine: Engine, count_records: int) -> str:
    """A query of pairs of records drawn at random: all pairs, where there are few."""
    if count_records * (count_records - 1) // 2 <= RANDOM_PAIRS:
        return (
            "select l.n as join_key_l, r.n as join_key_r "
            "from features as l inner join features as r on l.n < r.n"
        )
    random = np.random.default_rng(SEED)
    first, second = random.integers(0, count_records, (2, RANDOM_PAIRS))
    different = first != second
    table = pa.table(
        {
            "join_key_l": np.minimum(first, second)[different],
            "join_key_r": np.maximum(first, second)[different],
        }
    )
    engine.give("random_pairs", table)
    return "select join_key_l, join_key_r from random_pairs"


def _counted(engine: Engine, comparisons: Sequence[Comparison], pairs: Mapping[str, str]) -> pa.Table:
    """How many pairs of each view are at each combination of levels."""
    levels = ", ".join(f"cast({level_expression(c)} as bigint) as level_{c.name}" for c in comparisons)
    names = ", ".join(f"level_{c.name}" for c in comparisons)
    all_pairs = " union all ".join(
        f"select '{name}' as view_name, join_key_l, join_key_r from ({query}) as pairs_of_view"
        for name, query in pairs.items()
    )
    return engine.arrow(f"""
        select view_name, {names}, count(*) as count_pairs
        from (
            select view_name, {levels}
            from (
                select pairs.view_name, {paired_columns(compared.COLUMNS)}
                from ({all_pairs}) as pairs
                inner join features as l on pairs.join_key_l = l.n
                inner join features as r on pairs.join_key_r = r.n
            )
        )
        group by view_name, {names}
        order by view_name, {names}
    """)


def _view(
    counted: pa.Table, comparisons: Sequence[Comparison], name: str, used: Sequence[int], sampled: float
) -> View:
    rows = counted.filter(pc.equal(counted.column("view_name"), name))
    columns = [rows.column(f"level_{c.name}").to_numpy() for c in comparisons]
    counts = rows.column("count_pairs").to_numpy().astype(np.float64)
    return View(name, np.stack(columns, axis=1), counts, tuple(used), sampled)


def _seen(views: Sequence[View], position: int, count_levels: int) -> list[int]:
    seen = np.zeros(count_levels)
    for view in views:
        if position not in view.used:
            known = view.patterns[:, position] >= 0
            seen += np.bincount(view.patterns[known, position], view.counts[known], count_levels)
    return [int(count) for count in seen]


def _prior(candidates: View, parameters: Parameters, count_records: int) -> float:
    """The probability that two records drawn at random are one person: what the candidates add up to."""
    total = count_records * (count_records - 1) / 2
    if not candidates.counts.size:
        return 1e-6
    # Between a match for one record in a hundred and ten matches for each.
    least, most = 0.01 / count_records, min(0.5, 20.0 / count_records)
    prior = 1.0 / count_records
    for _ in range(50):
        found = posterior(candidates, parameters.m, parameters.u, prior) * candidates.counts
        matches = float(found.sum()) / candidates.sampled
        prior = min(most, max(least, matches / total))
    return _rounded(prior)


def _frequencies(
    engine: Engine, comparisons: Sequence[Comparison], parameters: Parameters, others: float
) -> dict[str, dict[str, float]]:
    """By column and value, what takes the place of u at the level that a value adjusts.

    It is the level's u for a value of average frequency, and more or less by as much as a value is more or
    less frequent than that. `others` are the further records that a record's person has on average: they
    mostly repeat a value without making it common, so they do not count.
    """
    frequencies: dict[str, dict[str, float]] = {}
    for comparison, m, u in zip(comparisons, parameters.m, parameters.u, strict=True):
        levels = [
            (level.term_frequency, float(share), float(stranger))
            for level, share, stranger in zip(comparison.levels[:0:-1], m, u, strict=True)
            if level.term_frequency
        ]
        if not levels:
            continue
        repeated = others * sum(share for _, share, _ in levels)
        # The columns of one comparison hold the same values, each for a level of its own.
        values = levels[0][0]
        filled = _one(engine, f"select count({values}) as answer from features")
        counted = engine.arrow(
            f"select {values} as value, count(*) as count_records from features "
            f"where {values} is not null group by {values} "
            f"having count(*) >= {_LEAST_FREQUENCY} order by value"
        )
        shares = np.maximum(counted.column("count_records").to_numpy() - repeated, 1.0) / filled
        # That two strangers share any value is as probable as the squares of shares add up to.
        average = float(np.square(shares).sum())
        for column, _, stranger in levels:
            adjusted = np.minimum(stranger * shares / average, 1.0).tolist()
            frequencies[column] = dict(
                zip(counted.column("value").to_pylist(), map(_rounded, adjusted), strict=True)
            )
    return frequencies


def _rounded(value: Floats | float) -> float:
    return float(f"{float(value):.{_DIGITS}g}")


def _one(engine: Engine, sql: str) -> int:
    return int(engine.arrow(sql).column(0)[0].as_py())
