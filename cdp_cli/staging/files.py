"""A file as a table: CSV, JSON lines and Parquet, each read by DuckDB without guessing.

CSV and JSON are read as text and then cast to the types of the table. Errors name file, row and column, and
never quote a value.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import duckdb

from cdp_cli.errors import FixInput

TEXT = "VARCHAR"
ENCODINGS = ("utf-8", "latin-1", "utf-16")
_DELIMITERS = ",;\t|"
_KINDS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "json",
    ".ndjson": "json",
    ".json": "json",
    ".parquet": "parquet",
}
_HASH_BYTES = 1 << 20
# A row may hold a long text, but several megabytes mean an unclosed quote.
_MAX_ROW_BYTES = 8 << 20


@dataclass(frozen=True)
class SourceFile:
    """One file that can be read. `relation` is SQL; `columns` are name -> DuckDB type, as they are read."""

    path: Path
    content_hash: str
    relation: str
    columns: dict[str, str]
    encoding: str

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return self.path.name


def open_file(path: Path, encoding: str = "utf-8") -> SourceFile:
    """Read a file's format and columns, not its rows.

    Raises FixInput if there is no such file, it is empty, damaged, or of a format that cannot be read.
    """
    kind = _kind(path)
    if path.stat().st_size == 0:
        raise FixInput(f"{path} is empty.", "Export it again; a file without rows still has its header.")
    if kind == "csv":
        relation, columns = _csv(path, encoding)
    else:
        relation = _json(path) if kind == "json" else f"read_parquet({quoted(str(path))})"
        columns = _described(path, relation, kind)
    return SourceFile(
        path=path, content_hash=_sha256(path), relation=relation, columns=columns, encoding=encoding
    )


@contextmanager
def reading(file: SourceFile) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to read the file with. A broken file raises FixInput with the line."""
    with _reader() as connection, _explained(file.path, file.encoding):
        yield connection


