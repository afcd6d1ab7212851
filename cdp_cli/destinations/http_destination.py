"""An HTTP destination, described by its YAML."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from typing import Any

from cdp_cli.destinations.base import Accepted, Answer, Batch, InDoubt, Part, Retry, Verb
from cdp_cli.destinations.bodies import body_of, numbered
from cdp_cli.destinations.calls import Calls
from cdp_cli.destinations.connections import Connection
from cdp_cli.destinations.evidence import NoEvidence, Stopped, document_of, text_of
from cdp_cli.destinations.lookups import Ask, ids_of
from cdp_cli.destinations.objects import DestinationObject
from cdp_cli.destinations.operations import Check, Lookup, Operation
from cdp_cli.destinations.steps import Steps
from cdp_cli.http import Response

_REMOVALS = (Verb.REMOVE, Verb.REMOVE_MEMBER)
_LONGEST = Batch("x" * 64, "x" * 64, Verb.UPSERT, "", part=Part("x" * 64, 10**9, False, 10**12))
_MAX_SESSION = 2**63 - 1


class HttpDestination(DestinationObject):
    """One object of an HTTP destination over one connection."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._definition = connection.definition
        self._calls = Calls(connection, self._values)

    def keeps_rows(self, verb: Verb) -> bool:
        """Whether a later run needs the rows' text: to repeat a batch under its key, or for a later step."""
        return super().keeps_rows(verb) or any(call.carries_rows for call in self._operation(verb).calls[1:])

    def send(self, batch: Batch) -> Answer:
        """Send the batch once and return its answer."""
        operation = self._operation(batch.verb)
        rows = numbered(batch)
        try:
            if operation.lookup is None:
                return self._steps(operation, batch, rows).run({})
            return self._send_found(operation, operation.lookup, batch, rows)
        except Stopped as stopped:
            return stopped.answer

    def resume(self, batch: Batch) -> Answer:
        """Go on with the step at which the batch waits: one question about a job, or the next request."""
        if not batch.kept:
            return InDoubt("nothing was kept by which the destination could be asked")
        operation = self._operation(batch.verb)
        return self._steps(operation, batch, numbered(batch)).run(batch.kept)

    def read_back(self, batch: Batch) -> Answer:
        """Not used: the same batch is sent again instead."""
        return InDoubt(f"{self._definition.destination} cannot say what became of a {batch.verb.value} batch")

    def check(self) -> None:
        """Check that the destination accepts the connection's secrets."""
        check = self._rule.check or self._definition.check
        if check is not None:
            self._ask_check(check)

    def account(self) -> str | None:
        """The id of the account that the secrets belong to, by one request; None if the YAML names none.

        Raises CheckDestination as `check` does.
        """
        check = next(
            (one for one in (self._rule.check, self._definition.check) if one is not None and one.account),
            None,
        )
        if check is None or check.account is None:
            return None
        response = self._ask_check(check)
        try:
            return text_of(response, response.json(), check.account)
        except NoEvidence as problem:
            raise self._calls.unreachable(str(problem)) from None

    def finish(self, run_id: str) -> None:
        """Nothing to do once every batch is answered."""

    def _steps(self, operation: Operation, batch: Batch, rows: Sequence[str]) -> Steps:
        values, marks = self._values_of(batch)
        return Steps(
            self._calls, operation, self._rule.match, self.idempotency(batch.verb), batch, rows, values, marks
        )

    def _send_found(self, operation: Operation, lookup: Lookup, batch: Batch, rows: Sequence[str]) -> Answer:
        """Send the rows under the destination's own ids."""
        values, _ = self._values_of(batch)
        found = ids_of(lookup, rows, values, self._asking(lookup, batch), self._calls.clean)
        positions = list(found.rows.values())
        missing: dict[int, str] = {}
        what = lookup.missing or ("absent" if batch.verb in _REMOVALS else "refuse")
        if found.missing and what == "retry":
            return Retry("the destination does not know all rows yet")
        if what == "refuse":
            missing = dict.fromkeys(found.missing, "the destination does not know this row")
        if not positions:
            return Accepted(missing)  # nobody to remove, or nothing to add
        return _moved(self._steps(operation, batch, list(found.rows)).run({}), positions, missing)

    def _asking(self, lookup: Lookup, batch: Batch) -> Ask:
        def ask(values: Mapping[str, str], body: bytes | None, next_page: str | None) -> Response:
            return self._calls.ask(
                lookup, values, batch, answers=lookup.answers, body=body, next_page=next_page
            )

        return ask

    def _ask_check(self, check: Check) -> Response:
        probe = Batch("check", f"check-{time.time_ns()}", next(iter(self.verbs)), "")
        try:
            body = body_of(check, [], self._values, {})
            response = self._calls.ask(check, self._values, probe, answers=check.answers, body=body)
            if check.accept is not None:
                document_of(response, check.accept)
        except NoEvidence as problem:
            raise self._calls.unreachable(str(problem)) from None
        except Stopped as stopped:
            raise self._calls.unreachable(getattr(stopped.answer, "reason", "no answer")) from None
        return response

    def _values_of(self, batch: Batch) -> tuple[dict[str, str], dict[str, Any]]:
        """The values of {placeholders} and of `$run.*`."""
        part = batch.part
        run = {
            "run.id": part.run_id,
            "run.session": _session(part, batch.verb),
            "run.number": part.number,
            "run.is_last": part.is_last,
            "run.rows": part.rows,
        }
        texts = {
            name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in run.items()
        }
        own = {"verb": batch.verb.value, "idempotency_key": batch.idempotency_key}
        return {**self._values, **own, **texts}, {f"${name}": value for name, value in run.items()}

    def _around(self, verb: Verb) -> int:
        """The bytes of the longest body without its rows."""
        operation = self._operation(verb)
        values, marks = self._values_of(_LONGEST)
        kept = {name: "x" * 64 for call in operation.calls for name in call.keep}
        bodies = [body_of(call, [], {**values, **kept}, marks) for call in operation.calls if not call.gzip]
        return max((len(body) for body in bodies if body), default=0)


def _session(part: Part, verb: Verb) -> int:
    """A positive number of 63 bits that all batches of one run and verb share."""
    digest = hashlib.sha256(f"{part.run_id}\0{verb.value}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % _MAX_SESSION + 1


def _moved(answer: Answer, positions: Sequence[Sequence[int]], missing: Mapping[int, str]) -> Answer:
    """An answer about the rows sent as an answer about the batch's rows."""
    if not isinstance(answer, Accepted):
        return answer
    return Accepted(
        {**missing, **{at: why for sent, why in answer.rejected.items() for at in positions[sent]}},
        {at: why for sent, why in answer.unknown.items() for at in positions[sent]},
    )
