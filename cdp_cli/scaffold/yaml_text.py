"""Adds entries to a YAML file as text, so that comments, order and layout stay.

Each edit is proven: the new text, read as YAML, is the old content with the addition and nothing else.
"""

from __future__ import annotations

import copy
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

_INDENT = 2


@dataclass(frozen=True)
class Addition:
    """A block of YAML below a path of keys: entries of a mapping, or items of a list."""

    keys: tuple[str, ...]
    block: str

    @property
    def content(self) -> Any:
        """The block as values."""
        return yaml.safe_load(self.block)

    def as_text(self) -> str:
        """The block with its keys, as it would stand in a file of its own."""
        return _below(self.keys, self.block)


class CannotAdd(Exception):
    """The text cannot be edited without a risk; the message says why, without a full stop."""


def add(text: str, additions: Sequence[Addition]) -> str:
    """The text with all additions that it does not have yet.

    Raises CannotAdd if a value is in the way, or if the file has a form that is not edited safely.
    """
    for addition in additions:
        text = _add(text, addition)
    return text


def _add(text: str, addition: Addition) -> str:
    content = yaml.safe_load(text) or {}
    expected = _merged(content, addition.keys, addition.content)
    if expected == content:
        return text
    edited = _insert(text if text.endswith("\n") or not text else f"{text}\n", addition)
    try:
        same = yaml.safe_load(edited) == expected
    except yaml.YAMLError:
        same = False
    if not same:
        raise CannotAdd("its layout is unusual")
    return edited


def _merged(content: Any, keys: tuple[str, ...], added: Any) -> Any:
    """The content with `added` below `keys`; raises CannotAdd if another value is there."""
    if not isinstance(content, dict):
        raise CannotAdd("it is not a mapping")
    merged = copy.deepcopy(content)
    parent = merged
    for key in keys[:-1]:
        parent[key] = {} if parent.get(key) is None else parent[key]
        parent = parent[key]
        if not isinstance(parent, dict):
            raise CannotAdd(f"`{key}` is not a mapping")
    last = keys[-1]
    before = parent.get(last)
    if isinstance(added, list):
        if not isinstance(before, list | None):
            raise CannotAdd(f"`{last}` is not a list")
        parent[last] = [*(before or []), *(item for item in added if item not in (before or []))]
        return merged
    if not isinstance(before, dict | None):
        raise CannotAdd(f"`{last}` is not a mapping")
    here = before or {}
    different = sorted(key for key, value in added.items() if key in here and here[key] != value)
    if different:
        raise CannotAdd(f"`{': '.join((*keys, different[0]))}` is set already")
    if any(key in here for key in added) and not all(key in here for key in added):
        raise CannotAdd(f"`{': '.join(keys)}` has a part of it already")
    parent[last] = {**here, **added}
    return merged


def _insert(text: str, addition: Addition) -> str:
    root = yaml.compose(text)
    lines = text.splitlines(keepends=True)
    if root is None:
        return text + _below(addition.keys, addition.block)
    node, column = root, 0
    keys = list(addition.keys)
    while keys:
        found = _value_of(node, keys[0])
        if found is None:
            break
        key, value = found
        keys.pop(0)
        if isinstance(value, yaml.ScalarNode):  # `key:` with nothing below it
            return _put(lines, key.end_mark.line + 1, column + _INDENT, _below(keys, addition.block))
        if isinstance(value, yaml.CollectionNode) and value.flow_style:
            return _open_flow(text, value, column + _INDENT, _below(keys, addition.block))
        node, column = value, _column(value)
    return _put(lines, _last_line(node) + 1, column, _below(keys, addition.block))


def _value_of(node: yaml.Node, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    if not isinstance(node, yaml.MappingNode):
        raise CannotAdd("its layout is unusual")
    return next(((name, value) for name, value in node.value if name.value == key), None)


def _column(node: yaml.Node) -> int:
    return int(node.start_mark.column)


def _last_line(node: yaml.Node) -> int:
    """The last line with content of a node; marks of blocks are after the comments that follow them."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        return _last_line(node.value[-1][1])
    if isinstance(node, yaml.SequenceNode) and not node.flow_style and node.value:
        return _last_line(node.value[-1])
    end = node.end_mark
    return int(end.line - 1 if end.column == 0 and end.line > node.start_mark.line else end.line)


def _open_flow(text: str, node: yaml.Node, column: int, block: str) -> str:
    """Replace an empty `[]` or `{}` by the block."""
    rest = text[node.end_mark.index :]
    if node.value or rest.split("\n", 1)[0].strip():
        raise CannotAdd("a part of it is written in one line")
    return (
        f"{text[: node.start_mark.index].rstrip(' ')}\n{_indented(block, column)}{rest.split(chr(10), 1)[-1]}"
    )


def _put(lines: list[str], at: int, column: int, block: str) -> str:
    before = "" if at <= 0 or column else "\n"
    return "".join([*lines[:at], before, _indented(block, column), *lines[at:]])


def _below(keys: Sequence[str], block: str) -> str:
    for key in reversed(keys):
        block = f"{key}:\n{_indented(block, _INDENT)}"
    return block if block.endswith("\n") else f"{block}\n"


def _indented(block: str, column: int) -> str:
    return textwrap.indent(block if block.endswith("\n") else f"{block}\n", " " * column)
