"""The thresholds that decide what a score does. One place; docs/identity.md gives the reason of each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bands:
    """Probabilities, but for `support`.

    A pair at or above `auto` joins by itself; from `review` up to `auto` it waits for a person; below
    `review` it is dropped. Several waiting pairs between two groups join them where they add up to `support`
    expected matches and their mean is at least `agreement`.

    `density`: two groups join only while the mean probability of all pairs between them is at least so much.
    Pairs that could be compared and scored low, or were not even found by blocking, count as 0; pairs with
    nothing to compare do not count. It is what stops a chain of single links.

    `doubt`: of the pairs between two groups that have both first names, the share that may be vetoed for it.

    `margin`: a pair whose records were one profile already still joins down to `auto - margin`.
    """

    auto: float = 0.85
    margin: float = 0.1
    review: float = 0.1
    density: float = 0.25
    support: float = 1.0
    agreement: float = 0.4
    doubt: float = 0.3


DEFAULT = Bands()
