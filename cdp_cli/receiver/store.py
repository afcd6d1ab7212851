"""The receiver's store in SQLite: records, every application of a record, answers by idempotency key.

Each request is one transaction, so a killed receiver or client leaves all of a request or nothing.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_TABLES = """
create table if not exists records (
    destination text, object text, key text, content text, primary key (destination, object, key)
) without rowid;
create table if not exists applied (
    seq integer primary key, destination text, object text, operation text, key text, effect text,
    content_hash text, request text
);
create table if not exists answers (
    destination text, idempotency_key text, digest text, status integer, body text,
    primary key (destination, idempotency_key)
) without rowid;
create table if not exists identifiers (
    kind text, value text, id text, primary key (kind, value)
) without rowid;
create table if not exists jobs (id text primary key, document text) without rowid;
create temporary table incoming (position integer primary key, key text, content text, content_hash text);
"""


# A column of an earlier release, and its name now.
_RENAMED = ("channel", "destination")


class Store:
    """The receiver's database. Safe to use from several threads: one transaction runs at a time."""

    def __init__(self, path: Path | None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._database = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        self._database.execute("pragma journal_mode = wal")
        self._database.execute("pragma synchronous = normal")
        self._rename_columns()
        self._database.executescript(_TABLES)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Apply everything inside, or nothing."""
        with self._lock:
            self._database.execute("begin immediate")
            try:
                yield
            except BaseException:
                self._database.execute("rollback")
                raise
            self._database.execute("commit")

    def apply(
        self, destination: str, name: str, operation: str, rows: Iterable[tuple[str, Any]], request: str
    ) -> None:
        """Store rows of (key, content) and log each: created, updated or unchanged."""
        self._take(rows)
        where = {"destination": destination, "object": name, "operation": operation, "request": request}
        self._database.execute(
            """
            insert into applied (destination, object, operation, key, effect, content_hash, request)
            select :destination, :object, :operation, incoming.key,
                case when records.key is null then 'created'
                    when records.content = incoming.content then 'unchanged' else 'updated' end,
                incoming.content_hash, :request
            from incoming left join records
                on records.destination = :destination and records.object = :object
                and records.key = incoming.key
            order by incoming.position
            """,
            where,
        )
        self._database.execute(
            """
            insert or replace into records (destination, object, key, content)
            select :destination, :object, key, content from incoming order by position
            """,
            where,
        )

    def remove(self, destination: str, name: str, operation: str, keys: Iterable[str], request: str) -> None:
        """Remove rows and log each: removed or absent."""
        self._take_keys(keys)
        where = {"destination": destination, "object": name, "operation": operation, "request": request}
        self._database.execute(
            """
            insert into applied (destination, object, operation, key, effect, content_hash, request)
            select :destination, :object, :operation, incoming.key,
                case when records.key is null then 'absent' else 'removed' end, null, :request
            from incoming left join records
                on records.destination = :destination and records.object = :object
                and records.key = incoming.key
            order by incoming.position
            """,
            where,
        )
        self._database.execute(
            """
            delete from records
            where destination = :destination and object = :object and key in (select key from incoming)
            """,
            where,
        )

    def contents(self, destination: str, name: str, keys: Iterable[str]) -> dict[str, Any]:
        """The records with these keys."""
        self._take_keys(keys)
        found = self._database.execute(
            """
            select key, content from records
            where destination = ? and object = ? and key in (select key from incoming)
            """,
            (destination, name),
        )
        return {key: json.loads(content) for key, content in found}

    def identify(self, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """The id of each (kind, value) that is known."""
        pairs = list(wanted)
        by_kind: dict[str, list[str]] = {}
        for kind, value in pairs:
            by_kind.setdefault(kind, []).append(value)
        found: dict[tuple[str, str], str] = {}
        for kind, values in by_kind.items():
            self._take_keys(values)
            rows = self._database.execute(
                "select value, id from identifiers where kind = ? and value in (select key from incoming)",
                (kind,),
            )
            found.update({(kind, value): identity for value, identity in rows})
        return found

    def set_identifiers(self, rows: Iterable[tuple[str, str, str]]) -> None:
        """Map each (kind, value) to an id."""
        self._database.executemany("insert or replace into identifiers values (?, ?, ?)", rows)

    def forget_identifiers(self, ids: Iterable[str]) -> None:
        """Remove all identifiers of these ids."""
        self._take_keys(ids)
        self._database.execute("delete from identifiers where id in (select key from incoming)")

    def count(self, destination: str, name: str) -> int:
        """How many records an object has."""
        query = "select count(*) from records where destination = ? and object = ?"
        return int(self._database.execute(query, (destination, name)).fetchone()[0])

    def objects(self, destination: str) -> list[str]:
        """The objects of a destination that have records."""
        query = "select distinct object from records where destination = ? order by object"
        return [name for (name,) in self._database.execute(query, (destination,))]

    def next_number(self) -> int:
        """A number that no earlier application has."""
        return int(self._database.execute("select coalesce(max(seq), 0) + 1 from applied").fetchone()[0])

    def answer(self, destination: str, idempotency_key: str) -> tuple[str, int, Any] | None:
        """The body's hash, status and body answered under that key before, or None."""
        query = "select digest, status, body from answers where destination = ? and idempotency_key = ?"
        found = self._database.execute(query, (destination, idempotency_key)).fetchone()
        return (found[0], int(found[1]), json.loads(found[2])) if found else None

    def keep_answer(
        self, destination: str, idempotency_key: str, digest: str, status: int, body: Any
    ) -> None:
        """Keep the answer for a repeated key."""
        values = (destination, idempotency_key, digest, status, json.dumps(body))
        self._database.execute("insert into answers values (?, ?, ?, ?, ?)", values)

    def job(self, job_id: str) -> Any:
        """A job's document, or None."""
        found = self._database.execute("select document from jobs where id = ?", (job_id,)).fetchone()
        return json.loads(found[0]) if found else None

    def keep_job(self, job_id: str, document: Any) -> None:
        """Remember a job."""
        self._database.execute("insert or replace into jobs values (?, ?)", (job_id, json.dumps(document)))

    def state(self) -> dict[str, dict[str, dict[str, Any]]]:
        """All records by destination, object and key."""
        with self._lock:
            found: dict[str, dict[str, dict[str, Any]]] = {}
            rows = self._database.execute(
                "select destination, object, key, content from records order by 1, 2, 3"
            )
            for destination, name, key, content in rows:
                found.setdefault(destination, {}).setdefault(name, {})[key] = json.loads(content)
            return found

    def log(self, after: int = 0) -> list[Mapping[str, Any]]:
        """Every application of a record, in order."""
        columns = ("seq", "destination", "object", "operation", "key", "effect", "content_hash", "request")
        with self._lock:
            rows = self._database.execute(
                f"select {', '.join(columns)} from applied where seq > ? order by seq", (after,)
            )
            return [dict(zip(columns, row, strict=True)) for row in rows]

    def reset(self) -> None:
        """Delete everything."""
        with self.transaction():
            for table in ("records", "applied", "answers", "identifiers", "jobs"):
                self._database.execute(f"delete from {table}")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def _rename_columns(self) -> None:
        """Bring a file of an earlier release to this one's column names; its rows stay."""
        old, new = _RENAMED
        found = self._database.execute(
            "select tables.name from sqlite_schema as tables, pragma_table_info(tables.name) as columns "
            "where tables.type = 'table' and columns.name = ?",
            (old,),
        ).fetchall()
        for (table,) in found:
            self._database.execute(f"alter table {table} rename column {old} to {new}")

    def _take(self, rows: Iterable[tuple[str, Any]]) -> None:
        self._database.execute("delete from incoming")
        self._database.executemany(
            "insert into incoming (key, content, content_hash) values (?, ?, ?)", map(_row, rows)
        )

    def _take_keys(self, keys: Iterable[str]) -> None:
        self._database.execute("delete from incoming")
        self._database.executemany("insert into incoming (key) values (?)", ((key,) for key in keys))


_encode = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


def _row(row: tuple[str, Any]) -> tuple[str, str, str]:
    text = _encode(row[1])
    return row[0], text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
