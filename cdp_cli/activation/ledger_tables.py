"""The tables of a ledger, and how a ledger of an earlier release gets them."""

from __future__ import annotations

import duckdb

# A batch is a range of the outbox's rows. `answers` is a log: the answer with the highest number is what we
# know of a batch, and a batch without one was frozen and never begun.
# Statuses: in_flight -> accepted | refused | split | unsent | pending | in_doubt | set_aside, and from
# in_doubt also unknown. Folding removes what is settled.
_TABLES = """
    create table if not exists ledger.acknowledged (
        key varchar not null, profile_id varchar, hash varchar, match_keys varchar, acknowledged_at timestamp,
        fingerprint ubigint
    );
    create table if not exists ledger.batches (
        run_id varchar not null, verb varchar not null, first_row bigint not null, end_row bigint not null
    );
    create table if not exists ledger.answers (
        number bigint not null, first_row bigint not null, end_row bigint not null, status varchar not null,
        reason varchar, kept varchar
    );
    create table if not exists ledger.row_answers (
        row_number bigint not null, outcome varchar not null, reason varchar
    );
    create table if not exists ledger.refusals (
        key varchar not null, profile_id varchar, hash varchar, times integer not null, reason varchar,
        refused_at timestamp
    );
    create table if not exists ledger.bound_to (name varchar not null, value varchar not null);
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


def make_tables(work: duckdb.DuckDBPyConnection) -> None:
    """Make the tables that the database `ledger` lacks, and bring those of earlier releases up to date.

    What they hold stays: whom the destination has, what is in doubt, and what is not published yet.
    """
    tables = _columns(work)
    if "held_back" in tables:
        work.execute("alter table ledger.held_back rename to blocked_or_invalid")
    former_batches = "status" in tables.get("batches", set())
    if former_batches:
        work.execute("alter table ledger.batches rename to former_batches")
    work.execute(_TABLES)
    if "acknowledged" in tables and "fingerprint" not in tables["acknowledged"]:
        work.execute("alter table ledger.acknowledged add column fingerprint ubigint")
    if former_batches:
        work.execute(
            """
            insert into ledger.batches select run_id, verb, first_row, end_row from ledger.former_batches;
            insert into ledger.answers
            select row_number() over (order by first_row, end_row), first_row, end_row, status, reason, null
            from ledger.former_batches
            where status <> 'frozen';
            drop table ledger.former_batches;
            """
        )
    if "rejected" in tables:
        work.execute(
            """
            insert into ledger.row_answers select row_number, 'rejected', reason from ledger.rejected;
            drop table ledger.rejected;
            """
        )


def _columns(work: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for table, column in work.execute(
        "select table_name, column_name from duckdb_columns() where database_name = 'ledger'"
    ).fetchall():
        found.setdefault(table, set()).add(column)
    return found
