"""docs/tutorial/first-project.md, followed to the letter: from an empty folder and a wheel to a receiver."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from tests.conftest import ROOT
from tests.end_to_end.guide import File, parts
from tests.end_to_end.wheels import Shell

PAGE = ROOT / "docs" / "tutorial" / "first-project.md"


@pytest.fixture(scope="module")
def shop(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A shell at the end of the tutorial, in the project that it made."""
    folder = tmp_path_factory.mktemp("tutorial")
    shutil.copy(wheel, folder)
    shell = Shell.start(tmp_path_factory.mktemp("shell"), folder)
    for part in parts(PAGE):
        if isinstance(part, File):
            path = shell.folder / part.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(part.text, encoding="utf-8")
            continue
        done = shell.run(part.command)
        assert done.code == 0, f"{part.command}\n{done.out}"
        said = [line.rstrip() for line in done.out.splitlines()]
        for line in part.shown:
            assert line == "..." or line in said, f"{part.command}\n{done.out}"
    return shell


def test_who_follows_the_tutorial_sees_what_it_shows_and_the_receiver_has_the_rows(shop: Shell) -> None:
    state = shop.run(
        "python -c \"import sqlite3; print(sqlite3.connect('data/receiver.sqlite').execute("
        "'select count(*) from records').fetchone()[0])\""
    )
    assert state.out.strip() == "2", state.out


def test_git_sees_the_files_of_the_user_and_none_of_the_engine(shop: Shell) -> None:
    seen = shop.run("git status --short --untracked-files=all").out.split()[1::2]
    written = {
        part.path for part in parts(PAGE) if isinstance(part, File) and not part.path.startswith("data/")
    }
    started_with = {
        ".gitignore", "README.md", "connections.yml", "data/.gitkeep", "dbt_project.yml", "packages.yml",
        "profiles.yml", "macros/generate_schema_name.sql", "models/staging/.gitkeep",
        "models/segments/.gitkeep", "models/activation/.gitkeep",
    }  # fmt: skip
    lists = {path for path in seen if path.startswith("models/unified/")}
    assert set(seen) == written | started_with | lists
    assert {Path(path).stem for path in lists} >= {"unified_people", "profile_traits"}


def test_plain_dbt_finds_the_engine_of_the_installed_wheel(shop: Shell) -> None:
    """The tutorial ended with plain `dbt deps` and `dbt build`; no variable was set for them."""
    assert shop.run("! env | grep CDP_PACKAGE").code == 0
    [installed] = (shop.folder.parent / ".venv").rglob("site-packages/cdp_cli/dbt_package")
    assert (shop.folder / "dbt_packages" / "cdp").resolve() == installed


def test_the_layers_are_schemas_of_their_own(shop: Shell) -> None:
    with duckdb.connect(str(shop.folder / "data" / "warehouse.duckdb"), read_only=True) as warehouse:
        found = {
            schema
            for (schema,) in warehouse.execute("select distinct schema_name from duckdb_tables()").fetchall()
        }
    assert {"crm", "shop", "identity", "profiles", "segments", "activation"} <= found
    assert not [schema for schema in found if schema.startswith("main_")]
