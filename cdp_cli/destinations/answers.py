"""What an answer's status, or a code in it, means for the batch."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated, Any

from pydantic import AfterValidator

from cdp_cli.destinations.paths import Path, dig, same
from cdp_cli.destinations.strict import Strict

_STATUS = re.compile(r"[1-5](\d\d|xx)")
_SILENT = (408, 504)


def _status(value: int | str) -> str:
    if not _STATUS.fullmatch(str(value)):
        raise ValueError(f"{value!r} is not an HTTP status like 429 or 5xx")
    return str(value)


Status = Annotated[int | str, AfterValidator(_status)]
Values = tuple[str | int | bool, ...]


class Codes(Strict):
    """The meaning of a vendor's own code in the answer, which precedes that of the status."""

    at: Path
    retry: Values = ()
    split: Values = ()
    refuse: Values = ()
    check: Values = ()
    doubt: Values = ()

    def meaning(self, document: Any) -> str | None:
        """The list that names the code, or None."""
        found = dig(document, self.at)
        for name in ("retry", "split", "refuse", "check", "doubt"):
            if any(same(found, value) for value in getattr(self, name)):
                return name
        return None


class Answers(Strict):
    """The meaning of each HTTP status. An exact number takes precedence over a class such as 5xx.

    | status | means | source |
    | --- | --- | --- |
    | 3xx | check: it is elsewhere, and credentials are not sent there | RFC 9110, 15.4 |
    | 400 | split: something in the request is malformed | RFC 9110, 15.5.1 |
    | 401, 403 | check: credentials are missing, or not enough | RFC 9110, 15.5.2 and 15.5.4 |
    | 402 | check: reserved; vendors use it for unpaid accounts | RFC 9110, 15.5.3 |
    | 404, 410 | check: the address is not there | RFC 9110, 15.5.5 and 15.5.11 |
    | 405, 406, 415 | check: method or media type is wrong | RFC 9110, 15.5.6, 15.5.7 and 15.5.16 |
    | 408 | doubt: the request was not complete in time, or so it says | RFC 9110, 15.5.9 |
    | 409 | refuse: it conflicts with the state of the target | RFC 9110, 15.5.10 |
    | 413 | split: the content is too large | RFC 9110, 15.5.14 |
    | 421 | retry: this connection's server does not answer for the host; not processed | RFC 9110, 15.5.20 |
    | 422 | split: a row in the content cannot be processed | RFC 9110, 15.5.21 |
    | 425 | retry: too early, so not processed | RFC 8470, 5.2 |
    | 429 | retry: too many requests | RFC 6585, 4 |
    | 503 | retry: unavailable for now | RFC 9110, 15.6.4 |
    | 504 | doubt, as silence: a gateway had no answer in time | RFC 9110, 15.6.5 |
    | other 5xx | doubt: it failed, perhaps after it applied the batch | RFC 9110, 15.6 |
    | other 4xx | refuse: the class means that the request is wrong | RFC 9110, 15.5 |
    """

    retry: tuple[Status, ...] = (421, 425, 429, 503)  # nothing was taken and may be later
    split: tuple[Status, ...] = (400, 413, 422)  # something in the batch or its size
    refuse: tuple[Status, ...] = (409,)  # nothing was taken and never will be
    check: tuple[Status, ...] = (401, 402, 403, 404, 405, 406, 410, 415, "3xx")  # no batch can succeed now
    doubt: tuple[Status, ...] = (408, "5xx")  # it may have been taken
    done: tuple[Status, ...] = ()  # counts as taken, such as 404 on a removal
    codes: Codes | None = None

    def meaning(self, status: int) -> str:
        """The list that names the status; `refuse` for any other 4xx.

        Exact numbers precede classes, and what a YAML says precedes what holds without it.
        """
        otherwise = "done" if 200 <= status < 300 else "refuse"
        return self._named.get(str(status)) or self._named.get(f"{status // 100}xx") or otherwise

    @cached_property
    def _named(self) -> dict[str, str]:
        """The meaning of each status that a list names."""
        lists = ("retry", "split", "refuse", "check", "doubt", "done")
        named: dict[str, str] = {}
        for name in sorted(lists, key=lambda name: name not in self.model_fields_set):
            for entry in getattr(self, name):
                named.setdefault(str(entry), name)
        return named


def is_silence(status: int) -> bool:
    """Whether an error says that something did not answer in time, and nothing about the batch."""
    return status in _SILENT
