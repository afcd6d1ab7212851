"""The project of the activation benchmark: rows with consent in a warehouse file, and a sink to send them to.

folder/warehouse.duckdb             the payload of 15 columns, consent and identifiers, by hand without dbt
folder/destinations/sink.yml        a destination as a user would write it
folder/connections.yml              the same sink at once, slowly, and row by row
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cdp_cli.activation.spec import Sync, SyncSpec
from cdp_cli.config import Settings
from cdp_cli.relations import Relation
from tests.relations import RELATIONS

PURPOSE = "service"
CHANGED = 20  # one row in so many
# What a batch of one verb is, without what an object's idempotency says.
_OPERATION = """
      post: /{object}
      batch: {rows: 1000, bytes: 5MB, concurrency: 16}
      row: $fields
      body: {data: $rows}
      accept: {source: benchmarks/sink.py}
"""
_SINK = f"""
destination: sink
description: The server of a benchmark, which takes everything.
medium: email
objects:
  people:
    description: People, who may come twice.
    match: [external_id]
    idempotency: upsert
    fields: {{"*": {{}}}}
    upsert: {_OPERATION}
  keyed_people:
    description: The same behind keys.
    match: [external_id]
    idempotency: keyed
    fields: {{"*": {{}}}}
    upsert: {_OPERATION}
      headers: {{Idempotency-Key: "{{idempotency_key}}"}}
"""
_CONNECTION = """
  {name}:
    destination: sink
    purposes: [service]
    base_url: http://127.0.0.1:{port}
    concurrency: {concurrency}
    rows: {rows}
"""

_PAYLOAD = """
    create table activation.people as
    select
        md5(i::varchar) as profile_id,
        md5(i::varchar) as external_id,
        'person' || i || '@example.com' as email,
        '+49170' || lpad(i::varchar, 8, '0') as phone,
        'first' || (i % 5000) as first_name,
        'last' || (i % 20000) as last_name,
        'city' || (i % 300) as city,
        'DE' as country,
        i % 120 as age,
        (i * 1.37)::decimal(12, 2) as ltv,
        i % 50 as orders,
        date '2020-01-01' + (i % 2000)::int as first_order,
        timestamp '2026-01-01' + to_seconds(i) as last_seen,
        i % 2 = 0 as is_vip,
        'seg' || (i % 7) as segment
    from range({rows}) as numbers(i)
"""
_CONSENT = f"""
    create table profiles.purposes as select '{PURPOSE}' as purpose, '*' as channel;
    create table profiles.profile_consents as
    select profile_id, '{PURPOSE}' as purpose, 'granted' as state from activation.people;
    create table profiles.profile_suppressions (profile_id varchar, channel varchar);
    create table profiles.profile_identifiers as
    select profile_id, 'email' as identifier_type, email as identifier_value, 'personal' as identifier_class
    from activation.people
    union all
    select profile_id, 'phone', phone, 'personal' from activation.people;
"""
# An md5 over the columns, beside the key: what a comparison by hand would store.
_HASHES = """
    select profile_id, md5(concat_ws('|', {columns})) as hash from activation.people
"""


def make(folder: Path, rows: int, single_rows: int, at_once: int, slow: int) -> None:
    """Write the project. `at_once` and `slow` are the ports of two sinks, without and with latency."""
    (folder / "destinations").mkdir(parents=True)
    (folder / "destinations" / "sink.yml").write_text(_SINK, encoding="utf-8")
    connections = [("at_once", at_once, 4, 1000), ("slow", slow, 16, 1000), ("row_by_row", at_once, 16, 1)]
    (folder / "connections.yml").write_text(
        "connections:\n"
        + "".join(
            _CONNECTION.format(name=name, port=port, concurrency=concurrency, rows=rows_a_request)
            for name, port, concurrency, rows_a_request in connections
        ),
        encoding="utf-8",
    )
    with duckdb.connect(str(folder / "warehouse.duckdb")) as warehouse:
        warehouse.execute("create schema activation; create schema profiles")
        warehouse.execute(_PAYLOAD.format(rows=rows))
        warehouse.execute(f"create table activation.few_people as from activation.people limit {single_rows}")
        warehouse.execute(_CONSENT)
        warehouse.execute(f"attach '{folder / 'hashes.duckdb'}' as hashes")
        warehouse.execute(f"create table hashes.hashes as {hashes_sql(warehouse)}")


def hashes_sql(warehouse: duckdb.DuckDBPyConnection) -> str:
    """A SELECT of `profile_id` and the md5 of all columns of the payload."""
    columns = [row[0] for row in warehouse.execute("describe activation.people").fetchall()]
    return _HASHES.format(columns=", ".join(f"coalesce({column}::varchar, '')" for column in columns))


def change(folder: Path) -> None:
    """Give one person in twenty another city."""
    with duckdb.connect(str(folder / "warehouse.duckdb")) as warehouse:
        warehouse.execute(f"update activation.people set city = city || '-' where age % {CHANGED} = 0")


def settings(folder: Path) -> Settings:
    """The project's settings, as profiles.yml would have them."""
    profile = {"type": "duckdb", "path": str(folder / "warehouse.duckdb")}
    return Settings(folder, folder, folder / "data", "dev", profile)


def sync(name: str, connection: str, object_name: str, table: str) -> Sync:
    """A sync of a table of the schema `activation`, with a ledger of its own."""
    spec = SyncSpec.model_validate(
        {"connection": connection, "object": object_name, "mode": "upsert", "purpose": PURPOSE}
    )
    relation = Relation("activation", table)
    return Sync(name, relation, f"models/activation/{name}.sql", spec, RELATIONS)
