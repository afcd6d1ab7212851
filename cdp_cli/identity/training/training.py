"""Learns a model from the data itself: how often each level of agreement occurs for one person and for two.

Splink makes the comparisons at scoring. Here their levels are counted in one pass over samples of pairs
(sampling.py), and expectation.py turns the counts into m and u. Splink's own training passes over the pairs
once per comparison and rule, depends on threads in its sampling, and drops comparisons from the model if a
rule yields no pairs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import numpy as np

from cdp_cli.identity.engine import Engine
from cdp_cli.identity.linking import comparisons as compared
from cdp_cli.identity.linking.caps import learnt_caps
from cdp_cli.identity.linking.comparisons import Comparison
from cdp_cli.identity.training.expectation import PairSample, Parameters, fit, posterior
from cdp_cli.identity.training.frequencies import counted_rows, rounded, term_frequencies
from cdp_cli.identity.training.sampling import Blind, pair_samples
from cdp_cli.identity.training.trained_model import Model

# What the priors of names in common weigh, in pairs.
_PRIOR_COINCIDENCES = 20.0
_LEAST_SHARE_FILLED = 0.005


def train(engine: Engine, rules: Sequence[str], blind: Blind, review: float) -> Model:
    """A model of the tables `features` and `blocks`; `rules` names the numbers of blocks.rule.

    `blind` has the rules to learn from, each with the comparisons that it blocks on. Pairs below `review` are
    not worth comparing for.
    """
    count_records = counted_rows(engine, "select count(*) as answer from features")
    comparisons = _filled(engine, count_records)
    samples, candidates, drawn = pair_samples(engine, comparisons, rules, blind, count_records)
    priors = [[(level.m, level.u) for level in comparison.levels[:0:-1]] for comparison in comparisons]
    held = [position for position, comparison in enumerate(comparisons) if comparison.corrects]
    parameters = fit(samples, [np.array(p)[:, 0] for p in priors], [np.array(p)[:, 1] for p in priors], held)
    for position in held:
        _correct(engine, comparisons, position, samples, parameters)
    prior = _prior(candidates, parameters, count_records)
    settings = compared.splink_settings(comparisons, prior)
    for entry, m, u in zip(settings["comparisons"], parameters.m, parameters.u, strict=True):
        levels = entry["comparison_levels"][1:]
        for position, level in enumerate(reversed(levels)):
            level["m_probability"] = rounded(m[position])
            level["u_probability"] = rounded(u[position])
    frequencies = term_frequencies(engine, comparisons, parameters, prior * (count_records - 1))
    caps = learnt_caps(engine, rules, comparisons, settings, drawn, review) if candidates.sampled < 1 else {}
    report = {
        "records": count_records,
        "iterations": parameters.iterations,
        "change": rounded(parameters.change),
        "converged": parameters.converged,
        # Pairs at each level, from plain difference up; a level that no pair is at keeps its priors.
        "seen": {
            comparison.name: _seen(samples, position, len(priors[position]))
            for position, comparison in enumerate(comparisons)
        },
        "samples": {
            sample.name: {
                "pairs": int(sample.counts.sum()),
                "share_of_matches": rounded(parameters.shares[sample.name]),
            }
            for sample in samples
        },
        "caps": caps,
    }
    content = json.dumps([settings, frequencies, *([caps] if caps else [])], sort_keys=True)
    return Model("m" + hashlib.sha256(content.encode()).hexdigest()[:12], settings, frequencies, report)


def _correct(
    engine: Engine,
    comparisons: Sequence[Comparison],
    position: int,
    samples: Sequence[PairSample],
    parameters: Parameters,
) -> None:
    """Set m and u of a comparison that corrects two others, so that it takes back what they overstate.

    That is how much more often two strangers agree in both, by the sample of that name, than the product of
    the two u has it.
    """
    comparison = comparisons[position]
    sample = next((sample for sample in samples if sample.name == comparison.name), None)
    known = counted_rows(
        engine,
        "select count(*) as answer from features where first_name is not null and last_name is not null",
    )
    pairs = known * (known - 1) / 2
    if sample is None or not pairs:
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
    strangers = (1 - parameters.shares[sample.name]) * float(sample.counts.sum()) / sample.sampled
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


def _seen(samples: Sequence[PairSample], position: int, count_levels: int) -> list[int]:
    seen = np.zeros(count_levels)
    for sample in samples:
        if position not in sample.used:
            known = sample.patterns[:, position] >= 0
            seen += np.bincount(sample.patterns[known, position], sample.counts[known], count_levels)
    return [int(count) for count in seen]


def _prior(candidates: PairSample, parameters: Parameters, count_records: int) -> float:
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
    return rounded(prior)
