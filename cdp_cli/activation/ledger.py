"""What a destination acknowledged, in one small database file per sync: keys, hashes, match keys, no payload.

The answer to a batch is one row and one durable commit. The rows of answered batches are folded into
`acknowledged` in one set-based statement, at the end of a run or, after a crash, at the start of the next.
The rendered rows are in an outbox file beside the ledger. That file is deleted as soon as all its rows are
answered, because DELETE alone would leave people's data in the bytes of the file.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from cdp_cli.activation.outbox import Outbox, remove_database
from cdp_cli.destinations.base import Verb
from cdp_cli.errors import FixConfiguration, TryAgain

# Batches: frozen -> in_flight -> accepted | refused | split | unsent | in_doubt, and from there
# accepted | refused | unsent | unknown. Folding removes all but in_flight, in_doubt and frozen ones.
_TABLES = """
    create table if not exists ledger.acknowledged (
        key varchar not null, profile_id varchar, hash varchar, match_keys varchar, acknowledged_at timestamp
    );
    create table if not exists ledger.batches (
        batch_id varchar not null, idempotency_key varchar not null, run_id varchar not null,
        verb varchar not null, first_row bigint not null, end_row bigint not null, status varchar not null,
        doubtful boolean not null, reason varchar
    );
    create table if not exists ledger.rejected (row_number bigint not null, reason varchar);
    create table if not exists ledger.blocked_or_invalid (
        key varchar not null, profile_id varchar, operation varchar, outcome varchar, reason varchar
    );
    create table if not exists ledger.runs (
        run_id varchar not null, status varchar not null, started_at timestamp not null, ended_at timestamp,
        added bigint, changed bigint, removed bigint, unchanged bigint, blocked bigint, invalid bigint,
        rejected bigint, in_doubt bigint, requests bigint,
        finished boolean not null, published boolean not null
    );
    create table if not exists ledger.deliveries (
        run_id varchar not null, profile_id varchar, operation varchar, outcome varchar, reason varchar,
        occurred_at timestamp
    );
    create table if not exists ledger.blocked (
        run_id varchar not null, reason varchar not null, count_rows bigint not null
    );
"""

# How DuckDB begins its message if another process holds a file.
_LOCK_CONFLICT = "Could not set lock on file"


@dataclass(frozen=True)
class FrozenBatch:
    """A range of the outbox's rows that is sent as one request; its key never changes."""

    batch_id: str
    idempotency_key: str
    run_id: str
    verb: Verb
    first_row: int
    end_row: int  # the row after the last
    doubtful: bool = False

    @property
    def size(self) -> int:
        """Rows in the batch."""
        return self.end_row - self.first_row


@dataclass(frozen=True)
class Settled:
    """What became of a batch: its status, a reason, and the rows refused one by one."""

    batch: FrozenBatch
    status: str
    reason: str | None = None
    rejected: tuple[tuple[int, str], ...] = ()  # outbox row number, reason
    halves: tuple[FrozenBatch, ...] = ()


