"""The retailer at the root is what `cdp init` makes, and all versions are one."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from cdp_cli import engine_package
from cdp_cli.errors import FixConfiguration
from cdp_cli.scaffold.requirements import check_dbt_version
from cdp_cli.scaffold.templates import installed_version, layers, template
from cdp_cli.scaffold.upgrading import notes
from tests.conftest import ENGINE, ROOT


def test_program_package_and_retailer_have_one_version() -> None:
    package = yaml.safe_load((ENGINE / "dbt_project.yml").read_text(encoding="utf-8"))
    retailer = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    assert package["version"] == retailer["vars"][engine_package.VERSION_VAR] == installed_version()


def test_the_retailer_has_what_init_writes() -> None:
    retailer = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    written = yaml.safe_load(template("dbt_project.yml", "retailer"))
    for layer in yaml.safe_load(layers()):
        assert retailer["models"]["retailer"][layer] == written["models"]["retailer"][layer], layer
    assert retailer["dispatch"] == written["dispatch"]
    assert (ROOT / "packages.yml").read_text(encoding="utf-8") == template("packages.yml")


def test_a_dbt_outside_the_range_of_the_engine_is_named(tmp_path: Path) -> None:
    (tmp_path / "dbt_project.yml").write_text('require-dbt-version: [">=2.0.0", "<3.0.0"]', encoding="utf-8")
    with pytest.raises(
        FixConfiguration, match=r"is installed, and the engine needs dbt >=2\.0\.0,<3\.0\.0\."
    ):
        check_dbt_version({}, tmp_path)


def test_notes_are_those_between_two_versions() -> None:
    text = "# C\n" + "".join(
        f"## {version}\n### Added\n- x\n### Upgrading\n- do {version}\n"
        for version in ("0.4.0", "0.3.0", "0.2.0")
    )
    assert notes(text, "0.2.0", "0.3.0") == ["0.3.0\n- do 0.3.0"]
    assert notes(text, "0.2.0", "0.4.0") == ["0.4.0\n- do 0.4.0", "0.3.0\n- do 0.3.0"]
    assert notes(text, "0.4.0", "0.4.0") == []
    assert notes(text.replace("0.4.0", "Unreleased"), "0.3.0", "0.4.0") == ["0.4.0\n- do Unreleased"]
