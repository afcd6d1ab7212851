"""docs/reference/ is what `cdp generate --docs` writes, and it writes from everything that there is."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cdp_cli import documentation
from cdp_cli.cli import cdp
from cdp_cli.commands._help import command_helps
from cdp_cli.documentation.inputs import Inputs
from cdp_cli.documentation.vars import declared_vars
from cdp_cli.errors import FixConfiguration
from cdp_cli.project import Project
from cdp_cli.relations import Relations
from tests.conftest import ENGINE, ROOT
from tests.identity_sql import compiled

VAR = re.compile(r"\b(?:var|people_limit)\('(\w+)'(?:, ([^)]+))?\)")


def test_the_reference_is_up_to_date() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "cdp_cli.cli", "generate", "--docs", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr


def test_what_is_out_of_date_is_named_and_then_written(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    inputs = Inputs(
        commands=(),
        project=Project(models=(), sources=(), relations=Relations({}, {})),
        identity_keys_sql=compiled().models["identity_keys"].sql,
    )
    documentation.write(inputs, tmp_path)
    assert documentation.plan(inputs, tmp_path).different == ()

    changed = documentation.REFERENCE / "exit-codes.md"
    gone = documentation.REFERENCE / "old.md"
    (tmp_path / gone).write_text((tmp_path / changed).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / changed).write_text("old", encoding="utf-8")
    planned = documentation.plan(inputs, tmp_path)
    assert (planned.different, planned.stale) == ((changed,), (gone,))

    documentation.write(inputs, tmp_path)
    assert "FixInput" in (tmp_path / changed).read_text(encoding="utf-8")
    assert not (tmp_path / gone).exists()


def test_the_reference_of_the_engine_is_not_written_into_another_project(tmp_path: Path) -> None:
    with pytest.raises(FixConfiguration, match="is not the engine's repository"):
        documentation.check_repository(tmp_path)


def test_every_command_has_a_chapter() -> None:
    helps = command_helps(cdp)
    assert len(helps) > 15
    page = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    assert [help.name for help in helps if f"\n## `cdp {help.name}`\n" not in page] == []


def test_every_var_that_the_engine_reads_is_declared_with_its_default_and_a_comment() -> None:
    declared = {name: (default.strip("\"'"), comment) for name, default, comment in declared_vars()}
    read = {
        (name, default.strip("\"' "))
        for path in ENGINE.rglob("*.*")
        if path.suffix in (".sql", ".py", ".yml")
        for name, default in VAR.findall(path.read_text(encoding="utf-8"))
    }
    assert len(read) > 5
    assert {name for name, _ in read} == set(declared)
    wrong = [
        (name, default) for name, default in read if default and declared[name][0].lower() != default.lower()
    ]
    assert wrong == []
    assert [name for name, (_, comment) in declared.items() if not comment] == []
