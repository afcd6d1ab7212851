"""An operation's calls in their order: what each keeps, when to ask again, and where a crash resumes.

Until the call that carries the rows, nothing has been taken, and an answer means what it says. After it the
rows may be there: a failed question is asked again, and only the destination's own word ends the batch.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cdp_cli.destinations.answers import Answers
from cdp_cli.destinations.base import (
    Accepted,
    Answer,
    Batch,
    Idempotency,
    InDoubt,
    Pending,
    Refused,
    Retry,
    Split,
)
from cdp_cli.destinations.bodies import body_of, text_at
from cdp_cli.destinations.calls import Calls, Gone
from cdp_cli.destinations.evidence import (
    ANY_ACKNOWLEDGEMENT,
    Evidence,
    NoEvidence,
    Stopped,
    document_of,
    looks,
    next_page,
    number_of,
    proven,
    text_of,
)
from cdp_cli.destinations.operations import ASKED, SINCE, STEP, UNREAD, Operation, Outcomes, Step
from cdp_cli.destinations.outcomes import Told, csv_records, items_at, paths_of
from cdp_cli.destinations.paths import dig, same
from cdp_cli.destinations.placeholders import moves_up, names, texts
from cdp_cli.http import Response

_UNREADABLE_ANSWERS = 5  # in a row, then the batch is in doubt
_LONGEST_KEPT = 300
_GONE = (404, 410)
_PLACES = frozenset({STEP, SINCE, ASKED, UNREAD})


@dataclass(frozen=True)
class Steps:
    """One batch on its way through its operation."""

    calls: Calls
    operation: Operation
    match: Sequence[str]
    idempotency: Idempotency
    batch: Batch
    rows: Sequence[str]  # as they are sent
    values: Mapping[str, str]
    marks: Mapping[str, Any]

    def run(self, kept: Mapping[str, str]) -> Answer:
        """Go on where `kept` says, from the first step if it says nothing."""
        steps = self.operation.calls
        first = next((n for n, step in enumerate(steps) if step.name == kept.get(STEP)), None)
        if first is None and kept:
            return InDoubt("the destination's YAML no longer has the step at which the batch waits")
        told, state = Told(self.rows, self.match), dict(kept)
        resume_at: str | None = None
        for place in range(first or 0, len(steps)):
            # A list of outcomes is read from its start again, because what was read of it is not kept.
            resume_at = resume_at or steps[place].name
            ended = self._step(place, resume_at, state, told)
            if ended is not None:
                return ended
            if not steps[place].outcomes:
                resume_at = None
        return self._cleaned(told.answer(self.idempotency))

    def _step(self, place: int, resume_at: str, state: dict[str, str], told: Told) -> Answer | None:
        """The batch's answer if it has one now. `state` is what is kept, and changes with the step."""
        steps = self.operation.calls
        step = steps[place]
        taken = any(one.carries_rows for one in steps[:place])
        here = {**state, STEP: resume_at}
        try:
            response = self._ask(step, state)
            if response.status >= 300:
                return Accepted()  # `answers.done`, in the vendor's own words
            waiting = self._until(step, response, here)
            if waiting is not None:
                return waiting
            document, evidence = proven(response, step.accept or ANY_ACKNOWLEDGEMENT, len(self.rows))
            kept = {name: _kept(response, document, path) for name, path in step.keep.items()}
            for rule in step.outcomes:
                self._outcomes(rule, response, document, {**state, **kept}, told)
            _add_up(evidence, response, document, told)
        except Stopped as stopped:
            return self._stopped(stopped.answer, step, taken, here, bool(state))
        except NoEvidence as problem:
            return self._unreadable(str(problem), step, taken, here, bool(state))
        except (TypeError, ValueError, LookupError, AttributeError, RecursionError) as problem:
            # Whatever else an answer does to us concerns its batch alone.
            what = f"the answer proves nothing: it cannot be read ({type(problem).__name__})"
            return self._unreadable(what, step, taken, here, bool(state))
        except Gone as gone:
            if gone.status in _GONE and any(name in state for one in steps for name in one.keep):
                return InDoubt(self.calls.clean(f"the destination does not know the job: {gone.problem}"))
            raise
        state |= kept
        if not step.outcomes:
            for name in _PLACES & state.keys():
                del state[name]
        if step.keep:
            following = steps[place + 1]
            after = following.every if following.until else 0.0
            return Pending({**state, STEP: following.name}, f"{step.name} is done", after)
        return None

    def _ask(self, step: Step, kept: Mapping[str, str]) -> Response:
        values = {**self.values, **kept}
        values |= self._of_rows(step)
        as_arrays = self.operation.row == "$values"
        body = body_of(step, self.rows, values, self.marks, as_arrays=as_arrays)
        return self.calls.ask(step, values, self.batch, answers=step.answers, body=body)

    def _of_rows(self, step: Step) -> dict[str, str]:
        """The values of {row.PATH} and {rows.PATH} in the address."""
        found = {}
        for name in (name for text in (step.path, *texts(step.params)) for name in names(text)):
            kind, _, path = name.partition(".")
            if kind in ("row", "rows") and path:
                values = [text_at(row, path) for row in self.rows]
                unusable = any(
                    value is None or moves_up(value) or (kind == "rows" and "," in value) for value in values
                )
                if unusable:
                    reason = f"a row has no usable {path} for the address"
                    raise Stopped(Split(reason) if len(values) > 1 else Refused(reason))
                found[name] = ",".join(str(value) for value in values)
        return found

    def _until(self, step: Step, response: Response, here: dict[str, str]) -> Answer | None:
        """The answer while the destination still works on the batch; None if it has ended."""
        if step.until is None and step.failed is None:
            return None
        document = response.json()
        for state in (step.failed, step.until):
            if state is None:
                continue
            found = dig(document, state.path)
            if found is None:
                raise NoEvidence(looks(response, f"{state.path} is missing"))
            if any(same(found, value) for value in state.values):
                if state is step.until:
                    return None
                return InDoubt(self.calls.clean(f"the destination's job ended as {found}"))
        if step.until is None:
            return None
        shown = self.calls.clean(str(dig(document, step.until.path)))
        asked = int(here.get(ASKED, "0"))
        kept = {**here, ASKED: str(asked + 1)}
        kept.pop(UNREAD, None)
        wait = min(step.every * 2.0 ** min(asked, 20), max(step.slowest, step.every))
        after = response.retry_after()
        return _waiting(step, kept, f"the destination's job is {shown}", wait if after is None else after)

    def _stopped(
        self, answer: Answer, step: Step, taken: bool, here: dict[str, str], resumed: bool
    ) -> Answer:
        """What a request without a usable answer means for the batch."""
        if not taken and not step.carries_rows and isinstance(answer, InDoubt):
            answer = Retry(answer.reason, answer.after)  # none of the rows has been sent
        waits = isinstance(answer, Retry) or (taken and isinstance(answer, InDoubt))
        if isinstance(answer, (Retry, InDoubt)) and waits and (taken or resumed):
            return _waiting(step, here, answer.reason, step.every if answer.after is None else answer.after)
        if not taken or isinstance(answer, InDoubt):
            return answer
        why = getattr(answer, "reason", "")
        return InDoubt(f"the destination accepted the batch but does not report its outcome: {why}")

    def _unreadable(
        self, problem: str, step: Step, taken: bool, here: dict[str, str], resumed: bool
    ) -> Answer:
        problem = self.calls.clean(problem)
        if not taken:
            return self._stopped(InDoubt(problem), step, taken, here, resumed)
        unread = int(here.get(UNREAD, "0")) + 1
        if unread >= _UNREADABLE_ANSWERS:
            return InDoubt(problem)
        return _waiting(step, {**here, UNREAD: str(unread)}, problem, step.every)

    def _outcomes(
        self, rule: Outcomes, response: Response, document: Any, kept: Mapping[str, str], told: Told
    ) -> None:
        if rule.count is not None:
            refused = number_of(response, document, rule.count)
            told.refusals = (told.refusals or 0) + refused
            if refused == 0:
                return
        if rule.get is None:
            lists = items_at(rule, response, document)
            for items in lists:
                told.add(rule, items)
            told.is_whole(rule, sum(map(len, lists)), response)
            return
        address: str | None = None
        seen: set[str] = set()
        read = 0
        while True:
            answer = self.calls.ask(
                rule.call, {**self.values, **kept}, self.batch, answers=Answers(), next_page=address
            )
            if rule.format == "csv":
                if not any(answer.status in one.status for one in rule.accept):
                    raise NoEvidence(looks(answer, "this status is not declared as an acknowledgement"))
                told.add(rule, csv_records(answer, paths_of(rule)))
                return
            page = document_of(answer, rule.accept)
            lists = items_at(rule, answer, page)
            for items in lists:
                told.add(rule, items, read)
            read += sum(map(len, lists))
            address = next_page(answer, page, rule.next, seen)
            if address is None:
                told.is_whole(rule, read, answer)
                return

    def _cleaned(self, answer: Answer) -> Answer:
        if not isinstance(answer, Accepted):
            return answer
        clean = self.calls.clean
        return Accepted(
            {position: clean(reason) for position, reason in answer.rejected.items()},
            {position: clean(reason) for position, reason in answer.unknown.items()},
        )


def _waiting(step: Step, here: Mapping[str, str], reason: str, after: float) -> Answer:
    """Ask again, unless the batch has waited at this step for too long."""
    now = time.time()
    since = int(here.get(SINCE, now))
    if now - since > step.within:
        return InDoubt(f"no outcome after {step.within:.0f} seconds: {reason}")
    return Pending({**here, SINCE: str(since)}, reason, after)


def _kept(response: Response, document: Any, path: str) -> str:
    value = text_of(response, document, path)
    if len(value) > _LONGEST_KEPT or not value.isprintable() or moves_up(value):
        raise NoEvidence(looks(response, f"{path} is no id"))
    return value


def _add_up(evidence: Evidence, response: Response, document: Any, told: Told) -> None:
    """Raise NoEvidence if the destination took another number of rows than it did not refuse."""
    count = evidence.count
    if count is not None and count.equals == "accepted":
        taken = number_of(response, document, count.of)
        if taken != len(told.rows) - len(told.rejected):
            raise NoEvidence(looks(response, f"{count.of} is not the rows that it does not refuse"))
