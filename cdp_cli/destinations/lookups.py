"""How match values become the destination's own ids: all pages of a well-formed answer, or a later try."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cdp_cli.destinations.base import InDoubt, Retry, Split
from cdp_cli.destinations.bodies import body_of
from cdp_cli.destinations.evidence import NoEvidence, Stopped, document_of, items_of, next_page, text_of
from cdp_cli.destinations.operations import Lookup
from cdp_cli.destinations.paths import dig
from cdp_cli.destinations.placeholders import filled, formatted, moves_up, names, texts
from cdp_cli.http import Response

# One request with the template's values and body, at the address of a next page or, for None, at its own.
Ask = Callable[[Mapping[str, str], bytes | None, str | None], Response]
Clean = Callable[[str], str]


@dataclass(frozen=True)
class Found:
    """Rows as the destination's ids name them, with their positions, and the positions it does not know."""

    rows: Mapping[str, Sequence[int]]
    missing: Sequence[int]


def ids_of(lookup: Lookup, rows: Sequence[str], values: Mapping[str, str], ask: Ask, clean: Clean) -> Found:
    """The rows with the destination's ids, and those that it does not know. All pages are read."""
    ids: dict[str, list[int]] = {}
    waiting = [(position, json.loads(row)) for position, row in enumerate(rows)]
    for field in lookup.by:
        here = [(position, str(row[field])) for position, row in waiting if row.get(field) is not None]
        known: dict[str, str] = {}
        for start in range(0, len(here), lookup.values):
            wanted = [value for _, value in here[start : start + lookup.values]]
            known |= _look_up(lookup, field, wanted, values, ask, clean)
        found = {position: known[value.casefold()] for position, value in here if value.casefold() in known}
        for position, one in found.items():
            ids.setdefault(one, []).append(position)
        # Rows that one field does not find may be found by the next.
        waiting = [(position, row) for position, row in waiting if position not in found]
    return Found(
        {json.dumps(filled(lookup.row, {"id": one}), separators=(",", ":")): ids[one] for one in sorted(ids)},
        [position for position, _ in waiting],
    )


def _look_up(
    lookup: Lookup, field: str, wanted: list[str], values: Mapping[str, str], ask: Ask, clean: Clean
) -> dict[str, str]:
    """The ids of these values of a field, by value in lower case."""
    listed = json.dumps(wanted, ensure_ascii=False, separators=(",", ":"))[1:-1]
    given = {
        **values,
        "field": field,
        "values": listed,
        "quoted_values": ",".join(_quoted(value) for value in wanted),
        "plain_values": ",".join(wanted),
    }
    if len(wanted) == 1:
        given["value"] = wanted[0]
        if moves_up(wanted[0]) and "value" in names(lookup.path):
            raise Stopped(Split("a value to look up cannot stand in an address"))
    if any("," in value for value in wanted) and _joins_by_comma(lookup):
        raise Stopped(Split("a value to look up has a comma in it"))
    each = [filled(lookup.each, {**given, "value": value}) for value in wanted]
    body = body_of(lookup, [], given, {"$values": each})
    asked = {value.casefold() for value in wanted}
    found: dict[str, str] = {}
    path: str | None = None
    seen: set[str] = set()
    while True:
        try:
            response = ask(given, body, path)
            if response.status >= 300:
                return found  # `answers.done`, in the vendor's own words
            page = document_of(response, lookup.accept)
            for item in items_of(response, page, lookup.items):
                value = str(dig(item, formatted(lookup.value, given))).casefold()
                one = text_of(response, item, lookup.id)
                if value in asked:
                    found[value] = one
            path = next_page(response, page, lookup.next, seen)
        except Stopped as stopped:
            # None of the batch has been sent yet, so it cannot be in doubt.
            answer = stopped.answer
            raise Stopped(
                Retry(answer.reason, answer.after) if isinstance(answer, InDoubt) else answer
            ) from None
        except (NoEvidence, TypeError, ValueError, LookupError, RecursionError) as problem:
            raise Stopped(Retry(clean(f"the look-up of ids failed: {problem}"))) from None
        if path is None:
            return found


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _joins_by_comma(lookup: Lookup) -> bool:
    """Whether the values stand in the address with nothing but commas between them."""
    return any("plain_values" in names(text) for text in (lookup.path, *texts(lookup.params)))
