"""A small warehouse with the tables that `cdp profile show` reads, made by hand."""

from __future__ import annotations

import duckdb
import pytest

from cdp_cli.warehouse import Warehouse
from cdp_cli.warehouse.duckdb.warehouse import DuckDBWarehouse

_TABLES = """
create schema profiles;
create schema identity;
create schema cdp;

create table profiles.profiles as
select * from (values
    ('p1', 'Ann Bell', 'ann@example.com', '+447700900001', date '1980-05-01', false, 2, 'crm, shop'),
    ('p2', 'Bo Bell', 'family@example.com', null, null, false, 1, 'crm'),
    ('p3', 'Cy Bell', 'family@example.com', '+33142000000', null, false, 1, 'email')
) as t (profile_id, full_name, email, phone, birth_date, is_anonymous, count_records, sources);

create table profiles.profile_identifiers as
select *, 'crm' as sources, 1 as count_records, timestamp '2026-01-01' as last_seen_at
from (values
    ('p1', 'email', 'ann@example.com', 'personal'), ('p1', 'phone', '+447700900001', 'personal'),
    ('p1', 'loyalty_id', '2912', 'personal'),
    ('p2', 'email', 'family@example.com', 'household'), ('p3', 'email', 'family@example.com', 'household'),
    ('p3', 'phone', '+33142000000', 'personal')
) as t (profile_id, identifier_type, identifier_value, identifier_class);

create table profiles.profile_provenance as
select *, timestamp '2026-01-01' as updated_at
from (values
    ('p1', 'email', 'ann@example.com', 'crm:1', 'crm', true, 1, 'personal'),
    ('p1', 'email', 'noemail@example.com', 'shop:1', 'shop', false, 2, 'junk'),
    ('p1', 'full_name', 'Ann Bell', 'crm:1', 'crm', true, 1, null),
    ('p1', 'full_name', 'ANN BELL', 'shop:1', 'shop', false, 2, null),
    ('p1', 'full_name', 'A. Bell', 'shop:2', 'shop', false, 3, null),
    ('p1', 'phone', '+447700900001', 'shop:1', 'shop', true, 1, 'personal'),
    ('p1', 'phone', '+442071234567', 'crm:1', 'crm', false, 2, 'household'),
    ('p2', 'email', 'family@example.com', 'crm:2', 'crm', false, 1, 'junk')
) as t (profile_id, attribute, value, record_id, source, is_winner, rank, identifier_class);

create table identity.identity_map as
select * from (values ('crm:1', 'p1'), ('shop:1', 'p1'), ('web:9', 'gone')) as t (record_id, profile_id);

create table identity.profile_aliases as
select * from (values ('p0', 'p1'), ('gone0', 'gone')) as t (retired_profile_id, profile_id);

create table cdp.sync_deliveries as
select * from (values
    ('r1', 'newsletter', 'p1', 'add', 'rejected', 'bounced', timestamp '2026-01-01'),
    ('r2', 'newsletter', 'p1', 'add', 'acknowledged', null, timestamp '2026-01-02'),
    ('r2', 'ads', 'p1', 'block', 'blocked', 'no consent', timestamp '2026-01-02'),
    ('r1', 'newsletter', 'p0', 'add', 'acknowledged', null, timestamp '2026-01-01'),
    ('r3', 'newsletter', 'p0', 'remove', 'acknowledged', null, timestamp '2026-01-03'),
    ('r3', 'newsletter', 'gone0', 'add', 'acknowledged', null, timestamp '2026-01-03')
) as t (run_id, sync, profile_id, operation, outcome, reason, occurred_at);
"""


@pytest.fixture
def warehouse() -> Warehouse:
    connection = duckdb.connect()
    connection.execute(_TABLES)
    return DuckDBWarehouse(connection)
