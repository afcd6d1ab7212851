"""The page of identity: every rule, veto, band, limit, block and comparison, as the code has it."""

from __future__ import annotations

import ast
import csv
import dataclasses
import importlib
from collections.abc import Iterable, Sequence

import pyarrow as pa
import yaml
from sqlglot import exp, parse_one

from cdp_cli.documentation import PACKAGE
from cdp_cli.documentation.inputs import Inputs
from cdp_cli.documentation.markdown import paragraphs, table
from cdp_cli.engine_package import FOLDER
from cdp_cli.identity.bands import Bands
from cdp_cli.identity.clustering.change_guard import ChangeGuard
from cdp_cli.identity.linking import comparisons, discovery
from cdp_cli.identity.linking.rules import Rule, rules_of

_HEAD = """# Identity: every rule, veto, band and limit

[Identity](../explanation/identity.md) says how they work together, and [Change what identity
does](../how-to/change-identity.md) says how to change them.
"""

# Numbers of cdp_cli/identity that decide who is one person, with their reason.
LIMITS = {
    "edges._SUREST_SCORE": (
        "Comparisons repeat each other (a name stands in the e-mail address too): whatever they add up to, "
        "an account or a card joins first."
    ),
    "partitioned_assignment.RECORDS_OF_BUCKET": (
        "Where records are too many for one machine, so many are grouped at a time; it changes no result, "
        "only memory."
    ),
    "caps._PAIRS_FOR_ONE": (
        "Blocks of a size are compared where of so many pairs that nothing else finds one is worth keeping: "
        "a comparison takes microseconds, a person who is missed costs more."
    ),
    "grouping.BEYOND_RIVALRY": "A pair so sure joins without a look at what else resembles the two.",
    "constraints._SUREST_UNSCORED": (
        "A pair that no blocking rule found is scored only to judge groups: below `auto`, it joins nobody."
    ),
    "constraints._MOST_RECORDS_COMPARED": (
        "In a suspect component of more records, only pairs that were scored speak for or against anybody: "
        "all pairs of a thousand records are half a million."
    ),
    "expectation._PRIOR_MATCHES": (
        "What the priors of m weigh, in pairs: enough to hold a level that nobody is at, too little to "
        "outvote a few hundred pairs."
    ),
    "expectation._PRIOR_STRANGERS": (
        "What the priors of u weigh, in pairs at each level: a rare level that no random pair is at keeps "
        "its prior until enough were seen, a common one follows the data at once."
    ),
    "expectation._MOST_ITERATIONS": "Training ends here, and says that it did not converge.",
    "expectation._CONVERGED": "Training has converged where no parameter changes by more.",
    "expectation._FIRST_SHARE": "Where training starts: half of the pairs of a blocking rule are matches.",
    "expectation._FIRST_RANDOM_SHARE": "Where training starts: one random pair in a thousand is a match.",
    "discovery.MOST_DIFFERENT": (
        "A difference is a veto only where so few of one person's pairs of records differ: in data with "
        "many slips it is evidence to weigh and no proof."
    ),
    "verdict._WORTH_BITS": (
        "A level that says so much more or less is worth a new model: twice or half the odds."
    ),
    "verdict._LEAST_PAIRS": "A level counts for that if it was seen in so many pairs.",
    "verdict._WORTH_GROWTH": "So many times the records are worth a new model.",
    "training._PRIOR_COINCIDENCES": (
        "Of both names in common: what the prior weighs, in pairs, that a first name and a surname come "
        "together by chance alone."
    ),
    "sampling.RANDOM_PAIRS": (
        "Random pairs that u is learnt from: a share of one in 10,000 is seen 30 times."
    ),
    "sampling.MOST_PAIRS_OF_BLOCKS": (
        "Pairs of a blocking rule that m is learnt from; more change no digit that matters."
    ),
    "training._LEAST_SHARE_FILLED": "A comparison is made where so many records have one of its columns.",
    "frequencies._LEAST_FREQUENCY": "Values on fewer records have no frequency of their own: they are rare.",
}
# Numbers that decide nothing about people: how results are drawn, stored or shown.
OF_NO_MATTER = {
    "birth_dates_far_apart._YEARS", "change_guard._MOST_NAMED", "comparable_fields.FIRST_NAME_FILLED",
    "in_memory_engine._THREADS", "refusal._MOST_NAMED",
    "sampling.SEED", "sampling._CONFIDENCE",
    "frequencies._DIGITS", "sampling._LEHMER",
}  # fmt: skip


def page(inputs: Inputs) -> str:
    """The whole page."""
    sections = (
        _HEAD,
        _rules(),
        _vetoes(),
        _bands(),
        _types(),
        _limits(),
        _blocks(inputs.identity_keys_sql),
        _comparisons(),
    )
    return "\n".join(sections)


