"""What a destination has from us: one DuckDB file per sync: keys, hashes, match keys, no payload.

Answers are appended, many in one durable commit. The rows of answered batches are folded into `acknowledged`
in one set-based statement, at the end of a run or, after a crash, at the start of the next. The rows of the
batches are in an outbox file beside the ledger. That file is deleted as soon as all its rows are answered,
because DELETE alone would leave people's data in the bytes of the file.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from cdp_cli.activation.ledger_files import ledger_path, outbox_path
from cdp_cli.activation.ledger_tables import make_tables
from cdp_cli.activation.outbox import Outbox, remove_database
from cdp_cli.destinations.base import Verb
from cdp_cli.errors import FixConfiguration, TryAgain

UNANSWERED = ("in_flight", "in_doubt")
UNSETTLED = (*UNANSWERED, "pending")

# Of the machine's memory, because several syncs run at once; what does not fit overflows to disk.
_MEMORY_SHARE = "25%"
# How DuckDB begins its message if another process holds a file.
_LOCK_CONFLICT = "Could not set lock on file"
_NAMESPACE = uuid.UUID("5f0c4c1e-6a3e-5d0a-9a3a-3f2f8d9f7c11")

# What is known of each batch: the last answer.
_CURRENT = """
    select
        batches.run_id, batches.verb, batches.first_row, batches.end_row,
        arg_max(answers.status, answers.number) as status,
        arg_max_null(answers.reason, answers.number) as reason,
        arg_max_null(answers.kept, answers.number) as kept, max(answers.number) as number
    from ledger.batches as batches
    inner join ledger.answers as answers
        on batches.first_row = answers.first_row and batches.end_row = answers.end_row
    group by all
"""


@dataclass(frozen=True)
class FrozenBatch:
    """A range of the outbox's rows that is sent as one request; its key never changes."""

    run_id: str
    verb: Verb
    first_row: int
    end_row: int  # the row after the last
    kept: Mapping[str, str] = field(default_factory=dict)  # of a job that the destination works on

    @property
    def batch_id(self) -> str:
        """Its name, by the run and the range alone."""
        return f"{self.run_id}-{self.first_row}-{self.end_row}"

    @property
    def idempotency_key(self) -> str:
        """The key under which it is sent, however often."""
        return str(uuid.uuid5(_NAMESPACE, self.batch_id))

    @property
    def range(self) -> tuple[int, int]:
        """Its rows in the outbox."""
        return self.first_row, self.end_row

    @property
    def size(self) -> int:
        """Rows in the batch."""
        return self.end_row - self.first_row

    def halves(self) -> tuple[FrozenBatch, FrozenBatch]:
        """Its two halves."""
        middle = self.first_row + self.size // 2
        return (
            FrozenBatch(self.run_id, self.verb, self.first_row, middle),
            FrozenBatch(self.run_id, self.verb, middle, self.end_row),
        )


@dataclass(frozen=True)
class Settled:
    """What became of a batch: its status, a reason, and the rows that have an answer of their own."""

    batch: FrozenBatch
    status: str
    reason: str | None = None
    rows: tuple[tuple[int, str, str], ...] = ()  # outbox row number, outcome, reason
    halves: tuple[FrozenBatch, ...] = ()
    kept: Mapping[str, str] | None = None
    doubtful: bool = False  # an earlier attempt may have been applied; its halves are in doubt from the start


