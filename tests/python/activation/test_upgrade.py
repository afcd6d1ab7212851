"""A ledger of the last release opens: what it knows of the destination, and of doubt, holds."""

from __future__ import annotations

import uuid
from pathlib import Path

import duckdb

from .conftest import World, person

# As release 0.1 made them.
_LEDGER = """
    create table acknowledged (
        key varchar not null, profile_id varchar, hash varchar, match_keys varchar, acknowledged_at timestamp
    );
    create table batches (
        batch_id varchar not null, idempotency_key varchar not null, run_id varchar not null,
        verb varchar not null, first_row bigint not null, end_row bigint not null, status varchar not null,
        doubtful boolean not null, reason varchar
    );
    create table rejected (row_number bigint not null, reason varchar);
    create table blocked_or_invalid (
        key varchar not null, profile_id varchar, operation varchar, outcome varchar, reason varchar
    );
    create table runs (
        run_id varchar not null, status varchar not null, started_at timestamp not null, ended_at timestamp,
        added bigint, changed bigint, removed bigint, unchanged bigint, blocked bigint, invalid bigint,
        rejected bigint, in_doubt bigint, requests bigint,
        finished boolean not null, published boolean not null
    );
    create table deliveries (
        run_id varchar not null, profile_id varchar, operation varchar, outcome varchar, reason varchar,
        occurred_at timestamp
    );
    create table blocked (run_id varchar not null, reason varchar not null, count_rows bigint not null);
"""
_OUTBOX = """
    create table frozen_rows (
        row_number bigint not null, key varchar not null, profile_id varchar, operation varchar not null,
        hash varchar, match_keys varchar, why varchar, body varchar not null
    )
"""
_RUN = "20261128T060000-0123abcd"
_NAMESPACE = uuid.UUID("5f0c4c1e-6a3e-5d0a-9a3a-3f2f8d9f7c11")


def body(name: str) -> str:
    return f'{{"external_id":"{name}","email":"{name}@example.com","city":"Bonn"}}'


def match_keys(name: str) -> str:
    return f'{{"external_id":"{name}","email":"{name}@example.com"}}'


def make_ledger(folder: Path, held: list[str], in_flight: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(folder / "crm__people.duckdb")) as ledger:
        ledger.execute(_LEDGER)
        for name in held:
            ledger.execute(
                "insert into acknowledged values (?, ?, md5('upsert' || ?), ?, '2026-11-27')",
                [name, name, body(name), match_keys(name)],
            )
        ledger.execute(
            "insert into runs values (?, 'running', '2026-11-28', null, null, null, null, null, null, null, "
            "null, null, null, false, false)",
            [_RUN],
        )
        if in_flight:
            batch_id = f"{_RUN}-0-{len(in_flight)}"
            ledger.execute(
                "insert into batches values (?, ?, ?, 'upsert', 0, ?, 'in_flight', false, null)",
                [batch_id, str(uuid.uuid5(_NAMESPACE, batch_id)), _RUN, len(in_flight)],
            )
            with duckdb.connect(str(folder / "crm__people.outbox.duckdb")) as outbox:
                outbox.execute(_OUTBOX)
                for number, name in enumerate(in_flight):
                    outbox.execute(
                        "insert into frozen_rows values (?, ?, ?, 'add', md5('upsert' || ?), ?, null, ?)",
                        [number, name, name, body(name), match_keys(name), body(name)],
                    )


def test_what_the_destination_has_is_not_sent_again(world: World) -> None:
    world.arrange(person("a"), person("b"))
    make_ledger(world.ledger_dir, ["a", "b"], [])
    assert (world.plan().unchanged, world.run().requests) == (2, 0)
    # From then on it is not even rendered.
    assert world.ledger("select count(*) from acknowledged where fingerprint is null") == [(0,)]
    assert world.run().unchanged == 2


def test_what_changed_since_is_sent(world: World) -> None:
    world.arrange(person("a", city="Ulm"), person("b"))
    make_ledger(world.ledger_dir, ["a", "b"], [])
    assert (world.run().changed, world.receiver.objects["a"]["city"]) == (1, "Ulm")


def test_a_batch_in_flight_is_sent_again_under_its_key(world: World) -> None:
    world.arrange(person("a"), person("b"), person("c"))
    make_ledger(world.ledger_dir, ["a"], ["b", "c"])
    result = world.run()
    assert (result.status, result.added) == ("succeeded", 2)
    [request] = world.receiver.requests
    assert request["key"] == str(uuid.uuid5(_NAMESPACE, f"{_RUN}-0-2"))
    assert set(world.receiver.objects) == {"b", "c"}


def test_who_left_since_is_removed(world: World) -> None:
    world.arrange(person("a"), person("b"), without_consent=("b",))
    make_ledger(world.ledger_dir, ["a", "b"], [])
    assert world.run().removed == 1


def test_a_plan_leaves_it_as_it_is(world: World) -> None:
    world.arrange(person("a"), person("b"))
    make_ledger(world.ledger_dir, ["a"], ["b"])
    before = {path.name: path.read_bytes() for path in world.ledger_dir.iterdir()}
    world.plan()
    assert {path.name: path.read_bytes() for path in world.ledger_dir.iterdir()} == before
