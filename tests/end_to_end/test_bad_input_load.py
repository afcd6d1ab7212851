"""Files that cannot be loaded as they are: one exact sentence each, and nothing is lost or half loaded."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Project, copy_project

LEADS = "lead_id,name,email,phone,city,lead_source,status,created_at,updated_at\n"
GOOD = "L1,Bo Chen,bo@example.com,,London,web_form,new,2026-01-01,2026-01-02\n"
NEXT = GOOD.replace("L1", "L2")


@dataclass(frozen=True)
class Case:
    """`write` makes the files in a folder, or changes the project; `says` is all of standard error."""

    id: str
    write: Callable[[Path], object]
    arguments: str
    says: str
    code: int = 3


def text(name: str, content: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(content.encode("utf-8"))


def data(name: str, content: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(content)


CASES = [
    Case(
        "an unclosed quote",
        text("a.csv", LEADS + GOOD + NEXT.replace("Bo Chen", '"Bo Chen') + GOOD.replace("L1", "L3")),
        "a.csv --into crm.leads",
        "a.csv, line 3, has a quote that is not closed. "
        "Close it, and write a quote inside a quoted value twice.",
    ),
    Case(
        "a line with a field too few",
        text("a.csv", LEADS + GOOD + "L2,Bo,bo@example.com\n" + GOOD),
        "a.csv --into crm.leads",
        "a.csv, line 3, has 3 fields, but the header has 9. "
        "Correct the line; a value that holds the delimiter or a line break must be quoted.",
    ),
    Case(
        "a line with a field too many",
        text("a.csv", LEADS + GOOD + NEXT.replace("London", "London, UK")),
        "a.csv --into crm.leads",
        "a.csv, line 3, has 10 fields, but the header has 9. "
        "Correct the line; a value that holds the delimiter or a line break must be quoted.",
    ),
    Case(
        "a missing column",
        text("a.csv", LEADS.replace(",city", "") + GOOD.replace(",London", "")),
        "a.csv --into crm.leads",
        "a.csv has no column city, which models/staging/crm/_crm.yml declares for crm.leads. "
        "Export the file with it, or remove the column there.",
    ),
    Case(
        "a value of the wrong type",
        text("a.csv", LEADS + GOOD + NEXT.replace("2026-01-02", "yesterday")),
        "a.csv --into crm.leads",
        "a.csv, row 2: the column updated_at is not of the type timestamp that crm.leads has. "
        "Correct the file, or the type; nothing was loaded.",
    ),
    Case(
        "a fraction in a whole number, in the second of two files",
        lambda folder: (
            text("a.jsonl", '{"id": 1, "pieces": 2}\n')(folder),
            text("b.jsonl", '{"id": 2, "pieces": 1}\n{"id": 3, "pieces": 1.5}\n{"id": 4, "pieces": 0.5}\n')(
                folder
            ),
        ),
        "a.jsonl b.jsonl --into erp.items",
        "b.jsonl, row 2: the column pieces is not of the type bigint that erp.items has (2 rows in all). "
        "Correct the file, or the type; nothing was loaded.",
    ),
    Case(
        "a file loaded before",
        text("a.csv", LEADS + GOOD + "known\n"),
        "known.csv --into crm.leads",
        "known.csv was loaded into crm.leads on {today}. "
        "Nothing was loaded; add --again to append its rows once more.",
        8,
    ),
    Case(
        "one file twice under two names",
        lambda folder: (text("a.csv", LEADS + NEXT)(folder), text("b.csv", LEADS + NEXT)(folder)),
        "a.csv b.csv --into crm.leads",
        "b.csv was loaded into crm.leads a moment ago, by this command, from a file of the same content. "
        "Nothing was loaded; add --again to append its rows once more.",
        8,
    ),
    Case(
        "an empty file",
        text("a.csv", ""),
        "a.csv --into crm.leads",
        "a.csv is empty. Export it again; a file without rows still has its header.",
    ),
    Case(
        "an extension that says nothing",
        text("a.xlsx", "PK"),
        "a.xlsx --into crm.leads",
        "a.xlsx ends in .xlsx, which is not a format that can be read. "
        "Name it .csv, .tsv, .jsonl or .json (each also .gz), or .parquet.",
    ),
    Case(
        "a file that is not there",
        lambda folder: None,
        "a.csv --into crm.leads",
        "There is no file a.csv. Correct the path.",
    ),
    Case(
        "a folder",
        lambda folder: (folder / "exports").mkdir(),
        "exports --into crm.leads",
        "exports is a folder. Name the files in it, for example with a pattern.",
    ),
    Case(
        "a table without a source",
        text("a.csv", LEADS + NEXT),
        "a.csv --into leads",
        "--into 'leads' is not of the form source.table. "
        "Write it like crm.contacts: lower case letters, digits and _ on each side of one dot.",
        4,
    ),
    Case(
        "a schema of the platform",
        text("a.csv", LEADS + NEXT),
        "a.csv --into identity.leads",
        "--into 'identity.leads' names the schema 'identity', which dbt and cdp write. "
        "Name the source after the tool that the file comes from.",
        4,
    ),
    Case(
        "bytes that are not UTF-8",
        data("a.csv", (LEADS + GOOD + NEXT.replace("Chen", "Müller")).encode("latin-1")),
        "a.csv --into crm.leads",
        "a.csv, line 3, is not UTF-8 text. Save it as UTF-8, or say --encoding latin-1 or --encoding utf-16.",
    ),
    Case(
        "JSON that is not UTF-8",
        data("a.jsonl", b'{"id": 1}\n{"id": "M\xfcller"}\n'),
        "a.jsonl --into erp.items",
        "a.jsonl, line 2, is not UTF-8 text. Save it as UTF-8.",
    ),
    Case(
        "a Parquet file cut off",
        data("a.parquet", b"PAR1" + bytes(100)),
        "a.parquet --into crm.leads",
        "a.parquet is damaged or was cut off. Export or transfer it again.",
    ),
    Case(
        "a gzip file cut off",
        data("a.csv.gz", gzip.compress((LEADS + GOOD * 20_000).encode(), mtime=0)[:400]),
        "a.csv.gz --into crm.leads",
        "a.csv.gz is damaged or was cut off. Export or transfer it again.",
    ),
    Case(
        "a line that is no JSON",
        text("a.jsonl", '{"id": 1}\n{"id": 2\n{"id": 3}\n'),
        "a.jsonl --into erp.items",
        "a.jsonl, line 2, is not valid JSON. Correct it: one object a line.",
    ),
    Case(
        "a line that is no JSON object",
        text("a.jsonl", '{"id": 1}\n[2]\n'),
        "a.jsonl --into erp.items",
        "a.jsonl, line 2, is not a JSON object. Write one object a line.",
    ),
    Case(
        "a header that names a column twice",
        text("a.csv", "id,name,ID\n1,a,2\n"),
        "a.csv --into erp.items",
        "a.csv: the header names the column id twice. Rename one of them.",
    ),
    Case(
        "a header without a name",
        text("a.csv", "id,,name\n1,a,2\n"),
        "a.csv --into erp.items",
        "a.csv: column 2 has no name in the header. Give it one.",
    ),
]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with one lead loaded."""
    made = copy_project(tmp_path_factory.mktemp("load") / "project")
    (made.root / "known.csv").write_text(LEADS + GOOD)
    ran = made.cdp("load", "known.csv", "--into", "crm.leads")
    assert ran.code == 0, ran.err
    return made


