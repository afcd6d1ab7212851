"""What the user sees: tables and progress on a terminal, plain text elsewhere, JSON on request.

Answers go to standard output and everything else to standard error, so that `--json` prints one JSON
document and nothing more.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

_PLAIN_WIDTH = 120


def _console(stream: Any) -> Console:
    # A pipe has no width. rich would wrap at 80 columns and cut words that scripts search for.
    width = None if stream.isatty() else _PLAIN_WIDTH
    return Console(file=stream, width=width, highlight=False, soft_wrap=not stream.isatty())


def say(text: str = "") -> None:
    """Print one line of the answer. `text` may hold rich markup."""
    _console(sys.stdout).print(text)


def literal(value: object) -> str:
    """A value from the data for `say` and `table`: brackets in it are shown and are not markup."""
    return escape(_cell(value))


def note(text: str) -> None:
    """Print one line that is not part of the answer, to standard error."""
    _console(sys.stderr).print(text, style="dim")


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under their columns; numbers are right-aligned and grouped in thousands."""
    body = [list(row) for row in rows]
    plain = not sys.stdout.isatty()
    drawn = Table(title=title, title_justify="left", box=None if plain else SIMPLE_HEAD, pad_edge=False)
    for position, name in enumerate(columns):
        numeric = bool(body) and all(isinstance(row[position], (int, float, type(None))) for row in body)
        drawn.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in body:
        drawn.add_row(*(_cell(value) for value in row))
    _console(sys.stdout).print(drawn)
    say()


def document(value: object) -> None:
    """Print one JSON document: dataclasses as objects, times in ISO 8601, paths as text."""
    sys.stdout.write(json.dumps(value, default=_jsonable, indent=2, ensure_ascii=False) + "\n")


@contextmanager
def progress(label: str) -> Iterator[Callable[[str], None]]:
    """Show on a terminal that `label` is running; yields a function that changes the label."""
    if sys.stderr.isatty():
        with _console(sys.stderr).status(label) as status:
            yield status.update
    else:
        yield lambda _: None


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    return str(value)


def _jsonable(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, (dt.datetime, dt.date)):
        return value.isoformat()
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