def numbers() -> dict[str, str]:
    """Each numeric constant of identity and stewardship, as it is written there, by `module.NAME`."""
    constants = {}
    folders = (PACKAGE / "identity", PACKAGE / "stewardship")
    for path in sorted(path for folder in folders for path in folder.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            match node:
                case ast.Assign(
                    targets=[ast.Name(id=name)], value=ast.Constant(value=int() | float() as value)
                ):
                    constants[f"{path.stem}.{name}"] = f"{value:,}"
    return constants


def rules() -> tuple[Rule, ...]:
    """The deterministic rules of the seed, the surest first."""
    with (FOLDER / "seeds" / "identity" / "identifier_types.csv").open(encoding="utf-8") as lines:
        rows = [{**row, "probability": float(row["probability"] or "nan")} for row in csv.DictReader(lines)]
    return tuple(
        sorted(rules_of(pa.Table.from_pylist(rows)), key=lambda rule: (-rule.probability, rule.name))
    )


def _rules() -> str:
    rows = [(f"`{rule.name}`", rule.identifier_type, rule.probability, rule.why) for rule in rules()]
    return _section(
        "Rules",
        "A row each of `seeds/identity/identifier_types.csv`. Two records that share a personal value of the "
        "type are one person with the probability.",
        ("rule", "identifier", "probability", "why"),
        rows,
    )


def _vetoes() -> str:
    rows = [
        (
            f"`{veto.name}`",
            "yes" if veto.firm else "no",
            f"at most {discovery.MOST_DIFFERENT:.0%} of one person's pairs differ in {veto.comparison}"
            if veto.comparison
            else "always",
            veto.why,
            _idea(f"linking.vetoes.{veto.name}"),
        )
        for veto in discovery.found_vetoes()
    ]
    return _section(
        "Vetoes",
        "One file each in `cdp_cli/identity/linking/vetoes/`. A vetoed pair never joins by itself; a firm "
        "veto keeps two groups apart too.",
        ("veto", "firm", "in force where", "what it sees", "why"),
        rows,
    )


def _bands() -> str:
    rows = [(f"`{field.name}`", field.default) for field in dataclasses.fields(Bands)]
    return _section("Bands", paragraphs(Bands.__doc__), ("band", "value"), rows)


def _types() -> str:
    folder = FOLDER / "seeds" / "identity"
    with (folder / "identifier_types.csv").open(encoding="utf-8") as lines:
        header, *rows = csv.reader(lines)
    properties = yaml.safe_load((folder / "identifier_types.yml").read_text(encoding="utf-8"))["seeds"][0]
    reasons = "\n".join(f"- `{column['name']}`: {column['description']}" for column in properties["columns"])
    return _section(
        "Limits of identifiers",
        f"`seeds/identity/identifier_types.csv`. {' '.join(properties['description'].split())}\n\n{reasons}",
        header,
        [(f"`{row[0]}`", *row[1:]) for row in rows],
    )


def _limits() -> str:
    constants = numbers()
    rows: list[Sequence[object]] = [(f"`{name}`", constants[name], LIMITS[name]) for name in sorted(LIMITS)]
    rows.append(
        (
            "`change_guard.ChangeGuard.least`",
            ChangeGuard().least,
            "Fewer changed profiles never stop a build.",
        )
    )
    return _section(
        "Limits in the code",
        "In `cdp_cli/identity/` and `cdp_cli/stewardship/`.",
        ("limit", "value", "why"),
        rows,
    )


def _blocks(identity_keys_sql: str) -> str:
    model = parse_one(identity_keys_sql, read="duckdb")
    final = next(cte.this for cte in model.find_all(exp.CTE) if cte.alias == "final")
    keys = {column.alias_or_name: column.unalias().sql("duckdb") for column in final.selects}
    with (FOLDER / "seeds" / "identity" / "blocking_rules.csv").open(encoding="utf-8") as lines:
        rows: list[Sequence[object]] = [
            (
                f"`{rule}`",
                f"`{keys[rule]}`" if keys[rule] != rule else "its value",
                most,
                why,
                ", ".join(blind.split()),
            )
            for rule, most, blind, why in list(csv.reader(lines))[1:]
        ]
    return _section(
        "Blocking rules",
        "Each is a column of `models/identity/identity_keys.sql`, described in "
        "`seeds/identity/blocking_rules.csv`. Two records are compared where they have a key of one rule in "
        "common and no more records than the cap have it. Rules with a comparison in the last column are "
        "learnt from too: they are blind to it.",
        ("rule", "key", "cap", "what it finds", "trains all comparisons but"),
        rows,
    )


def _comparisons() -> str:
    sections = [f"## Comparisons\n\n{paragraphs(comparisons.__doc__)}\n"]
    for comparison in comparisons.ALL:
        rows = [
            (
                level.label,
                f"`{level.condition}`",
                level.m or "",
                level.u or "",
                level.term_frequency or "",
            )
            for level in comparison.levels
        ]
        head = ("level", "where", "prior m", "prior u", "frequency of")
        text = f"Made where {', '.join(comparison.needs)} is filled."
        sections.append(_section(comparison.name, text, head, rows, level="###"))
    return "\n".join(sections)


def _idea(module: str) -> str:
    """The docstring of a module, as one paragraph."""
    return " ".join((importlib.import_module(f"cdp_cli.identity.{module}").__doc__ or "").split())


def _section(
    title: str, text: str, head: Sequence[str], rows: Iterable[Sequence[object]], level: str = "##"
) -> str:
    return f"{level} {title}\n\n{text}\n\n{table(head, rows)}"