class Ledger:
    """The open ledger of one sync. The lock on its file keeps a second run of the sync out.

    `work` is the connection of the run, with the ledger and the outbox attached as `ledger` and `outbox`.
    """

    def __init__(self, work: duckdb.DuckDBPyConnection, outbox: Outbox) -> None:
        self.work = work
        self.outbox = outbox
        self._answers = self.value("select coalesce(max(number), 0) from ledger.answers")
        self.first_answer = self._answers + 1  # of this run

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, durable when the context ends."""
        self.work.execute("begin")
        try:
            yield
        except BaseException:
            self.work.execute("rollback")
            raise
        self.work.execute("commit")

    def value(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """The number that a query gives."""
        # All rows: a result that is not read to its end blocks the connection.
        return int(self.work.execute(sql, list(parameters)).fetchall()[0][0])

    def has_run(self) -> bool:
        """Whether any run has passed the guards."""
        return bool(self.value("select count(*) from ledger.runs where status <> 'stopped'"))

    def names_rows(self) -> bool:
        """Whether any batch still needs its rows in the outbox."""
        return bool(self.value("select count(*) from ledger.batches"))

    def count_acknowledged(self) -> int:
        """Rows that the destination has from us."""
        return self.value("select count(*) from ledger.acknowledged")

    def begin_run(self, run_id: str, started_at: dt.datetime) -> None:
        """Note that a run is under way."""
        self.work.execute(
            "insert into ledger.runs (run_id, status, started_at, finished, published) "
            "values (?, 'running', ?, true, false)",
            [run_id, started_at],
        )

    def end_run(self, run_id: str, status: str, ended_at: dt.datetime, counts: Mapping[str, int]) -> None:
        """Note how a run ended; `counts` are columns of `ledger.runs`."""
        columns = ", ".join(f"{name} = ?" for name in counts)
        self.work.execute(
            f"update ledger.runs set status = ?, ended_at = ?, {columns} where run_id = ?",
            [status, ended_at, *counts.values(), run_id],
        )

    def note_blocked(self, run_id: str, blocked: Mapping[str, int]) -> None:
        """Note how many rows a run blocked, by reason."""
        self._insert(
            "blocked",
            {
                "run_id": [run_id] * len(blocked),
                "reason": list(blocked),
                "count_rows": list(blocked.values()),
            },
        )

    def unfinished_runs(self) -> list[str]:
        """Runs that sent something and whose close the destination has not confirmed."""
        found = self.work.execute(
            "select run_id from ledger.runs where not finished order by run_id"
        ).fetchall()
        return [row[0] for row in found]

    def mark_finished(self, run_id: str, *, finished: bool) -> None:
        """Note whether the destination's side of a run is closed."""
        self.work.execute("update ledger.runs set finished = ? where run_id = ?", [finished, run_id])

    def freeze(self, batches: Sequence[FrozenBatch]) -> None:
        """Write the batches down before any of them is sent. Their rows are in the outbox already."""
        self._insert(
            "batches",
            {
                "run_id": [batch.run_id for batch in batches],
                "verb": [batch.verb.value for batch in batches],
                "first_row": [batch.first_row for batch in batches],
                "end_row": [batch.end_row for batch in batches],
            },
        )

    def mark_in_flight(self, batches: Sequence[FrozenBatch]) -> None:
        """Note that the batches are about to be sent."""
        self._append([Settled(batch, "in_flight") for batch in batches])

    def settle(self, settled: Sequence[Settled]) -> None:
        """Write down what became of batches."""
        self._append(settled)
        rows = [row for one in settled for row in one.rows]
        self._insert_rows([n for n, _, _ in rows], [o for _, o, _ in rows], [r for _, _, r in rows])
        self.freeze([half for one in settled for half in one.halves])
        # Where an attempt may have been applied, a crash must not take the halves for never sent.
        self._append(
            [Settled(half, "in_doubt", one.reason) for one in settled if one.doubtful for half in one.halves]
        )

    def answer_rows(self, numbers: Sequence[int], outcome: str, reason: str) -> None:
        """Write down what became of single rows, which are then left out of their batches."""
        self._insert_rows(list(numbers), [outcome] * len(numbers), [reason] * len(numbers))

    def batches(self, *statuses: str) -> list[FrozenBatch]:
        """The batches in these states, in the order of their rows."""
        found = self.work.execute(
            f"select run_id, verb, first_row, end_row, kept from ({_CURRENT}) "
            "where list_contains(?, status) order by first_row, end_row",
            [list(statuses)],
        ).fetchall()
        return [
            FrozenBatch(run_id, Verb(verb), first_row, end_row, json.loads(kept) if kept else {})
            for run_id, verb, first_row, end_row, kept in found
        ]

    def current_sql(self) -> str:
        """A query for the verb, range, status, reason and number of the last answer of each batch begun."""
        return _CURRENT

    def unsettled_rows_sql(self) -> str:
        """A query for the outbox's rows of batches without an answer, those left out that have one."""
        statuses = ", ".join(f"'{status}'" for status in UNSETTLED)
        return f"""
            select frozen_rows.*, unsettled.verb, unsettled.status
            from outbox.frozen_rows as frozen_rows
            inner join (select * from ({_CURRENT}) where status in ({statuses})) as unsettled
                on frozen_rows.row_number >= unsettled.first_row
                and frozen_rows.row_number < unsettled.end_row
            anti join ledger.row_answers as row_answers on frozen_rows.row_number = row_answers.row_number
        """

    def count_unsettled(self) -> int:
        """Rows that were sent and have no answer yet, jobs under way included."""
        return self.value(f"select count(*) from ({self.unsettled_rows_sql()})")

    def count_pending(self) -> int:
        """Rows that the destination still works on."""
        return self.value(f"select count(*) from ({self.unsettled_rows_sql()}) where status = 'pending'")

    def count_in_doubt(self) -> int:
        """Rows that were sent and have no answer, and on which nobody works."""
        return self.count_unsettled() - self.count_pending()

    def _insert_rows(self, numbers: list[int], outcomes: list[str], reasons: list[str]) -> None:
        self._insert("row_answers", {"row_number": numbers, "outcome": outcomes, "reason": reasons})

    def _append(self, settled: Sequence[Settled]) -> None:
        first = self._answers + 1
        self._answers += len(settled)
        self._insert(
            "answers",
            {
                "number": list(range(first, self._answers + 1)),
                "first_row": [one.batch.first_row for one in settled],
                "end_row": [one.batch.end_row for one in settled],
                "status": [one.status for one in settled],
                "reason": [one.reason for one in settled],
                "kept": [json.dumps(dict(one.kept)) if one.kept else None for one in settled],
            },
        )

    def _insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        if next(iter(columns.values())):
            # One statement for all rows, because a destination that takes one row a request has a batch for
            # each. Lists, because an Arrow table made of Python values imports pandas: half of a small run's
            # time.
            values = ", ".join(f"unnest(?) as {name}" for name in columns)
            self.work.execute(
                f"insert into ledger.{table} by name select {values}", [list(v) for v in columns.values()]
            )

    def drop_unsent(self) -> None:
        """Drop the batches that were frozen and never begun: the next plan makes new ones."""
        self.work.execute(
            """
            delete from ledger.batches
            where (first_row, end_row) not in (select (first_row, end_row) from ledger.answers)
            """
        )

    def close_outbox(self) -> None:
        """Keep the rows of batches without an answer in the outbox; if there are none, delete the file."""
        self.outbox.keep([batch.range for batch in self.batches(*UNSETTLED)])


