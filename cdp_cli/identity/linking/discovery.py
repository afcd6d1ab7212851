"""Finds the vetoes: every module of their package. Adding one is adding a file."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from cdp_cli.identity.bands import Bands
from cdp_cli.identity.linking import vetoes as veto_modules
from cdp_cli.identity.linking.vetoes import Veto
from cdp_cli.identity.training.trained_model import Model

# A difference is a veto where at most so many of one person's pairs of records differ.
MOST_DIFFERENT = 0.03


@cache
def found_vetoes() -> tuple[Veto, ...]:
    """All vetoes, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(veto_modules.__path__))
    return tuple(importlib.import_module(f"{veto_modules.__name__}.{name}").VETO for name in names)


def vetoes_in_force(model: Model, bands: Bands) -> tuple[Veto, ...]:
    """The vetoes that hold: not switched off, and on comparisons in which one person hardly ever differs."""
    return tuple(
        veto
        for veto in found_vetoes()
        if veto.name not in bands.vetoes_off
        and (veto.comparison is None or (model.share_different(veto.comparison) or 0.0) <= MOST_DIFFERENT)
    )
