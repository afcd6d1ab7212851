"""dbt_project.yml and profiles.yml are read as dbt reads them, and every mistake has its sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp_cli.config import find_settings
from cdp_cli.errors import FixConfiguration

PROFILES = """
cdp:
  target: dev
  outputs:
    dev: {type: duckdb, path: "{{ env_var('PLACE', 'data') }}/warehouse.duckdb"}
    other: {type: duckdb, path: other.duckdb}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("DBT_PROFILES_DIR", "DBT_TARGET", "CDP_DATA", "PLACE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "dbt_project.yml").write_text("name: x\nprofile: cdp\n")
    (tmp_path / "profiles.yml").write_text(PROFILES)
    return tmp_path


def test_the_nearest_project_upwards_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = folder / "models" / "segments"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    settings = find_settings()
    assert settings.project_dir == folder
    assert settings.target == "dev"
    assert settings.data_dir == folder / "data"


def test_profiles_are_rendered_with_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLACE", "elsewhere")
    assert find_settings(folder).profile["path"] == "elsewhere/warehouse.duckdb"


def test_an_option_beats_the_environment_and_that_the_profile(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBT_TARGET", "other")
    assert find_settings(folder).target == "other"
    assert find_settings(folder, "dev").target == "dev"


@pytest.mark.parametrize(
    ("break_it", "target", "sentence"),
    [
        (lambda f: (f / "dbt_project.yml").unlink(), None, "has no dbt_project.yml"),
        (lambda f: (f / "profiles.yml").write_text("other: {}"), None, "has no profile 'cdp'"),
        (lambda f: (f / "profiles.yml").write_text("cdp: [unclosed"), None, "cannot be read"),
        (lambda f: (f / "profiles.yml").write_text("just text"), None, "is not a YAML mapping"),
        (lambda f: (f / "profiles.yml").write_text("cdp: {{ env_var('NOT_SET') }}"), None, "NOT_SET"),
        (lambda f: None, "moon", "has no target 'moon'"),
    ],
)
def test_a_mistake_has_its_sentence(
    folder: Path, break_it: object, target: str | None, sentence: str
) -> None:
    break_it(folder)  # type: ignore[operator]
    with pytest.raises(FixConfiguration, match=sentence):
        find_settings(folder, target)