class Ledger:
    """The open ledger of one sync. The lock on its file keeps a second run of the sync out.

    `work` is the connection of the run, with the ledger and the outbox attached as `ledger` and `outbox`.
    """

    def __init__(self, work: duckdb.DuckDBPyConnection, outbox: Outbox, *, is_new: bool) -> None:
        self.work = work
        self.outbox = outbox
        self.is_new = is_new

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

    def value(self, sql: str) -> int:
        """The number that a query gives."""
        row = self.work.execute(sql).fetchone()
        return int(row[0]) if row else 0

    def has_run(self) -> bool:
        """Whether any run has passed the guards."""
        return bool(self.value("select count(*) from ledger.runs where status <> 'stopped'"))

    def names_rows(self) -> bool:
        """Whether any batch still needs its rows in the outbox."""
        return bool(self.value("select count(*) from ledger.batches"))

    def count_acknowledged(self) -> int:
        """Rows that the destination has from us."""
        return int(self.value("select count(*) from ledger.acknowledged"))

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
                "batch_id": [batch.batch_id for batch in batches],
                "idempotency_key": [batch.idempotency_key for batch in batches],
                "run_id": [batch.run_id for batch in batches],
                "verb": [batch.verb.value for batch in batches],
                "first_row": [batch.first_row for batch in batches],
                "end_row": [batch.end_row for batch in batches],
                "status": ["frozen"] * len(batches),
                "doubtful": [batch.doubtful for batch in batches],
            },
        )

    def mark_in_flight(self, batches: Sequence[FrozenBatch]) -> None:
        """Note that the batches are about to be sent."""
        for batch in batches:
            self._set_status(batch, "in_flight", None)

    def settle(self, settled: Sequence[Settled]) -> None:
        """Write down what became of batches."""
        for one in settled:
            self._set_status(one.batch, one.status, one.reason)
            self._insert(
                "rejected",
                {
                    "row_number": [row_number for row_number, _ in one.rejected],
                    "reason": [reason for _, reason in one.rejected],
                },
            )
            self.freeze(one.halves)

    def batches(self, *statuses: str) -> list[FrozenBatch]:
        """The batches in these states, in the order of their rows."""
        marks = ", ".join("?" for _ in statuses)
        found = self.work.execute(
            "select batch_id, idempotency_key, run_id, verb, first_row, end_row, doubtful "
            f"from ledger.batches where status in ({marks}) order by first_row",
            list(statuses),
        ).fetchall()
        return [
            FrozenBatch(batch_id, key, run_id, Verb(verb), first_row, end_row, doubtful)
            for batch_id, key, run_id, verb, first_row, end_row, doubtful in found
        ]

    def count_in_doubt(self) -> int:
        """Rows that were sent and have no answer."""
        return int(
            self.value(
                "select coalesce(sum(end_row - first_row), 0) from ledger.batches "
                "where status in ('in_flight', 'in_doubt')"
            )
        )

    def _set_status(self, batch: FrozenBatch, status: str, reason: str | None) -> None:
        # Only an answer to this very batch ends its doubt.
        self.work.execute(
            "update ledger.batches set status = ?, reason = ?, doubtful = doubtful or ? "
            "where first_row = ? and end_row = ?",
            [status, reason, status == "in_doubt", batch.first_row, batch.end_row],
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
        """Drop the batches that were frozen and never sent: the next plan makes new ones."""
        self.work.execute("delete from ledger.batches where status = 'frozen'")

    def close_outbox(self) -> None:
        """Keep the rows of batches without an answer in the outbox; if there are none, delete the file."""
        kept = self.batches("in_flight", "in_doubt")
        self.outbox.keep([(batch.first_row, batch.end_row) for batch in kept])


def ledger_path(ledger_dir: Path, sync: str) -> Path:
    """Where a sync's ledger is."""
    return ledger_dir / f"{sync}.duckdb"


@contextmanager
def open_ledger(ledger_dir: Path, sync: str, *, read_only: bool = False) -> Iterator[Ledger]:
    """Open the ledger of a sync together with a working connection for the run.

    Read-only, it is a copy of the ledger in memory, from which a plan can be made without changing the file.
    Raises TryAgain if another process holds it.
    """
    path = ledger_path(ledger_dir, sync)
    is_new = not path.exists()
    work = duckdb.connect(":memory:")
    try:
        work.execute("set timezone = 'UTC'")
        outbox = Outbox(work, ledger_dir / f"{sync}.outbox.duckdb")
        if read_only:
            _attach_copy(work, path, sync)
            ledger = Ledger(work, outbox, is_new=is_new)
            outbox.open(read_only=True, wanted=ledger.names_rows())
            yield ledger
            return
        if is_new:
            _create(path)
        attach(work, path, sync, "ledger", read_only=False)
        # A process that was killed while it made the ledger left its file. Any other one finds ours in place.
        for unfinished in ledger_dir.glob(f"{path.name}.*.new*"):
            unfinished.unlink(missing_ok=True)
        _upgrade(work)
        ledger = Ledger(work, outbox, is_new=is_new)
        if not ledger.names_rows():
            # A run died after writing rows and before naming its batches.
            remove_database(outbox.path)
        outbox.open()
        # Only the holder of the ledger's lock may touch the folder into which large plans overflow.
        overflow = ledger_dir / f"{sync}.overflow"
        shutil.rmtree(overflow, ignore_errors=True)
        work.execute(f"set temp_directory = {_literal(overflow)}")
        try:
            yield ledger
        finally:
            shutil.rmtree(overflow, ignore_errors=True)
    finally:
        work.close()


def _create(path: Path) -> None:
    """Make the file aside and link it into place: DuckDB cannot open a file whose creation was killed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{os.getpid()}.new")
    remove_database(aside)
    with duckdb.connect() as making:
        making.execute(f"attach {_literal(aside)} as ledger")
        making.execute(_TABLES)
        making.execute("detach ledger")
    # Unlike a rename, a link never replaces a ledger that another process made meanwhile.
    with contextlib.suppress(FileExistsError, FileNotFoundError):
        path.hardlink_to(aside)
    aside.unlink(missing_ok=True)


def _attach_copy(work: duckdb.DuckDBPyConnection, path: Path, sync: str) -> None:
    work.execute("attach ':memory:' as ledger")
    if path.exists():
        attach(work, path, sync, "stored", read_only=True)
        work.execute("copy from database stored to ledger")
        work.execute("detach stored")
    _upgrade(work)


def _upgrade(work: duckdb.DuckDBPyConnection) -> None:
    """Bring a ledger of an earlier release to this one's tables; their rows stay."""
    former = work.execute(
        "select 1 from duckdb_tables() where database_name = 'ledger' and table_name = 'held_back'"
    ).fetchone()
    if former:
        work.execute("alter table ledger.held_back rename to blocked_or_invalid")
    work.execute(_TABLES)


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
        raise FixConfiguration(
            f"{path}, the ledger of sync {sync}, cannot be opened as a DuckDB file.",
            "Restore it from a backup; without it cdp does not know what the destination has.",
        ) from error


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
