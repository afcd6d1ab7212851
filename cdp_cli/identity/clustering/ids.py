"""Profile ids: minted once, carried by largest overlap, never issued again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


def mint(record_id: str, issued: Iterable[str]) -> str:
    """A new opaque id for the group that `record_id` founds. `issued` are the ids that ever were."""
    attempt = 0
    while True:
        text = record_id if attempt == 0 else f"{record_id}#{attempt}"
        minted = "p_" + hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:20]
        if minted not in issued:
            return minted
        attempt += 1


def carry(groups: Integers, previous: Integers) -> dict[int, int]:
    """Which earlier profile each group goes on as; a group without one is to get a new id.

    `groups` and `previous` number the group and the earlier profile of each record, -1 for none. Earlier
    profiles are numbered by age, the oldest first: that breaks ties. Each profile goes to one group, and each
    group takes one profile, the largest overlap first.
    """
    known = (groups >= 0) & (previous >= 0)
    pairs, counts = np.unique(np.stack([groups[known], previous[known]], axis=1), axis=0, return_counts=True)
    if not len(pairs):
        return {}
    order = np.lexsort((pairs[:, 0], pairs[:, 1], -counts))
    carried: dict[int, int] = {}
    taken: set[int] = set()
    for group, profile in pairs[order].tolist():
        if group not in carried and profile not in taken:
            carried[group] = profile
            taken.add(profile)
    return carried
