"""The files that a new project starts with, and the parts that an existing one gets."""

from __future__ import annotations

import textwrap
from importlib.metadata import version
from pathlib import Path

from cdp_cli import engine_package

_FOLDER = Path(__file__).parent / "templates"
DISTRIBUTION = "cdp-cli"
SILENCED = "PackageNodeDependsOnRootProjectNode"
# The folders below the model paths whose models the engine finds by their place.
LAYER_FOLDERS = ("unified", "traits", "segments", "activation")


def installed_version() -> str:
    """The version of this program and of the dbt package in it."""
    return version(DISTRIBUTION)


def template(name: str, project: str = "", profile: str = "") -> str:
    """A file of templates/ with the project's and the profile's name filled in."""
    text = (_FOLDER / name).read_text(encoding="utf-8")
    text = text.replace("    LAYERS\n", textwrap.indent(layers(), " " * 4))
    return (
        text.replace("PROJECT", project).replace("PROFILE", profile).replace("VERSION", installed_version())
    )


def layers() -> str:
    """The configuration of the folders that have a meaning in the engine, below the project's name."""
    return (_FOLDER / "layers.yml").read_text(encoding="utf-8")


def version_entry() -> str:
    """The var that records the engine's version."""
    return (
        "# The engine's version that this project was last brought to, by `cdp init` or `cdp upgrade`.\n"
        f'{engine_package.VERSION_VAR}: "{installed_version()}"\n'
    )


def dispatch_entry(project: str) -> str:
    """The order in which dbt looks for the forms of its own macros."""
    return (
        "# The engine's own forms of dbt's macros come before dbt's.\n"
        f"- macro_namespace: dbt\n  search_order: [{project}, cdp, dbt]\n"
    )


def link_entry() -> str:
    """The package in the installed wheel, as an item of packages.yml."""
    return "- local: \"{{ env_var('CDP_PACKAGE') }}\"\n"


def git_entry(url: str, revision: str) -> str:
    """The package in a git repository, as an item of packages.yml or dependencies.yml."""
    return f"- git: {url}\n  subdirectory: {engine_package.SUBDIRECTORY}\n  revision: {revision}\n"
