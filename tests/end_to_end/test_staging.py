"""Staging on a real engine: what the macros give, and what happens when a source changes its shape."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from tests.conftest import TODAY, Project, copy_project

PHONES = {
    # as typed, country: as kept
    ("020 7946 0018", "GB"): "+442079460018",
    ("+44 (0)20 7946 0018", None): "+442079460018",
    ("0044 20 7946 0018", "DE"): "+442079460018",
    ("447700900123", "GB"): "+447700900123",
    ("31612345678", "NL"): "+31612345678",
    ("07700 900123 ext. 12", None): "+447700900123",
    ("(415) 555-2671", "US"): "+14155552671",
    ("1-415-555-2671", "us"): "+14155552671",
    ("+1 415 555 2671", "DE"): "+14155552671",
    ("0170/1234567", "DE"): "+491701234567",
    ("+49 0170 1234567", None): "+491701234567",
    ("06 12345678", "NL"): "+31612345678",
    ("+39 06 698 12345", None): "+390669812345",
    # No such number there: it stays what it is, and is not given to somebody in the default country.
    ("0151 860 33254", None): "015186033254",
    ("(718) 427-1848", None): "7184271848",
    ("0170 1234567", "ZZ"): "01701234567",
    # Junk stays junk.
    ("0000000000", "GB"): "0000000000",
    ("+0000000000", "GB"): "0000000000",
    ("123456789", "DE"): "123456789",
    ("+44 0000000000", "GB"): None,
    ("+999 12345678", None): None,
    ("12", "GB"): None,
    ("020794600181234567", "GB"): None,
    ("n/a", "GB"): None,
    ("", None): None,
}
EMAILS = {
    " Bo@Example.COM ": "bo@example.com",
    "mailto:bo@example.com": "bo@example.com",
    "Bo B <bo.b+x@example.co.uk>": "bo.b+x@example.co.uk",
    '"bo@example.com"': "bo@example.com",
    "bo@example.com.": "bo@example.com",
    "_bo@example.com": "_bo@example.com",
    "o'brien@example.ie": "o'brien@example.ie",
    "müller@bücher.example": "müller@bücher.example",
    "noemail@example.com": "noemail@example.com",
    "bo@example": None,
    "bo@@example.com": None,
    "a@example.com, b@example.com": None,
    "bo@exa..mple.com": None,
    "bo.@example.com": None,
    "bo@exam ple.com": None,
    "n/a": None,
    "": None,
}
DATES = {
    "1984-03-09": "1984-03-09",
    "1984-03-09 00:00:00": "1984-03-09",
    "1984/3/9": "1984-03-09",
    "09/03/1984": "1984-03-09",
    "9.3.1984": "1984-03-09",
    "19840309": "1984-03-09",
    "1984": "1984",
    "31/02/1984": "31/02/1984",
    " ": None,
}


@pytest.fixture(scope="module")
def staging(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with the staging layer only, and the demo's raw tables."""
    made = copy_project(tmp_path_factory.mktemp("staging") / "project")
    for folder in (made.root / "models", made.engine / "models", made.engine / "seeds"):
        for part in folder.iterdir():
            if part.is_dir() and part.name not in {"staging", "unified"}:
                shutil.rmtree(part)
    shutil.rmtree(made.engine / "tests")
    # Without traits and syncs there is no list of them.
    for generated in (
        *(made.root / "models" / "unified").glob("profile_traits.*"),
        made.root / "models" / "unified" / "_exposures.yml",
    ):
        generated.unlink()
    ran = made.cdp("demo", "--customers", "200", "--seed", "3", "--today", TODAY)
    assert ran.code == 0, ran.err
    built = made.dbt("build")
    assert built.code == 0, built.out
    return made


def literal(value: str | None) -> str:
    return "cast(null as varchar)" if value is None else "'" + value.replace("'", "''") + "'"


def show(project: Project, expression: str, rows: list[tuple[str | None, ...]]) -> list[str | None]:
    values = ", ".join(f"({n}, {', '.join(map(literal, row))})" for n, row in enumerate(rows))
    names = ", ".join("abc"[: len(rows[0])])
    sql = f"select {{{{ cdp.{expression} }}}} as result from (values {values}) as t (n, {names}) order by n"
    ran = project.dbt("show", "--quiet", "--output", "json", "--limit", "1000", "--inline", sql)
    assert ran.code == 0, ran.out
    return [row["result"] for row in json.loads(ran.out[ran.out.index("{") :])["show"]]


def test_telephone_numbers_become_e164_or_stay_what_they_are(staging: Project) -> None:
    found = show(staging, "normalize_phone('a', 'b')", list(PHONES))
    assert dict(zip(PHONES, found, strict=True)) == PHONES


def test_addresses_are_compared_in_one_form(staging: Project) -> None:
    found = show(staging, "normalize_email('a')", [(typed,) for typed in EMAILS])
    assert dict(zip(EMAILS, found, strict=True)) == EMAILS


def test_dates_become_iso_where_they_are_dates(staging: Project) -> None:
    found = show(staging, "normalize_date('a')", [(typed,) for typed in DATES])
    assert dict(zip(DATES, found, strict=True)) == DATES


def test_each_record_of_the_demo_is_known_by_the_id_that_its_truth_has(staging: Project) -> None:
    with duckdb.connect(str(staging.warehouse), read_only=True) as warehouse:
        differing = warehouse.execute(
            "select record_id from unified.unified_people full join truth.records using (record_id) "
            "where unified_people.source is null "
            # A stranger's device is known to nobody, and so to no truth either.
            "or (records.person_id is null and (unified_people.source <> 'web' or user_id is not null))"
        ).fetchall()
        dangling = warehouse.execute(
            """
            select record_id from unified.unified_orders where record_id is not null
            union all select record_id from unified.unified_web_events
            union all select record_id from unified.unified_email_events
            union all select record_id from unified.unified_tickets
            except select record_id from unified.unified_people
            """
        ).fetchall()
    assert (differing, dangling) == ([], [])


def test_a_source_that_adds_a_column_breaks_nothing_and_one_that_drops_one_is_named(
    staging: Project, tmp_path: Path
) -> None:
    changed = staging.copy(tmp_path / "changed")
    with duckdb.connect(str(changed.warehouse)) as warehouse:
        warehouse.execute("alter table support.tickets add column priority varchar")
        warehouse.execute("create table kept as from crm.leads")
        warehouse.execute("alter table crm.leads drop column city")
        warehouse.execute("drop table shop.returns")

    built = changed.dbt("build", "--select", "stg_support__tickets", "stg_crm__leads", "stg_shop__returns")

    said = " ".join(built.out.split())
    assert built.code == 1
    assert "Done. PASS=2" in said and "ERROR=2" in said, said
    assert (
        "The table crm.leads has no column city, which models/staging/crm/_crm.yml declares. Have the source "
        "export it again, or remove it there and in stg_crm__leads." in said
    )
    assert (
        "There is no table shop.returns, which models/staging/shop/_shop.yml declares. Load it, for example "
        "with `cdp load FILE --into shop.returns`, or remove the models that read it." in said
    )
