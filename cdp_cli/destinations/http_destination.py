"""An HTTP destination, described by its YAML: makes requests, keeps to rates, reads answers."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from cdp_cli.destinations import rates, signatures
from cdp_cli.destinations.base import (
    Accepted,
    Answer,
    Batch,
    Idempotency,
    InDoubt,
    Refused,
    Retry,
    Split,
    Verb,
)
from cdp_cli.destinations.connections import Connection
from cdp_cli.destinations.definition import Answers, Call, Check, Lookup, Operation, Poll, Rejected, windows
from cdp_cli.destinations.evidence import (
    Evidence,
    NoEvidence,
    Stopped,
    document_of,
    items_of,
    next_page,
    number_of,
    text_of,
)
from cdp_cli.destinations.lookups import Ask, ids_of
from cdp_cli.destinations.objects import DestinationObject
from cdp_cli.destinations.outcomes import Rejections
from cdp_cli.destinations.rendering import dig, formatted
from cdp_cli.errors import CheckDestination, FixConfiguration
from cdp_cli.http import Http, NotSent, Response, Unanswered
from cdp_cli.log import masked

_log = logging.getLogger(__name__)
_ATTEMPTS_TO_CONNECT = 3
_REASON_LENGTH = 300
_FIRST_POLL, _SLOWEST_POLL = 0.1, 5.0
_UNREADABLE_POLLS = 5
_REMOVALS = (Verb.REMOVE, Verb.REMOVE_MEMBER)


class HttpDestination(DestinationObject):
    """One object of an HTTP destination over one connection."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        secrets = {name: value.get_secret_value() for name, value in connection.secrets.items()}
        self._definition = connection.definition
        self._keys: list[bytes] = []
        headers = {key: formatted(value, self._values) for key, value in self._definition.headers.items()}
        auth = self._definition.auth
        if auth is not None and auth.header and auth.value:
            headers[auth.header] = formatted(auth.value, secrets)
        elif auth is not None and auth.secret:
            self._keys = self._signing_keys(auth.secret, secrets[auth.secret])
        self._http = Http(connection.base_url, headers, self._definition.timeout, secrets.values())
        fingerprint = hashlib.sha256("\0".join([connection.base_url, *secrets.values()]).encode()).hexdigest()
        self._account = f"{self._definition.destination}:{fingerprint}"

    def send(self, batch: Batch) -> Answer:
        """Send the batch once and return its answer."""
        operation = self._operation(batch.verb)
        values = {**self._values, "verb": batch.verb.value, "idempotency_key": batch.idempotency_key}
        rows, positions = list(batch.rows), list(range(len(batch.rows)))
        missing: dict[int, str] = {}
        try:
            if operation.lookup is not None:
                found = ids_of(
                    operation.lookup, rows, values, self._asking(operation.lookup, batch), self._clean
                )
                rows = list(found.rows)
                positions = list(found.rows.values())
                if batch.verb not in _REMOVALS:
                    missing = dict.fromkeys(found.missing, "the destination does not know this row")
                if not rows:
                    return Accepted(missing)  # nobody to remove, or nothing to add
            return _moved(self._send_rows(operation, values, rows, batch), positions, missing)
        except Stopped as stopped:
            return stopped.answer

    def _send_rows(
        self, operation: Operation, values: Mapping[str, str], rows: list[str], batch: Batch
    ) -> Answer:
        before, after = self._halves(batch.verb, batch.idempotency_key)
        body = before + ",".join(rows).encode() + after
        response = self._exchange(operation, values, batch, body=body, answers=operation.answers)
        if response.status >= 300:
            return Accepted()  # `answers.done`, in the vendor's own words
        accept = operation.accept or Evidence()
        try:
            document = document_of(response, accept, len(rows))
            if operation.poll is not None:
                response, document = self._wait_for_job(
                    operation.poll, values, response, document, batch, len(rows)
                )
            if operation.rejected is not None:
                return self._rejections(operation.rejected, values, response, document, batch, rows)
        except NoEvidence as problem:
            return InDoubt(self._clean(str(problem)))
        except (TypeError, ValueError, LookupError, AttributeError, RecursionError) as problem:
            # Whatever else an answer does to us concerns its batch alone.
            return InDoubt(f"the answer proves nothing: it cannot be read ({type(problem).__name__})")
        return Accepted()

    def _asking(self, lookup: Lookup, batch: Batch) -> Ask:
        return lambda values, path: self._exchange(lookup, values, batch, answers=Answers(), path=path)

    def resume(self, batch: Batch) -> Answer:
        """Not used yet: a job is waited for."""
        return InDoubt("a job is waited for")

    def read_back(self, batch: Batch) -> Answer:
        """Not used: the same batch is sent again instead."""
        return InDoubt(f"{self._definition.destination} cannot say what became of a {batch.verb.value} batch")

    def check(self) -> None:
        """Check that the destination accepts the connection's secrets."""
        check = self._rule.check or self._definition.check
        if check is None:
            return
        body = (
            json.dumps(check.body).encode() if isinstance(check, Check) and check.body is not None else None
        )
        probe = Batch("check", f"check-{time.time_ns()}", next(iter(self.verbs)), "")
        try:
            response = self._exchange(check, self._values, probe, body=body, answers=Answers())
            if isinstance(check, Check) and check.accept is not None:
                document_of(response, check.accept)
        except NoEvidence as problem:
            raise self._unreachable(str(problem)) from None
        except Stopped as stopped:
            reason = getattr(stopped.answer, "reason", "no answer")
            raise self._unreachable(reason) from None

    def finish(self, run_id: str) -> None:
        """Nothing to do once every batch is answered."""

    def _exchange(
        self,
        call: Call | Rejected,
        values: Mapping[str, str],
        batch: Batch,
        *,
        answers: Answers,
        body: bytes | None = None,
        method: str | None = None,
        path: str | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Response:
        """One request within the rate windows. Stops with the batch's answer unless the status means done."""
        method = method or (call.method if isinstance(call, Call) else "GET")
        own_path = call.path if isinstance(call, Call) else call.get or ""
        address = path or formatted(
            own_path, {key: quote(str(value), safe="") for key, value in values.items()}
        )
        headers = {key: formatted(value, values) for key, value in getattr(call, "headers", {}).items()}
        if params is None and path is None:
            params = {key: formatted(value, values) for key, value in call.params.items()}
        limit = self._limit(call.limit)
        too_long = limit.wait()
        if too_long is not None:
            raise Stopped(Retry("the destination's rate window is used up", too_long))
        if self._keys:
            headers |= signatures.sign(
                self._keys, batch.idempotency_key.replace(".", "_"), int(time.time()), body or b""
            )
        started = time.monotonic()
        try:
            response = self._http.request(method, address, params=params, body=body, headers=headers)
        except NotSent as error:
            if batch.attempt >= _ATTEMPTS_TO_CONNECT:
                raise self._unreachable(str(error)) from None
            raise Stopped(Retry(str(error))) from None
        except Unanswered as error:
            raise Stopped(InDoubt(str(error))) from None
        _log.debug(
            "%s %s: %s in %.2f s, %d rows",
            method,
            address,
            response.status,
            time.monotonic() - started,
            len(batch.rows),
        )
        self._judge(response, answers, limit)
        return response

    def _judge(self, response: Response, answers: Answers, limit: rates.RateLimit) -> None:
        meaning = answers.meaning(response.status)
        if meaning == "done" and response.status >= 300 and not self._says_why(response):
            meaning = Answers().meaning(response.status)  # a page of some proxy, not the vendor's answer
        if meaning == "done":
            return
        reason, after = self._reason(response), response.retry_after()
        if meaning == "check":
            raise self._refused(response.status, reason)
        if after is not None:
            limit.pause(after, time.monotonic())
        if meaning == "retry":
            raise Stopped(Retry(reason, after))
        if meaning == "doubt":
            raise Stopped(InDoubt(reason, after))
        raise Stopped(Split(reason) if meaning == "split" else Refused(reason))

    def _wait_for_job(
        self,
        poll: Poll,
        values: Mapping[str, str],
        response: Response,
        document: Any,
        batch: Batch,
        sent: int,
    ) -> tuple[Response, Any]:
        """The answer that says that the job has ended."""
        deadline = time.monotonic() + poll.timeout
        pause = _FIRST_POLL
        path = _path_of(poll.path, values, response, document)
        params = {key: formatted(value, values) for key, value in poll.params.items()}
        unread = 0
        while True:
            try:
                status = text_of(response, document, poll.status)
                if status in poll.until:
                    return response, document_of(response, poll.accept, sent)
                if status in poll.failed:
                    raise Stopped(InDoubt(f"the destination's job ended as {self._clean(status)}"))
                unread, shown = 0, self._clean(status)
            except NoEvidence as problem:
                unread, shown = unread + 1, "unreadable"
                if unread >= _UNREADABLE_POLLS or (response.status < 300 and dig(document, poll.status)):
                    raise Stopped(InDoubt(self._clean(f"the destination's job: {problem}"))) from None
            if time.monotonic() + pause > deadline:
                raise Stopped(
                    InDoubt(f"the destination's job was still {shown} after {poll.timeout:.0f} seconds")
                )
            time.sleep(pause)
            pause = min(pause * 2, _SLOWEST_POLL)
            try:
                response = self._ask(poll, values, batch, path, params)
                document = response.json()
            except Stopped as stopped:
                pause = max(pause, self._pause_after(stopped.answer))

    def _ask(
        self,
        call: Poll | Rejected,
        values: Mapping[str, str],
        batch: Batch,
        path: str,
        params: Mapping[str, str] | None = None,
    ) -> Response:
        """Ask about a batch that the destination has taken. Without an answer the batch is in doubt."""
        try:
            return self._exchange(call, values, batch, answers=Answers(), path=path, params=params)
        except CheckDestination as error:
            raise Stopped(Refused(error.problem)) from None

    def _pause_after(self, answer: Answer) -> float:
        """How long to wait before we ask about an accepted job again; stops if asking again is useless."""
        if isinstance(answer, (Retry, InDoubt)):
            return answer.after or _SLOWEST_POLL / 5
        raise Stopped(
            InDoubt(f"the destination accepted the batch but does not report its outcome: {_why(answer)}")
        )

    def _rejections(
        self,
        rule: Rejected,
        values: Mapping[str, str],
        response: Response,
        document: Any,
        batch: Batch,
        rows: Sequence[str],
    ) -> Answer:
        refused = number_of(response, document, rule.when) if rule.when is not None else None
        if refused == 0:
            return Accepted()
        if refused is not None and refused > len(rows):
            return InDoubt(f"the destination refused {refused} of {len(rows)} rows, which proves nothing")
        rejections = Rejections(rule, self._rule.match, rows)
        if rule.get is None:
            rejections.add(items_of(response, document, rule.items, optional=True))
        else:
            for items in self._pages(rule, values, response, document, batch):
                rejections.add(items)
        reasons = {position: self._clean(reason) for position, reason in rejections.by_position.items()}
        named = len(reasons)
        if not rejections.unknown and (refused is None or named >= refused):
            return Accepted(reasons)
        if refused == len(rows):
            return Refused("the destination refused every row of the batch")
        first = f": {self._clean(rejections.unknown[0])}" if rejections.unknown else ""
        reason = f"the destination refused rows without naming them{first}"
        # Halving finds them, if good rows may be sent again under another key.
        return Split(reason) if self.idempotency(batch.verb) is Idempotency.UPSERT else InDoubt(reason)

    def _pages(
        self, rule: Rejected, values: Mapping[str, str], response: Response, document: Any, batch: Batch
    ) -> Iterator[list[dict[str, Any]]]:
        """The refused records, page by page."""
        path: str | None = _path_of(rule.get or "", values, response, document)
        params: Mapping[str, str] | None = {
            key: formatted(value, values) for key, value in rule.params.items()
        }
        deadline = time.monotonic() + self._definition.timeout * 4
        seen: set[str] = set()
        while path is not None:
            try:
                answer = self._ask(rule, values, batch, path, params)
            except Stopped as stopped:
                pause = self._pause_after(stopped.answer)
                if time.monotonic() + pause > deadline:
                    raise
                time.sleep(pause)
                continue
            page = document_of(answer, Evidence())
            yield items_of(answer, page, rule.items)
            path, params = next_page(answer, page, rule.next, seen), None

    def _limit(self, name: str | None) -> rates.RateLimit:
        wanted = name or ""
        return rates.shared(self._account, wanted, windows(self.connection.limits.get(wanted, ())))

    def _signing_keys(self, name: str, secret: str) -> list[bytes]:
        try:
            return signatures.keys(secret)
        except ValueError as error:
            raise FixConfiguration(
                f"connections.yml: connections.{self.connection.name}.secrets.{name} "
                f"is not a Standard Webhooks secret: {error}.",
                "Use the secret that the receiver shows, whsec_ and base64.",
            ) from None

    def _says_why(self, response: Response) -> str:
        """The vendor's own words in an error answer; empty if there are none."""
        detail = dig(response.json(), self._definition.error) if self._definition.error else None
        return detail if isinstance(detail, str) else ""

    def _reason(self, response: Response) -> str:
        detail = self._says_why(response)
        return self._clean(f"HTTP {response.status}" + (f": {detail}" if detail else ""))

    def _clean(self, text: str) -> str:
        return masked(self._http.masked(text))[:_REASON_LENGTH]

    def _unreachable(self, reason: str) -> CheckDestination:
        return CheckDestination(
            f"Connection {self.connection.name}: {self._clean(reason)}.",
            "Check base_url and the destination's status page; the next sync sends what is not acknowledged.",
        )

    def _refused(self, status: int, reason: str) -> CheckDestination:
        remedies = {
            401: f"Check the secrets of the connection ({', '.join(self.connection.secrets) or 'none'}).",
            403: "Check what the connection's secret is allowed to do.",
            404: "Check base_url and the ids of the connection.",
        }
        remedy = remedies.get(status, "Check base_url and the connection's settings.")
        if 300 <= status < 400:
            remedy = "Set base_url to where it redirects; credentials are not sent to a redirect."
        return CheckDestination(
            f"Connection {self.connection.name}: {self._http.host} refuses us ({reason}).", remedy
        )


def _path_of(template: str, values: Mapping[str, str], response: Response, document: Any) -> str:
    """A path whose placeholders are connection values or values of the last answer, `{data.id}`.

    Raises NoEvidence if the answer lacks one.
    """
    known = dict(values)
    for part in template.split("{")[1:]:
        name = part.partition("}")[0]
        if name not in known:
            known[name] = text_of(response, document, name)
    return formatted(template, {key: quote(value, safe="") for key, value in known.items()})


def _moved(answer: Answer, positions: Sequence[int], missing: Mapping[int, str]) -> Answer:
    """An answer about the rows sent as an answer about the batch's rows."""
    if not isinstance(answer, Accepted):
        return answer
    return Accepted({**missing, **{positions[at]: reason for at, reason in answer.rejected.items()}})


def _why(answer: Answer) -> str:
    return str(getattr(answer, "reason", ""))