def quoted(text: str) -> str:
    """Text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def _reader() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(":memory:")
    try:
        # A time with an offset is converted to UTC, and one without an offset counts as UTC.
        connection.execute("set timezone = 'UTC'")
        yield connection
    finally:
        connection.close()


def _kind(path: Path) -> str:
    if not path.exists():
        raise FixInput(f"There is no file {path}.", "Correct the path.")
    if not path.is_file():
        raise FixInput(f"{path} is a folder.", "Name the files in it, for example with a pattern.")
    plain = Path(path.stem) if _is_gzip(path) else path
    kind = _KINDS.get(plain.suffix.lower())
    if kind is None or (kind == "parquet" and plain is not path):
        raise FixInput(
            f"{path} ends in {path.suffix or 'nothing'}, which is not a format that can be read.",
            "Name it .csv, .tsv, .jsonl or .json (each also .gz), or .parquet.",
        )
    return kind


def _csv(path: Path, encoding: str) -> tuple[str, dict[str, str]]:
    with _explained(path, encoding), _text(path, encoding) as lines:
        first = lines.readline()
        delimiter = max(_DELIMITERS, key=lambda each: _unquoted(first).count(each))
        lines.seek(0)
        header = [name.strip() for name in next(csv.reader(lines, delimiter=delimiter), [])]
    if any("\ufffd" in name for name in header):
        raise _not_encoded(path, encoding, ", line 1,")
    if not header:
        raise FixInput(f"{path} has no header in its first line.", "Add one: the names of the columns.")
    for position, name in enumerate(header, start=1):
        if not name:
            raise FixInput(f"{path}: column {position} has no name in the header.", "Give it one.")
        if [other.lower() for other in header].count(name.lower()) > 1:
            raise FixInput(f"{path}: the header names the column {name} twice.", "Rename one of them.")
    columns = dict.fromkeys(header, TEXT)
    spec = ", ".join(f"{quoted(name)}: '{TEXT}'" for name in columns)
    relation = (
        f"read_csv({quoted(str(path))}, auto_detect = false, columns = {{{spec}}}, header = true, "
        f"delim = {quoted(delimiter)}, quote = '\"', escape = '\"', strict_mode = true, "
        f"encoding = {quoted(encoding)}, max_line_size = {_MAX_ROW_BYTES}, "
        f"compression = {_compression(path)})"
    )
    return relation, columns


def _unquoted(line: str) -> str:
    return re.sub(r'"[^"]*"', "", line)


def _is_gzip(path: Path) -> bool:
    return path.suffix.lower() == ".gz"


def _compression(path: Path) -> str:
    return "'gzip'" if _is_gzip(path) else "'none'"


def _json(path: Path) -> str:
    with _explained(path, "utf-8"), _text(path, "utf-8") as lines:
        start = ""
        while not start and (line := lines.readline()):
            start = line.strip()[:1]
    form = "array" if start == "[" else "newline_delimited"
    # Depth 1 leaves each value as it is written: the zip "01234" must not become a number.
    return (
        f"read_json({quoted(str(path))}, format = '{form}', records = true, maximum_depth = 1, "
        f"sample_size = -1, maximum_object_size = {_MAX_ROW_BYTES}, compression = {_compression(path)})"
    )


def _described(path: Path, relation: str, kind: str) -> dict[str, str]:
    with _reader() as connection, _explained(path, "utf-8"):
        rows = connection.execute(f"describe select * from {relation}").fetchall()
    # If no row is an object, DuckDB names a single column `json`.
    if kind == "json" and [row[0] for row in rows] == ["json"]:
        raise FixInput(f"{path} has no rows that are JSON objects.", "Write one object a line.")
    return {str(row[0]): str(row[1]) for row in rows}


@contextmanager
def _bytes(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as raw, gzip.GzipFile(fileobj=raw) if _is_gzip(path) else raw as opened:
        yield cast("IO[bytes]", opened)


@contextmanager
def _text(path: Path, encoding: str) -> Iterator[IO[str]]:
    """The file as text, with or without a byte order mark, to read its beginning."""
    codec = "utf-8-sig" if encoding == "utf-8" else encoding
    # DuckDB finds errors further down, because it knows the line.
    with _bytes(path) as opened, io.TextIOWrapper(opened, codec, errors="replace", newline="") as lines:
        yield lines


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_HASH_BYTES):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def _explained(path: Path, encoding: str) -> Iterator[None]:
    """The error for a file, without quoting its content."""
    try:
        yield
    except (gzip.BadGzipFile, EOFError) as error:
        raise _damaged(path) from error
    except duckdb.Error as error:
        raise _from_duckdb(path, encoding, str(error)) from error


def _not_encoded(path: Path, encoding: str, where: str) -> FixInput:
    others = " or ".join(f"--encoding {other}" for other in ENCODINGS if other != encoding)
    # JSON is UTF-8 by its standard.
    remedy = "Save it as UTF-8." if "json" in path.name.lower() else f"Save it as UTF-8, or say {others}."
    return FixInput(f"{path}{where} is not {encoding.upper()} text.", remedy)


def _damaged(path: Path) -> FixInput:
    return FixInput(f"{path} is damaged or was cut off.", "Export or transfer it again.")


def _from_duckdb(path: Path, encoding: str, message: str) -> FixInput:
    found = re.search(r"CSV Error on Line: (\d+)", message)
    where = f", line {found[1]}," if found else ""
    if "GZIP" in message or "arquet" in message or "Footer" in message:
        return _damaged(path)
    if "JSON" in message:
        return _json_problem(path)
    if "unicode" in message or "not utf-8 encoded" in message:
        return _not_encoded(path, encoding, where)
    if "unterminated quote" in message:
        return FixInput(
            f"{path}{where} has a quote that is not closed.",
            "Close it, and write a quote inside a quoted value twice.",
        )
    fields = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    if fields:
        return FixInput(
            f"{path}{where} has {fields[2]} fields, but the header has {fields[1]}.",
            "Correct the line; a value that holds the delimiter or a line break must be quoted.",
        )
    if "Maximum line size" in message or "max_line_size" in message:
        return FixInput(f"{path}{where} is over 8 MB long.", "Look for a quote that is not closed.")
    return FixInput(f"{path}{where} cannot be read.", "Open it and correct it there, or export it again.")


def _json_problem(path: Path) -> FixInput:
    """Find the first line that is not a JSON object. Called only if there is one, because it is slow."""
    with _bytes(path) as lines:
        for number, line in enumerate(lines, start=1):
            try:
                value = json.loads(line.decode("utf-8-sig")) if line.strip() else {}
            except UnicodeDecodeError:
                return _not_encoded(path, "utf-8", f", line {number},")
            except ValueError:
                return FixInput(
                    f"{path}, line {number}, is not valid JSON.", "Correct it: one object a line."
                )
            if not isinstance(value, dict):
                return FixInput(f"{path}, line {number}, is not a JSON object.", "Write one object a line.")
    return FixInput(f"{path} cannot be read as JSON.", "Write one object a line.")
