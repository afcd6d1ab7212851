"""Loads files into raw tables: checked completely, appended in one transaction, never twice by mistake."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from cdp_cli.config import Settings
from cdp_cli.engine_package import raw_log
from cdp_cli.errors import ConfirmFirst, FixConfiguration, FixInput
from cdp_cli.staging import casting
from cdp_cli.staging.casting import Cast
from cdp_cli.staging.files import SourceFile, identifier, open_file, quoted, reading
from cdp_cli.staging.properties import RawTable, raw_tables
from cdp_cli.warehouse import Warehouse, open_warehouse

LOADED_AT, LOAD_ID = "_loaded_at", "_load_id"
_OURS = {LOADED_AT: "TIMESTAMP", LOAD_ID: "VARCHAR"}
_BATCH_ROWS = 500_000
# dbt and cdp write these schemas, also with the schema prefix, so a raw table in one could be overwritten.
_RESERVED = {
    "staging", "unified", "identity", "profiles", "segments", "activation", "insights", "cdp", "truth",
    "main", "information_schema", "pg_catalog",
}  # fmt: skip


@dataclass(frozen=True)
class Load:
    """One loaded file. `undeclared` are its columns that no source declares; they are loaded too."""

    load_id: str
    file: str
    table: str
    rows: int
    undeclared: tuple[str, ...]
    loaded_at: dt.datetime


@dataclass(frozen=True)
class _Planned:
    """One file with its columns matched to the table's."""

    file: SourceFile
    casts: list[Cast]
    rows: int
    undeclared: tuple[str, ...]


def load(
    settings: Settings, paths: Sequence[Path], into: str, *, again: bool = False, encoding: str = "utf-8"
) -> list[Load]:
    """Append files to the raw table `into` (`source.table`): all of them, or none.

    A file for a table that models/staging declares must have its columns with their types. Any other table
    gets the columns of the first file. Raises FixInput if a file does not fit, ConfirmFirst if one was loaded
    before and `again` is not said.
    """
    target = _target(settings, into)
    files = [open_file(path, encoding) for path in paths]
    with open_warehouse(settings, read_only=False, create=True) as warehouse:
        if not again:
            _refuse_known(warehouse, target, files)
        types = _types(target, into, warehouse.columns(target.schema, target.table))
        planned = []
        for file in files:
            plan = _plan(file, target, into, types)
            # The other files must fit the columns of the first.
            types = {**types, **{cast.column: cast.type for cast in plan.casts}}
            planned.append(plan)
        with warehouse.transaction():
            return [_append(warehouse, target, into, plan, types) for plan in planned]


def _target(settings: Settings, into: str) -> RawTable:
    if not re.fullmatch(r"[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*", into):
        raise FixConfiguration(
            f"--into {into!r} is not of the form source.table.",
            "Write it like crm.contacts: lower case letters, digits and _ on each side of one dot.",
        )
    source, table = into.split(".")
    found = raw_tables(settings.project_dir).get(into) or RawTable(source, table, source, Path(), {})
    if found.schema.removeprefix(settings.schema_prefix) in _RESERVED:
        raise FixConfiguration(
            f"--into {into!r} names the schema {found.schema!r}, which dbt and cdp write.",
            "Name the source after the tool that the file comes from.",
        )
    return found


def _refuse_known(warehouse: Warehouse, target: RawTable, files: Sequence[SourceFile]) -> None:
    known: dict[str, str] = {}
    log = raw_log("loads")
    if warehouse.exists(*log):
        rows = warehouse.rows(
            f"select content_hash, min(loaded_at) as loaded_at from {log} "
            "where source_name = ? and table_name = ? group by content_hash",
            [target.source, target.table],
        )
        known = {row["content_hash"]: f"on {row['loaded_at']:%Y-%m-%d at %H:%M} UTC" for row in rows}
    for file in files:
        if file.content_hash in known:
            raise ConfirmFirst(
                f"{file.path} was loaded into {target.source}.{target.table} {known[file.content_hash]}.",
                "Nothing was loaded; add --again to append its rows once more.",
            )
        known[file.content_hash] = "a moment ago, by this command, from a file of the same content"


