"""docs/how-to/add-a-source.md, followed to the letter in a copy of the project."""

from __future__ import annotations

import shutil

import duckdb

from tests.conftest import ROOT, Project
from tests.end_to_end.guide import follow


def test_who_follows_the_guide_sees_what_it_shows(project: Project) -> None:
    shutil.copytree(ROOT / "docs" / "examples", project.root / "docs" / "examples")

    for step, said in follow(ROOT / "docs" / "how-to" / "add-a-source.md", project):
        for line in step.shown:
            assert line in said, f"{step.command}\n{said}"

    with duckdb.connect(str(project.warehouse), read_only=True) as warehouse:
        raw, orders, known, records, revenue = warehouse.execute(
            """
            select
                (select count(*) from booking.bookings),
                count(*),
                count(record_id),
                count(distinct record_id),
                sum(net_amount) filter (where status = 'paid')
            from unified.unified_orders
            where source = 'booking'
            """
        ).fetchone()
        dangling = warehouse.execute(
            "select count(*) from unified.unified_orders where source = 'booking' and record_id not in "
            "(select record_id from unified.unified_people)"
        ).fetchone()[0]
    assert (raw, orders, known, records, float(revenue)) == (10, 9, 8, 6, 231.6)
    assert dangling == 0
