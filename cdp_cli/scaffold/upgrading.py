"""`cdp upgrade` as a function: brings a project to the installed version, and says what that changes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import yaml

from cdp_cli import dbt, engine_package
from cdp_cli.config import Settings
from cdp_cli.errors import FixConfiguration
from cdp_cli.scaffold.changes import Change, written
from cdp_cli.scaffold.requirements import check_dbt_version
from cdp_cli.scaffold.templates import installed_version, version_entry
from cdp_cli.scaffold.yaml_text import Addition, CannotAdd, add
from cdp_cli.staging import generated
from cdp_cli.staging.properties import read_mapping

_CHANGELOG = "extra_metadata/CHANGELOG.md"
_PROJECT = Path("dbt_project.yml")
_HEADING = re.compile(r"^## +(?:v?(\d+\.\d+\.\d+)|Unreleased)\b.*$", re.MULTILINE)
_PART = re.compile(r"^### +Upgrading\s*$(.*?)(?=^### |\Z)", re.MULTILINE | re.DOTALL)
_VAR = re.compile(rf"^(\s*{engine_package.VERSION_VAR}:\s*)(['\"]?)[\w.+-]+\2", re.MULTILINE)
_TAG = re.compile(r"(v?)(\d+\.\d+\.\d+\S*)")


@dataclass(frozen=True)
class Upgraded:
    """What was done. `before` is the version that the project had, None if it did not say."""

    before: str | None
    after: str
    notes: tuple[str, ...]
    changes: tuple[Change, ...]


def upgrade(settings: Settings) -> Upgraded:
    """Bring the project to the installed version: its packages, generated models and recorded version.

    Either all of this is done, or nothing. Raises FixConfiguration if the project cannot be brought to this
    version, and FixModel if dbt does not accept the result.
    """
    project_dir, after = settings.project_dir, installed_version()
    project = read_mapping(project_dir / _PROJECT, _PROJECT)
    check_dbt_version(project)
    engine_package.needs_deps(settings)  # raises if the project does not use the engine
    before = engine_package.project_version(settings)
    if before is not None and _numbers(before) > _numbers(after):
        raise FixConfiguration(
            f"{project_dir / _PROJECT} says that the project is at version {before}, and this program has "
            f"version {after}.",
            f"Install version {before} of cdp-cli or a newer one.",
        )
    unified = generated.plan(project_dir)
    changes = [
        change
        for change in (_recorded_version(project_dir, after), *_revisions(project_dir, after))
        if change is not None
    ]
    changes += [Change(path, unified.files[path], "written by `cdp generate`") for path in unified.different]
    with written(project_dir, {change.path: change.text for change in changes}):
        dbt.install_package(settings, again=True)
        generated.write(project_dir)
        dbt.parse(settings)
    return Upgraded(before, after, tuple(notes(changelog(), before, after)), tuple(changes))


def changelog() -> str:
    """The changelog of the installed version; empty in an installation that has none."""
    return distribution("cdp-cli").read_text(_CHANGELOG) or ""


def notes(text: str, before: str | None, after: str) -> Sequence[str]:
    """What each version after `before` up to `after` asks for, newest first, from the changelog's text.

    Notes that are not released yet belong to `after`. Without `before` there is no way to tell: no notes.
    """
    if before is None or _numbers(before) >= _numbers(after):
        return []
    headings = list(_HEADING.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    found = []
    for heading, end in zip(headings, ends, strict=True):
        version = heading.group(1) or after
        part = _PART.search(text[heading.end() : end])
        if part and _numbers(before) < _numbers(version) <= _numbers(after):
            found.append(f"{version}\n{part.group(1).strip()}")
    return found


def _recorded_version(project_dir: Path, after: str) -> Change | None:
    text = (project_dir / _PROJECT).read_text(encoding="utf-8")
    edited, count = _VAR.subn(lambda found: f'{found.group(1)}"{after}"', text)
    try:
        edited = edited if count == 1 else add(text, [Addition(("vars",), version_entry())])
    except CannotAdd as error:
        raise FixConfiguration(
            f"{_PROJECT} cannot be edited safely, because {error}; nothing was changed.",
            f'Write `{engine_package.VERSION_VAR}: "{after}"` under `vars:`, and run `cdp upgrade` again.',
        ) from error
    return (
        Change(_PROJECT, edited, f"{engine_package.VERSION_VAR} is now {after}") if edited != text else None
    )


def _revisions(project_dir: Path, after: str) -> list[Change]:
    """The revision of a package that comes from git, moved to the tag of the installed version."""
    changes = []
    for file in engine_package.PACKAGE_FILES:
        path = project_dir / file
        content = read_mapping(path, Path(file)) if path.is_file() else {}
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        for entry in content.get("packages") or []:
            if isinstance(entry, dict) and entry.get("subdirectory") == engine_package.SUBDIRECTORY:
                wanted = _tag(file, str(entry.get("revision") or ""), after)
                edited = _with_revision(file, text, content, entry, wanted)
                if edited != text:
                    changes.append(Change(Path(file), edited, f"the engine's revision is now {wanted}"))
    return changes


def _tag(file: str, revision: str, after: str) -> str:
    tag = _TAG.fullmatch(revision)
    if tag is None:
        raise FixConfiguration(
            f"{file} takes the engine from the git revision {revision!r}, which is not a version.",
            f"Set `revision:` to the tag of version {after}, and run `cdp upgrade` again.",
        )
    return f"{tag.group(1)}{after}"


def _with_revision(
    file: str, text: str, content: dict[str, Any], entry: dict[str, Any], revision: str
) -> str:
    """The text with another revision of one package, proven by reading it as YAML."""
    pattern = rf"^(\s*(?:-\s+)?revision:\s*)(['\"]?){re.escape(str(entry['revision']))}\2(?=\s|$)"
    edited = re.sub(pattern, rf"\g<1>{revision}", text, flags=re.MULTILINE)
    listed = [{**e, "revision": revision} if e is entry else e for e in content["packages"]]
    if yaml.safe_load(edited) != {**content, "packages": listed}:
        raise FixConfiguration(
            f"{file} cannot be edited safely; nothing was changed.",
            f"Set the engine's `revision:` to {revision}, and run `cdp upgrade` again.",
        )
    return edited


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