@contextmanager
def open_ledger(ledger_dir: Path, sync: str, *, read_only: bool = False) -> Iterator[Ledger]:
    """Open the ledger of a sync together with a working connection for the run.

    Read-only, it is a copy of the ledger in memory, from which a plan can be made without changing the file.
    Raises TryAgain if another process holds it, and FixConfiguration if it is damaged.
    """
    path = ledger_path(ledger_dir, sync)
    work = duckdb.connect(":memory:", config={"memory_limit": _MEMORY_SHARE})
    try:
        work.execute("set timezone = 'UTC'")
        outbox = Outbox(work, outbox_path(ledger_dir, sync))
        if read_only:
            with _readable(path, sync):
                _attach_copy(work, path, sync)
                outbox.open(read_only=True, wanted=_names_rows(work))
            yield Ledger(work, outbox)
            return
        if not path.exists():
            _create(path)
        attach(work, path, sync, "ledger", read_only=False)
        # A process that was killed while it made the ledger left its file. Any other one finds ours in place.
        for unfinished in ledger_dir.glob(f"{path.name}.*.new*"):
            unfinished.unlink(missing_ok=True)
        with _readable(path, sync):
            make_tables(work)
            if not _names_rows(work):
                # A run died after writing rows and before naming its batches.
                remove_database(outbox.path)
            outbox.open()
            ledger = Ledger(work, outbox)
        # Only the holder of the ledger's lock may touch the folder into which large plans overflow.
        overflow = ledger_dir / f"{sync}.overflow"
        shutil.rmtree(overflow, ignore_errors=True)
        work.execute(f"set temp_directory = {_literal(overflow)}")
        try:
            with _readable(path, sync):
                yield ledger
        finally:
            shutil.rmtree(overflow, ignore_errors=True)
    finally:
        work.close()


