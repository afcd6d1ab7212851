"""What became of each row of a batch, as the destination lists it."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cdp_cli.destinations.base import Accepted, Answer, Idempotency, InDoubt, Refused, Split
from cdp_cli.destinations.evidence import NoEvidence, looks, whole_number
from cdp_cli.destinations.operations import Condition, Outcomes, RowOf
from cdp_cli.destinations.paths import dig, same
from cdp_cli.http import Response

_NUMBERS = re.compile(r"(?:/|\[)(\d+)(?=[/\]]|$)")
_LAST_NUMBER = re.compile(r"(\d+)$")
_NO_REASON = "rejected without a reason"


@dataclass
class Told:
    """All that the answers to one batch say about its rows."""

    rows: Sequence[str]
    match: Sequence[str]
    rejected: dict[int, str] = field(default_factory=dict)
    accepted: set[int] = field(default_factory=set)
    nameless: list[str] = field(default_factory=list)  # reasons of items that are none of our rows
    every_row: bool = False  # the destination lists each row
    refusals: int | None = None  # how many rows it says that it refused, in the lists that have a count
    counted: set[int] = field(default_factory=set)  # the refused rows in those lists
    _positions: dict[str, int] | None = None

    def add(self, rule: Outcomes, items: Sequence[Any], first: int = 0) -> None:
        """Read the items of one list or page; `first` is the place of the first item in the whole list."""
        self.every_row = self.every_row or rule.each == "row"
        for place, item in enumerate(items, first):
            refused = holds(rule.refused, item) if rule.refused.is_given else rule.each == "error"
            if refused is None and rule.each == "error":
                raise NoEvidence(
                    "the answer proves nothing: an item does not say whether its row was refused"
                )
            positions, whole = self._rows_of(rule.row, item, place)
            if refused:
                reason = _reason(rule, item)
                for position in positions:
                    self.rejected.setdefault(position, reason)
                if rule.count is not None:
                    self.counted.update(positions)
                if not whole:
                    self.nameless.append(reason)
            elif refused is False and rule.each == "row" and _is_accepted(rule, item):
                self.accepted.update(positions)

    def is_whole(self, rule: Outcomes, listed: int, response: Response) -> None:
        """Raise NoEvidence if a list in the order of the rows has not one item for each.

        Which of them are missing nobody knows, so no item can be told to mean its row.
        """
        by_position = rule.each == "row" and any(way.by == "position" for way in rule.row)
        if by_position and listed != len(self.rows):
            raise NoEvidence(looks(response, f"it lists {listed} of the {len(self.rows)} rows sent"))

    def answer(self, idempotency: Idempotency) -> Answer:
        """The batch's answer. Rows of which nothing is said are unknown if the destination lists each row."""
        total = len(self.rows)
        if self.refusals is not None and self.refusals > total:
            return InDoubt(f"the destination refused {self.refusals} of {total} rows, which proves nothing")
        named = len(self.counted)
        if self.every_row:
            if self.refusals is not None and self.refusals != named:
                return InDoubt(f"the destination refused {self.refusals} rows and names {named}")
            why = self.nameless[0] if self.nameless else "the answer does not say what became of this row"
            told = self.rejected.keys() | self.accepted
            unknown = {position: why for position in range(total) if position not in told}
            return Accepted(dict(self.rejected), unknown)
        if not self.nameless and self.refusals in (None, named):
            return Accepted(dict(self.rejected))
        if self.refusals is not None and named > self.refusals:
            return InDoubt(f"the destination refused {self.refusals} rows and names {named}")
        if self.refusals == total:
            return Refused("the destination refused every row of the batch")
        first = f": {self.nameless[0]}" if self.nameless else ""
        reason = f"the destination refused rows without naming them{first}"
        # Halving finds them, if good rows may be sent again under another key.
        return Split(reason) if idempotency is Idempotency.UPSERT else InDoubt(reason)

    def _rows_of(self, ways: Iterable[RowOf], item: Any, place: int) -> tuple[list[int], bool]:
        """The positions that an item means, by the first way that finds one, and whether they are all."""
        for way in ways:
            at = dig(item, way.at)
            listed = at if isinstance(at, list) and way.by in ("index", "trace") else [at]
            found: list[int | None]
            if way.by == "position":
                found = [place]
            elif way.by == "key":
                found = [self._by_key(at)]
            else:
                found = [_index(one) if way.by == "index" else _trace(one) for one in listed]
            positions = [one for one in found if one is not None and 0 <= one < len(self.rows)]
            if positions:
                wanted = len(found) if way.count is None else whole_number(dig(item, way.count))
                return positions, len(set(positions)) == wanted
        return [], False

    def _by_key(self, record: Any) -> int | None:
        if self._positions is None:
            self._positions = {}
            for position, row in enumerate(self.rows):
                for key in _keys(json.loads(row), self.match):
                    self._positions.setdefault(key, position)
        if isinstance(record, (str, int)):
            wanted = [f"{name}={str(record).casefold()}" for name in self.match]
        else:
            wanted = _keys(record, self.match)
        return next((self._positions[key] for key in wanted if key in self._positions), None)


