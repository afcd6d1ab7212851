"""The rendered rows of the current run, in a file of their own that is deleted when all rows are answered.

Rows are numbered, and a batch is a range of numbers. SQL cuts the rows into batches by the limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from cdp_cli.destinations.base import BatchLimits

_TABLE = """
    create table if not exists outbox.frozen_rows (
        row_number bigint not null, key varchar not null, profile_id varchar, operation varchar not null,
        hash varchar, match_keys varchar, why varchar, body varchar not null
    )
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
        else:
            self.work.execute("attach ':memory:' as outbox")
            self.work.execute(_TABLE)

    def freeze(self, staged: str, limits: BatchLimits) -> list[tuple[int, int]]:
        """Write the rows of the table `staged` down, durably, and cut them into batches.

        A batch is a range of rows: the first, and the one after the last.

        `staged` has the columns of `outbox.frozen_rows` without the number.
        """
        if not self._value(f"select count(*) from {staged}"):
            return []
        if not self.path.exists():
            self.work.execute("detach outbox")
            self.work.execute(f"attach {_literal(self.path)} as outbox")
            self.work.execute(_TABLE)
        start = self._value("select coalesce(max(row_number) + 1, 0) from outbox.frozen_rows")
        self.work.execute(
            f"""
            insert into outbox.frozen_rows
            select
                {start} + row_number() over () - 1 as row_number,
                key, profile_id, operation, hash, match_keys, why, body
            from (select * from {staged} order by key)
            """
        )
        # A slab may exceed its size by one row at most, so the size of one row is kept free.
        largest = self._value(f"select max(strlen(body)) from outbox.frozen_rows where row_number >= {start}")
        slab = max(1, limits.bytes - largest)
        ranges: list[tuple[int, int]] = self.work.execute(
            f"""
            with

            sized as (
                select row_number, strlen(body) + 1 as size
                from outbox.frozen_rows
                where row_number >= {start}
            ),

            slabs as (
                select row_number, (sum(size) over (order by row_number) - size) // {slab} as slab
                from sized
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

    def bodies(self, first_row: int, end_row: int) -> list[str]:
        """The rendered rows of a batch, in their order."""
        found = self.work.execute(
            """
            select body
            from outbox.frozen_rows
            where row_number >= ? and row_number < ?
            order by row_number
            """,
            [first_row, end_row],
        ).fetchall()
        return [row[0] for row in found]

    def keep(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Keep these rows and erase all others from the disk; if none is kept, delete the file."""
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

    def _value(self, sql: str) -> int:
        row = self.work.execute(sql).fetchone()
        return int(row[0]) if row else 0


def remove_database(path: Path) -> None:
    """Delete a DuckDB file, its log first: a log left behind would be replayed into the next file."""
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
