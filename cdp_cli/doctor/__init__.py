"""The checks of `cdp doctor`: each module here is one check, found and never registered.

A check is a module with a function `check(settings) -> Iterator[Finding]` whose docstring's first line is its
name. A check that cannot run because something else is broken returns a finding; it does not raise.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from cdp_cli.config import Settings
from cdp_cli.errors import CdpError


class Verdict(Enum):
    """The result of a check."""

    OK = "ok"
    WARNING = "warning"  # works, but should be checked
    FAILED = "failed"  # something does not work until it is corrected


@dataclass(frozen=True)
class Finding:
    """One result of a check, with what to do if it is not ok."""

    verdict: Verdict
    what: str
    remedy: str = ""


@dataclass(frozen=True)
class Checked:
    """A check's name and one of its findings."""

    check: str
    finding: Finding


def run_checks(settings: Settings) -> Iterator[Checked]:
    """Run every check in the order of its module's name; an error of ours is a failed finding."""
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda found: found.name):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        name = str(loaded.__doc__).splitlines()[0].rstrip(".")
        try:
            for finding in loaded.check(settings):
                yield Checked(name, finding)
        except CdpError as error:
            yield Checked(name, Finding(Verdict.FAILED, error.problem, error.remedy))
