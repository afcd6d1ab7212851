"""How fast phones and e-mails normalise, and where our numbers differ from those of the library phonenumbers.

The SQL is that of the staging macros, on generated values: 100,000 numbers of 20 countries, each valid by the
library, written in the ways in which people write them. Needs phonenumbers, a development dependency.
"""

from __future__ import annotations

import json
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import phonenumbers
import pyarrow as pa
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from cdp_cli.compiled import compile_models
from cdp_cli.config import find_settings

ROOT = Path(__file__).resolve().parents[1]
ENGINE = ROOT / "cdp_cli" / "dbt_package"
COUNTRIES = (
    "AT", "AU", "BE", "BR", "CA", "CH", "CZ", "DE", "DK", "ES",
    "FR", "GB", "IE", "IN", "IT", "MX", "NL", "PL", "SE", "US",
)  # fmt: skip
NUMBERS = 100_000
LEAST_A_SECOND = 300_000
_TIMED = 1_000_000
_TYPES = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE)
_DOMAINS = ("example.com", "mail.example.net", "post.example.org", "bücher.example", "example.co.uk")

Written = Callable[[phonenumbers.PhoneNumber], str]


def _national(number: phonenumbers.PhoneNumber) -> str:
    written: str = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    return written


def _international(number: phonenumbers.PhoneNumber) -> str:
    written: str = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    return written


def _e164(number: phonenumbers.PhoneNumber) -> str:
    written: str = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return written


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())


def _with_zero(number: phonenumbers.PhoneNumber) -> str:
    """+44 (0)20 7946 0018; where nothing is dialled before a number, as it is written abroad."""
    code, national = f"+{number.country_code}", _national(number)
    return f"{code} (0){national[1:].strip()}" if national.startswith("0") else _international(number)


FORMS: dict[str, Written] = {
    "E.164": _e164,
    "international, spaced": _international,
    "00 for the plus": lambda number: "00" + _e164(number)[1:],
    "no plus": lambda number: _e164(number)[1:],
    "national, as printed": _national,
    "national, digits": lambda number: _digits(_national(number)),
    "national, dots": lambda number: _national(number).replace(" ", ".").replace("-", "."),
    "national, slash": lambda number: _national(number).replace(" ", "/", 1),
    "plus and (0)": _with_zero,
    "national, extension": lambda number: _national(number) + " ext. 12",
    "in words": lambda number: "tel: " + _international(number),
    "blanks around": lambda number: "  " + _national(number) + " ",
}


def numbers(seed: int, count: int) -> pa.Table:
    """Numbers by country, form, as typed, and as the library reads them with that country as the default."""
    drawn = random.Random(seed)
    rows: list[tuple[str, str, str, str | None]] = []
    forms = list(FORMS)
    while len(rows) < count:
        country = COUNTRIES[len(rows) % len(COUNTRIES)]
        number = _valid_number(drawn, country)
        form = forms[drawn.randrange(len(forms))]
        typed = FORMS[form](number)
        rows.append((country, form, typed, _theirs(typed, country)))
    names = ("country", "form", "typed", "theirs")
    return pa.table(dict(zip(names, (list(column) for column in zip(*rows, strict=True)), strict=True)))


def _valid_number(drawn: random.Random, country: str) -> phonenumbers.PhoneNumber:
    """A valid number: the beginning of the library's own example, and further digits by chance."""
    while True:
        example = phonenumbers.example_number_for_type(country, drawn.choice(_TYPES))
        digits = phonenumbers.national_significant_number(example)
        kept = drawn.choice((1, 2, 3))
        text = digits[:kept] + "".join(str(drawn.randrange(10)) for _ in digits[kept:])
        try:
            number = phonenumbers.parse(f"+{example.country_code}{text}")
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number_for_region(number, country):
            return number


def _theirs(typed: str, country: str) -> str | None:
    try:
        number = phonenumbers.parse(typed, country)
    except phonenumbers.NumberParseException:
        return None
    return _e164(number) if phonenumbers.is_valid_number(number) else None


