"""A project folder with connections to a receiver, and helpers that go the engine's way: SQL, then send."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cdp_cli.config import Settings
from cdp_cli.destinations import connect
from cdp_cli.destinations.base import Answer, Batch, Destination, Pending, Verb
from cdp_cli.destinations.fields import literal, quoted
from tests.conftest import ROOT
from tests.receivers import receiver

__all__ = ["receiver"]

Rows = Sequence[dict[str, Any]]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A project that has nothing but the demo's connections.yml."""
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copy(ROOT / "connections.yml", folder)
    monkeypatch.setenv("CDP_DATA", str(folder / "data"))
    monkeypatch.setenv("KLAVIYO_API_KEY", "pk_of_no_one")
    monkeypatch.setenv("CRM_WEBHOOK_SECRET", "whsec_ZGVtby1zZWNyZXQtb2YtdGhlLWxvY2FsLXJlY2VpdmVy")
    return Settings(folder, folder, folder / "data", "dev", {"type": "duckdb"})


@pytest.fixture
def open_object(settings: Settings) -> Callable[[str, str], Destination]:
    return lambda connection, name: connect(connection, name, settings)


def rendered(
    destination: Destination, verb: Verb, rows: Rows, nulls: dict[str, str] | None = None
) -> list[str]:
    """The rows as the engine has them: normalised and rendered in SQL."""
    return [text for text, _ in _rendered(destination, verb, rows, nulls or {})]


def invalid(destination: Destination, verb: Verb, rows: Rows) -> list[str | None]:
    """Why each row cannot be sent, or None."""
    return [reason for _, reason in _rendered(destination, verb, rows, {})]


def _rendered(
    destination: Destination, verb: Verb, rows: Rows, nulls: dict[str, str]
) -> list[tuple[str, str | None]]:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    values = ", ".join(f"({', '.join(_sql(row.get(name)) for name in columns)})" for row in rows)
    names = ", ".join(quoted(name) for name in columns)
    given = f"(values {values}) as given({names})"
    connection = duckdb.connect()
    kinds = _types(connection, f"select * from {given}")
    normal = ", ".join(f"{destination.field_sql(name, kinds[name])} as {quoted(name)}" for name in columns)
    types = _types(connection, f"select {normal} from {given}")
    query = f"""
        select {destination.row_sql(verb, types, nulls)}, {destination.invalid_sql(verb, types)}
        from (select {normal} from {given})
    """
    return [(text, reason) for text, reason in connection.execute(query).fetchall()]


def _types(connection: duckdb.DuckDBPyConnection, sql: str) -> dict[str, str]:
    return {row[0]: row[1] for row in connection.execute(f"describe {sql}").fetchall()}


def _sql(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool | int | float):
        return str(value)
    return value if isinstance(value, SqlText) else literal(str(value))


class SqlText(str):
    """A value that is written in SQL."""


def deliver(destination: Destination, sent: Batch, asks: int = 30) -> Answer:
    """Send a batch and ask about it until it is answered, as the engine does, but without waiting."""
    answer = destination.send(sent)
    for _ in range(asks):
        if not isinstance(answer, Pending):
            return answer
        answer = destination.resume(replace(sent, kept=answer.kept))
    raise AssertionError(f"after {asks} questions the batch is still pending: {answer}")


def batch(destination: Destination, verb: Verb, rows: Rows, key: str = "key-1", attempt: int = 1) -> Batch:
    return Batch(key, key, verb, "\n".join(rendered(destination, verb, rows)), attempt)
