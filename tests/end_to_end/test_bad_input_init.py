"""`cdp init` where it cannot work: each mistake is one sentence, and no file changes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.conftest import Project
from tests.end_to_end.jaffle import copy_shop, files

Arrange = Callable[[Path], object]


@dataclass(frozen=True)
class Case:
    """One mistake in a dbt project, the command that meets it, and what is said and returned."""

    name: str
    sentence: str
    arrange: Arrange
    command: tuple[str, ...] = ("init",)
    code: int = 4


def written(file: str, text: str) -> Arrange:
    def change(root: Path) -> None:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(text, encoding="utf-8")

    return change


def replaced(file: str, old: str, new: str) -> Arrange:
    def change(root: Path) -> None:
        text = (root / file).read_text(encoding="utf-8")
        assert old in text
        (root / file).write_text(text.replace(old, new), encoding="utf-8")

    return change


def emptied_but(name: str) -> Arrange:
    def change(root: Path) -> None:
        for path in root.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        (root / name).write_text("", encoding="utf-8")

    return change


PROJECT = "dbt_project.yml"
VERSION = version("cdp-cli")
NEW = [
    Case(
        "a folder that is not empty and not a dbt project",
        "has no dbt_project.yml, so it is not a dbt project, and it is not empty: it holds notes.txt. Name a new folder, or the folder of a dbt project.",
        emptied_but("notes.txt"),
    ),
    Case(
        "a folder whose name a dbt project cannot have",
        "'2026-shop' cannot be the name of a dbt project: dbt does not allow it. Name a folder with letters, digits and underscores, such as `cdp init shop`.",
        lambda root: None,
        ("init", "2026-shop"),
    ),
    Case(
        "a new project with the engine's name",
        "'cdp' cannot be the name of a dbt project: a dbt package of each project has that name.",
        lambda root: None,
        ("init", "cdp"),
    ),
    Case(
        "a project with the engine's name",
        "names the project 'cdp', which is the name of another dbt package. Rename your project.",
        replaced(PROJECT, "name: 'jaffle_shop'", "name: 'cdp'"),
    ),
    Case(
        "a model with the name of one of the engine's",
        "has names that the engine uses too: model 'profiles' (models/marts/profiles.sql). Rename them in your project, and run `cdp init` again.",
        written("models/marts/profiles.sql", "select 1 as id"),
    ),
    Case(
        "a model with the name of a generated one",
        "has names that the engine uses too: model 'unified_people' (models/marts/unified_people.sql).",
        written("models/marts/unified_people.sql", "select 1 as id"),
    ),
    Case(
        "a seed with the name of one of the engine's",
        "has names that the engine uses too: model 'purposes' (seeds/purposes.csv).",
        written("seeds/purposes.csv", "id\n1\n"),
    ),
    Case(
        "a macro with the name of one of the engine's",
        "has names that the engine uses too: macro 'clean_text' (macros/text.sql).",
        written("macros/text.sql", "{% macro clean_text(x) %}{{ x }}{% endmacro %}"),
    ),
    Case(
        "a source with the engine's name",
        "has names that the engine uses too: source 'cdp' (models/marts/sources.yml).",
        written("models/marts/sources.yml", "sources: [{name: cdp, tables: [{name: loads}]}]"),
    ),
    Case(
        "models in a folder that has a meaning in the engine",
        "models/segments/vips.sql is in a folder that has a meaning in the engine: each model in `segments` gets the schema and materialization of that layer. Move your models out of `segments`, or rename the folder.",
        written("models/segments/vips.sql", "select 1 as id"),
    ),
    Case(
        "a project for an older dbt",
        "dbt_project.yml asks for dbt >=1.5.0,<1.10.0, but dbt",
        replaced(PROJECT, '">=1.5.0"', '">=1.5.0,<1.10.0"'),
    ),
    Case(
        "a warehouse that cdp cannot use",
        "profiles.yml target 'dev' is of type 'postgres', which cdp cannot use. Use one of: duckdb, spark.",
        replaced("profiles.yml", "type: duckdb", "type: postgres"),
    ),
    Case(
        "packages in dependencies.yml",
        "dependencies.yml lists packages, and dbt reads no environment variable there, which names the installed engine. Move its `packages:` to packages.yml, or take the engine from git (`cdp init --git URL`).",
        lambda root: (root / "packages.yml").rename(root / "dependencies.yml"),
    ),
    Case(
        "a configuration in one line",
        "dbt_project.yml cannot be edited safely, because a part of it is written in one line; nothing was changed. Add these lines where they are missing, and run `cdp init` again:",
        replaced(PROJECT, "vars:\n", "vars: {one: 1}\n#"),
    ),
    Case(
        "a configuration of a folder of the engine",
        "dbt_project.yml cannot be edited safely, because `models: jaffle_shop: traits` is set already; nothing was changed.",
        replaced(PROJECT, "        marts:\n", "        traits: {+schema: x}\n        marts:\n"),
    ),
    Case(
        "a search order of macros without the engine",
        "dbt_project.yml: the `dispatch` of dbt's macros has a search order without the engine. Add `cdp` to it, before `dbt`, and run `cdp init` again",
        replaced(PROJECT, "vars:\n", "dispatch: [{macro_namespace: dbt, search_order: [a, dbt]}]\nvars:\n"),
    ),
    Case(
        "a package that cannot be installed",
        "dbt could not start:",
        lambda root: shutil.rmtree(root / "house_macros"),
        code=6,
    ),
    Case(
        "upgrading a project without the engine",
        "does not install the package 'cdp'. Run `cdp init` in that folder",
        lambda root: None,
        ("upgrade",),
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", NEW, ids=lambda case: case.name)
def test_a_mistake_is_one_sentence_and_no_file_changes(case: Case, tmp_path: Path) -> None:
    project = copy_shop(tmp_path / "shop")
    case.arrange(project.root)
    before = files(project)

    ran = project.cdp(*case.command)

    assert case.sentence in " ".join(ran.err.split()), ran.err
    assert ran.code == case.code
    assert "Traceback" not in ran.err
    assert files(project) == before


USED = [
    Case(
        "a project of a newer version than the program",
        "says that the project is at version 99.0.0, and this program has version",
        replaced(PROJECT, f'cdp_version: "{VERSION}"', 'cdp_version: "99.0.0"'),
        ("upgrade",),
    ),
    Case(
        "a project and a program of different versions",
        "says that the project is at version 0.1.0, and this program has version",
        replaced(PROJECT, f'cdp_version: "{VERSION}"', 'cdp_version: "0.1.0"'),
        ("run",),
    ),
    Case(
        "a package from git at no version",
        "packages.yml takes the engine from the git revision 'main', which is not a version.",
        written(
            "packages.yml",
            "packages:\n  - {git: x, subdirectory: cdp_cli/dbt_package, revision: main}\n",
        ),
        ("upgrade",),
    ),
]
CASES = [*NEW, *USED]


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The shop with the engine in it."""
    project = copy_shop(tmp_path_factory.mktemp("used") / "shop")
    ran = project.cdp("init")
    assert ran.code == 0, ran.err
    return project


@pytest.mark.parametrize("case", USED, ids=lambda case: case.name)
def test_a_project_of_another_version_is_not_touched(case: Case, used: Project, tmp_path: Path) -> None:
    project = used.copy(tmp_path / "shop")
    case.arrange(project.root)
    before = files(project)

    ran = project.cdp(*case.command)

    assert case.sentence in " ".join(ran.err.split()), ran.err
    assert ran.code == case.code
    assert files(project) == before