@contextmanager
def _readable(path: Path, sync: str) -> Iterator[None]:
    """Say in one sentence that the file is damaged, wherever in it that shows, or that the disk is full."""
    try:
        yield
    except (duckdb.IOException, duckdb.SerializationException, duckdb.FatalException) as error:
        if "No space left" in str(error) or "File too large" in str(error) or "write" in str(error).lower():
            raise TryAgain(
                f"Sync {sync}: {path.parent} cannot be written; what was not written down is sent again.",
                "Make room on the disk, and run it again.",
            ) from error
        raise _damaged(path, sync) from error


def _damaged(path: Path, sync: str) -> FixConfiguration:
    return FixConfiguration(
        f"{path}, the ledger of sync {sync}, cannot be opened as a DuckDB file.",
        "Restore it from a backup; without it cdp does not know what the destination has.",
    )


def _names_rows(work: duckdb.DuckDBPyConnection) -> bool:
    found = work.execute("select count(*) from ledger.batches").fetchone()
    return bool(found and found[0])


def _create(path: Path) -> None:
    """Make the file aside and link it into place: DuckDB cannot open a file whose creation was killed."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f"{path.name}.{os.getpid()}.new")
        remove_database(aside)
        with duckdb.connect() as making:
            making.execute(f"attach {_literal(aside)} as ledger")
            make_tables(making)
            making.execute("detach ledger")
        # Unlike a rename, a link never replaces a ledger that another process made meanwhile.
        with contextlib.suppress(FileExistsError, FileNotFoundError):
            path.hardlink_to(aside)
        aside.unlink(missing_ok=True)
    except (OSError, duckdb.IOException) as error:
        raise FixConfiguration(
            f"{path.parent} cannot be written, so no ledger can be kept and nothing is sent.",
            "Check the folder's permissions and the free space.",
        ) from error


def _attach_copy(work: duckdb.DuckDBPyConnection, path: Path, sync: str) -> None:
    work.execute("attach ':memory:' as ledger")
    if path.exists():
        attach(work, path, sync, "stored", read_only=True)
        work.execute("copy from database stored to ledger")
        work.execute("detach stored")
    make_tables(work)


def attach(work: duckdb.DuckDBPyConnection, path: Path, sync: str, name: str, *, read_only: bool) -> None:
    """Attach a ledger's file as `name`.

    Raises TryAgain if another process holds it, and FixConfiguration if the file is damaged.
    """
    try:
        work.execute(f"attach {_literal(path)} as {name}{' (read_only)' if read_only else ''}")
    except duckdb.Error as error:
        # "lock" alone would not do: the message for a damaged file speaks of a "block".
        if isinstance(error, duckdb.IOException) and _LOCK_CONFLICT in str(error):
            holder = re.search(r"PID (\d+)", str(error))
            who = f" in process {holder[1]}" if holder else ""
            raise TryAgain(
                f"Sync {sync} is already running{who}.", "Wait until it is done, or stop it, and try again."
            ) from error
        if isinstance(error, duckdb.IOException) and "Permission denied" in str(error):
            raise FixConfiguration(
                f"{path} cannot be written, so nothing is sent.", "Check the permissions of the folder."
            ) from error
        raise _damaged(path, sync) from error


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
