"""Versions."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version

from cdp_cli.config import Settings
from cdp_cli.doctor import Finding, Verdict

# The ranges of pyproject.toml that a wrong installation breaks most often.
_WANTED = {"dbt-core": (1, 11), "dbt-duckdb": (1, 11), "duckdb": (2,), "splink": (5,)}


def check(settings: Settings) -> Iterator[Finding]:
    """The main libraries have the versions that cdp is tested with."""
    for package, wanted in _WANTED.items():
        installed = version(package)
        numbers = tuple(int(part) for part in installed.split(".")[: len(wanted)])
        if numbers == wanted:
            yield Finding(Verdict.OK, f"{package} {installed}")
        else:
            expected = ".".join(map(str, wanted))
            yield Finding(
                Verdict.FAILED,
                f"{package} is {installed}, and cdp needs {expected}.",
                "Install again with `pip install -c constraints.txt -e .`.",
            )
