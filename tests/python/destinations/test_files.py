"""Files: whole or not at all, the same batch the same file, and a manifest that is written last."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from cdp_cli.config import Settings
from cdp_cli.destinations import connect
from cdp_cli.destinations.base import Accepted, Destination, Verb
from cdp_cli.errors import CheckDestination
from tests.python.destinations.conftest import SqlText, batch

ROWS = [
    {"external_id": "p1", "email": 'a,"b"\n@x.y', "traits.sum": SqlText("12.5::decimal(9, 2)"), "none": None},
    {"external_id": "p2", "email": None, "traits.sum": SqlText("3::decimal(9, 2)"), "none": None},
]

Open = Callable[[str], Destination]


@pytest.fixture
def open_as(settings: Settings) -> Open:
    def opened(written: str) -> Destination:
        text = f"connections: {{out: {{destination: files, settings: {{folder: out, format: {written}}}}}}}\n"
        (settings.project_dir / "connections.yml").write_text(text, encoding="utf-8")
        return connect("out", "people", settings)

    return opened


@pytest.fixture
def folder(settings: Settings) -> Path:
    return settings.project_dir / "out" / "people"


@pytest.mark.parametrize(
    ("written", "suffix", "reader"),
    [
        ("csv", "csv", "read_csv"),
        ("parquet", "parquet", "read_parquet"),
        ("json_lines", "jsonl", "read_json"),
    ],
)
def test_each_format_reads_back(written: str, suffix: str, reader: str, open_as: Open, folder: Path) -> None:
    there = open_as(written)
    assert there.send(batch(there, Verb.UPSERT, ROWS)) == Accepted()
    there.finish("run-1")
    column = "traits.sum" if written == "json_lines" else '"traits.sum"'
    query = f"select external_id, email, {column} from {reader}('{folder}/upsert-key-1.{suffix}') order by 1"
    assert duckdb.sql(query).fetchall() == [("p1", 'a,"b"\n@x.y', 12.5), ("p2", None, 3.0)]
    manifest = json.loads((folder / "manifest-run-1.json").read_text(encoding="utf-8"))
    content = (folder / f"upsert-key-1.{suffix}").read_bytes()
    assert manifest["files"] == [
        {
            "file": f"upsert-key-1.{suffix}",
            "operation": "upsert",
            "rows": 2,
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
    ]


def test_a_repeated_batch_replaces_itself(open_as: Open, folder: Path) -> None:
    there = open_as("csv")
    for _ in range(2):
        there.send(batch(there, Verb.UPSERT, ROWS))
    assert [path.name for path in folder.iterdir()] == ["upsert-key-1.csv"]


def test_a_manifest_lists_its_run_and_what_an_interrupted_run_left(open_as: Open, folder: Path) -> None:
    there = open_as("csv")
    there.send(batch(there, Verb.UPSERT, ROWS, key="a"))
    there.finish("run-1")
    there.send(batch(there, Verb.UPSERT, ROWS, key="b"))  # this run is killed before it finishes
    again = open_as("csv")
    again.send(batch(again, Verb.REMOVE, [{"external_id": "p1"}], key="c"))
    again.finish("run-3")
    again.finish("run-3")
    again.finish("run-4")  # nothing was written: no manifest
    listed = {
        path.name: [entry["file"] for entry in json.loads(path.read_text(encoding="utf-8"))["files"]]
        for path in folder.glob("manifest-*")
    }
    assert listed == {
        "manifest-run-1.json": ["upsert-a.csv"],
        "manifest-run-3.json": ["remove-c.csv", "upsert-b.csv"],
    }


def test_nothing_half_written_is_ever_visible(open_as: Open, folder: Path) -> None:
    there = open_as("csv")
    there.send(batch(there, Verb.UPSERT, ROWS))
    (folder / ".upsert-x.csv.partial").write_bytes(b"half")  # what a kill in mid-write leaves
    there.finish("run-1")
    visible = [path.name for path in folder.iterdir() if not path.name.startswith(".")]
    assert sorted(visible) == ["manifest-run-1.json", "upsert-key-1.csv"]


def test_a_folder_that_cannot_be_written_is_named(open_as: Open, settings: Settings) -> None:
    there = open_as("csv")
    (settings.project_dir / "out").write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(CheckDestination, match="/out cannot be written"):
        there.check()
    with pytest.raises(CheckDestination, match="/out/people cannot be written"):
        there.send(batch(there, Verb.UPSERT, ROWS))


def test_a_check_leaves_nothing_behind(open_as: Open, settings: Settings) -> None:
    open_as("csv")
    connect("out", None, settings).check()
    assert list((settings.project_dir / "out").iterdir()) == []


def test_names_from_outside_cannot_leave_the_folder(settings: Settings, open_as: Open) -> None:
    open_as("csv")
    there = connect("out", "../../elsewhere", settings)
    there.send(batch(there, Verb.UPSERT, ROWS, key="../../key"))
    assert [str(p.relative_to(settings.project_dir)) for p in settings.project_dir.rglob("*.csv")] == [
        "out/______elsewhere/upsert-______key.csv"
    ]
