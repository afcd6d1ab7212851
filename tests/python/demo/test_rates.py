"""The dirt is in the data at the rates that rates.yml states."""

from __future__ import annotations

import duckdb
import pytest

from cdp_cli.demo.script import rate_values
from tests.conftest import ROOT
from tests.python.demo.conftest import number

RATES = rate_values()
JUNK = (
    "('noemail@example.com', 'none@example.com', 'test@example.com', 'na@example.org', 'no@mail.example.com')"
)
EMAILS = """
    select email from crm.contacts union all select email from crm.leads
    union all select email from shop.customers union all select email from pos.members
    union all select email from email.subscribers
    union all select email from support.requesters
"""
PHONES = """
    select phone from crm.contacts union all select phone from crm.leads
    union all select phone from shop.customers union all select phone from pos.members
    union all select phone from support.requesters
"""

# What it is, the share as SQL, and between which limits it must lie.
SHARES = [
    (
        "customers who live with another",
        "select avg((household_size > 1)::int) from truth.people",
        0.72,
        0.78,
    ),
    (
        "typing errors in first names",
        "select avg((first_name not in (true_first, nickname) "
        "and last_name not in (true_first, nickname))::int) from stated "
        "where length(replace(first_name, '.', '')) > 1",
        0.06,
        0.085,
    ),
    (
        "typing errors in surnames",
        "select avg((last_name not in (true_last, former_last_name) "
        "and first_name not in (true_last, former_last_name))::int) from stated",
        0.06,
        0.082,
    ),
    (
        "typing errors in e-mails",
        "select avg((plain_email not in (true_email, former_email, coalesce(family_email, '')))::int) "
        f"from stated where plain_email not in {JUNK}",
        0.06,
        0.085,
    ),
    (
        "first names that are an initial",
        "select avg((length(replace(first_name, '.', '')) = 1)::int) from stated",
        0.032,
        0.05,
    ),
    (
        "swapped names",
        "select avg((last_name in (true_first, nickname))::int) from stated where true_first <> true_last",
        0.006,
        0.014,
    ),
    (
        "former surnames",
        "select avg((last_name = former_last_name)::int) from stated where true_last <> former_last_name",
        0.022,
        0.038,
    ),
    ("birth dates missing", "select avg((birth_date is null)::int) from stated", 0.25, 0.30),
    ("e-mails missing", f"select avg((email is null)::int) from ({EMAILS})", 0.25, 0.30),
    ("phones missing", f"select avg((phone is null)::int) from ({PHONES})", 0.25, 0.30),
    (
        "landlines",
        "select avg((right(plain_phone, 6) = right(landline, 6))::int) from stated where phone is not null",
        0.22,
        0.28,
    ),
    (
        "wrong or old postcodes",
        "select avg((zip <> postcode)::int) from stated where zip is not null",
        0.105,
        0.14,
    ),
    (
        "junk e-mails",
        f"select avg((lower(trim(email)) in {JUNK})::int) from ({EMAILS}) where email is not null",
        0.007,
        0.02,
    ),
    (
        "junk phones",
        "select avg((phone in ('0000000000', '123456789', '9999999999', '0123456789', '1111111111'))::int) "
        f"from ({PHONES}) where phone is not null",
        0.008,
        0.02,
    ),
    (
        "devices that several people use",
        "select avg((people > 1)::int) from (select anonymous_id, count(distinct person_no) as people "
        "from truth.devices where person_no is not null group by anonymous_id)",
        0.035,
        0.07,
    ),
    (
        "records a customer",
        "select (select count(person_id) from truth.records) / (select count(*) from truth.people)",
        2,
        5,
    ),
]


@pytest.mark.parametrize(("what", "sql", "low", "high"), SHARES, ids=[share[0] for share in SHARES])
def test_the_share_is_as_stated(
    retailer: duckdb.DuckDBPyConnection, what: str, sql: str, low: float, high: float
) -> None:
    share = number(retailer, sql)
    assert low <= share <= high, f"{what}: {share:.4f}"


def test_three_in_a_hundred_stated_emails_are_a_family_s(retailer: duckdb.DuckDBPyConnection) -> None:
    share = number(
        retailer,
        "select avg(coalesce(plain_email = family_email, false)::int) from stated where email is not null",
    )
    assert 0.022 <= share <= 0.045


def test_families_have_twins_and_fathers_and_sons_of_one_name(retailer: duckdb.DuckDBPyConnection) -> None:
    pairs = """
        select count(*) from truth.people as a inner join truth.people as b
        on a.household_no = b.household_no and a.person_no < b.person_no and {condition}
    """
    twins = "a.role = 'child' and b.role = 'child' and a.birth_date = b.birth_date"
    assert number(retailer, pairs.format(condition=twins)) > 5
    same = (
        "a.role <> 'child' and b.role = 'child' and a.gender = 'm' and b.gender = 'm' "
        "and a.first_name = b.first_name and a.last_name = b.last_name"
    )
    assert number(retailer, pairs.format(condition=same)) > 5


def test_no_rate_is_unused() -> None:
    scripts = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "cdp_cli" / "demo").glob("*.*"))
    unused = [
        name
        for name in RATES
        if f"${{{name}}}" not in scripts and f'"{name}"' not in scripts and name != "shared_household"
    ]
    assert unused == []
