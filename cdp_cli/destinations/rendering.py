"""Row templates: a row becomes one SQL expression that renders it as JSON text.

A template is a YAML tree. `$fields` stands for all payload columns as an object (a dot in a column's name
nests), `$match` for the match fields, `$rest` for the columns that the template does not name,
`$fields.email` for one column, and `$row.index` for the position in the batch. What a row does not have is
left out of an object and is null in a list; `{$present: TREE}` is left out if one of its columns is.

Texts that need no escape are by far the most, so a row whose texts need none is joined as it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cdp_cli.destinations.bodies import ROW_INDEX, ROW_INDEX_IN_TEXT
from cdp_cli.destinations.fields import literal, quoted
from cdp_cli.destinations.json_sql import Piece, is_text, needs_escape, value
from cdp_cli.destinations.placeholders import formatted, texts
from cdp_cli.destinations.templates import PRESENT
from cdp_cli.errors import FixConfiguration

Tree = dict[str, Any]  # a column's name as leaf, a tree as node


@dataclass(frozen=True)
class _Node:
    """The pieces of a value and the SQL condition that it is there; None if it always is."""

    pieces: Sequence[Piece]
    present: str | None = None


def row_sql(
    template: Any,
    columns: Mapping[str, str],
    match: Sequence[str],
    nulls: Mapping[str, str],
    nest: bool,
    values: Mapping[str, str],
) -> str:
    """A DuckDB expression over the columns, given with their types, that renders one row as JSON text."""
    used = _used(template, columns, match)
    as_it_is, escaped = (
        _Row(columns, match, nulls, nest, {**values, "row.index": ROW_INDEX_IN_TEXT}, used, escape)
        for escape in (False, True)
    )
    rendered = _concat(as_it_is.node(template).pieces)
    text_columns = [column for column in columns if is_text(columns[column])]
    if not text_columns:
        return rendered
    return (
        f"case when {needs_escape(text_columns)} then {_concat(escaped.node(template).pieces)} "
        f"else {rendered} end"
    )


def _used(template: Any, columns: Mapping[str, str], match: Sequence[str]) -> set[str]:
    """The columns that a template names, so that `$rest` does not repeat them."""
    found: set[str] = set()
    for text in texts(template):
        if text.startswith("$fields."):
            found.add(text.removeprefix("$fields."))
        elif text == "$match":
            found |= {column for column in columns if column in match}
    return found


@dataclass(frozen=True)
class _Row:
    columns: Mapping[str, str]
    match: Sequence[str]
    nulls: Mapping[str, str]
    nest: bool
    values: Mapping[str, str]
    used: set[str]
    escape: bool

    def node(self, template: Any) -> _Node:
        """The SQL of one node of the template."""
        if isinstance(template, dict):
            if PRESENT in template:
                return self._if_whole(template[PRESENT])
            return _object([(key, self.node(entry)) for key, entry in template.items()])
        if isinstance(template, list):
            return self._list(template)
        if template in ("$fields", "$match", "$rest"):
            return _object(self._members(_tree(self._group(template), self.nest)))
        if isinstance(template, str) and template.startswith("$fields."):
            return self._column(template.removeprefix("$fields."))
        if template == "$row.index":
            return _Node([Piece(ROW_INDEX)])
        if isinstance(template, str):
            # The mark of a position is JSON text already.
            parts = formatted(template, self.values).split(ROW_INDEX_IN_TEXT)
            return _Node([Piece(f'"{ROW_INDEX_IN_TEXT.join(_json(part)[1:-1] for part in parts)}"')])
        return _Node([Piece(_json(template))])

    def _group(self, name: str) -> list[str]:
        if name == "$match":
            return [column for column in self.columns if column in self.match]
        return [column for column in self.columns if name == "$fields" or column not in self.used]

    def _column(self, column: str) -> _Node:
        """A column's value; not there if it is null or not selected, unless a null clears the field."""
        kind = self.columns.get(column)
        is_null = kind is None or kind.upper() in ("NULL", '"NULL"')
        if is_null:
            clears = kind is not None and self.nulls.get(column) == "clear"
            return _Node([Piece("null")]) if clears else _Node([], "false")
        pieces = value(column, str(kind), escape=self.escape)
        there = f"{quoted(column)} is not null"
        if self.nulls.get(column) == "clear":
            return _Node([Piece(f"case when {there} then {_concat(pieces)} else 'null' end", True)])
        return _Node(pieces, there)

    def _members(self, tree: Tree) -> list[tuple[str, _Node]]:
        members = []
        for key, node in tree.items():
            if isinstance(node, str):
                members.append((key, self._column(node)))
                continue
            inner = self._members(node)
            conditions = [one.present for _, one in inner]
            # A group is there if one of its columns is.
            some = None if None in conditions else f"({' or '.join(str(one) for one in conditions)})"
            members.append((key, _Node(_object(inner).pieces, some)))
        return members

    def _list(self, template: list[Any]) -> _Node:
        """Each entry keeps its place: what a row does not have is null. `$present` entries have no place."""
        entries: list[tuple[Sequence[Piece], str | None]] = []
        for entry in template:
            node = self.node(entry)
            moves = isinstance(entry, dict) and PRESENT in entry
            pieces = [Piece(","), *node.pieces]
            entries.append(
                (pieces, node.present) if moves else (_optional(pieces, node.present, "',null'"), None)
            )
        return _Node([Piece("["), *([_joined(entries)] if entries else []), Piece("]")])

    def _if_whole(self, template: Any) -> _Node:
        wanted = [text.removeprefix("$fields.") for text in texts(template) if text.startswith("$fields.")]
        there = [f"{quoted(column)} is not null" if column in self.columns else "false" for column in wanted]
        return _Node(self.node(template).pieces, f"({' and '.join(there)})" if there else None)


