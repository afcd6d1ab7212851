"""The demo's SQL files and rates, with their parameters filled in."""

from __future__ import annotations

import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import yaml

_FOLDER = Path(__file__).parent
POOLS = _FOLDER / "pools"


def rates() -> dict[str, dict[str, dict[str, Any]]]:
    """Every rate by section and name, each with `value` and `description`; the file is rates.yml."""
    parsed: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load(
        (_FOLDER / "rates.yml").read_text(encoding="utf-8")
    )
    return parsed


def rate_values() -> dict[str, Any]:
    """Every rate's value by its name."""
    return {name: rate["value"] for section in rates().values() for name, rate in section.items()}


def run(connection: duckdb.DuckDBPyConnection, name: str, parameters: Mapping[str, object]) -> None:
    """Execute the statements of `<name>.sql` with its `${parameter}`s filled in.

    The parameters are dates, numbers and names that this package made, or a seed that is a number:
    nothing that a user could write SQL into.
    """
    text = (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    connection.execute(string.Template(text).substitute(parameters))
