"""Groups records into people: connected components, and a closer look at those that are suspect.

A component is plain where every pair of its records scored as one person. All others are suspect: a pair was
vetoed, never compared, or waits. Their records are put together again one by one (grouping.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cdp_cli.identity.bands import Bands
from cdp_cli.identity.clustering.graph import Edges, Flags, Integers, Limit, components
from cdp_cli.identity.clustering.grouping import regroup
from cdp_cli.identity.clustering.refusals import Refusal


def evidence(edges: Edges, bands: Bands) -> Flags:
    """The edges that can hold records together."""
    against = (edges.cannot_link | edges.soft_cannot_link) & ~edges.must_link
    return np.asarray((edges.must_link | (edges.probability >= bands.review)) & ~against)


def held_components(count: int, edges: Edges, bands: Bands) -> Integers:
    """The components that evidence holds together."""
    held = evidence(edges, bands)
    return components(count, edges.left[held], edges.right[held])


def suspects(labels: Integers, edges: Edges, filled: Integers, bands: Bands) -> Flags:
    """For each component whether it is suspect.

    One that is not hangs together by sure pairs alone, and all of its pairs that can be compared are sure.
    """
    count = int(labels.max(initial=-1)) + 1
    inside = labels[edges.left] == labels[edges.right]
    against = (edges.cannot_link | edges.soft_cannot_link) & ~edges.must_link
    sure = inside & ((edges.probability >= bands.auto) | edges.must_link) & ~against
    parts = components(len(labels), edges.left[sure], edges.right[sure])
    part_counts = np.bincount(labels[np.unique(parts, return_index=True)[1]], minlength=count)
    can_compare = (filled[edges.left] & filled[edges.right]) > 0
    sure_pairs = np.bincount(labels[edges.left[sure & can_compare]], minlength=count)
    vetoed = np.bincount(labels[edges.left[inside & against]], minlength=count) > 0
    return np.asarray((part_counts > 1) | (sure_pairs < _comparable_pairs(labels, filled, count)) | vetoed)


def _comparable_pairs(labels: Integers, filled: Integers, count: int) -> Integers:
    """How many pairs of records of each component have something to compare."""
    kinds, kind = np.unique(filled, return_inverse=True)
    cells, sizes = np.unique(labels * len(kinds) + kind, return_counts=True)
    cell_label, cell_kind = cells // len(kinds), cells % len(kinds)
    total = np.zeros(count, dtype=np.int64)
    own = (kinds > 0)[cell_kind]
    np.add.at(total, cell_label[own], (sizes * (sizes - 1) // 2)[own])
    # Cells of one component stand side by side: pair each with those so many places after it.
    for distance in range(1, len(kinds)):
        same = cell_label[:-distance] == cell_label[distance:]
        if not same.any():
            break
        comparable = same & ((kinds[cell_kind[:-distance]] & kinds[cell_kind[distance:]]) > 0)
        np.add.at(
            total, cell_label[:-distance][comparable], (sizes[:-distance] * sizes[distance:])[comparable]
        )
    return total


def cluster(
    count: int, edges: Edges, filled: Integers, limits: Sequence[Limit], bands: Bands
) -> tuple[Integers, list[Refusal]]:
    """A group for each of `count` records, which is the smallest number of its records, and refused joins.

    `filled` has a bit for each kind of evidence that a record carries, the first for a first name: two
    records without a common bit have nothing to compare. The result does not depend on the order of edges.
    """
    labels = held_components(count, edges, bands)
    suspect = suspects(labels, edges, filled, bands)
    groups = _smallest_member(labels)
    doubtful = suspect[labels[edges.left]] & (labels[edges.left] == labels[edges.right])
    if doubtful.any():
        members = np.flatnonzero(suspect[labels])
        groups[members] = members
        return groups, regroup(groups, labels, edges.taken(doubtful), filled, limits, bands)
    return groups, []


def _smallest_member(labels: Integers) -> Integers:
    smallest = np.full(int(labels.max(initial=-1)) + 1, len(labels), dtype=np.int64)
    np.minimum.at(smallest, labels, np.arange(len(labels)))
    result: Integers = smallest[labels]
    return result
