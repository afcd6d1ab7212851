"""What came of a fault that was tried many times."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from cdp_cli.errors import CdpError


@dataclass
class Tally:
    """Rows over all trials. `lost` were not delivered in the end, or not as they should be; `twice` changed
    the receiver more than once; `in_doubt` are left to a person. `messages` are what users were told, by
    text. `broken` are promises that did not hold, as sentences.
    """

    fault: str = ""
    times: int = 0
    lost: int = 0
    twice: int = 0
    in_doubt: int = 0
    messages: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)

    @property
    def holds(self) -> bool:
        """Whether nothing was lost, applied twice or broken."""
        return not (self.lost or self.twice or self.broken)

    def told(self, error: BaseException | None) -> None:
        """Note what a run said. Anything but an error of ours is no message for a user."""
        if isinstance(error, CdpError):
            self.messages[error.problem] += 1
        elif error is not None:
            self.broken[f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"] += 1

    def add(self, other: Tally) -> None:
        """Count the other's trials as ours."""
        self.times += other.times
        self.lost += other.lost
        self.twice += other.twice
        self.in_doubt += other.in_doubt
        self.messages += other.messages
        self.broken += other.broken
