"""The vars of dbt become the bands and vetoes of identity, or are refused in one sentence."""

from __future__ import annotations

from typing import Any

import pytest

from cdp_cli.errors import FixConfiguration
from cdp_cli.identity.bands import Bands
from cdp_cli.identity.linking.discovery import found_vetoes, vetoes_in_force
from cdp_cli.identity.settings import NUMBERS, configured
from tests.python.identity.people import NO_MODEL

DEFAULTS = {name: getattr(Bands(), name) for name in NUMBERS} | {"vetoes": {}}


def test_each_var_sets_the_band_of_its_name() -> None:
    for number, name in enumerate(NUMBERS):
        value = 0.41 + number / 1000 if name != "review" else 0.05
        assert getattr(configured({**DEFAULTS, name: str(value)}), name) == value


def test_a_veto_that_is_switched_off_does_not_hold() -> None:
    switches = {"different_national_id": False, "different_first_names": True}
    bands = configured({**DEFAULTS, "vetoes": switches})
    held = {veto.name for veto in vetoes_in_force(NO_MODEL, bands)}
    assert held == {veto.name for veto in found_vetoes()} - {"different_national_id"}


@pytest.mark.parametrize("text", ["{'different_national_id': False}", "{'different_national_id': True}"])
def test_the_vetoes_may_come_as_the_text_that_dbt_renders(text: str) -> None:
    off = configured({**DEFAULTS, "vetoes": text}).vetoes_off
    assert off == (("different_national_id",) if "False" in text else ())


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"auto": "high"}, "The dbt var identity_auto is 'high', which is not a number from 0 to 1."),
    ({"min_average_linkage": 7}, "The dbt var identity_min_average_linkage is '7', which is not a number"),
    ({"review": 0.7}, "The dbt var identity_review is 0.7, above identity_auto 0.5."),
    ({"vetoes": {"different_shoes": False}}, "names the unknown veto 'different_shoes'"),
    ({"vetoes": {"different_national_id": "no"}}, "sets different_national_id to 'no', not to true or false"),
    ({"vetoes": ["different_national_id"]}, "does not map names to true or false"),
]


@pytest.mark.parametrize(("wrong", "sentence"), WRONG, ids=[next(iter(wrong)) for wrong, _ in WRONG])
def test_a_wrong_value_is_refused_by_the_name_of_its_var(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(FixConfiguration) as refused:
        configured({**DEFAULTS, **wrong})
    assert sentence in refused.value.problem


def test_an_unknown_veto_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(FixConfiguration) as refused:
        configured({**DEFAULTS, "vetoes": {"different_shoes": False}})
    assert all(veto.name in refused.value.remedy for veto in found_vetoes())