def _types(target: RawTable, into: str, there: Mapping[str, str]) -> dict[str, str]:
    """The columns of the table: as it exists, if it does, and as it is declared."""
    known = {name.lower() for name in there} | set(_OURS)
    declared = {
        name: casting.canonical_type(kind, f"{target.path}: the column {name} of {into}")
        if kind
        else "VARCHAR"
        for name, kind in target.columns.items()
        if name.lower() not in known
    }
    return {**{name: kind for name, kind in there.items() if name not in _OURS}, **declared}


def _plan(file: SourceFile, target: RawTable, into: str, types: Mapping[str, str]) -> _Planned:
    """Match a file's columns, by name without regard to case, and check its rows."""
    given = {name.lower(): name for name in file.columns if name.lower() not in _OURS}
    for column in target.columns:
        if column not in _OURS and column.lower() not in given:
            raise FixInput(
                f"{file.path} has no column {column}, which {target.path} declares for {into}.",
                "Export the file with it, or remove the column there.",
            )
    known = {column: given[column.lower()] for column in types if column.lower() in given}
    new = [name for name in given.values() if name not in known.values()]
    # Undeclared columns beside declared ones stay text.
    looks = dict.fromkeys(new, "VARCHAR") if target.columns else casting.inferred_types(file, new)
    wanted = {**{column: types[column] for column in known}, **looks}
    planned = casting.casts(file, wanted, {**known, **{name: name for name in new}})
    if not planned:
        raise FixInput(f"{file.path} has no column to load.", "Export it again with its columns.")
    declared = {column.lower() for column in target.columns}
    undeclared = tuple(name for name in given.values() if declared and name.lower() not in declared)
    return _Planned(file, planned, casting.check(file, planned, into), undeclared)


def _append(
    warehouse: Warehouse, target: RawTable, into: str, plan: _Planned, types: Mapping[str, str]
) -> Load:
    loaded = Load(
        load_id=uuid.uuid4().hex,
        file=plan.file.name,
        table=into,
        rows=plan.rows,
        undeclared=plan.undeclared,
        loaded_at=dt.datetime.now(dt.UTC).replace(tzinfo=None),
    )
    there = warehouse.columns(target.schema, target.table)
    known = {name.lower() for name in there}
    if there:
        missing = {name: kind for name, kind in {**types, **_OURS}.items() if name.lower() not in known}
        warehouse.add_columns(target.schema, target.table, missing)
    for batch in _batches(plan, loaded, {} if there else types):
        warehouse.append(target.schema, target.table, batch)
    warehouse.append(*raw_log("loads"), _row(loaded, target, plan.file))
    return loaded


def _batches(plan: _Planned, loaded: Load, shape: Mapping[str, str]) -> Iterator[pa.Table]:
    """The file's rows in the table's types; at least one batch, though it may be empty."""
    values = {cast.column: f"{cast.value} as {identifier(cast.column)}" for cast in plan.casts}
    # A new table gets all declared columns in their order, also those that the file lacks.
    values = {
        **{
            name: values.get(name, f"cast(null as {kind}) as {identifier(name)}")
            for name, kind in shape.items()
        },
        **values,
        LOADED_AT: f"cast({quoted(loaded.loaded_at.isoformat())} as timestamp) as {LOADED_AT}",
        LOAD_ID: f"{quoted(loaded.load_id)} as {LOAD_ID}",
    }
    with reading(plan.file) as connection:
        found = connection.sql(f"select {', '.join(values.values())} from {plan.file.relation}")
        batches = found.to_arrow_reader(_BATCH_ROWS)
        yield pa.Table.from_batches([], schema=batches.schema)
        for batch in batches:
            yield pa.Table.from_batches([batch])


def _row(loaded: Load, target: RawTable, file: SourceFile) -> pa.Table:
    return pa.table(
        {
            "load_id": pa.array([loaded.load_id]),
            "source_name": pa.array([target.source]),
            "table_name": pa.array([target.table]),
            "file_name": pa.array([loaded.file]),
            "content_hash": pa.array([file.content_hash]),
            "row_count": pa.array([loaded.rows], pa.int64()),
            "loaded_at": pa.array([loaded.loaded_at], pa.timestamp("us")),
        }
    )