def holds(condition: Condition, item: Any) -> bool | None:
    """Whether an item says what the condition asks; None if it lacks a value that the condition looks at."""
    found = {path: dig(item, path) for path in condition.when}
    if any(value is None for value in found.values()):
        return None
    return (
        all(any(same(found[path], value) for value in condition.when[path]) for path in found)
        and (condition.absent is None or not dig(item, condition.absent))
        and (condition.present is None or bool(dig(item, condition.present)))
    )


def items_at(rule: Outcomes, response: Response, document: Any) -> list[list[Any]]:
    """The lists of a rule, in its order. A missing list is empty if the evidence did not ask for it.

    Raises NoEvidence if there is something else in its place.
    """
    found = []
    for path in rule.items:
        items = dig(document, path)
        if items is None and rule.get is None and rule.each == "error":
            items = []
        scalars = any(way.by == "key" for way in rule.row)
        if not isinstance(items, list) or not all(
            isinstance(item, dict) or (scalars and isinstance(item, (str, int))) for item in items
        ):
            raise NoEvidence(looks(response, f"{path or 'it'} is not a list of objects"))
        found.append(items)
    return found


def csv_records(response: Response, columns: Iterable[str]) -> list[dict[str, Any]]:
    """The rows of a CSV answer by column; all values are texts, an empty one is None.

    Raises NoEvidence unless it has these columns and each row has as many cells as the header.
    """
    try:
        lines = list(csv.reader(io.StringIO(response.body.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise NoEvidence(looks(response, "it is not CSV")) from None
    header = lines[0] if lines else []
    for column in columns:
        if column not in header:
            raise NoEvidence(looks(response, f"the column {column} is missing"))
    records = [line for line in lines[1:] if line]
    if any(len(line) != len(header) for line in records):
        raise NoEvidence(looks(response, "a row has another number of cells than the header"))
    return [{key: cell or None for key, cell in zip(header, line, strict=True)} for line in records]


def paths_of(rule: Outcomes) -> list[str]:
    """Every path into one item that a rule uses."""
    found = [path for way in rule.row for path in (way.at, way.count) if path]
    for condition in (rule.refused, rule.accepted):
        found += [*condition.when, *filter(None, (condition.absent, condition.present))]
    return [*found, *rule.refused.reason, *filter(None, (rule.remote_id,))]


def _is_accepted(rule: Outcomes, item: Any) -> bool:
    if rule.accepted.is_given and not holds(rule.accepted, item):
        return False
    return rule.remote_id is None or dig(item, rule.remote_id) not in (None, "")


def _reason(rule: Outcomes, item: Any) -> str:
    for path in rule.refused.reason:
        found = dig(item, path)
        if found:
            return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
    return _NO_REASON


def _index(found: Any) -> int | None:
    """A number, or the first number of a pointer such as `/data/3/email` or `rows[3].email`."""
    if isinstance(found, str):
        numbers = [found] if found.isdecimal() else _NUMBERS.findall(found)
        return int(numbers[0]) if numbers else None
    # type() and not isinstance: in Python true is an int, but it is not a position.
    return found if type(found) is int else None


def _trace(found: Any) -> int | None:
    """The position at the end of a text that was made with {row.index}."""
    number = _LAST_NUMBER.search(str(found)) if type(found) in (str, int) else None
    return int(number[1]) if number else None


def _keys(record: Any, match: Sequence[str]) -> list[str]:
    """The match values of a record, the strongest first; its attributes may be nested."""
    found: dict[str, str] = {}
    queue = [record]
    while queue:
        node = queue.pop(0)
        if isinstance(node, Mapping):
            for key, value in node.items():
                if key in match and isinstance(value, (str, int)):
                    found.setdefault(key, str(value).casefold())
                elif isinstance(value, Mapping):
                    queue.append(value)
    return [f"{name}={found[name]}" for name in match if name in found]
