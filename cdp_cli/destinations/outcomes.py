"""Which rows of a batch a destination rejected: by position, by a pointer into our body, or by the row."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from cdp_cli.destinations.definition import Rejected
from cdp_cli.destinations.rendering import dig

_NUMBERS = re.compile(r"(?:/|\[)(\d+)(?=[/\]]|$)")


class Rejections:
    """Collects rejected rows from one or more pages of a destination's answer."""

    def __init__(self, rule: Rejected, match: Sequence[str], rows: Sequence[str]) -> None:
        self._rule = rule
        self._match = match
        self._rows = rows
        self._positions: dict[tuple[str, str], int] | None = None
        self.by_position: dict[int, str] = {}
        self.unknown: list[str] = []  # reasons of records that match none of our rows

    def add(self, items: Sequence[Any]) -> None:
        """Read one page."""
        for item in items:
            reason = str(dig(item, self._rule.reason) or "rejected without a reason")
            position = self._by_index(item)
            if position is None:
                position = self._by_key(item)
            if position is None:
                self.unknown.append(reason)
            else:
                self.by_position.setdefault(position, reason)

    def _by_index(self, item: Any) -> int | None:
        found = dig(item, self._rule.index) if self._rule.index is not None else None
        if isinstance(found, str):
            numbers = _NUMBERS.findall(found)
            found = int(numbers[0]) if numbers else None
        # type() and not isinstance: in Python true is an int, but it is not a position.
        return found if type(found) is int and 0 <= found < len(self._rows) else None

    def _by_key(self, item: Any) -> int | None:
        record = dig(item, self._rule.key) if self._rule.key is not None else None
        if record is None:
            return None
        if self._positions is None:
            self._positions = {}
            for position, row in enumerate(self._rows):
                for key in _keys(json.loads(row), self._match):
                    self._positions.setdefault(key, position)
        return next(
            (self._positions[key] for key in _keys(record, self._match) if key in self._positions), None
        )


def _keys(record: Any, match: Sequence[str]) -> list[tuple[str, str]]:
    """The match values of a record, the strongest first; its attributes may be nested."""
    found: dict[str, str] = {}
    queue = [record]
    while queue:
        node = queue.pop(0)
        if isinstance(node, dict):
            for key, value in node.items():
                if key in match and isinstance(value, (str, int)):
                    found.setdefault(key, str(value).casefold())
                elif isinstance(value, dict):
                    queue.append(value)
    return [(field, found[field]) for field in match if field in found]
