"""`cdp upgrade`: from this version's wheel to one with a changed model; ids and ledgers stay."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cdp_cli.engine_package import VERSION_VAR
from cdp_cli.scaffold.templates import installed_version
from tests.conftest import ROOT, Project
from tests.end_to_end.guide import File, parts
from tests.end_to_end.wheels import Shell, build_wheel, copy_source

PAGE = ROOT / "docs" / "tutorial" / "first-project.md"
NEXT = "99.1.0"
RUN = "cdp receiver --port 0 --store data/receiver.sqlite -- cdp run"
NOTES = f"""# Changelog

## Unreleased

## {NEXT} (2026-12-01)

### Added
- People are counted.

### Upgrading
- `profile_traits` has the column `count_records`: nothing to do.

## 0.0.1

### Upgrading
- Long done.
"""


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text, path
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture(scope="module")
def next_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of a later version, in which a trait group of the engine has one more column."""
    folder = tmp_path_factory.mktemp("next")
    source = copy_source(folder / "source")
    package = source / "cdp_cli" / "dbt_package"
    replace(source / "pyproject.toml", f'version = "{installed_version()}"', f'version = "{NEXT}"')
    replace(package / "dbt_project.yml", f'version: "{installed_version()}"', f'version: "{NEXT}"')
    traits = package / "models" / "traits"
    replace(
        traits / "person_traits.sql", "as joined_at\n", "as joined_at,\n        count(*) as count_records\n"
    )
    with (traits / "person_traits.yml").open("a", encoding="utf-8") as file:
        file.write("      - {name: count_records, data_type: bigint, description: Records of the person.}\n")
    (source / "CHANGELOG.md").write_text(NOTES, encoding="utf-8")
    return build_wheel(source, folder / "dist")


@pytest.fixture(scope="module")
def upgraded(wheel: Path, next_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a project held before and after its upgrade, and what the commands said."""
    folder = tmp_path_factory.mktemp("upgrade")
    shutil.copy(wheel, folder)
    shell = Shell.start(tmp_path_factory.mktemp("shell"), folder)
    for part in parts(PAGE):
        if isinstance(part, File):
            path = shell.folder / part.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(part.text, encoding="utf-8")
        elif part.command.startswith("cdp receiver"):
            break
        else:
            assert shell.run(part.command).code == 0, part.command
    said = {"run": shell.run(RUN).out}
    ids = profile_ids(shell)
    installed = shell.run(f"pip install --upgrade {next_wheel}")
    assert installed.code == 0, installed.out
    said["too early"] = shell.run("cdp sync").out
    for name, command in {"upgrade": "cdp upgrade", "build": "dbt build", "again": RUN}.items():
        done = shell.run(command)
        assert done.code == 0, done.out
        said[name] = done.out
    return {"shell": shell, "before": ids, "after": profile_ids(shell), "said": said}


def profile_ids(shell: Shell) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(shell.folder / "data" / "warehouse.duckdb"), read_only=True) as warehouse:
        return warehouse.execute(
            "select record_id, profile_id from identity.identity_map order by 1"
        ).fetchall()


def test_ids_and_ledgers_stay(upgraded: dict[str, Any]) -> None:
    assert len(upgraded["before"]) == 8
    assert upgraded["after"] == upgraded["before"]
    assert "2 rows were sent" in upgraded["said"]["run"]
    assert "There was nothing to send" in upgraded["said"]["again"]


def test_the_changed_model_is_built(upgraded: dict[str, Any]) -> None:
    warehouse = upgraded["shell"].folder / "data" / "warehouse.duckdb"
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        [(records,)] = connection.execute("select sum(count_records) from profiles.profile_traits").fetchall()
    assert records == 8


def test_upgrade_says_what_the_version_asks_for_and_what_it_changed(upgraded: dict[str, Any]) -> None:
    said = upgraded["said"]["upgrade"]
    assert f"From version {installed_version()} to version {NEXT}." in said
    assert "`profile_traits` has the column `count_records`: nothing to do." in said
    assert "Long done" not in said
    assert f"{VERSION_VAR} is now {NEXT}" in said
    assert "models/unified/profile_traits.sql" in said or "models/unified/profile_traits.yml" in said


def test_a_project_that_was_not_upgraded_is_not_run_by_the_new_program(upgraded: dict[str, Any]) -> None:
    assert f"this program has version {NEXT}" in " ".join(upgraded["said"]["too early"].split())
    assert "Run `cdp upgrade`" in " ".join(upgraded["said"]["too early"].split())


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_a_project_can_take_the_engine_from_git_and_is_moved_to_the_tag(tmp_path: Path) -> None:
    source = copy_source(tmp_path / "source")
    git(source, "init")
    package = source / "cdp_cli" / "dbt_package" / "dbt_project.yml"
    text = package.read_text(encoding="utf-8")
    package.write_text(text.replace(installed_version(), "0.0.1"), encoding="utf-8")
    git(source, "add", ".")
    git(source, "commit", "-m", "earlier")
    git(source, "tag", "v0.0.1")
    package.write_text(text, encoding="utf-8")
    git(source, "commit", "-am", "this version")
    git(source, "tag", f"v{installed_version()}")
    project = Project(tmp_path / "shop")
    project.root.mkdir()

    made = project.cdp("init", ".", "--git", f"file://{source}")
    assert made.code == 0, made.err
    installed = project.engine / "dbt_project.yml"
    assert not project.engine.is_symlink() and installed_version() in installed.read_text(encoding="utf-8")
    assert project.dbt("parse", CDP_PACKAGE="").code == 0

    for name in ("packages.yml", "dbt_project.yml"):
        replace(project.root / name, installed_version(), "0.0.1")
    assert project.dbt("deps").code == 0
    refused = project.cdp("status")
    assert refused.code == 4 and "has version 0.0.1, and this program has version" in refused.err

    ran = project.cdp("upgrade")
    assert ran.code == 0, ran.err
    assert f"revision: v{installed_version()}" in (project.root / "packages.yml").read_text(encoding="utf-8")
    assert installed_version() in installed.read_text(encoding="utf-8")


def test_an_upgrade_that_dbt_does_not_accept_changes_nothing(tmp_path: Path) -> None:
    project = Project(tmp_path / "shop")
    project.root.mkdir()
    assert project.cdp("init", ".").code == 0
    replace(project.root / "dbt_project.yml", f'"{installed_version()}"', '"0.0.1"')
    (project.root / "models" / "broken.sql").write_text(
        "select * from {{ ref('nothing') }}", encoding="utf-8"
    )
    before = (project.root / "dbt_project.yml").read_text(encoding="utf-8")

    ran = project.cdp("upgrade")

    assert ran.code == 6 and "nothing" in ran.err
    assert (project.root / "dbt_project.yml").read_text(encoding="utf-8") == before
