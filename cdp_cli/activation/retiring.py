"""What a place still has from a sync that does not send there any more: removed there, or taken over.

A sync that is gone from the project, or leads elsewhere, leaves people at its old destination. Its ledger
knows them, and where they are.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from cdp_cli.activation import bound_to, folding, stages
from cdp_cli.activation.ledger import UNSETTLED, FrozenBatch, Ledger, Settled, open_ledger
from cdp_cli.activation.ledger_files import ledger_names, ledger_path, outbox_path
from cdp_cli.activation.outbox import remove_database
from cdp_cli.activation.sender import send_all
from cdp_cli.activation.spec import Mode, Sync
from cdp_cli.activation.trials import Pace, Trial
from cdp_cli.config import Settings
from cdp_cli.destinations import connect_to
from cdp_cli.destinations.base import Destination, Verb
from cdp_cli.errors import CdpError, CheckDestination, ConfirmFirst, FixConfiguration


@dataclass(frozen=True)
class Orphan:
    """A ledger whose sync the project does not have; `rows` are still at its destination."""

    name: str
    rows: int
    bound: dict[str, str]


@dataclass(frozen=True)
class Retired:
    """Rows removed at the old place, rows that are still there, and what stopped the rest."""

    removed: int
    left: int
    error: CdpError | None = None


def orphans(settings: Settings, syncs: Collection[str]) -> list[Orphan]:
    """The ledgers of syncs that the project does not have, with rows that a destination still has."""
    found = []
    for name in ledger_names(settings.ledger_dir):
        if name in syncs:
            continue
        with open_ledger(settings.ledger_dir, name, read_only=True) as ledger:
            rows, bound = ledger.count_acknowledged(), bound_to.read(ledger)
        if rows:
            found.append(Orphan(name, rows, bound))
    return found


def check_renamed(settings: Settings, sync: Sync, destination: Destination, syncs: Collection[str]) -> None:
    """Raise ConfirmFirst if the sync has sent nothing, and one that is gone sent to the same place."""
    if ledger_path(settings.ledger_dir, sync.name).exists():
        return
    here = dict(destination.address)
    for orphan in orphans(settings, syncs):
        if {name: value for name, value in orphan.bound.items() if name in here} == here:
            raise ConfirmFirst(
                f"Sync {sync.name} has no ledger, and {orphan.name}, which is gone from the project, left "
                f"{orphan.rows:,} rows at the same place; nothing was sent.",
                f"If it was renamed, run `cdp sync {sync.name} --take-over {orphan.name}`; if not, remove "
                f"those rows first with `cdp sync retire {orphan.name}`.",
            )


def take_over(settings: Settings, old: str, new: str, syncs: Collection[str]) -> None:
    """Give the ledger of a sync that is gone from the project to another, which has none.

    Raises FixConfiguration if there is no such ledger, the project has the sync, or the other has a ledger.
    """
    source, target = ledger_path(settings.ledger_dir, old), ledger_path(settings.ledger_dir, new)
    if old in syncs:
        raise FixConfiguration(f"The sync {old} is in the project.", "Take over one that is gone from it.")
    if not source.exists():
        raise FixConfiguration(
            f"There is no ledger of a sync {old!r}.", "`cdp status` lists those there are."
        )
    if target.exists():
        with open_ledger(settings.ledger_dir, new, read_only=True) as ledger:
            if ledger.count_acknowledged() or ledger.names_rows():
                raise FixConfiguration(
                    f"The sync {new} has a ledger of its own.", "Only a sync that sent nothing can take over."
                )
    with open_ledger(settings.ledger_dir, old):
        pass  # nobody runs it, and it is of this release
    # The outbox first: rows without a ledger are dropped, a ledger without its rows is not whole.
    for path in (outbox_path, ledger_path):
        _move(path(settings.ledger_dir, old), path(settings.ledger_dir, new))


def retire(settings: Settings, name: str, *, pace: Pace | None = None) -> Retired:
    """Remove at its destination what a ledger says is there, by the connection that it is bound to.

    Raises FixConfiguration if nobody knows where the rows are, or the connection leads elsewhere by now.
    """
    if not ledger_path(settings.ledger_dir, name).exists():
        raise FixConfiguration(
            f"There is no ledger of a sync {name!r}.", "`cdp status` lists those there are."
        )
    with open_ledger(settings.ledger_dir, name) as ledger:
        bound = bound_to.read(ledger)
        if not bound:
            raise FixConfiguration(
                f"The ledger of {name} is of an earlier release and does not say where its rows are.",
                "Write the sync back as it was and run it once, or remove the rows there by hand.",
            )
        return empty(ledger, connect_to(bound, settings), bound, pace or Pace())


def empty(ledger: Ledger, destination: Destination, bound: dict[str, str], pace: Pace) -> Retired:
    """Send a removal for each row of the ledger to the place that it is bound to."""
    run_id = f"{_now():%Y%m%dT%H%M%S}-retire"
    verb = _verb(destination, Mode(bound["mode"]))
    ledger.drop_unsent()
    # What has no answer may be there, so it is removed too.
    with ledger.transaction():
        ledger.settle([Settled(batch, "unknown") for batch in ledger.batches(*UNSETTLED)])
    folding.fold(ledger, run_id, _now())
    before = ledger.count_acknowledged()
    work = ledger.work
    work.execute(
        """
        create or replace temp table planned as
        select
            key, profile_id, 'remove' as operation, match_keys as known_match_keys,
            cast(null as varchar) as blocked, false as is_moved
        from ledger.acknowledged
        """
    )
    names = [
        name
        for (name,) in work.execute(
            "select distinct unnest(json_keys(match_keys)) from ledger.acknowledged "
            "where match_keys is not null"
        ).fetchall()
    ]
    match = {field: "VARCHAR" for field in destination.match_fields if field in names}
    stages.stage_removals(work, verb, match, destination)
    ranges = ledger.outbox.freeze(
        "staged", destination.limits(verb), keeps_bodies=destination.keeps_rows(verb)
    )
    batches = [FrozenBatch(run_id, verb, first_row, end_row) for first_row, end_row in ranges]
    ledger.begin_run(run_id, _now())
    with ledger.transaction():
        ledger.freeze(batches)
    sent = send_all(ledger, destination, map(Trial, batches), pace, None)
    ledger.drop_unsent()
    folding.fold(ledger, run_id, _now())
    if sent.stopped is None:
        destination.finish(run_id)
    left = ledger.count_acknowledged()
    ledger.end_run(run_id, "partial" if left else "succeeded", _now(), {"removed": before - left})
    ledger.close_outbox()
    return Retired(before - left, left, sent.stopped)


def forget(settings: Settings, name: str) -> int:
    """Delete a ledger; returns the rows that stay at its destination, and that nobody knows of any more."""
    with open_ledger(settings.ledger_dir, name) as ledger:
        rows = ledger.count_acknowledged()
        remove_database(outbox_path(settings.ledger_dir, name))
        remove_database(ledger_path(settings.ledger_dir, name))
    return rows


def _verb(destination: Destination, mode: Mode) -> Verb:
    wanted = [mode.remove] if mode.remove is not None else [Verb.REMOVE, Verb.REMOVE_MEMBER]
    for verb in wanted:
        if verb in destination.verbs:
            return verb
    raise CheckDestination(
        "The old destination cannot remove what it has from us.",
        "Remove it there by hand, then go on with --destination-changed anew.",
    )


def _move(source: Path, target: Path) -> None:
    remove_database(target)
    wal = source.with_name(f"{source.name}.wal")
    if wal.exists():
        wal.replace(target.with_name(f"{target.name}.wal"))
    if source.exists():
        source.replace(target)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)
