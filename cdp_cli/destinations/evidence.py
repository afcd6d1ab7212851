"""What an answer must contain before we believe it: a status, a type, values, counts that add up."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict

from cdp_cli.destinations.base import Answer
from cdp_cli.destinations.rendering import dig
from cdp_cli.http import Response

# Dotted keys and positions, `errors.0.detail`. No filter, no wildcard: what is not understood must not load.
_PATH = re.compile(r"[\w@:-]+(\.[\w@:-]+)*")
_FILLED_PATH = re.compile(r"([\w@:-]|\{field\})+(\.([\w@:-]|\{field\})+)*")
_SHOWN = 40
_MAX_PAGES = 1000


def _path(value: str) -> str:
    if value and not _PATH.fullmatch(value):
        raise ValueError(f"{value!r} is not a path of keys and positions like errors.0.detail")
    return value


def _filled_path(value: str) -> str:
    if not _FILLED_PATH.fullmatch(value):
        raise ValueError(f"{value!r} is not a path of keys and positions like attributes.{{field}}")
    return value


Path = Annotated[str, AfterValidator(_path)]
PathOfField = Annotated[str, AfterValidator(_filled_path)]


class NoEvidence(Exception):
    """An answer that proves nothing. The text says what it looks like."""


class Stopped(Exception):
    """The batch's answer is known before its last request."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


class Count(BaseModel):
    """A number in the answer that must be the number of rows sent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    of: Path
    equals: Literal["sent"]


class Evidence(BaseModel):
    """What a good answer contains. Any other answer proves nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # 207 is absent: its body says what became of each part (RFC 4918, 13). So are 203, 205 and 206.
    status: tuple[int, ...] = (200, 201, 202, 204)
    body: Literal["json", "empty", "json_or_empty", "any"] = "json"
    content_type: str | None = None
    require: tuple[Path, ...] = ()  # present and not null
    absent: tuple[Path, ...] = ("error", "errors")  # missing, null, false, 0 or empty
    equals: dict[Path, tuple[str | int | bool, ...]] = {}  # one of these values
    count: Count | None = None


class Accept(Evidence):
    """The evidence that a batch was taken, and the vendor's page that says so."""

    source: str


def document_of(response: Response, evidence: Evidence, sent: int | None = None) -> Any:
    """The answer's JSON, or None for an empty answer. Raises NoEvidence if it proves nothing."""
    if response.status not in evidence.status:
        raise NoEvidence(_looks(response, "this status is not declared as an acknowledgement"))
    if evidence.body == "any":
        return response.json()
    if not response.body.strip():
        if evidence.body == "json":
            raise NoEvidence(_looks(response, "it is empty"))
        return None
    if evidence.body == "empty":
        raise NoEvidence(_looks(response, "it should be empty"))
    given = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if evidence.content_type and given != evidence.content_type:
        raise NoEvidence(_looks(response, f"it should be {evidence.content_type}"))
    document = response.json()
    if not isinstance(document, (dict, list)):
        raise NoEvidence(_looks(response, "it is not a JSON document"))
    wrong = _wrong(document, evidence, sent)
    if wrong:
        raise NoEvidence(_looks(response, wrong))
    return document


def items_of(response: Response, document: Any, path: str, *, optional: bool = False) -> list[dict[str, Any]]:
    """The objects listed at a path. Raises NoEvidence if there is no list of objects."""
    found = dig(document, path)
    if found is None and optional:
        return []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise NoEvidence(_looks(response, f"{path or 'it'} is not a list of objects"))
    return found


def text_of(response: Response, document: Any, path: str) -> str:
    """The text or number at a path. Raises NoEvidence if there is neither."""
    found = dig(document, path)
    # In Python true is an int.
    if type(found) not in (str, int) or found == "":
        raise NoEvidence(_looks(response, f"{path} is missing"))
    return str(found)


def number_of(response: Response, document: Any, path: str) -> int:
    """The count at a path. Raises NoEvidence if it is not a whole number from 0."""
    found = dig(document, path)
    if type(found) is not int or found < 0:
        raise NoEvidence(_looks(response, f"{path} is not a count"))
    return found


def next_page(response: Response, page: Any, rule: str | None, seen: set[str]) -> str | None:
    """The address of the next page, or None after the last. Raises NoEvidence if the pages never end."""
    if rule is None or dig(page, rule) in (None, ""):
        return None
    address = text_of(response, page, rule)
    if address in seen or len(seen) >= _MAX_PAGES:
        raise NoEvidence(f"the answer proves nothing: its pages do not end (after {len(seen) + 1})")
    seen.add(address)
    return address


def _wrong(document: Any, evidence: Evidence, sent: int | None) -> str:
    for path in evidence.absent:
        if dig(document, path):
            return f"it has {path}"
    for path in evidence.require:
        if dig(document, path) is None:
            return f"{path} is missing"
    for path, allowed in evidence.equals.items():
        found = dig(document, path)
        if not any(type(found) is type(value) and found == value for value in allowed):
            return f"{path} has an undeclared value"
    if evidence.count is not None and sent is not None:
        counted = dig(document, evidence.count.of)
        if type(counted) is not int or counted != sent:
            return f"{evidence.count.of} is not the {sent} rows sent"
    return ""


def _looks(response: Response, wrong: str) -> str:
    kind = response.headers.get("content-type", "").partition(";")[0].strip()[:_SHOWN] or "without a type"
    start = response.body[: _SHOWN * 4].decode("utf-8", "replace")
    start = " ".join("".join(c if c.isprintable() else " " for c in start).split())[:_SHOWN]
    begins = f", begins with {start!r}" if start else ""
    return f"the answer proves nothing (HTTP {response.status}, {kind}{begins}): {wrong}"
