"""Row and body templates: a row becomes an SQL expression that renders JSON text, and a body wraps the rows.

A template is a YAML tree. `$fields` stands for all payload columns as an object (a dot in a column's name
nests), `$match` for the match fields, `$fields.email` for one column, `$rows` for the batch's rows, and
`$row` for the only row of a batch of one. A {placeholder} in a text is a setting of the connection, or
`object`, `verb` or `idempotency_key`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from cdp_cli.destinations.fields import literal, quoted
from cdp_cli.errors import FixConfiguration

_PLACEHOLDER = re.compile(r"\{([\w.]+)\}")
_ROWS, _ROW = "\x00rows\x00", "\x00row\x00"
Tree = dict[str, Any]  # a column's name as leaf, a tree as node


def row_sql(
    template: Any,
    columns: Sequence[str],
    match: Sequence[str],
    nulls: Mapping[str, str],
    nest: bool,
    values: Mapping[str, str],
) -> str:
    """A DuckDB expression over the columns that renders one row as JSON text."""
    wanted = {"$fields": _tree(columns, nest), "$match": _tree([c for c in columns if c in match], nest)}
    rendered, _ = _render(template, wanted, nulls, values)
    return rendered


def body_halves(template: Any, values: Mapping[str, str]) -> tuple[bytes, bytes]:
    """The bytes before and after the rows, which are joined by commas."""
    if template is None:
        return b"", b""
    text = json.dumps(
        filled(template, values, rows=_ROWS, row=_ROW), ensure_ascii=False, separators=(",", ":")
    )
    for mark, start, end in ((_ROWS, "[", "]"), (_ROW, "", "")):
        before, found, after = text.partition(json.dumps(mark))
        if found:
            return f"{before}{start}".encode(), f"{end}{after}".encode()
    return text.encode(), b""


def filled(template: Any, values: Mapping[str, str], rows: Any = None, row: Any = None) -> Any:
    """The template with its placeholders replaced and `$rows` and `$row` put in."""
    if isinstance(template, dict):
        return {key: filled(entry, values, rows, row) for key, entry in template.items()}
    if isinstance(template, list):
        return [filled(entry, values, rows, row) for entry in template]
    if template == "$rows":
        return rows
    if template == "$row":
        return row
    return formatted(template, values) if isinstance(template, str) else template


def formatted(text: str, values: Mapping[str, str]) -> str:
    """`text` with its {placeholders} replaced; an unknown one is a mistake in the destination's YAML."""

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise FixConfiguration(
                f"The destination's template uses {{{match[1]}}}, which is unknown.",
                f"Use one of: {', '.join(sorted(values))}.",
            )
        return values[match[1]]

    return _PLACEHOLDER.sub(value, text)


def dig(document: Any, path: str) -> Any:
    """The value at a dotted path of a JSON document, or None; an empty path is the document itself."""
    for part in path.split(".") if path else []:
        if isinstance(document, list) and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
        elif isinstance(document, dict):
            document = document.get(part)
        else:
            return None
    return document


def _tree(columns: Sequence[str], nest: bool) -> Tree:
    tree: Tree = {}
    for column in columns:
        node = tree
        *parents, leaf = column.split(".") if nest else [column]
        for parent in parents:
            node = node.setdefault(parent, {})
            if not isinstance(node, dict):
                raise _clash(column)
        if leaf in node:
            raise _clash(column)
        node[leaf] = column
    return tree


def _clash(column: str) -> FixConfiguration:
    return FixConfiguration(
        f"The column {column!r} is both a value and a group of values.",
        "Rename one of the columns in the model.",
    )


def _render(
    template: Any, wanted: Mapping[str, Tree], nulls: Mapping[str, str], values: Mapping[str, str]
) -> tuple[str, bool]:
    """The SQL of a template node, and whether it is always present."""
    if isinstance(template, dict):
        members = []
        for key, entry in template.items():
            sql, always = _render(entry, wanted, nulls, values)
            members.append(_member(key, sql) if always else f"{_key(key)} || {sql}")
        return _object(members), True
    if isinstance(template, list):
        # Each entry keeps its place: what a row does not have is null.
        entries = [f"coalesce({_render(entry, wanted, nulls, values)[0]}, 'null')" for entry in template]
        joined = " || ',' || ".join(entries)
        return (f"'[' || {joined} || ']'" if entries else "'[]'"), True
    if isinstance(template, str) and template in wanted:
        return _object(_members(wanted[template], nulls)), True
    if isinstance(template, str) and template.startswith("$fields."):
        column = template.removeprefix("$fields.")
        return _value(column, nulls), nulls.get(column) == "clear"
    constant = filled(template, values)
    return literal(json.dumps(constant, ensure_ascii=False, separators=(",", ":"))), True


def _members(tree: Tree, nulls: Mapping[str, str]) -> list[str]:
    members = []
    for key, node in tree.items():
        if isinstance(node, dict):
            inner = f"concat_ws(',', {', '.join(_members(node, nulls))})"
            members.append(f"{_key(key)} || '{{' || nullif({inner}, '') || '}}'")
        else:
            members.append(_member(key, _value(node, nulls)))
    return members


def _object(members: Sequence[str]) -> str:
    # concat_ws leaves out nulls, and so the members that a row does not have.
    return f"'{{' || concat_ws(',', {', '.join(members)}) || '}}'" if members else "'{}'"


def _member(key: str, sql: str) -> str:
    return f"{_key(key)} || {sql}"


def _key(key: str) -> str:
    return literal(json.dumps(key, ensure_ascii=False) + ":")


def _value(column: str, nulls: Mapping[str, str]) -> str:
    """A column's value as JSON text; times in ISO 8601 and UTC, which is what the warehouse keeps."""
    name = quoted(column)
    text = f"cast({name} as varchar)"
    at_utc = f"cast(try_cast({text} as timestamptz) at time zone 'UTC' as varchar)"
    json_text = (
        f"case when typeof({name}) = 'TIMESTAMP WITH TIME ZONE' "
        f"then '\"' || replace({at_utc}, ' ', 'T') || 'Z\"' "
        f"when typeof({name}) like 'TIMESTAMP%' then '\"' || replace({text}, ' ', 'T') || 'Z\"' "
        f"else cast(to_json({name}) as varchar) end"
    )
    if nulls.get(column) == "clear":
        return f"case when {name} is null then 'null' else {json_text} end"
    return f"case when {name} is not null then {json_text} end"
