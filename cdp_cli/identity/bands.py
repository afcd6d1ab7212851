"""The thresholds that decide what a score does. One place; docs/identity.md gives the reason of each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bands:
    """Probabilities, but for the shares `doubt` and `claim`.

    A pair at or above `auto` joins by itself; from `review` up to `auto` it waits for a person; below
    `review` it is dropped.

    `density`: two groups join only while the mean probability of all pairs between them is at least so much.
    Pairs that score low count with what they score, pairs with nothing to compare do not count. It is what
    stops a chain of single links.

    `claim`: a group that resembles several, which are not one person, is at most one of them, or none. Of the
    odds of all of these the one that it joins has to have so much. Groups with a pair of at least `alike`
    between them may be one person.

    `doubt`: of the pairs between two groups that have both first names, the share that may be vetoed for it.

    `margin`: a pair whose records were one profile already still joins down to `auto - margin`.
    """

    auto: float = 0.5
    margin: float = 0.1
    review: float = 0.1
    density: float = 0.25
    claim: float = 0.45
    alike: float = 0.3
    doubt: float = 0.5


DEFAULT = Bands()
