"""What decides about a score: thresholds, and vetoes that are off. The dbt vars `identity_*` set them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bands:
    """All numbers are probabilities, except the two shares.

    A pair at or above `auto` joins by itself. A pair from `review` up to `auto` waits for a person. A pair
    below `review` is dropped. A pair whose records were one profile before still joins until it
    falls below `auto` by more than `hysteresis`.

    `min_average_linkage`: two groups join only if the mean probability of all pairs between them is at least
    this. Low-scoring pairs count with their score; pairs with nothing to compare do not count. This stops
    chains of single links.

    `min_exclusive_share`: a group may resemble several groups that are not one person. It then joins one of
    them only if that group holds at least this share of the total odds.

    `max_rival_probability`: two groups with a pair of at least this probability between them may be one
    person, so they are not rivals.

    `max_name_conflict_share`: two groups do not join if first-name vetoes hold for at least this share of the
    pairs between them in which both records have a first name.

    `vetoes_off` names the vetoes that do not hold.
    """

    auto: float = 0.5
    hysteresis: float = 0.1
    review: float = 0.1
    min_average_linkage: float = 0.25
    min_exclusive_share: float = 0.45
    max_rival_probability: float = 0.3
    max_name_conflict_share: float = 0.5
    vetoes_off: tuple[str, ...] = ()


DEFAULT = Bands()
