"""Limits that an answer states itself: how many requests are left, and when there will be more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from cdp_cli.destinations.strict import Strict

_LONGEST_PAUSE = 86_400.0


class RateHeaders(Strict):
    """The headers of an answer. If none are left, the limit of the call pauses until `reset`."""

    remaining: str
    reset: str
    unit: Literal["seconds", "milliseconds", "epoch", "epoch_milliseconds"] = "seconds"

    def pause(self, headers: Mapping[str, str], now: float) -> float | None:
        """Seconds to wait, at most a day; None if requests are left or the headers do not say.

        `now` is in seconds since 1970, and the headers' names are in lower case.
        """
        try:
            remaining = float(headers.get(self.remaining.lower(), ""))
            reset = float(headers.get(self.reset.lower(), ""))
        except ValueError:
            return None
        if not remaining <= 0:
            return None
        seconds = reset / 1000 if self.unit.endswith("milliseconds") else reset
        seconds = seconds - now if self.unit.startswith("epoch") else seconds
        return min(max(seconds, 0.0), _LONGEST_PAUSE)
