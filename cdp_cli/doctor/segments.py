"""Segments are SQL only."""

from __future__ import annotations

from collections.abc import Iterator

from cdp_cli.config import Settings
from cdp_cli.doctor import Finding, Verdict
from cdp_cli.segments import check_segments


def check(settings: Settings) -> Iterator[Finding]:
    """What docs/reference/segments.md allows is all that stands in models/segments."""
    folder = settings.project_dir / "models" / "segments"
    problems = check_segments(folder)
    for problem in problems:
        yield Finding(
            Verdict.FAILED,
            f"{problem.path.relative_to(settings.project_dir)}"
            f"{f':{problem.line}' if problem.line else ''} {problem.what.rstrip('.')}.",
            problem.remedy,
        )
    if not problems:
        yield Finding(Verdict.OK, f"{len(list(folder.rglob('*.sql')))} segments are plain SQL")
