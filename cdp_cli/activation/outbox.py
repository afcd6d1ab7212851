"""The rows of the current run's batches: what each is about, durably, and its rendered text.

Rows are numbered, and a batch is a range of numbers. What identifies a row is in a file beside the ledger
until the row is answered. The text is there only if a later run may need it, to repeat a batch under its key
or to go on with a job; else it is in memory, or overflows into the run's own folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb

from cdp_cli.destinations.base import BatchLimits

_TABLE = """
    create table if not exists outbox.frozen_rows (
        row_number bigint not null, key varchar not null, profile_id varchar, operation varchar not null,
        hash varchar, match_keys varchar, why varchar, body varchar, fingerprint ubigint
    )
"""
_NO_BODIES = """
    drop table if exists sorted;
    create or replace temp view bodies as select null::bigint as row_number, null::varchar as body where false
"""


class Outbox:
    """The frozen rows of one sync, attached to the run's connection as `outbox`.

    The file exists only while there is something to send. Otherwise the table is empty and in memory.
    """

    def __init__(self, work: duckdb.DuckDBPyConnection, path: Path) -> None:
        self.work = work
        self.path = path

    def open(self, *, read_only: bool = False, wanted: bool = True) -> None:
        """Attach the file if it exists and is wanted, otherwise an empty table."""
        if wanted and self.path.exists():
            self.work.execute(f"attach {_literal(self.path)} as outbox{' (read_only)' if read_only else ''}")
            if not read_only:
                self._upgrade()
        else:
            self.work.execute("attach ':memory:' as outbox")
            self.work.execute(_TABLE)
        self.work.execute(_NO_BODIES)

    def freeze(self, staged: str, limits: BatchLimits, *, keeps_bodies: bool) -> Iterator[tuple[int, int]]:
        """Write the rows of the table `staged` down, durably, and cut them into batches.

        A batch is a range of rows: the first, and the one after the last.

        `staged` has the columns of `outbox.frozen_rows` without the number, and a `body` for each row.
        """
        count = self._value(f"select count(*) from {staged}")
        if not count:
            return iter(())
        if not self.path.exists():
            self.work.execute("detach outbox")
            self.work.execute(f"attach {_literal(self.path)} as outbox")
            self.work.execute(_TABLE)
        start = self._value("select coalesce(max(row_number) + 1, 0) from outbox.frozen_rows")
        # A table that is made in order has its rows numbered in that order.
        self.work.execute(f"create or replace temp table sorted as select * from {staged} order by key")
        self.work.execute(
            f"create or replace temp view bodies as select rowid + {start} as row_number, * from sorted"
        )
        self.work.execute(
            f"""
            insert into outbox.frozen_rows by name
            select
                row_number, key, profile_id, operation, hash, match_keys, why, fingerprint,
                {"body" if keeps_bodies else "cast(null as varchar)"} as body
            from bodies
            """
        )
        largest = self._value("select max(strlen(body)) + 1 from bodies")
        if largest * min(limits.rows, count) <= limits.bytes:
            ends = range(start, start + count, limits.rows)
            return ((first, min(first + limits.rows, start + count)) for first in ends)
        return iter(self._ranges(limits, largest))

    def _ranges(self, limits: BatchLimits, largest: int) -> list[tuple[int, int]]:
        # A slab may exceed its size by one row at most, so the size of one row is kept free.
        slab = max(1, limits.bytes - largest)
        ranges: list[tuple[int, int]] = self.work.execute(
            f"""
            with

            slabs as (
                select
                    row_number,
                    (sum(strlen(body) + 1) over (order by row_number) - strlen(body) - 1) // {slab} as slab
                from bodies
            ),

            parts as (
                select
                    row_number, slab,
                    (row_number() over (partition by slab order by row_number) - 1) // {limits.rows} as part
                from slabs
            )

            select min(row_number) as first_row, max(row_number) + 1 as end_row
            from parts
            group by slab, part
            order by first_row
            """
        ).fetchall()
        return ranges

    def lines(self, ranges: Sequence[tuple[int, int]]) -> list[tuple[Sequence[int], list[str]]]:
        """The numbers and texts of the rows of each range, in order. Rows with an answer are left out.

        A row whose text nobody kept is what identifies it: enough to find it in a job's outcome.
        """
        first, end = min(a for a, _ in ranges), max(b for _, b in ranges)
        source = "bodies" if self._value(_held(first, end)) else "outbox.frozen_rows"
        found = self.work.sql(
            f"""
            select row_number, coalesce(body, match_keys, '{{}}') as body
            from {source} as frozen_rows
            anti join (select row_number from ledger.row_answers where outcome <> 'in_job') as row_answers
                on frozen_rows.row_number = row_answers.row_number
            where row_number >= {first} and row_number < {end}
            order by row_number
            """
        ).to_arrow_table()
        numbers, bodies = found["row_number"].to_pylist(), found["body"].to_pylist()
        if len(numbers) == end - first:
            return [(range(a, b), bodies[a - first : b - first]) for a, b in ranges]
        by_number = dict(zip(numbers, bodies, strict=True))
        cut: list[tuple[Sequence[int], list[str]]] = []
        for a, b in ranges:
            present = [number for number in range(a, b) if number in by_number]
            cut.append((present, [by_number[number] for number in present]))
        return cut

    def keep(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Keep these rows and erase all others from the disk; if none is kept, delete the file."""
        self.work.execute(_NO_BODIES)
        if not self.path.exists():
            return
        if not ranges:
            self.work.execute("detach outbox")
            remove_database(self.path)
            self.open()
            return
        wanted = " or ".join(f"row_number >= {first} and row_number < {end}" for first, end in ranges)
        if not self._value(f"select count(*) from outbox.frozen_rows where not ({wanted})"):
            return
        # A copy and a rename, because deleted rows stay in the bytes of the file.
        kept = self.path.with_name(f"{self.path.name}.kept")
        remove_database(kept)
        self.work.execute(f"attach {_literal(kept)} as kept")
        self.work.execute(
            f"create table kept.frozen_rows as from outbox.frozen_rows where {wanted} order by row_number"
        )
        self.work.execute("checkpoint kept")
        self.work.execute("checkpoint outbox")
        self.work.execute("detach kept")
        self.work.execute("detach outbox")
        kept.replace(self.path)
        self.open()

    def _upgrade(self) -> None:
        """Give the table of an earlier release the columns of this one; its rows stay."""
        self.work.execute("alter table outbox.frozen_rows add column if not exists fingerprint ubigint")
        self.work.execute("alter table outbox.frozen_rows alter column body drop not null")

    def _value(self, sql: str) -> int:
        return int(self.work.execute(sql).fetchall()[0][0])


def remove_database(path: Path) -> None:
    """Delete a DuckDB file, its log first: a log left behind would be replayed into the next file."""
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def _held(first: int, end: int) -> str:
    return f"select count(*) from bodies where row_number = {first} or row_number = {end - 1}"


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
