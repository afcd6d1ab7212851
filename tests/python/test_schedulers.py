"""The examples of schedulers compile, and name commands, tasks and folders that there are."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest
import yaml

from cdp_cli.cli import cdp
from tests.conftest import ROOT

EXAMPLES = ROOT / "docs" / "examples" / "schedulers"
SCRIPTS = sorted(EXAMPLES.rglob("*.py"))
CALLS = re.compile(r"""(?:/cdp"?|"cdp",)\s+"?(\w+)""")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.parent.name)
def test_an_example_in_python_compiles_and_says_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    compile(text, str(path), "exec")
    assert ast.get_docstring(ast.parse(text))


def test_the_script_of_cron_is_valid_and_can_be_executed() -> None:
    script = EXAMPLES / "cron" / "nightly.sh"
    assert script.stat().st_mode & 0o100
    assert subprocess.run([shutil.which("bash") or "bash", "-n", script], check=False).returncode == 0
    assert "/srv/shop/nightly.sh" in (EXAMPLES / "cron" / "crontab").read_text(encoding="utf-8")


def test_the_examples_call_commands_that_there_are() -> None:
    called = {
        name
        for path in EXAMPLES.rglob("*.*")
        if path.suffix in (".py", ".sh")
        for name in CALLS.findall(path.read_text(encoding="utf-8"))
    }
    assert called == {"run", "sync"}
    context = click.Context(cdp)
    assert all(cdp.get_command(context, name) is not None for name in called)


def test_the_example_of_airflow_names_a_profile_and_a_target_that_there_are() -> None:
    text = (EXAMPLES / "airflow" / "cdp_daily.py").read_text(encoding="utf-8")
    names = re.search(r'profile_name="(\w+)", target_name="(\w+)"', text)
    assert names is not None
    profiles = yaml.safe_load((ROOT / "profiles.yml").read_text(encoding="utf-8"))
    assert names[2] in profiles[names[1]]["outputs"]
