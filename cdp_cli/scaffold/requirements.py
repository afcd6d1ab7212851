"""Which versions of dbt the engine, a project and this environment agree on."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

from dbt_common.exceptions import SemverError
from dbt_common.semver import VersionSpecifier, versions_compatible

from cdp_cli import engine_package
from cdp_cli.errors import FixConfiguration
from cdp_cli.staging.properties import read_mapping

_KEY = "require-dbt-version"


def check_dbt_version(
    project: dict[str, Any] | None = None, engine_dir: Path = engine_package.FOLDER
) -> None:
    """Raises FixConfiguration if the installed dbt is not one that the engine and the project allow."""
    installed = version("dbt-core")
    engine = read_mapping(engine_dir / "dbt_project.yml", Path("dbt_project.yml"))[_KEY]
    if not _allows(engine, installed):
        raise FixConfiguration(
            f"dbt {installed} is installed, and the engine needs dbt {_text(engine)}.",
            "Install such a version: pip install 'dbt-core" + ",".join(engine) + "'.",
        )
    wanted = (project or {}).get(_KEY)
    if wanted and not _allows(wanted, installed):
        raise FixConfiguration(
            f"dbt_project.yml asks for dbt {_text(wanted)}, but dbt {installed} is installed and the engine "
            f"needs {_text(engine)}.",
            f"Widen `{_KEY}` in dbt_project.yml so that it allows {installed}.",
        )


def _allows(wanted: object, installed: str) -> bool:
    ranges = _ranges(wanted)
    try:
        specifiers = [VersionSpecifier.from_version_string(text) for text in ranges]
    except SemverError as error:
        raise FixConfiguration(
            f"dbt_project.yml: `{_KEY}` is {wanted!r}, which is not a version.",
            'Write it as [">=1.11.0", "<1.12.0"].',
        ) from error
    return bool(versions_compatible(VersionSpecifier.from_version_string(installed), *specifiers))


def _ranges(wanted: object) -> list[str]:
    listed = wanted if isinstance(wanted, list) else str(wanted).split(",")
    return [str(text).strip() for text in listed]


def _text(wanted: object) -> str:
    return ",".join(_ranges(wanted))
