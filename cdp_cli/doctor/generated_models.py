"""Generated models."""

from __future__ import annotations

from collections.abc import Iterator

from cdp_cli.config import Settings
from cdp_cli.doctor import Finding, Verdict
from cdp_cli.staging import generated


def check(settings: Settings) -> Iterator[Finding]:
    """What `cdp generate` writes is what the properties files say."""
    planned = generated.plan(settings.project_dir)
    if planned.up_to_date:
        yield Finding(Verdict.OK, f"models/unified follows from {len(planned.models)} models")
    else:
        changed = ", ".join(str(path) for path in (*planned.different, *planned.stale))
        yield Finding(
            Verdict.FAILED, f"Not up to date: {changed}.", "Run `cdp generate` and commit the result."
        )
