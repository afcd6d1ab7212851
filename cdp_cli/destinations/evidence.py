"""What an answer must contain before we believe it: a status, a type, values, counts that add up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from cdp_cli.destinations.base import Answer
from cdp_cli.destinations.paths import Path, dig, same
from cdp_cli.destinations.strict import Strict
from cdp_cli.http import Response

_SHOWN = 40
_MAX_PAGES = 1000


class NoEvidence(Exception):
    """An answer that proves nothing. The text says what it looks like."""


class Stopped(Exception):
    """The batch's answer is known before its last request."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


class Count(Strict):
    """A number in the answer that must be the number of rows sent, or of those that it does not refuse."""

    of: Path
    equals: Literal["sent", "accepted"]


class Evidence(Strict):
    """What a good answer contains. Any other answer proves nothing."""

    source: str | None = None  # the vendor's page that says so
    # 207 is absent: its body says what became of each part (RFC 4918, 13). So are 203, 205 and 206.
    status: tuple[int, ...] = (200, 201, 202, 204)
    body: Literal["json", "empty", "empty_object", "json_or_empty", "any"] = "json"
    content_type: str | None = None
    require: tuple[Path, ...] = ()  # present and not null
    absent: tuple[Path, ...] = ("error", "errors")  # missing, null, false, 0 or empty
    equals: dict[Path, tuple[str | int | bool, ...]] = Field(default_factory=dict)  # one of these values
    count: Count | None = None


# One, or a list of them: an answer must give one.
Evidences = Annotated[
    tuple[Evidence, ...],
    BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else (value,)),
    Field(min_length=1),
]
ANY_ACKNOWLEDGEMENT = (Evidence(),)


def document_of(response: Response, evidences: Sequence[Evidence], sent: int | None = None) -> Any:
    """The answer's JSON, or None for an empty answer. Raises NoEvidence if it proves nothing."""
    return proven(response, evidences, sent)[0]


def proven(
    response: Response, evidences: Sequence[Evidence], sent: int | None = None
) -> tuple[Any, Evidence]:
    """The answer's JSON, or None for an empty answer, and the first evidence that it gives.

    Raises NoEvidence if it gives none, with what it lacks of the first that has its status.
    """
    missing: NoEvidence | None = None
    for evidence in evidences:
        if response.status not in evidence.status:
            continue
        try:
            return _document(response, evidence, sent), evidence
        except NoEvidence as problem:
            missing = missing or problem
    raise missing or NoEvidence(looks(response, "this status is not declared as an acknowledgement"))


def _document(response: Response, evidence: Evidence, sent: int | None) -> Any:
    if evidence.body == "any":
        return response.json()
    if not response.body.strip():
        if evidence.body in ("json", "empty_object"):
            raise NoEvidence(looks(response, "it is empty"))
        return None
    if evidence.body == "empty":
        raise NoEvidence(looks(response, "it should be empty"))
    given = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if evidence.content_type and given != evidence.content_type:
        raise NoEvidence(looks(response, f"it should be {evidence.content_type}"))
    document = response.json()
    if not isinstance(document, (dict, list)):
        raise NoEvidence(looks(response, "it is not a JSON document"))
    if evidence.body == "empty_object" and document != {}:
        raise NoEvidence(looks(response, "it should be an empty object"))
    problem = wrong(document, evidence, sent)
    if problem:
        raise NoEvidence(looks(response, problem))
    return document


def items_of(response: Response, document: Any, path: str, *, optional: bool = False) -> list[dict[str, Any]]:
    """The objects listed at a path. Raises NoEvidence if there is no list of objects."""
    found = dig(document, path)
    if found is None and optional:
        return []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise NoEvidence(looks(response, f"{path or 'it'} is not a list of objects"))
    return found


def text_of(response: Response, document: Any, path: str) -> str:
    """The text or number at a path. Raises NoEvidence if there is neither."""
    found = dig(document, path)
    # In Python true is an int.
    if type(found) not in (str, int) or found == "":
        raise NoEvidence(looks(response, f"{path} is missing"))
    return str(found)


def number_of(response: Response, document: Any, path: str) -> int:
    """The count at a path. Raises NoEvidence if it is not a whole number from 0."""
    found = whole_number(dig(document, path))
    if found is None:
        raise NoEvidence(looks(response, f"{path} is not a count"))
    return found


def whole_number(found: Any) -> int | None:
    """A count of an answer; None if it is none. A number of 64 bits is a text in Google's JSON, "3"."""
    if isinstance(found, str) and found.isascii() and found.isdecimal():
        return int(found)
    # In Python true is an int.
    return found if type(found) is int and found >= 0 else None


def next_page(response: Response, page: Any, rule: str | None, seen: set[str]) -> str | None:
    """The address of the next page, or None after the last. Raises NoEvidence if the pages never end."""
    if rule is None or dig(page, rule) in (None, ""):
        return None
    address = text_of(response, page, rule)
    if address in seen or len(seen) >= _MAX_PAGES:
        raise NoEvidence(f"the answer proves nothing: its pages do not end (after {len(seen) + 1})")
    seen.add(address)
    return address


def wrong(document: Any, evidence: Evidence, sent: int | None) -> str:
    """What a document lacks that the evidence asks for; empty if nothing."""
    for path in evidence.absent:
        if dig(document, path):
            return f"it has {path}"
    for path in evidence.require:
        if dig(document, path) is None:
            return f"{path} is missing"
    for path, allowed in evidence.equals.items():
        found = dig(document, path)
        if not any(same(found, value) for value in allowed):
            return f"{path} has an undeclared value"
    count = evidence.count
    if count is None or count.equals != "sent" or sent is None:
        return ""
    if whole_number(dig(document, count.of)) != sent:
        return f"{count.of} is not the {sent} rows sent"
    return ""


def looks(response: Response, problem: str) -> str:
    """What an answer that proves nothing looks like, for people: status, type and first characters."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip()[:_SHOWN] or "without a type"
    start = response.body[: _SHOWN * 4].decode("utf-8", "replace")
    start = " ".join("".join(c if c.isprintable() else " " for c in start).split())[:_SHOWN]
    begins = f", begins with {start!r}" if start else ""
    return f"the answer proves nothing (HTTP {response.status}, {kind}{begins}): {problem}"
