"""The whole path on files that nobody here generated: labelled people and CDNOW's orders, no demo data.

Three sources in a project whose demo sources are gone: FEBRL 3 as a CRM, fake_1000 as a newsletter tool, and
CDNOW's sample as a shop; loaded, built, put into a segment and sent as files.
"""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Project, copy_project

OWN = Path(__file__).parent / "own_sources"


def cdnow_orders() -> list[tuple[str, str, str, int, Decimal]]:
    """Order, customer, day, pieces and amount, as the wheel of lifetimes carries them."""
    found = find_spec("lifetimes")  # not imported: that would bring in half of scientific Python
    assert found is not None and found.submodule_search_locations
    path = Path(found.submodule_search_locations[0]) / "datasets" / "CDNOW_sample.txt"
    lines = [line.split() for line in path.read_text(encoding="ascii").splitlines() if line.strip()]
    return [
        (str(number), master, f"{day[:4]}-{day[4:6]}-{day[6:]}", int(pieces), Decimal(amount))
        for number, (master, _, day, pieces, amount) in enumerate(lines, start=1)
    ]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, shared: Callable[[str], Path]) -> Project:
    """The project with these three sources instead of the demo's, loaded and built."""
    made = copy_project(tmp_path_factory.mktemp("own") / "project")
    models = made.root / "models"
    shutil.rmtree(models / "staging")
    for source in ("crm", "newsletter", "shop"):
        shutil.copytree(OWN / source, models / "staging" / source)
    for folder in ("segments", "activation"):
        shutil.rmtree(models / folder)
        (models / folder).mkdir()
    connections = made.root / "connections.yml"
    text = connections.read_text(encoding="utf-8")
    connections.write_text(
        text.replace("medium: ads", "medium: ads\n    purposes: [service]"), encoding="utf-8"
    )
    shutil.copy(OWN / "loyal_buyers.sql", models / "segments")
    shutil.copy(OWN / "files__loyal_buyers.sql", models / "activation")

    shutil.copy(shared("data/identity/febrl3.parquet"), made.root / "people.parquet")
    with duckdb.connect() as reader:
        people, readers = shared("data/identity/fake_1000.parquet"), made.root / "readers.jsonl.gz"
        reader.execute(f"copy (from '{people}') to '{readers}' (format json, compression gzip)")
    with (made.root / "orders.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["order_id", "customer_id", "ordered_on", "pieces", "amount"])
        writer.writerows(cdnow_orders())

    for file, table in {
        "people.parquet": "crm.people",
        "readers.jsonl.gz": "newsletter.readers",
        "orders.csv": "shop.orders",
    }.items():
        ran = made.cdp("load", file, "--into", table)
        assert ran.code == 0, ran.err
    ran = made.cdp("generate")
    assert ran.code == 0, ran.err
    built = made.dbt("build", "--vars", "{as_of: '1998-07-01 00:00:00'}")
    assert built.code == 0, built.out
    return made


def rows(project: Project, sql: str) -> list[tuple]:
    with duckdb.connect(str(project.warehouse), read_only=True) as warehouse:
        return warehouse.execute(sql).fetchall()


def test_every_row_of_every_file_arrives(own: Project) -> None:
    assert rows(own, "select source_name, row_count from cdp.loads order by 1") == [
        ("crm", 5000),
        ("newsletter", 1000),
        ("shop", 6919),
    ]
    assert rows(own, "select source, count(*) from unified.unified_people group by 1 order by 1") == [
        ("crm", 5000),
        ("newsletter", 1000),
        ("shop", 2357),
    ]
    [(orders, amount)] = rows(own, "select count(*), sum(net_amount) from unified.unified_orders")
    assert (orders, amount) == (6919, sum(order[4] for order in cdnow_orders()))


def test_each_customer_of_the_shop_is_a_profile_with_all_their_orders(own: Project) -> None:
    expected = Counter(order[1] for order in cdnow_orders())
    found = rows(
        own,
        "select profiles.user_id, profile_traits.count_orders from profiles.profiles "
        "join profiles.profile_traits using (profile_id) where profiles.user_id is not null",
    )
    assert len(found) == len(expected) == 2357
    assert dict(found) == expected


def test_the_labelled_people_are_found_and_not_mixed_up(own: Project) -> None:
    """Hardly a pair of records put together is two people, and most that are one person are together."""
    figures = {
        source: (precision, recall)
        for source, precision, recall in rows(
            own,
            """
            with labelled as (
                select 'crm' as source, 'crm_person:' || record_id as record_id, person_id from crm.people
                union all
                select 'newsletter', 'reader:' || record_id, person_id from newsletter.readers
            ),
            found as (
                select labelled.*, identity_map.profile_id
                from labelled join identity.identity_map using (record_id)
            ),
            sizes as (
                select source, person_id, profile_id, count(*) as both_ from found group by 1, 2, 3
            ),
            together as (select source, sum(both_ * (both_ - 1) / 2) as pairs from sizes group by 1),
            by_profile as (
                select source, sum(n * (n - 1) / 2) as pairs
                from (select source, sum(both_) as n from sizes group by source, profile_id) group by 1
            ),
            by_person as (
                select source, sum(n * (n - 1) / 2) as pairs
                from (select source, sum(both_) as n from sizes group by source, person_id) group by 1
            )
            select source, together.pairs / by_profile.pairs, together.pairs / by_person.pairs
            from together join by_profile using (source) join by_person using (source)
            """,
        )
    }
    assert figures["crm"][0] > 0.98 and figures["crm"][1] > 0.8, figures
    assert figures["newsletter"][0] > 0.95 and figures["newsletter"][1] > 0.6, figures
    # 2,000 and 251 people behind 6,000 records; the shop's accounts share nothing with them.
    [(profiles,)] = rows(own, "select count(*) from profiles.profiles")
    assert 2000 + 251 + 2357 <= profiles < 1.15 * (2000 + 251 + 2357)


def test_a_segment_over_them_is_sent_once(own: Project) -> None:
    expected = {customer for customer, n in Counter(order[1] for order in cdnow_orders()).items() if n >= 10}
    [(members,)] = rows(own, "select count(*) from segments.loyal_buyers")
    assert members == len(expected) == 111

    first = own.cdp("sync", "files__loyal_buyers", "--json")
    second = own.cdp("sync", "files__loyal_buyers", "--json")

    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert [(sync["added"], sync["unchanged"]) for sync in first.json["syncs"]] == [(members, 0)]
    assert [(sync["added"], sync["unchanged"]) for sync in second.json["syncs"]] == [(0, members)]
    sent = [
        row
        for file in (own.root / "data" / "exports" / "loyal_buyers").glob("*.csv")
        for row in csv.DictReader(file.open(encoding="utf-8"))
    ]
    assert {row["user_id"] for row in sent} == expected
