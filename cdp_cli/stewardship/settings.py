"""The settings of identity in a project: what its dbt vars make of the models' meta, by the manifest."""

from __future__ import annotations

from dataclasses import dataclass

from cdp_cli.config import Settings
from cdp_cli.errors import FixModel
from cdp_cli.identity.bands import Bands
from cdp_cli.identity.clustering import change_guard
from cdp_cli.identity.clustering.change_guard import ChangeGuard
from cdp_cli.identity.settings import configured
from cdp_cli.project import load_project

_MODEL = "identity_assignments"


@dataclass(frozen=True)
class IdentitySettings:
    """The bands and vetoes that decide, and the guard of a build."""

    bands: Bands
    guard: ChangeGuard


def identity_settings(settings: Settings) -> IdentitySettings:
    """The settings that the next build of the project uses.

    Raises FixModel if the project does not parse or has no model identity_assignments, FixConfiguration if a
    var is wrong.
    """
    models = {model.name: model for model in load_project(settings).models}
    if _MODEL not in models:
        raise FixModel(
            f"The dbt project has no model {_MODEL}, whose meta holds the settings of identity.",
            "Add the engine's package to packages.yml, or enable its models.",
        )
    meta = models[_MODEL].meta
    return IdentitySettings(
        bands=configured(meta.get("settings")),
        guard=change_guard.configured(meta.get("change_guard"), False),
    )
