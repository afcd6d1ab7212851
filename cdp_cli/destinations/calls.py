"""One request of an HTTP destination: within the rate windows, with credentials, judged by its status."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Mapping
from typing import Any

from cdp_cli.destinations import rates
from cdp_cli.destinations.answers import Answers, is_silence
from cdp_cli.destinations.auth.credentials import open_credentials
from cdp_cli.destinations.base import Batch, InDoubt, Refused, Retry, Split
from cdp_cli.destinations.bodies import content_type
from cdp_cli.destinations.connections import Connection
from cdp_cli.destinations.definition import windows
from cdp_cli.destinations.evidence import Stopped
from cdp_cli.destinations.operations import Call
from cdp_cli.destinations.paths import dig
from cdp_cli.destinations.placeholders import address, formatted
from cdp_cli.errors import CheckDestination
from cdp_cli.http import Http, NotSent, Response, Unanswered
from cdp_cli.log import masked

_log = logging.getLogger(__name__)
_ATTEMPTS_TO_CONNECT = 3
_REASON_LENGTH = 300


class Calls:
    """Requests over one connection. Safe to use from several threads."""

    def __init__(self, connection: Connection, values: Mapping[str, str]) -> None:
        self._connection = connection
        self._definition = connection.definition
        secrets = [value.get_secret_value() for value in connection.secrets.values()]
        headers = {key: formatted(value, values) for key, value in self._definition.headers.items()}
        self._typed = any(name.lower() == "content-type" for name in headers)
        self._http = Http(connection.base_url, headers, self._definition.timeout, secrets)
        self._credentials = open_credentials(connection)
        fingerprint = hashlib.sha256("\0".join([connection.base_url, *secrets]).encode()).hexdigest()
        self._account = f"{self._definition.destination}:{fingerprint}"

    def ask(
        self,
        call: Call,
        values: Mapping[str, str],
        batch: Batch,
        *,
        answers: Answers,
        body: bytes | None = None,
        next_page: str | None = None,
    ) -> Response:
        """Make the request. Raises Stopped with the batch's answer unless the answer means done.

        Raises CheckDestination if no batch can succeed now.
        """
        path = next_page or address(call.path, values)
        params = None if next_page else {key: formatted(text, values) for key, text in call.params.items()}
        headers = self._content_headers(call, body)
        headers |= {key: formatted(text, values) for key, text in call.headers.items()}
        limit = self._limit(call.limit)
        may_renew = True
        while True:
            self._wait(limit)
            credentials = self._credentials.headers(batch.idempotency_key, body or b"")
            started = time.monotonic()
            try:
                response = self._http.request(
                    call.method, path, params=params, body=body, headers={**headers, **credentials}
                )
            except NotSent as error:
                if batch.attempt >= _ATTEMPTS_TO_CONNECT:
                    raise self.unreachable(str(error)) from None
                raise Stopped(Retry(self.clean(str(error)))) from None
            except Unanswered as error:
                raise Stopped(InDoubt(self.clean(str(error)))) from None
            took = time.monotonic() - started
            _log.debug("%s %s: %s in %.2f s", call.method, call.path, response.status, took)
            # A request that was answered by 401 was not applied, so it may be sent again with a new token.
            if response.status != 401 or not may_renew or not self._credentials.renew(credentials):
                self._judge(response, answers, limit)
                return response
            may_renew = False

    def clean(self, text: str) -> str:
        """`text` without secrets and personal data, at most 300 characters."""
        return masked(self._credentials.masked(self._http.masked(text)))[:_REASON_LENGTH]

    def unreachable(self, reason: str) -> CheckDestination:
        """The error for a destination that does not answer as it should."""
        return CheckDestination(
            f"Connection {self._connection.name}: {self.clean(reason)}.",
            "Check base_url and the destination's status page; the next sync sends what is not acknowledged.",
        )

    def _content_headers(self, call: Call, body: bytes | None) -> dict[str, str]:
        if body is None:
            return {}
        found = {"Content-Encoding": "gzip"} if call.gzip else {}
        if call.encode != "json" or not self._typed:
            found["Content-Type"] = content_type(call, body)
        return found

    def _limit(self, name: str | None) -> rates.RateLimit:
        wanted = name or ""
        return rates.shared(self._account, wanted, windows(self._connection.limits.get(wanted, ())))

    def _wait(self, limit: rates.RateLimit) -> None:
        too_long = limit.wait()
        if too_long is not None:
            raise Stopped(Retry("the destination's rate window is used up", too_long))

    def _judge(self, response: Response, answers: Answers, limit: rates.RateLimit) -> None:
        rate = self._definition.rate
        used_up = rate.pause(response.headers, time.time()) if rate else None
        if used_up is not None:
            limit.pause(used_up, time.monotonic())
        document = response.json() if answers.codes or response.status >= 300 else None
        meaning = (answers.codes and answers.codes.meaning(document)) or answers.meaning(response.status)
        if meaning == "done" and response.status >= 300 and not self._says_why(document):
            meaning = Answers().meaning(response.status)  # a page of some proxy, not the vendor's answer
        if meaning == "done":
            return
        why = self._says_why(document)
        reason = self.clean(f"HTTP {response.status}" + (f": {why}" if why else ""))
        after = response.retry_after()
        after = used_up if after is None else after
        if meaning == "check":
            raise Gone(*self._refused(response.status, reason), response.status)
        if after is not None:
            limit.pause(after, time.monotonic())
        if meaning == "retry":
            raise Stopped(Retry(reason, after))
        if meaning == "doubt":
            raise Stopped(InDoubt(reason, after, answered=not is_silence(response.status)))
        raise Stopped(Split(reason) if meaning == "split" else Refused(reason))

    def _says_why(self, document: Any) -> str:
        """The vendor's own words in an error answer; empty if there are none."""
        detail = dig(document, self._definition.error) if self._definition.error else None
        return detail if isinstance(detail, str) else ""

    def _refused(self, status: int, reason: str) -> tuple[str, str]:
        names = ", ".join(self._connection.secrets) or "none"
        remedies = {
            401: f"Check the secrets of the connection ({names}).",
            403: "Check what the connection's secret is allowed to do.",
            404: "Check base_url and the ids of the connection.",
        }
        remedy = remedies.get(status, "Check base_url and the connection's settings.")
        if 300 <= status < 400:
            remedy = "Set base_url to where it redirects; credentials are not sent to a redirect."
        return f"Connection {self._connection.name}: {self._http.host} refuses us ({reason}).", remedy


class Gone(CheckDestination):
    """The destination refused us with this status; a job that it does not know any more is refused by 404."""

    def __init__(self, problem: str, remedy: str, status: int) -> None:
        super().__init__(problem, remedy)
        self.status = status