def _object(members: Sequence[tuple[str, _Node]]) -> _Node:
    """An object of its members that are there."""
    pieces = [Piece("{")]
    given = [(key, node) for key, node in members if node.present != "false"]
    if given and given[0][1].present is None:
        # The first member is always there, so the commas stand before the others.
        for place, (key, node) in enumerate(given):
            pieces += _optional([Piece(f"{',' if place else ''}{_json(key)}:"), *node.pieces], node.present)
    elif given:
        pieces.append(
            _joined([([Piece(f",{_json(key)}:"), *node.pieces], node.present) for key, node in given])
        )
    return _Node([*pieces, Piece("}")])


def _joined(entries: Sequence[tuple[Sequence[Piece], str | None]]) -> Piece:
    """Entries that all begin with a comma, without the first comma."""
    pieces = [piece for entry, present in entries for piece in _optional(entry, present)]
    return Piece(f"substr({_concat(pieces)}, 2)", True)


def _optional(pieces: Sequence[Piece], present: str | None, otherwise: str = "null") -> Sequence[Piece]:
    """The pieces; nothing if their value is not there, because concat leaves out nulls."""
    if present is None:
        return pieces
    merged = _merged(pieces)
    if otherwise == "null" and all(piece.is_null for piece in merged if piece.is_sql):
        # One column: its constants come and go with it, which is faster than a concat of their own.
        texts_of = [piece.text if piece.is_sql else literal(piece.text) for piece in merged]
        return [
            Piece(text if piece.is_sql else f"case when {present} then {text} end", True)
            for text, piece in zip(texts_of, merged, strict=True)
        ]
    return [Piece(f"case when {present} then {_concat(pieces)} else {otherwise} end", True)]


def _merged(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces with neighbouring constants as one."""
    joined: list[Piece] = []
    for piece in pieces:
        if joined and not piece.is_sql and not joined[-1].is_sql:
            joined[-1] = Piece(joined[-1].text + piece.text)
        elif piece.text:
            joined.append(piece)
    return joined


def _concat(pieces: Sequence[Piece]) -> str:
    """One SQL expression of all pieces. One concat of many is several times as fast as many of two."""
    parts = [piece.text if piece.is_sql else literal(piece.text) for piece in _merged(pieces)]
    return f"concat({', '.join(parts)})"


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


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
