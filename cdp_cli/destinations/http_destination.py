"""An HTTP destination, described by its YAML: makes requests, keeps to rates, reads answers."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from cdp_cli.destinations import rates, signatures
from cdp_cli.destinations.base import Accepted, Answer, Batch, Idempotency, InDoubt, Refused, Retry, Split
from cdp_cli.destinations.connections import Connection
from cdp_cli.destinations.definition import Answers, Call, Check, Lookup, Operation, Poll, Rejected, windows
from cdp_cli.destinations.objects import DestinationObject
from cdp_cli.destinations.outcomes import Rejections
from cdp_cli.destinations.rendering import dig, filled, formatted
from cdp_cli.errors import CheckDestination, FixConfiguration
from cdp_cli.http import Http, NotSent, Response, Unanswered
from cdp_cli.log import masked

_log = logging.getLogger(__name__)
_ATTEMPTS_TO_CONNECT = 3
_REASON_LENGTH = 300
_FIRST_POLL, _SLOWEST_POLL = 0.1, 5.0


class _Stopped(Exception):
    """The batch's answer is known before its last request."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


class HttpDestination(DestinationObject):
    """One object of an HTTP destination over one connection."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        secrets = {name: value.get_secret_value() for name, value in connection.secrets.items()}
        self._definition = connection.definition
        self._keys: list[bytes] = []
        headers = dict(self._definition.headers)
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
        try:
            rows = list(batch.rows)
            if operation.lookup is not None:
                rows = self._rows_of_ids(operation.lookup, rows, values, batch)
                if not rows:
                    return Accepted()  # the destination has none of them, so there is nothing to remove
            before, after = self._halves(batch.verb, batch.idempotency_key)
            body = before + ",".join(rows).encode() + after
            response = self._exchange(operation, values, batch, body=body, answers=operation.answers)
            document = response.json()
            if operation.poll is not None:
                document = self._wait_for_job(operation.poll, values, document, batch)
            if operation.rejected is not None:
                return self._rejections(operation, operation.rejected, values, document, batch)
        except _Stopped as stopped:
            return stopped.answer
        return Accepted()

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
        probe = Batch("check", f"check-{time.time_ns()}", next(iter(self.verbs)), [])
        try:
            self._exchange(check, self._values, probe, body=body, answers=Answers())
        except _Stopped as stopped:
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
            raise _Stopped(Retry("the destination's rate window is used up", too_long))
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
            raise _Stopped(Retry(str(error))) from None
        except Unanswered as error:
            raise _Stopped(InDoubt(str(error))) from None
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
        if meaning == "done":
            return
        reason, after = self._reason(response), response.retry_after()
        if meaning == "check":
            raise self._refused(response.status, reason)
        if after is not None:
            limit.pause(after, time.monotonic())
        if meaning == "retry":
            raise _Stopped(Retry(reason, after))
        if meaning == "doubt":
            raise _Stopped(InDoubt(reason, after))
        raise _Stopped(Split(reason) if meaning == "split" else Refused(reason))

    def _rows_of_ids(
        self, lookup: Lookup, rows: Sequence[str], values: Mapping[str, str], batch: Batch
    ) -> list[str]:
        """The destination's ids of the rows; unknown rows are left out."""
        ids: set[str] = set()
        waiting = [json.loads(row) for row in rows]
        for field in lookup.by:
            here = [row for row in waiting if row.get(field) is not None]
            known: set[str] = set()
            for start in range(0, len(here), lookup.values):
                wanted = [str(row[field]) for row in here[start : start + lookup.values]]
                listed = json.dumps(wanted, ensure_ascii=False, separators=(",", ":"))[1:-1]
                given = {**values, "field": field, "values": listed}
                try:
                    response = self._exchange(lookup, given, batch, answers=Answers())
                except _Stopped as stopped:
                    # None of the batch has been sent yet, so it cannot be in doubt.
                    answer = stopped.answer
                    raise _Stopped(
                        Retry(answer.reason, answer.after) if isinstance(answer, InDoubt) else answer
                    ) from None
                asked = {value.casefold() for value in wanted}
                for item in dig(response.json(), lookup.items) or []:
                    value = str(dig(item, formatted(lookup.value, given))).casefold()
                    if value in asked:
                        known.add(value)
                        ids.add(str(dig(item, lookup.id)))
            # Rows that one field does not find may be found by the next.
            waiting = [row for row in waiting if str(row.get(field)).casefold() not in known]
        return [json.dumps(filled(lookup.row, {"id": found}), separators=(",", ":")) for found in sorted(ids)]

    def _wait_for_job(self, poll: Poll, values: Mapping[str, str], document: Any, batch: Batch) -> Any:
        deadline = time.monotonic() + poll.timeout
        pause = _FIRST_POLL
        path = _path_of(poll.path, values, document)
        while True:
            status = str(dig(document, poll.status))
            if status in poll.until:
                return document
            if status in poll.failed:
                raise _Stopped(InDoubt(f"the destination's job ended as {status}"))
            if time.monotonic() + pause > deadline:
                raise _Stopped(
                    InDoubt(f"the destination's job was still {status} after {poll.timeout:.0f} seconds")
                )
            time.sleep(pause)
            pause = min(pause * 2, _SLOWEST_POLL)
            try:
                document = self._ask(poll, values, batch, path)
            except _Stopped as stopped:
                pause = max(pause, self._pause_after(stopped.answer))

    def _ask(
        self,
        call: Poll | Rejected,
        values: Mapping[str, str],
        batch: Batch,
        path: str,
        params: Mapping[str, str] | None = None,
    ) -> Any:
        """Ask about a batch that the destination has taken. Without an answer the batch is in doubt."""
        try:
            return self._exchange(call, values, batch, answers=Answers(), path=path, params=params).json()
        except CheckDestination as error:
            raise _Stopped(Refused(error.problem)) from None

    def _pause_after(self, answer: Answer) -> float:
        """How long to wait before we ask about an accepted job again; stops if asking again is useless."""
        if isinstance(answer, (Retry, InDoubt)):
            return answer.after or _SLOWEST_POLL / 5
        raise _Stopped(
            InDoubt(f"the destination accepted the batch but does not report its outcome: {_why(answer)}")
        )

    def _rejections(
        self, operation: Operation, rule: Rejected, values: Mapping[str, str], document: Any, batch: Batch
    ) -> Answer:
        if rule.when is not None and not dig(document, rule.when):
            return Accepted()
        rejections = Rejections(rule, self._rule.match, batch.rows)
        if rule.get is None:
            rejections.add(document)
        else:
            path: str | None = _path_of(rule.get, values, document)
            params: Mapping[str, str] | None = rule.params
            deadline = time.monotonic() + self._definition.timeout * 4
            while path:
                try:
                    page = self._ask(rule, values, batch, path, params)
                except _Stopped as stopped:
                    pause = self._pause_after(stopped.answer)
                    if time.monotonic() + pause > deadline:
                        raise
                    time.sleep(pause)
                    continue
                rejections.add(page)
                path, params = (str(dig(page, rule.next) or "") if rule.next else ""), None
        reasons = {position: self._clean(reason) for position, reason in rejections.by_position.items()}
        if rejections.unknown:
            reason = f"the destination refused rows without naming them: {self._clean(rejections.unknown[0])}"
            # Halving finds them, if good rows may be sent again under another key.
            return Split(reason) if self.idempotency(batch.verb) is Idempotency.UPSERT else InDoubt(reason)
        return Accepted(reasons)

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

    def _reason(self, response: Response) -> str:
        detail = dig(response.json(), self._definition.error) if self._definition.error else None
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


def _path_of(template: str, values: Mapping[str, str], document: Any) -> str:
    """A path whose placeholders are connection values or values of the last answer, `{data.id}`."""
    known = dict(values)
    for part in template.split("{")[1:]:
        name = part.partition("}")[0]
        found = dig(document, name)
        if name not in known and found is not None:
            known[name] = str(found)
    return formatted(template, {key: quote(str(value), safe="") for key, value in known.items()})


def _why(answer: Answer) -> str:
    return str(getattr(answer, "reason", ""))
