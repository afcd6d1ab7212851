"""Finds the rules and vetoes: every module of their packages. Adding one is adding a file."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from cdp_cli.identity import rules as rule_modules
from cdp_cli.identity import vetoes as veto_modules
from cdp_cli.identity.rules import Rule
from cdp_cli.identity.vetoes import Veto


@cache
def found_rules() -> tuple[Rule, ...]:
    """All deterministic rules, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(rule_modules.__path__))
    return tuple(importlib.import_module(f"{rule_modules.__name__}.{name}").RULE for name in names)


@cache
def found_vetoes() -> tuple[Veto, ...]:
    """All vetoes, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(veto_modules.__path__))
    return tuple(importlib.import_module(f"{veto_modules.__name__}.{name}").VETO for name in names)
