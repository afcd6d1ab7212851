"""The options that commands share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cdp_cli.config import find_settings

Command = Callable[..., Any]


def project_options(command: Command) -> Command:
    """Add --project-dir and --target; the command gets them as one argument `settings`."""

    @click.option(
        "--project-dir",
        type=click.Path(path_type=Path, file_okay=False),
        help="The dbt project; by default the nearest folder upwards that has a dbt_project.yml.",
    )
    @click.option("--target", help="The target in profiles.yml; by default the profile's own.")
    @functools.wraps(command)
    def with_settings(*args: Any, project_dir: Path | None, target: str | None, **options: Any) -> Any:
        return command(*args, settings=find_settings(project_dir, target), **options)

    return with_settings


json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document and nothing else."
)
