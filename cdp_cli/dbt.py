"""Runs dbt: as a child process, because dbt holds an embedded warehouse's lock while its process lives, or in
this process where the engine's session is here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdp_cli import engine_package
from cdp_cli.config import Settings
from cdp_cli.errors import FixModel
from cdp_cli.warehouse import check_engine, dbt_runner

_FAILED = {"error", "fail", "runtime error"}
_DBT = (sys.executable, "-m", "dbt.cli.main")

# What a line of dbt's log says: its level, its event's name, its message, and the node it is about or "".
_Note = Callable[[str, str, str, str], None]


@dataclass(frozen=True)
class NodeResult:
    """One model, seed or test of a dbt run."""

    unique_id: str
    status: str
    seconds: float
    message: str

    @property
    def name(self) -> str:
        """The node's name without its type and project."""
        return self.unique_id.split(".")[2]

    @property
    def failed(self) -> bool:
        """Whether it ran and did not succeed; a skipped node did not run."""
        return self.status in _FAILED


@dataclass(frozen=True)
class BuildResult:
    """What one `dbt build` did, node by node, in the order of finishing."""

    nodes: tuple[NodeResult, ...]
    seconds: float

    @property
    def failures(self) -> tuple[NodeResult, ...]:
        """The nodes that failed."""
        return tuple(node for node in self.nodes if node.failed)

    @property
    def skipped(self) -> tuple[NodeResult, ...]:
        """The nodes that did not run because something before them failed."""
        return tuple(node for node in self.nodes if node.status == "skipped")


def build(
    settings: Settings, arguments: Sequence[str] = (), on_node: Callable[[str], None] | None = None
) -> BuildResult:
    """Run `dbt build` and return what each node did; nodes that failed are in the result, not raised.

    `on_node` is told the name of each node as it finishes.
    Raises FixModel if dbt could not start the run: the project does not parse, the warehouse is in use.
    """
    results_file = settings.artifacts_dir / "run_results.json"
    before = results_file.stat().st_mtime_ns if results_file.exists() else 0
    said = _dbt(settings, ["build", *arguments], on_node)
    if not results_file.exists() or results_file.stat().st_mtime_ns == before:
        raise _cannot_start(said)
    results = json.loads(results_file.read_text(encoding="utf-8"))
    nodes = tuple(
        NodeResult(
            unique_id=result["unique_id"],
            status=result["status"],
            seconds=result["execution_time"],
            message=result["message"] or "",
        )
        for result in results["results"]
    )
    return BuildResult(nodes=nodes, seconds=results["elapsed_time"])


def parse(settings: Settings) -> None:
    """Write target/manifest.json for the project as it is now. Raises FixModel if it does not parse."""
    manifest = settings.artifacts_dir / "manifest.json"
    before = manifest.stat().st_mtime_ns if manifest.exists() else 0
    said = _dbt(settings, ["parse"], None)
    if not manifest.exists() or manifest.stat().st_mtime_ns == before:
        raise _cannot_start(said)


def compile_models(settings: Settings, models: Sequence[str], artifacts: Path) -> Path:
    """Write the manifest with the compiled code of `models` to the folder `artifacts`, and return it.

    Raises FixModel if they do not compile.
    """
    said: list[str] = []
    install_package(settings)
    arguments = ["compile", "--select", *models, "--target-path", str(artifacts)]
    _in_child(
        settings, arguments, lambda level, _, message, __: said.append(message) if level == "error" else None
    )
    if said or not (artifacts / "manifest.json").is_file():
        raise _cannot_start(said)
    return artifacts


def run(settings: Settings, arguments: Sequence[str]) -> int:
    """Run dbt with any arguments, its output where this process's goes; returns its exit code."""
    if arguments[:1] != ("deps",):
        install_package(settings)
    command = [*arguments, *_where(settings)]
    runner = dbt_runner(settings)
    if runner is not None:
        return runner(settings, command, lambda _: None)
    done = subprocess.run([*_DBT, *command], cwd=settings.project_dir, env=_environment(), check=False)
    return done.returncode


def install_package(settings: Settings, *, again: bool = False) -> None:
    """Run `dbt deps` if the engine's package is not there, and check that it belongs to this program.

    `again` runs it in any case.

    Raises FixConfiguration if the project does not use the package, or uses another version of it, and
    FixModel if `dbt deps` fails.
    """
    if engine_package.needs_deps(settings) or again:
        errors: list[str] = []
        _in_child(
            settings,
            ["deps"],
            lambda level, _, message, __: errors.append(message) if level == "error" else None,
        )
        if errors:
            raise _cannot_start(errors)
    engine_package.check_version(settings)


def _environment() -> dict[str, str]:
    """Ours, with the engine's package, and without the warnings of dbt's libraries."""
    package = os.environ.get(engine_package.VARIABLE, str(engine_package.FOLDER))
    return {**os.environ, "PYTHONWARNINGS": "ignore", engine_package.VARIABLE: package}


def _where(settings: Settings) -> list[str]:
    return [
        "--project-dir", str(settings.project_dir), "--profiles-dir", str(settings.profiles_dir),
        "--target", settings.target,
    ]  # fmt: skip


def _dbt(settings: Settings, arguments: Sequence[str], on_node: Callable[[str], None] | None) -> list[str]:
    """Run dbt in the project's folder; returns its error messages."""
    check_engine(settings)
    install_package(settings)
    errors: list[str] = []

    def note(level: str, name: str, message: str, node: str) -> None:
        if level == "error":
            errors.append(message.strip())
        if on_node is not None and name == "NodeFinished":
            on_node(node)

    runner = dbt_runner(settings)
    if runner is None:
        _in_child(settings, arguments, note)
    else:
        quietly = ["--log-level", "none", *arguments, *_where(settings)]
        runner(settings, quietly, lambda event: note(*_told(event)))
    return errors


def _told(event: Any) -> tuple[str, str, str, str]:
    """An event of dbt in this process, as a note is told it. Only few events are about a node."""
    node = getattr(getattr(event.data, "node_info", None), "node_name", "")
    return event.info.level, event.info.name, event.info.msg, str(node)


def _in_child(settings: Settings, arguments: Sequence[str], note: _Note) -> None:
    command = [*_DBT, "--log-format", "json", "--log-level", "info", *arguments, *_where(settings)]
    with subprocess.Popen(
        command, cwd=settings.project_dir, env=_environment(), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, encoding="utf-8",
    ) as process:  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            event = _event(line)
            info = event.get("info", {})
            node = event.get("data", {}).get("node_info", {}).get("node_name", "")
            note(str(info.get("level", "")), str(info.get("name", "")), str(info.get("msg", "")), str(node))


def _event(line: str) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except ValueError:
        # Whatever a child prints besides dbt's own events: what stopped it before logging began.
        return {"info": {"level": "error", "msg": line}}
    return event if isinstance(event, dict) else {}


def _cannot_start(said: Sequence[str]) -> FixModel:
    first = next((message for message in said if message), "dbt gave no reason")
    lines = [line.strip() for line in first.splitlines() if line.strip()]
    if lines[:1] == ["Encountered an error:"]:
        del lines[0]
    return FixModel(
        f"dbt could not start: {' '.join(lines[:4])}.", "Correct it and run again; nothing was changed."
    )
