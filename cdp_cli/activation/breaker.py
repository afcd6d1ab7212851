"""Stops a run at a destination that takes nothing at all, before it costs a request a row."""

from __future__ import annotations

from collections import Counter

from cdp_cli.activation.ledger import Settled
from cdp_cli.errors import CheckDestination

# Tries in a row that were refused, or had no answer, with not one row taken in the whole run.
_REFUSED = 30
_SILENT = 3


class Breaker:
    """Counts what came of the batches of one run and verb."""

    def __init__(self) -> None:
        self._taken = False
        self._reasons: Counter[str] = Counter()
        self._silent = 0

    @property
    def is_wary(self) -> bool:
        """Whether something was refused and nothing was taken so far."""
        return bool(self._reasons) and not self._taken

    def note(self, settled: Settled) -> CheckDestination | None:
        """Count one answer; the reason to stop, if there is one."""
        reason = settled.reason or "no reason given"
        if settled.status == "accepted":
            self._taken, self._silent = True, 0
        elif settled.status == "in_doubt":
            self._silent += 1
        elif settled.status in ("split", "refused", "set_aside"):
            self._reasons[reason] += 1
            self._silent = 0
        tries = self._reasons.total()
        if not self._taken and tries >= _REFUSED:
            common, times = self._reasons.most_common(1)[0]
            return CheckDestination(
                f"The destination takes nothing: {tries} requests with parts of the rows were refused, "
                f"{'all' if times == tries else times} with: {common}.",
                "What all rows have in common is wrong: compare the model's columns with the destination's "
                "fields.",
            )
        if self._silent >= _SILENT:
            return CheckDestination(
                f"The destination gave no answer: {reason}.",
                "Run `cdp sync` again; it settles what has no answer first.",
            )
        return None
