"""docs/reference/identity.md holds every rule, veto, band, limit, block and comparison with its reason."""

from __future__ import annotations

import csv
import dataclasses
import importlib
import re

import yaml

from cdp_cli.documentation import identity as identity_reference
from cdp_cli.identity.bands import Bands
from cdp_cli.identity.linking import comparisons, discovery
from cdp_cli.identity.settings import NUMBERS, configured
from tests.conftest import ENGINE, ROOT

GUIDE = (ROOT / "docs" / "explanation" / "identity.md").read_text(encoding="utf-8")


def test_every_limit_has_a_reason_and_every_reason_a_limit() -> None:
    numbers = identity_reference.numbers().keys() - identity_reference.OF_NO_MATTER
    assert set(numbers) == set(identity_reference.LIMITS), "see LIMITS in cdp_cli/documentation/identity.py"


def test_every_rule_and_veto_says_why_and_every_band_is_explained() -> None:
    for rule in identity_reference.rules():
        assert rule.why
    for veto in discovery.found_vetoes():
        assert veto.why and importlib.import_module(f"cdp_cli.identity.linking.vetoes.{veto.name}").__doc__
    explained = set(re.findall(r"`(\w+)`", Bands.__doc__ or ""))
    assert explained == {field.name for field in dataclasses.fields(Bands)}


def test_every_level_but_the_unknown_one_has_priors() -> None:
    for comparison in comparisons.ALL:
        assert all(level.m and level.u for level in comparison.levels[1:]), comparison.name


def test_a_rule_joins_by_an_identifier_that_the_seed_has_and_the_models_read() -> None:
    with (ENGINE / "seeds" / "identity" / "identifier_types.csv").open(encoding="utf-8") as lines:
        types = {row["identifier_type"] for row in csv.DictReader(lines)}
    macro = (ENGINE / "macros" / "identity" / "identifier_columns.sql").read_text(encoding="utf-8")
    assert set(re.findall(r"types = '(.+)'", macro)[0].split()) == types


def test_the_vars_of_dbt_have_the_bands_of_the_library() -> None:
    declared = yaml.safe_load((ENGINE / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    given = {name: declared[f"identity_{name}"] for name in NUMBERS}
    assert configured({**given, "vetoes": declared["identity_vetoes"]}) == Bands()


def test_the_guide_links_the_reference() -> None:
    assert "reference/identity.md" in GUIDE
