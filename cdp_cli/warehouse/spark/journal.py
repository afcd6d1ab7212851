"""Several inserts that all happen, on an engine without transactions: staged, noted, then inserted.

Rows of a transaction wait in Parquet files. At its end a note says into which tables they go, and how many
rows each had before: by that, whoever finds the note later knows which of the inserts happened, and does the
rest. Without the note the transaction did not come to its end, and its files are thrown away.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

_NOTE = "note.json"
# Spark does not read files of such a name as data.
_LOCK = "_lock"


class Staged:
    """The rows of one transaction in files of their own, one folder a table."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts = 0
        self.tables: list[tuple[str, str]] = []

    def add(self, schema: str, table: str, rows: pa.Table) -> None:
        """Let rows wait."""
        name = (schema, table)
        if name not in self.tables:
            self.tables.append(name)
        place = self._of(self.tables.index(name))
        place.mkdir(exist_ok=True)
        pq.write_table(rows, place / f"{self._parts:06}.parquet")
        self._parts += 1

    def note(self, before: Mapping[tuple[str, str], int]) -> None:
        """Write down that all rows are here, and how many rows each table has before them."""
        note = [[*name, before[name]] for name in self.tables]
        fresh = self._folder / f"{_NOTE}.new"
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(note, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(self._folder / _NOTE)

    def noted(self) -> list[tuple[tuple[str, str], int, Path]]:
        """Table, rows before, and the folder of its new rows, in the order of inserting."""
        note = json.loads((self._folder / _NOTE).read_text(encoding="utf-8"))
        return [
            ((schema, table), before, self._of(position))
            for position, (schema, table, before) in enumerate(note)
        ]

    def _of(self, position: int) -> Path:
        return self._folder / f"{position:03}"


class Journal:
    """The folder where transactions wait. Each is locked by the process that writes it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def begin(self) -> Iterator[Staged]:
        """Room for a transaction; what is in it is gone when the context ends, unless it was noted."""
        with self._locked(uuid.uuid4().hex) as folder:
            try:
                yield Staged(folder)
            except BaseException:
                if not (folder / _NOTE).exists():
                    shutil.rmtree(folder)
                raise
            shutil.rmtree(folder)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for files that nobody needs afterwards."""
        with self._locked(uuid.uuid4().hex) as folder:
            try:
                yield folder
            finally:
                shutil.rmtree(folder)

    def unfinished(self) -> Iterator[Staged]:
        """The transactions that a process left noted; each is gone once it was handled."""
        for folder in sorted(self._folder.glob("*")):
            try:
                with self._locked(folder.name) as mine:
                    if (mine / _NOTE).exists():
                        yield Staged(mine)
                    shutil.rmtree(mine)
            except BlockingIOError:
                # Its process is at it.
                continue

    @contextmanager
    def _locked(self, name: str) -> Iterator[Path]:
        folder = self._folder / name
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / _LOCK).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield folder
