"""Files as a destination: each batch is one file, written atomically, and each run ends with a manifest."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from cdp_cli.destinations.base import Accepted, Answer, Batch, InDoubt, Verb
from cdp_cli.destinations.connections import Connection
from cdp_cli.destinations.objects import DestinationObject
from cdp_cli.errors import CheckDestination

_SUFFIXES = {"csv": "csv", "json_lines": "jsonl", "parquet": "parquet"}
_UNSAFE = re.compile(r"[^\w-]")


class FilesDestination(DestinationObject):
    """One folder of files."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._format = connection.settings["format"]
        self._nest = self._format == "json_lines"
        self._base = connection.project_dir / connection.settings["folder"] / connection.schema_prefix
        self._folder = self._base / _UNSAFE.sub("_", connection.object_name)

    @property
    def address(self) -> Mapping[str, str]:
        """Where the files are; inside the project by the way from there, so that it may be moved."""
        project = self.connection.project_dir.resolve()
        folder = (project / self.connection.settings["folder"]).resolve()
        place = folder.relative_to(project) if folder.is_relative_to(project) else folder
        return {**super().address, "settings.folder": str(place)}

    def row_sql(self, verb: Verb, columns: Mapping[str, str], nulls: Mapping[str, str]) -> str:
        """One row as JSON text. In CSV and Parquet every row has every column, so nulls are written."""
        everything = nulls if self._nest else dict.fromkeys(columns, "clear")
        return super().row_sql(verb, columns, everything)

    def send(self, batch: Batch) -> Answer:
        """Write the batch as one file, which replaces an earlier attempt."""
        name = f"{batch.verb.value}-{_UNSAFE.sub('_', batch.idempotency_key)}.{_SUFFIXES[self._format]}"
        self._write(self._folder / name, _WRITERS[self._format](batch.rows))
        return Accepted()

    def resume(self, batch: Batch) -> Answer:
        """Not used: a file is written in one step."""
        return InDoubt("a file is written in one step")

    def read_back(self, batch: Batch) -> Answer:
        """Not used: a batch that is written again replaces its file."""
        return InDoubt("a batch of files is written again instead")

    def check(self) -> None:
        """Check that the connection's folder exists or can be made, and that we can write to it."""
        self._write(self._base / ".check", b"")
        (self._base / ".check").unlink(missing_ok=True)

    def finish(self, run_id: str) -> None:
        """Write the run's manifest: its files, and those that an interrupted run did not list."""
        name = f"manifest-{_UNSAFE.sub('_', run_id)}.json"
        listed: set[str] = set()
        for path in self._folder.glob("manifest-*.json"):
            if path.name != name:
                listed |= {entry["file"] for entry in json.loads(path.read_text(encoding="utf-8"))["files"]}
        suffix = _SUFFIXES[self._format]
        found = [path for path in sorted(self._folder.glob(f"*-*.{suffix}")) if path.name not in listed]
        if not found:
            return
        manifest = {
            "run_id": run_id,
            "object": self.connection.object_name,
            "format": self._format,
            "files": [self._entry(path) for path in found],
        }
        self._write(self._folder / name, (json.dumps(manifest, indent=2) + "\n").encode())

    def _entry(self, path: Path) -> dict[str, Any]:
        content = path.read_bytes()
        return {
            "file": path.name,
            "operation": path.name.partition("-")[0],
            "rows": _COUNTERS[self._format](content),
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }

    def _write(self, path: Path, content: bytes) -> None:
        hidden = path.with_name(f".{path.name}.partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with hidden.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            hidden.replace(path)
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)  # the rename itself must survive a power cut
            finally:
                os.close(folder)
        except OSError as error:
            with contextlib.suppress(OSError):
                hidden.unlink()
            raise CheckDestination(
                f"Connection {self.connection.name}: {path.parent} cannot be written ({error.strerror}).",
                "Check the folder and the free space; the next sync writes what is missing.",
            ) from None


def _table(rows: Sequence[str]) -> pa.Table:
    table = pa.Table.from_pylist(json.loads(f"[{','.join(rows)}]"))
    # A column without values has no type. Text can be read together with any other file's column.
    fields = [pa.field(f.name, pa.string()) if pa.types.is_null(f.type) else f for f in table.schema]
    return table.cast(pa.schema(fields))


def _csv(rows: Sequence[str]) -> bytes:
    buffer = BytesIO()
    pa.csv.write_csv(_table(rows), buffer, pa.csv.WriteOptions(quoting_style="needed"))
    return buffer.getvalue()


def _json_lines(rows: Sequence[str]) -> bytes:
    return "".join(f"{row}\n" for row in rows).encode()


def _parquet(rows: Sequence[str]) -> bytes:
    buffer = BytesIO()
    pa.parquet.write_table(_table(rows), buffer)
    return buffer.getvalue()


def _csv_rows(content: bytes) -> int:
    # Values may hold line breaks, so lines cannot be counted.
    options = pa.csv.ParseOptions(newlines_in_values=True)
    return int(pa.csv.read_csv(BytesIO(content), parse_options=options).num_rows)


_WRITERS: dict[str, Callable[[Sequence[str]], bytes]] = {
    "csv": _csv,
    "json_lines": _json_lines,
    "parquet": _parquet,
}
_COUNTERS: dict[str, Callable[[bytes], int]] = {
    "csv": _csv_rows,
    "json_lines": lambda content: content.count(b"\n"),
    "parquet": lambda content: int(pa.parquet.read_metadata(BytesIO(content)).num_rows),
}
