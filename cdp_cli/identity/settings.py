"""Reads the settings of identity as dbt gives them: the values of the vars `identity_*`, as YAML has them."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import fields

from cdp_cli.errors import FixConfiguration
from cdp_cli.identity.bands import Bands
from cdp_cli.identity.linking.discovery import found_vetoes

# The numbers among the fields of Bands; each is set by the var of its name after `identity_`.
NUMBERS = tuple(field.name for field in fields(Bands) if field.name != "vetoes_off")


def configured(settings: object) -> Bands:
    """The bands and vetoes of a model's meta `settings`: each number of Bands by its name, and `vetoes`.

    Raises FixConfiguration if a value is missing, is not a number from 0 to 1, or names an unknown veto.
    """
    given = settings if isinstance(settings, Mapping) else {}
    numbers = {name: _share(f"identity_{name}", given.get(name)) for name in NUMBERS}
    if numbers["review"] > numbers["auto"]:
        raise FixConfiguration(
            f"The dbt var identity_review is {numbers['review']}, above identity_auto {numbers['auto']}.",
            "Correct one of them in dbt_project.yml: pairs between the two wait for a person.",
        )
    return Bands(**numbers, vetoes_off=_switched_off(given.get("vetoes")))


def _share(var: str, value: object) -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = -1.0
    if not 0.0 <= number <= 1.0:
        raise FixConfiguration(
            f"The dbt var {var} is {str(value)!r}, which is not a number from 0 to 1.",
            "Correct it in dbt_project.yml.",
        )
    return number


def _switched_off(value: object) -> tuple[str, ...]:
    """The vetoes that the var identity_vetoes sets to false."""
    known = [veto.name for veto in found_vetoes()]
    switches = _mapping(value)
    if switches is None:
        raise FixConfiguration(
            f"The dbt var identity_vetoes is {str(value)!r}, which does not map names to true or false.",
            f"Write for example `identity_vetoes: {{{known[0]}: false}}` in dbt_project.yml.",
        )
    for name, switch in switches.items():
        if name not in known:
            raise FixConfiguration(
                f"The dbt var identity_vetoes names the unknown veto {str(name)!r}.",
                f"Use one of: {', '.join(known)}.",
            )
        if not isinstance(switch, bool):
            raise FixConfiguration(
                f"The dbt var identity_vetoes sets {name} to {str(switch)!r}, not to true or false.",
                "Correct it in dbt_project.yml.",
            )
    return tuple(name for name in known if switches.get(name) is False)


def _mapping(value: object) -> Mapping[object, object] | None:
    """A mapping, as it is or as the text that dbt renders it to; None if it is something else."""
    if isinstance(value, str):
        try:
            value = ast.literal_eval(value)
        except (SyntaxError, ValueError):
            return None
    return value if isinstance(value, Mapping) else None
