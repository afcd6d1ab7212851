"""What waits for its insert is there whole, or not at all."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdp_cli.warehouse.spark.journal import Journal

ROWS = pa.table({"n": [1, 2]})


def test_a_transaction_that_raises_leaves_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with pytest.raises(KeyError), journal.begin() as staged:
        staged.add("s", "t", ROWS)
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_what_was_noted_waits_for_the_next_visit(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with pytest.raises(KeyError), journal.begin() as staged:
        staged.add("s", "rows", ROWS)
        staged.add("s", "log", ROWS)
        staged.add("s", "rows", ROWS)
        staged.note({("s", "rows"): 7, ("s", "log"): 0})
        raise KeyError

    found = [[(name, before) for name, before, _ in left.noted()] for left in journal.unfinished()]
    assert found == [[(("s", "rows"), 7), (("s", "log"), 0)]]


def test_what_was_handled_does_not_come_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with pytest.raises(KeyError), journal.begin() as staged:
        staged.add("s", "rows", ROWS)
        staged.add("s", "rows", ROWS)
        staged.note({("s", "rows"): 0})
        raise KeyError
    for left in journal.unfinished():
        [(_, _, files)] = left.noted()
        assert pq.read_table(files)["n"].to_pylist() == [1, 2, 1, 2]
    assert list(journal.unfinished()) == []
    assert list(tmp_path.iterdir()) == []


def test_the_transaction_of_a_running_process_is_left_alone(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with journal.begin() as staged:
        staged.add("s", "t", ROWS)
        staged.note({("s", "t"): 0})
        assert list(Journal(tmp_path).unfinished()) == []
    assert list(tmp_path.iterdir()) == []


def test_files_without_a_note_are_thrown_away(tmp_path: Path) -> None:
    (tmp_path / "killed" / "000").mkdir(parents=True)
    pq.write_table(ROWS, tmp_path / "killed" / "000" / "000000.parquet")
    assert list(Journal(tmp_path).unfinished()) == []
    assert list(tmp_path.iterdir()) == []
