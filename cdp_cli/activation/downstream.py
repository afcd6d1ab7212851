"""Which syncs must not run after a build, because a model that they depend on, or a test of it, failed."""

from __future__ import annotations

from cdp_cli.dbt import BuildResult
from cdp_cli.project import ModelNode, Project

# The engine joins consent, so every sync depends on it, even if its model does not.
_CONSENT = {"profile_consents", "profile_suppressions", "profile_identifiers", "purposes"}


def untrusted_syncs(project: Project, built: BuildResult) -> dict[str, str]:
    """The syncs that must not be sent after this build, each with one failed step that says why."""
    why: dict[str, str] = {}
    for node in built.failures:
        tested = project.tests.get(node.unique_id)
        for unique_id in (node.unique_id,) if tested is None else tested:
            why.setdefault(unique_id, node.name)
    if not why:
        return {}
    for node in built.skipped:
        if node.unique_id not in project.tests:
            why.setdefault(node.unique_id, next(iter(why.values())))
    consent = [model for model in project.models if model.name in _CONSENT]
    shared = {unique_id for unique_id in why if unique_id.split(".")[-1] in _CONSENT}
    shared = shared.union(*(_way(project, model) for model in consent))
    found = {}
    for sync in project.syncs:
        bad = sorted((_way(project, sync) | shared) & set(why))
        if bad:
            found[sync.name] = why[bad[0]]
    return found


def _way(project: Project, model: ModelNode) -> set[str]:
    return {model.unique_id, *project.upstream(model)}
