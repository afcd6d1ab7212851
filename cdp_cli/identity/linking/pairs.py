"""Scores pairs: deterministic rules and Splink in one table, each pair with its explanation and veto."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence

import pyarrow as pa

from cdp_cli.identity.bands import DEFAULT, Bands
from cdp_cli.identity.engine import Engine, Relation
from cdp_cli.identity.linking import comparisons as compared
from cdp_cli.identity.linking import scoring
from cdp_cli.identity.linking.discovery import found_vetoes, vetoes_in_force
from cdp_cli.identity.linking.features import COLUMNS as FEATURE_COLUMNS
from cdp_cli.identity.linking.rules import Rule
from cdp_cli.identity.training.trained_model import Model

SCHEMA = pa.schema(
    [
        ("left_record_id", pa.string()),
        ("right_record_id", pa.string()),
        ("version", pa.string()),
        ("rule", pa.string()),
        ("match_weight", pa.float64()),
        ("match_probability", pa.float64()),
        ("veto", pa.string()),
        ("comparisons", pa.string()),
        ("scored_at", pa.timestamp("us")),
    ]
)


def version(model: Model, rules: Sequence[Rule], bands: Bands = DEFAULT) -> str:
    """The name of all that decides a score: the model, the rules, the vetoes and the bands."""
    content = repr((tuple(rules), found_vetoes(), compared.ALL, bands))
    return f"{model.version}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"


def score(
    engine: Engine,
    model: Model,
    rules: Sequence[Rule],
    scored_at: dt.datetime,
    bands: Bands = DEFAULT,
) -> Relation:
    """Pairs with at least the probability `bands.review`, or a rule, in the columns of SCHEMA, sorted.

    Reads the tables `features`, `candidates` and `rule_pairs`.
    """
    parts = [name for comparison in model.comparisons for name in _parts(comparison)]
    scoring.predict(engine, model.settings, model.frequencies, bands.review, parts)
    engine.drop("candidates")
    weights = ", ".join(
        f"{c.name} := struct_pack(level := level_{c.name}, weight := round({_weight(c)}, 3))"
        for c in model.comparisons
    )
    levels = ", ".join(f"{scoring.level_expression(c)} as level_{c.name}" for c in model.comparisons)
    # Of several vetoes the pair names a firm one: it is what decides.
    firm_first = sorted(vetoes_in_force(model, bands), key=lambda veto: not veto.firm)
    vetoes = " ".join(f"when {veto.condition} then '{veto.name}'" for veto in firm_first)
    return engine.result(
        f"""
        with

        pairs as (

            select
                coalesce(predictions.n_l, rule_pairs.n_l) as n_l,
                coalesce(predictions.n_r, rule_pairs.n_r) as n_r,
                rule_pairs.rule,
                predictions.match_weight,
                greatest(predictions.match_probability, rule_pairs.probability) as match_probability,
                {", ".join(f"predictions.{name}" for name in parts)}

            from predictions

            full join rule_pairs
                on predictions.n_l = rule_pairs.n_l and predictions.n_r = rule_pairs.n_r

        ),

        paired as (

            select
                pairs.*,
                l.record_id as left_record_id,
                r.record_id as right_record_id,
                {scoring.paired_columns(FEATURE_COLUMNS)}

            from pairs
            inner join features as l on pairs.n_l = l.n
            inner join features as r on pairs.n_r = r.n

        ),

        judged as (

            select
                *,
                least(match_probability, 1 - 1e-12) as certainty,
                case when false then null {vetoes} end as veto,
                {levels}

            from paired

        )

        select
            left_record_id,
            right_record_id,
            '{version(model, rules, bands)}' as version,
            rule,
            -- A rule's certainty as a weight, where Splink had nothing to compare or saw less in it.
            round(greatest(match_weight, log2(certainty / (1 - certainty))), 6) as match_weight,
            round(match_probability, 9) as match_probability,
            veto,
            case when match_weight is not null then to_json(struct_pack({weights})) end as comparisons,
            cast('{scored_at.isoformat()}' as timestamp) as scored_at
        from judged
        -- Numbers are in the order of ids, and shorter to sort by.
        order by n_l, n_r
        """,
        SCHEMA,
    )


def _weight(comparison: compared.Comparison) -> str:
    return " + ".join(_parts(comparison))


def _parts(comparison: compared.Comparison) -> list[str]:
    """The columns of Splink's predictions that add up to a comparison's weight."""
    parts = [f"mw_{comparison.name}"]
    if any(level.term_frequency for level in comparison.levels):
        parts.append(f"mw_tf_adj_{comparison.name}")
    return parts


def make_rule_pairs(engine: Engine, rules: Sequence[Rule], *, changed_only: bool = False) -> None:
    """Make the table `rule_pairs`: for each pair that a rule joins, the surest of its rules.

    Reads the table `linking_values`, and with `changed_only` the table `changed`.
    """
    changed = "and (l.n in (select n from changed) or r.n in (select n from changed))" if changed_only else ""
    known = pa.table(
        {
            "rule": pa.array([rule.name for rule in rules], pa.string()),
            "identifier_type": pa.array([rule.identifier_type for rule in rules], pa.string()),
            "probability": pa.array([rule.probability for rule in rules], pa.float64()),
        }
    )
    engine.register("rules", known)
    engine.create_table(
        "rule_pairs",
        f"""
        select
            l.n as n_l,
            r.n as n_r,
            arg_max(rules.rule, (rules.probability, rules.rule)) as rule,
            max(rules.probability) as probability
        from linking_values as l
        inner join linking_values as r
            on l.identifier_type = r.identifier_type and l.value = r.value and l.n < r.n
        inner join rules on l.identifier_type = rules.identifier_type
        where l.identifier_class = 'personal' and r.identifier_class = 'personal' {changed}
        group by l.n, r.n
        """,
    )