def content(project: Project) -> dict[str, list[tuple[object, ...]]]:
    """All that is in the raw tables and in the log of loads."""
    with duckdb.connect(str(project.warehouse), read_only=True) as warehouse:
        tables = warehouse.execute(
            "select table_schema || '.' || table_name from information_schema.tables order by 1"
        ).fetchall()
        return {
            name: warehouse.execute(f"select * from {name} order by all").fetchall() for (name,) in tables
        }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_file_that_does_not_fit_is_named_and_nothing_is_loaded(loaded: Project, case: Case) -> None:
    case.write(loaded.root)
    before = content(loaded)
    today = before["cdp.loads"][0][-1].strftime("%Y-%m-%d at %H:%M UTC")

    ran = loaded.cdp("load", *case.arguments.split())

    for file in [*loaded.root.glob("[ab].*"), loaded.root / "exports"]:
        file.rmdir() if file.is_dir() else file.unlink(missing_ok=True)
    assert " ".join(ran.err.split()) == case.says.replace("{today}", today)
    assert (ran.code, ran.out) == (case.code, "")
    assert content(loaded) == before


def test_a_warehouse_in_use_is_waited_for_and_then_said(project: Project) -> None:
    (project.root / "a.csv").write_text(LEADS + GOOD)
    with duckdb.connect(str(project.warehouse)) as holder:
        holder.execute("create table kept as select 1 as id")

        ran = project.cdp("load", "a.csv", "--into", "crm.leads")

    assert ran.code == 5
    assert " ".join(ran.err.split()).startswith(f"The warehouse {project.warehouse} is in use by process ")
    assert list(content(project)) == ["main.kept"]


def test_no_value_of_a_file_is_repeated(loaded: Project) -> None:
    (loaded.root / "a.csv").write_text(LEADS + GOOD + "L2,secret name,secret@example.com\n")
    (loaded.root / "b.csv").write_text(LEADS + GOOD.replace("2026-01-01", "secret day"))
    for file in ("a.csv", "b.csv"):
        ran = loaded.cdp("load", file, "--into", "crm.leads")
        assert ran.code == 3
        assert "secret" not in ran.err + ran.out