def emails(seed: int, count: int) -> list[str]:
    """Addresses as people and tools write them."""
    drawn = random.Random(seed)
    found = []
    for _ in range(count):
        name = "".join(drawn.choice("abcdefghijklmnoprstuvwz.") for _ in range(drawn.randrange(4, 16)))
        address = f"{name}{drawn.randrange(100)}@{drawn.choice(_DOMAINS)}"
        style = drawn.randrange(10)
        if style == 0:
            address = address.upper()
        elif style == 1:
            address = f"Somebody <{address}>"
        elif style == 2:
            address = f" mailto:{address}"
        found.append(address)
    return found


def _expression(macro: str) -> str:
    """What a call of the engine's macro compiles to, in a project that has one model with it."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        shutil.copytree(ROOT, project, ignore=shutil.ignore_patterns(".*", "data", "target", "benchmarks"))
        (project / "models" / "expression.sql").write_text(f"select\n{macro}\nas it", encoding="utf-8")
        sql = compile_models(find_settings(project), ["expression"], []).models["expression"].sql
    return f"({sql.removeprefix('select').removesuffix('as it').strip()})"


def measure(seed: int, count: int = NUMBERS, timed: int = _TIMED) -> dict[str, Any]:
    """Values a second, the share of numbers equal to the library's, and what differs by country and form."""
    connection = duckdb.connect()
    connection.execute("set threads = 2")
    connection.execute(
        "create table country_codes as select * from read_csv(?, header = true, all_varchar = true)",
        [str(ENGINE / "seeds" / "staging" / "country_codes.csv")],
    )
    connection.execute(
        "alter table country_codes alter min_length type integer; "
        "alter table country_codes alter max_length type integer"
    )
    connection.register("given", numbers(seed, count))
    connection.execute("create table numbers as from given")
    connection.register("addresses", pa.table({"email": emails(seed, count)}))
    phone = _expression("{{ cdp.normalize_phone('typed', 'country') }}")
    email = _expression("{{ cdp.normalize_email('email') }}")
    connection.execute(f"""
        create table many as
        select numbers.typed, numbers.country, addresses.email
        from (select *, row_number() over () as n from numbers) as numbers
        positional join addresses
        cross join range({max(1, timed // count)})
    """)
    rows = connection.execute("select count(*) from many").fetchall()[0][0]
    rates = {}
    for name, expressions in (("phones", phone), ("e-mails", email), ("both", f"{phone} as p, {email}")):
        started = time.perf_counter()
        connection.execute(f"create or replace temp table done as select {expressions} as e from many")
        values = rows * (2 if name == "both" else 1)
        rates[name] = values / (time.perf_counter() - started)
    connection.execute(f"create table compared as select *, {phone} as ours from numbers")
    differences = connection.execute("""
        select country, form, count(*) as count, any_value(typed order by typed) as typed,
            any_value(ours order by typed) as ours, any_value(theirs order by typed) as theirs
        from compared
        where ours is distinct from theirs
        group by country, form
        order by count desc, country, form
    """).fetchall()
    names = ("country", "form", "count", "typed", "ours", "theirs")
    different = [dict(zip(names, row, strict=True)) for row in differences]
    return {
        "values_a_second": rates,
        "numbers": count,
        "countries": len(COUNTRIES),
        "share_equal": 1 - sum(row["count"] for row in different) / count,
        "differences": different,
    }


def run(seed: int, as_json: bool) -> None:
    """Measure and print."""
    found = measure(seed)
    if as_json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return
    print("| values | a second | goal |\n| --- | ---: | --- |")
    for name, rate in found["values_a_second"].items():
        goal = f">= {LEAST_A_SECOND:,}: {'met' if rate >= LEAST_A_SECOND else 'missed'}"
        print(f"| {name} | {rate:,.0f} | {goal if name == 'both' else ''} |")
    print(
        f"\n{found['share_equal']:.3%} of {found['numbers']:,} numbers of {found['countries']} countries "
        "are as phonenumbers has them. The others, by country and form, each with its first:\n"
    )
    print("| country | form | count | typed | ours | phonenumbers |\n| --- | --- | ---: | --- | --- | --- |")
    for row in found["differences"]:
        kind = f"{row['country']} | {row['form']} | {row['count']}"
        print(f"| {kind} | {row['typed'].strip()} | {row['ours']} | {row['theirs']} |")
    forms = Counter[str]()
    for row in found["differences"]:
        forms[row["form"]] += row["count"]
    print("\nBy form: " + ", ".join(f"{form} {count:,}" for form, count in forms.most_common()))
