"""Privacy."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

from cdp_cli.config import Settings
from cdp_cli.doctor import Finding, Verdict


def check(settings: Settings) -> Iterator[Finding]:
    """Git ignores everything that holds personal data: warehouse, ledgers, dbt's artifacts and logs."""
    folders = [settings.data_dir, settings.artifacts_dir, settings.project_dir / "logs"]
    inside = [folder for folder in folders if folder.resolve().is_relative_to(settings.project_dir)]
    # The path of a file that could be there: a folder itself may be tracked for its .gitkeep.
    probes = [str((folder / "personal").relative_to(settings.project_dir)) for folder in inside]
    try:
        asked = subprocess.run(
            ["git", "check-ignore", *probes],
            cwd=settings.project_dir,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        yield Finding(Verdict.OK, "git is not installed, so nothing can be committed")
        return
    if asked.returncode not in (0, 1) or not probes:
        yield Finding(Verdict.OK, "not a git repository, so nothing can be committed")
        return
    exposed = sorted(set(probes) - set(asked.stdout.split()))
    for probe in exposed:
        folder = probe.rsplit("/", 1)[0]
        yield Finding(
            Verdict.FAILED,
            f"{folder}/ holds personal data and git does not ignore it.",
            f"Add {folder}/ to .gitignore.",
        )
    if not exposed:
        yield Finding(Verdict.OK, "warehouse, ledgers, artifacts and logs are outside git")
