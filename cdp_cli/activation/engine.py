"""One run of one sync from end to end: plan, guard, remove, recover, put, close, publish."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from cdp_cli.activation import bound_to, deliveries, diff, folding, guards, stages
from cdp_cli.activation.fence import REMOVALS, Fence
from cdp_cli.activation.ledger import UNSETTLED, FrozenBatch, Ledger, open_ledger
from cdp_cli.activation.plan import Plan, make_plan
from cdp_cli.activation.publish import publish
from cdp_cli.activation.recovery import forget_answers, reconsider, recover, resolve
from cdp_cli.activation.samples import Sample, read_samples
from cdp_cli.activation.sender import Sent, send_all
from cdp_cli.activation.spec import Sync
from cdp_cli.activation.trials import Pace, Trial
from cdp_cli.config import Settings
from cdp_cli.destinations.base import Destination, Verb
from cdp_cli.errors import CdpError, CheckDestination, ConfirmFirst
from cdp_cli.warehouse import change_token, open_warehouse


@dataclass(frozen=True)
class SyncResult:
    """What one run of a sync did. Added, changed and removed are rows that the destination acknowledged.

    `blocked` and `invalid` count rows by reason. `quarantined` rows were refused again and again as they are
    and wait for a change. The destination still works on `pending` rows. `error` is what stopped the run or
    needs a person, if anything. Of a plan, `requests` and `seconds` are what it would take. `status` is
    succeeded, partial, failed, stopped (by a guard), or skipped (its models did not build).
    """

    name: str
    status: str
    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    blocked: Mapping[str, int] = field(default_factory=dict)
    invalid: Mapping[str, int] = field(default_factory=dict)
    rejected: int = 0
    quarantined: int = 0
    in_doubt: int = 0
    pending: int = 0
    requests: int = 0
    seconds: float = 0.0
    samples: tuple[Sample, ...] = ()
    is_first_run: bool = False
    is_published: bool = True
    error: CdpError | None = None


def plan_sync(settings: Settings, sync: Sync, destination: Destination) -> Plan:
    """What the sync would do now. Sends nothing and writes nothing."""
    with open_ledger(settings.ledger_dir, sync.name, read_only=True) as ledger:
        plan = _plan(settings, ledger, sync, destination, "plan")
        return replace(plan, samples=read_samples(ledger.work))


def run_sync(
    settings: Settings,
    sync: Sync,
    destination: Destination,
    *,
    accepted: Collection[str] = (),
    doubt_was_applied: bool | None = None,
    pace: Pace | None = None,
) -> SyncResult:
    """Make the destination match the sync's model, and write down what it acknowledged.

    `accepted` names the guards that a person has lifted. `doubt_was_applied` is a person's decision about all
    rows in doubt. Errors of the destination and tripped guards are in the result.

    Raises other errors (FixModel, FixConfiguration, TryAgain) before anything is sent.
    """
    with open_ledger(settings.ledger_dir, sync.name) as ledger:
        run = _Run(settings, sync, destination, ledger, pace or Pace())
        return run.go(accepted, doubt_was_applied)


def _plan(settings: Settings, ledger: Ledger, sync: Sync, destination: Destination, run_id: str) -> Plan:
    ledger.drop_unsent()
    forget_answers(ledger, destination)
    folding.fold(ledger, run_id, _now())
    with open_warehouse(settings) as warehouse:
        return make_plan(warehouse, ledger, sync, destination)


class _Run:
    def __init__(
        self, settings: Settings, sync: Sync, destination: Destination, ledger: Ledger, pace: Pace
    ) -> None:
        self.settings = settings
        self.sync = sync
        self.destination = destination
        self.ledger = ledger
        self.pace = pace
        self.started_at = _now()
        self.began = time.perf_counter()
        self.run_id = f"{self.started_at:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"
        self.requests = 0
        self.fence = Fence(settings, sync, destination, change_token(settings))

    def go(self, accepted: Collection[str], doubt_was_applied: bool | None) -> SyncResult:
        ledger = self.ledger
        if doubt_was_applied is not None:
            resolve(ledger, applied=doubt_was_applied)
        if bound_to.START_ANEW in accepted:
            bound_to.start_anew(ledger, self.sync, self.destination)
        plan = _plan(self.settings, ledger, self.sync, self.destination, self.run_id)
        try:
            guards.check(plan, accepted)
            account = self.destination.account() if plan.sends or ledger.count_unsettled() else None
            bound_to.check(ledger, self.sync, self.destination, accepted, account)
        except (ConfirmFirst, CheckDestination) as stopped:
            ledger.begin_run(self.run_id, self.started_at)
            return self._close(plan, stopped)
        ledger.begin_run(self.run_id, self.started_at)
        bound_to.bind(ledger, self.sync, self.destination, account)
        diff.note_fingerprints(ledger.work)
        problem = self._remove(plan) or self._recover() or self._remove_again(plan) or self._put()
        deliveries.note_planned(ledger, self.run_id, _now())
        return self._close(plan, problem or self._finish())

    def _remove(self, plan: Plan) -> CdpError | None:
        """Removals first: they wait for nobody, and a late one could undo a put."""
        verb = self.sync.spec.mode.remove
        if verb is None or not (plan.removed or plan.changed):
            return None
        folding.release(self.ledger, self.run_id, _now())
        stages.stage_removals(self.ledger.work, verb, plan.match, self.destination)
        return self._send_staged(verb)

    def _recover(self) -> CdpError | None:
        if not self.ledger.count_unsettled():
            return None
        sent = recover(self.ledger, self.destination, self.pace, self.fence)
        self._fold(sent)
        if sent.stopped is None:
            reconsider(self.ledger, self.sync)
        return sent.stopped

    def _remove_again(self, plan: Plan) -> CdpError | None:
        """Remove whom a job put there although they had left by then."""
        verb, work = self.sync.spec.mode.remove, self.ledger.work
        where = "operation = 'remove' and key in (select key from put_by_job)"
        if verb is None or not self.ledger.value(f"select count(*) from planned where {where}"):
            return None
        stages.stage_removals(work, verb, plan.match, self.destination, where)
        return self._send_staged(verb)

    def _put(self) -> CdpError | None:
        stages.stage_puts(self.ledger.work)
        return self._send_staged(self.sync.spec.mode.put)

    def _send_staged(self, verb: Verb) -> CdpError | None:
        ledger = self.ledger
        ranges = ledger.outbox.freeze(
            "staged", self.destination.limits(verb), keeps_bodies=self.destination.keeps_rows(verb)
        )
        batches = [FrozenBatch(self.run_id, verb, first_row, end_row) for first_row, end_row in ranges]
        if not batches:
            return None
        with ledger.transaction():
            ledger.freeze(batches)
            ledger.mark_finished(self.run_id, finished=False)
        fence = None if verb in REMOVALS else self.fence
        sent = send_all(ledger, self.destination, map(Trial, batches), self.pace, fence)
        self._fold(sent)
        return sent.stopped

    def _fold(self, sent: Sent) -> None:
        self.requests += sent.requests
        self.ledger.drop_unsent()
        folding.fold(self.ledger, self.run_id, _now())

    def _finish(self) -> CheckDestination | None:
        """Close each run, this one or an earlier one, whose batches are all answered."""
        open_runs = {batch.run_id for batch in self.ledger.batches(*UNSETTLED)}
        for run_id in self.ledger.unfinished_runs():
            if run_id in open_runs:
                continue
            try:
                self.destination.finish(run_id)
            except CheckDestination as problem:
                return problem
            self.ledger.mark_finished(run_id, finished=True)
        return None

    def _close(self, plan: Plan, problem: CdpError | None) -> SyncResult:
        ledger = self.ledger
        now = _now()
        deliveries.note_in_doubt(ledger, self.run_id, now)
        noted = deliveries.count_deliveries(ledger, self.run_id)
        done = {
            "added": noted.get(("add", "acknowledged"), 0),
            "changed": noted.get(("change", "acknowledged"), 0),
            "removed": noted.get(("remove", "acknowledged"), 0),
            "rejected": sum(rows for (_, outcome), rows in noted.items() if outcome == "rejected"),
            "in_doubt": ledger.count_in_doubt(),
        }
        problem = problem or self._unhappy(done["rejected"], done["in_doubt"])
        status = _status(problem, any(done[name] for name in ("added", "changed", "removed")))
        counts = {
            **done,
            "unchanged": plan.unchanged,
            "blocked": sum(plan.blocked.values()),
            "invalid": sum(plan.invalid.values()),
            "requests": self.requests,
        }
        with ledger.transaction():
            ledger.note_blocked(self.run_id, plan.blocked)
            ledger.end_run(self.run_id, status, now, counts)
        ledger.close_outbox()
        is_published = publish(self.settings, ledger, self.sync)
        return SyncResult(
            name=self.sync.name,
            status=status,
            added=done["added"],
            changed=done["changed"],
            removed=done["removed"],
            rejected=done["rejected"],
            in_doubt=done["in_doubt"],
            unchanged=plan.unchanged,
            blocked=plan.blocked,
            invalid=plan.invalid,
            quarantined=plan.quarantined,
            pending=ledger.count_pending(),
            requests=self.requests,
            seconds=round(time.perf_counter() - self.began, 3),
            is_first_run=plan.is_first_run,
            is_published=is_published,
            error=problem,
        )

    def _unhappy(self, rejected: int, in_doubt: int) -> CheckDestination | None:
        name = self.sync.name
        if in_doubt:
            return CheckDestination(
                f"Sync {name}: {in_doubt:,} rows were sent without an answer, and the destination cannot say "
                "whether it applied them; they are not sent again.",
                f"Check there, then run `cdp sync {name} --resolve-doubt applied` (or not-applied).",
            )
        if rejected:
            return CheckDestination(
                f"Sync {name}: the destination rejected {rejected:,} rows, the first because: "
                f"{deliveries.first_reason(self.ledger, self.run_id)}.",
                f"The next sync sends them again; `cdp sync rejected {name}` lists them.",
            )
        return None


def _status(problem: CdpError | None, something_done: bool) -> str:
    if problem is None:
        return "succeeded"
    if isinstance(problem, ConfirmFirst):
        return "stopped"
    return "partial" if something_done else "failed"


def _now() -> dt.datetime:
    """Now, in UTC, as the warehouse keeps it: without a zone."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)
