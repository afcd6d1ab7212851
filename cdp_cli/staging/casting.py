"""Casts the columns of a file to the types of a table, and finds the values that cannot be cast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from cdp_cli.errors import FixConfiguration, FixInput
from cdp_cli.staging.files import TEXT, SourceFile, identifier, reading

# The type of a text column that no source declares: the first pattern that all its values match. Values with
# leading zeros or a plus stay text, because they are postal codes, telephone numbers or ids.
_LOOKS_LIKE = {
    "BIGINT": "regexp_matches(VALUE, '^-?(0|[1-9][0-9]{0,17})$')",
    "DOUBLE": "regexp_matches(VALUE, '^-?(0|[1-9][0-9]{0,14})([.][0-9]+)?$')",
    "BOOLEAN": "lower(VALUE) in ('true', 'false')",
    "DATE": "regexp_matches(VALUE, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$') and try_cast(VALUE as date) is not null",
    "TIMESTAMP": (
        "regexp_matches(VALUE, '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}') "
        "and try_cast(VALUE as timestamptz) is not null"
    ),
}
_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"}


@dataclass(frozen=True)
class Cast:
    """How one column of a file becomes one of a table. `value` and `fails` are SQL over the file's rows."""

    column: str
    type: str
    value: str
    fails: str


def canonical_type(declared: str, where: str) -> str:
    """DuckDB's name of a type; FixConfiguration names `where` it is declared if there is none."""
    try:
        with duckdb.connect(":memory:") as connection:
            found = connection.execute(
                "select typeof(cast(null as " + declared.replace(";", "") + "))"
            ).fetchone()
    except duckdb.Error as error:
        raise FixConfiguration(f"{where} has the unknown type {declared!r}.", "Use a DuckDB type.") from error
    return str(found[0]) if found else TEXT


def inferred_types(file: SourceFile, columns: list[str]) -> dict[str, str]:
    """The types that the values of text columns look like, over the whole file; other types stay."""
    texts = [column for column in columns if _is_text(file.columns[column])]
    types = {column: file.columns[column] for column in columns}
    if not texts:
        return {column: _flat(data_type) for column, data_type in types.items()}
    questions = [
        f"count({text}) > 0 and coalesce(bool_and({looks.replace('VALUE', text)}), false)"
        for column in texts
        for text in [_text(column, file.columns[column])]
        for looks in _LOOKS_LIKE.values()
    ]
    with reading(file) as connection:
        answers = connection.execute(f"select {', '.join(questions)} from {file.relation}").fetchone() or ()
    for position, column in enumerate(texts):
        mine = answers[position * len(_LOOKS_LIKE) : (position + 1) * len(_LOOKS_LIKE)]
        types[column] = next((kind for kind, yes in zip(_LOOKS_LIKE, mine, strict=True) if yes), TEXT)
    return {column: _flat(data_type) for column, data_type in types.items()}


def casts(file: SourceFile, types: Mapping[str, str], names: Mapping[str, str]) -> list[Cast]:
    """How each column of the table comes from the file; `names` are table column -> file column."""
    return [_cast(column, names[column], file.columns[names[column]], kind) for column, kind in types.items()]


def check(file: SourceFile, planned: list[Cast], table: str) -> int:
    """Read all rows and return how many there are.

    Raises FixInput for the first row with a value that is not of its column's type.
    """
    with reading(file) as connection:
        failing = ", ".join(f"count(*) filter (where {cast.fails})" for cast in planned)
        counted = connection.execute(f"select count(*), {failing} from {file.relation}").fetchone() or (0,)
        wrong = [cast for cast, count in zip(planned, counted[1:], strict=True) if count]
        if wrong:
            # Numbering the rows runs in one thread, so it is done only if there is an error.
            first = ", ".join(f"min(_row) filter (where {cast.fails})" for cast in wrong)
            rows = connection.execute(
                f"select {first} from (select *, row_number() over () as _row from {file.relation})"
            ).fetchone()
            row, position = min((row, position) for position, row in enumerate(rows or ()))
            cast = wrong[position]
            count = counted[1 + planned.index(cast)]
            more = f" ({count:,} rows in all)" if count > 1 else ""
            raise FixInput(
                f"{file.path}, row {row}: the column {cast.column} is not of the type {cast.type.lower()} "
                f"that {table} has{more}.",
                "Correct the file, or the type; nothing was loaded.",
            )
    return int(counted[0])


def _cast(column: str, in_file: str, from_type: str, to_type: str) -> Cast:
    name = identifier(in_file)
    if to_type == TEXT:
        return Cast(column, to_type, _text(in_file, from_type), "false")
    text = _text(in_file, from_type)
    if _is_text(from_type):
        # Empty strings become null, except in text columns.
        text = f"nullif(trim({text}), '')"
        value, given = f"try_cast({text} as {to_type})", f"{text} is not null"
        if to_type in _INTEGERS:
            # try_cast rounds 1.5 to 2 and drops leading zeros, so both would change the value.
            value = f"try_cast(regexp_replace({text}, '[.]0*$', '') as {to_type})"
            return Cast(
                column, to_type, value,
                f"{given} and ({value} is null or not regexp_matches({text}, '^-?(0|[1-9][0-9]*)([.]0*)?$'))",
            )  # fmt: skip
        if to_type.startswith("TIMESTAMP"):
            value = f"cast(try_cast({text} as timestamptz) as {to_type})"
        return Cast(column, to_type, value, f"{given} and {value} is null")
    value = f"try_cast({name} as {to_type})"
    fails = f"{name} is not null and {value} is null"
    if to_type in _INTEGERS:
        fails = f"{name} is not null and ({value} is null or {value} <> {name})"
    return Cast(column, to_type, value, fails)


def _is_text(data_type: str) -> bool:
    return data_type in {TEXT, "JSON"}


def _is_nested(data_type: str) -> bool:
    return data_type.endswith("]") or data_type.startswith(("STRUCT", "MAP", "UNION"))


def _flat(data_type: str) -> str:
    """Nested columns become JSON text, because a raw table has none."""
    return TEXT if _is_nested(data_type) or data_type == "JSON" else data_type


def _text(column: str, data_type: str) -> str:
    name = identifier(column)
    if data_type == "JSON":
        return f"({name} ->> '$')"
    if _is_nested(data_type):
        return f"cast(to_json({name}) as varchar)"
    return name if data_type == TEXT else f"cast({name} as varchar)"
