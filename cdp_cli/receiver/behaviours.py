"""Hostile answers by name: what a server may say that is no acknowledgement, or that harms its client."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from cdp_cli.receiver.exchange import Reply, Request

Change = Callable[[Request, Reply], Reply]

_JOB = r"/profile-bulk-import-jobs/[^/]+$"
_ERRORS = r"/import-errors$"
_LOOKUP = r"/profiles$"
_LOGIN = b"<!doctype html><title>Sign in</title><form>Please sign in</form>"
BOMB_BYTES = 200_000_000
NESTED_LISTS = 200_000
DRIP_SECONDS = 0.5


@dataclass(frozen=True)
class Behaviour:
    """One way to answer: which requests it concerns, and whether they are applied first."""

    about: str
    change: Change
    method: str = ""  # a regular expression; empty for all
    path: str = ""
    applies: bool = True

    def concerns(self, request: Request) -> bool:
        """Whether this request is answered that way."""
        return bool(re.search(self.method, request.method) and re.search(self.path, request.path))


def _page(_request: Request, _reply: Reply) -> Reply:
    return Reply(200, raw=_LOGIN, content_type="text/html")


def _half(_request: Request, reply: Reply) -> Reply:
    whole = json.dumps(reply.document).encode()
    return replace(reply, document=None, raw=whole[: len(whole) // 2])


def _status(status: int) -> Change:
    return lambda _request, _reply: Reply(status)


def _json(document: Any, status: int = 200) -> Change:
    return lambda request, _reply: Reply(status, document, content_type=_type_of(request))


def _type_of(request: Request) -> str:
    return "application/vnd.api+json" if request.path.startswith("/api/") else "application/json"


def _job(change: Callable[[dict[str, Any]], Any]) -> Change:
    def changed(_request: Request, reply: Reply) -> Reply:
        document = json.loads(json.dumps(reply.document))
        change(document["data"]["attributes"])
        return replace(reply, document=document)

    return changed


def _one_row_failed(attributes: dict[str, Any]) -> None:
    attributes["failed_count"] = 1


def _endless(request: Request, _reply: Reply) -> Reply:
    following = {"next": f"{request.origin}{request.path}?page[cursor]=0"}
    return Reply(200, {"data": [], "links": following}, content_type=_type_of(request))


def _in_pages(request: Request, reply: Reply) -> Reply:
    # The next page's address holds what is left, as a cursor that only we understand.
    left = request.query.get("left")
    every = json.loads(left) if left else reply.document["data"]
    rest = quote(json.dumps(every[1:]), safe="")
    links = {"next": f"{request.origin}{request.path}?left={rest}"} if every[1:] else {"self": ""}
    return Reply(200, {"data": every[:1], "links": links}, content_type=_type_of(request))


def _bomb(request: Request, _reply: Reply) -> Reply:
    packed = gzip.compress(b"[" + b" " * BOMB_BYTES + b"]", 1)
    return Reply(200, raw=packed, headers={"Content-Encoding": "gzip"}, content_type=_type_of(request))


def _drip(_request: Request, reply: Reply) -> Reply:
    return replace(reply, status=200, document=None, raw=b"{" + b" " * 600 + b"}", drip=DRIP_SECONDS)


def _twice(_request: Request, reply: Reply) -> Reply:
    return replace(reply, answers=2)


BEHAVIOURS: Mapping[str, Behaviour] = {
    "login_page": Behaviour("200 with an HTML page, nothing applied", _page, applies=False),
    "half_json": Behaviour("JSON that is cut in half", _half, "POST"),
    "error_under_200": Behaviour(
        '200 with {"error": ...}, nothing applied',
        _json({"error": "not now", "errors": [{"detail": "not now"}]}),
        applies=False,
    ),
    "errors_of_another_name": Behaviour(
        "207 whose errors have an unknown name", _json({"failures": [{"row": 0}]}, 207), "POST"
    ),
    "failures_under_200": Behaviour(
        '200 with {"failures": [...]}', _json({"failures": [{"row": 0}]}), "POST"
    ),
    "delete_with_errors": Behaviour(
        "DELETE: 200 with errors, nothing removed",
        _json({"errors": [{"detail": "not found"}]}),
        "DELETE",
        applies=False,
    ),
    "not_found_page": Behaviour(
        "404 with an HTML page, nothing applied",
        lambda _request, _reply: Reply(404, raw=_LOGIN, content_type="text/html"),
        "POST|DELETE",
        applies=False,
    ),
    "job_without_id": Behaviour("a job without an id", _json({"data": {}}, 202), "POST"),
    "job_without_counts": Behaviour(
        "a complete job without failed_count", _job(lambda job: job.pop("failed_count")), "GET", _JOB
    ),
    "job_of_another_size": Behaviour(
        "a complete job of another number of rows",
        _job(lambda job: job.update(total_count=1)),
        "GET",
        _JOB,
    ),
    "job_page": Behaviour("an HTML page in place of the job", _page, "GET", _JOB),
    "failed_without_names": Behaviour(
        "a job with one failed row that no error names", _job(_one_row_failed), "GET", _JOB
    ),
    "unreadable_errors": Behaviour("an HTML page in place of the errors", _page, "GET", _ERRORS),
    "endless_errors": Behaviour("errors whose next page is itself", _endless, "GET", _ERRORS),
    "lookup_page": Behaviour("look-up: an HTML page", _page, "GET", _LOOKUP),
    "lookup_empty": Behaviour("look-up: 200 without a body", _status(200), "GET", _LOOKUP),
    "lookup_without_list": Behaviour("look-up: {}", _json({}), "GET", _LOOKUP),
    "lookup_error": Behaviour(
        "look-up: an error under 200", _json({"data": [], "errors": [{"detail": "no"}]}), "GET", _LOOKUP
    ),
    "lookup_in_pages": Behaviour("look-up: one person a page", _in_pages, "GET", _LOOKUP),
    "lookup_without_end": Behaviour("look-up: a page whose next page is itself", _endless, "GET", _LOOKUP),
    "wrong_types": Behaviour(
        'a number in place of a list: {"rejected": 3}', _json({"rejected": 3, "data": 3}), "POST"
    ),
    "nested_lists": Behaviour(
        "200,000 nested lists",
        lambda request, _reply: Reply(200, raw=b"[" * NESTED_LISTS, content_type=_type_of(request)),
        "POST",
    ),
    "gzip_bomb": Behaviour("a small gzip answer of 200 MB", _bomb, "POST"),
    "slow_bytes": Behaviour("a byte each half second", _drip, "POST"),
    "one_answer_too_many": Behaviour("two answers to one request", _twice, "POST"),
    "misdirected": Behaviour("421, nothing applied", _status(421), "POST|DELETE", applies=False),
    "too_early": Behaviour("425, nothing applied", _status(425), "POST|DELETE", applies=False),
}
