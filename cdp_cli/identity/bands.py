"""The thresholds that decide what a score does. One place; docs/identity.md gives the reason of each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bands:
    """Probabilities, but for `support` and `keep`.

    A pair at or above `auto` joins by itself; from `review` up to `auto` it waits for a person, unless several
    pairs between two groups add up to `support` expected matches; below `review` it is dropped.

    `density`: two groups join only while the mean probability of all pairs between them, those never compared
    counting as 0, is at least so much. It is what stops a chain of single links.

    `margin`: a pair whose records were one profile already still joins down to `auto - margin`.
    """

    auto: float = 0.9
    margin: float = 0.1
    review: float = 0.1
    density: float = 0.2
    support: float = 1.0


DEFAULT = Bands()
