"""Groups records into people: connected components, and a closer look at those that are suspect.

A component is plain where every pair of its records scored as one person. All others are suspect (a pair
that was vetoed, never compared, or waits) and are put together again from single records, strongest mean
evidence first, refusing joins that break a constraint.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from cdp_cli.identity.bands import Bands

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Edges:
    """Pairs of records by their numbers, `left` < `right`, each pair once.

    `same` pairs join whatever speaks against it; `apart` pairs never share a group; `joined` pairs were one
    profile before.
    """

    left: Integers
    right: Integers
    probability: Floats
    same: Flags
    apart: Flags
    joined: Flags

    def where(self, chosen: Flags) -> Edges:
        """Some of the edges."""
        return Edges(
            self.left[chosen], self.right[chosen], self.probability[chosen], self.same[chosen],
            self.apart[chosen], self.joined[chosen],
        )  # fmt: skip


@dataclass(frozen=True)
class Limit:
    """At most `most` different values in one group; `values` has one number a record, -1 for none."""

    values: Integers
    most: int


def components(count: int, left: Integers, right: Integers) -> Integers:
    """A component number for each of `count` records."""
    matrix = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(count, count))
    labels: Integers = connected_components(matrix, directed=False)[1].astype(np.int64)
    return labels


def evidence(edges: Edges, bands: Bands) -> Flags:
    """The edges that can hold records together."""
    return np.asarray((edges.same | (edges.probability >= bands.review)) & ~(edges.apart & ~edges.same))


def suspects(labels: Integers, edges: Edges, bands: Bands) -> Flags:
    """For each component whether it is suspect: not every pair of its records scores as one person."""
    count = int(labels.max(initial=-1)) + 1
    sizes = np.bincount(labels, minlength=count)
    inside = labels[edges.left] == labels[edges.right]
    sure = inside & (edges.probability >= bands.auto) & ~edges.apart
    sure_pairs = np.bincount(labels[edges.left[sure]], minlength=count)
    return np.asarray(sure_pairs < sizes * (sizes - 1) // 2)


def cluster(count: int, edges: Edges, limits: Sequence[Limit], bands: Bands) -> Integers:
    """A group for each of `count` records: the smallest number of its records.

    The result does not depend on the order of edges.
    """
    held = edges.where(evidence(edges, bands))
    labels = components(count, held.left, held.right)
    suspect = suspects(labels, edges, bands)
    groups = _smallest_member(labels)
    doubtful = suspect[labels[edges.left]] & (labels[edges.left] == labels[edges.right])
    if doubtful.any():
        inside = edges.where(doubtful)
        members = np.flatnonzero(suspect[labels])
        groups[members] = members
        _greedy(groups, inside, limits, bands)
    return groups


def _smallest_member(labels: Integers) -> Integers:
    smallest = np.full(int(labels.max(initial=-1)) + 1, len(labels), dtype=np.int64)
    np.minimum.at(smallest, labels, np.arange(len(labels)))
    result: Integers = smallest[labels]
    return result


@dataclass
class _Group:
    """A group under construction: its records, the evidence to its neighbours, and who must stay out."""

    members: list[int]
    total: dict[int, float] = field(default_factory=dict)
    best: dict[int, float] = field(default_factory=dict)
    apart: set[int] = field(default_factory=set)
    values: list[set[int]] = field(default_factory=list)


def _greedy(groups: Integers, edges: Edges, limits: Sequence[Limit], bands: Bands) -> None:
    """Join the records of `edges` into groups, strongest mean evidence first, ties by record number."""
    order = np.lexsort((edges.right, edges.left))
    edges = edges.where(order)
    found: dict[int, _Group] = {}
    for number in np.unique(np.concatenate([edges.left, edges.right])).tolist():
        values = [{int(limit.values[number])} - {-1} for limit in limits]
        found[number] = _Group([number], values=values)
    heap: list[tuple[float, int, int, int, int]] = []
    # A pair that was one profile before counts as sure down to the margin: people do not flicker.
    strength = np.where(edges.joined & (edges.probability >= bands.auto - bands.margin), np.maximum(edges.probability, bands.auto), edges.probability)
    rows = zip(edges.left.tolist(), edges.right.tolist(), strength.tolist(), edges.same.tolist(), edges.apart.tolist(), strict=True)
    must: list[tuple[int, int]] = []
    for left, right, probability, same, apart in rows:
        if same:
            must.append((left, right))
        elif apart:
            found[left].apart.add(right)
            found[right].apart.add(left)
        if not apart and probability >= bands.review:
            found[left].total[right] = found[right].total[left] = probability
            found[left].best[right] = found[right].best[left] = probability
            heap.append((-probability, left, right, 1, 1))
    home = {number: number for number in found}
    for left, right in must:
        first, second = _home(home, left), _home(home, right)
        if first != second:
            _merge(found, home, heap, first, second)
    heapq.heapify(heap)
    while heap:
        mean, left, right, left_size, right_size = heapq.heappop(heap)
        if -mean < bands.density:
            break
        first, second = found.get(left), found.get(right)
        if first is None or second is None or len(first.members) != left_size or len(second.members) != right_size:
            continue
        enough = first.best[right] >= bands.auto or first.total[right] >= bands.support
        if enough and right not in first.apart and _within(first, second, limits):
            _merge(found, home, heap, left, right)
    for group in found.values():
        groups[group.members] = min(group.members)


def _within(first: _Group, second: _Group, limits: Sequence[Limit]) -> bool:
    return all(
        len(mine | theirs) <= max(limit.most, len(mine), len(theirs))
        for mine, theirs, limit in zip(first.values, second.values, limits, strict=True)
    )


def _home(home: dict[int, int], number: int) -> int:
    while home[number] != number:
        home[number] = home[home[number]]
        number = home[number]
    return number


def _merge(
    found: dict[int, _Group], home: dict[int, int], heap: list[tuple[float, int, int, int, int]], first: int, second: int
) -> None:
    """Take group `second` into group `first`, or the other way round where that is less work."""
    if (len(found[first].total), -first) < (len(found[second].total), -second):
        first, second = second, first
    kept, gone = found[first], found.pop(second)
    home[second] = first
    kept.members += gone.members
    for mine, theirs in zip(kept.values, gone.values, strict=True):
        mine |= theirs
    for neighbours in (kept.total, kept.best):
        neighbours.pop(second, None)
    for other, total in gone.total.items():
        neighbour = found.get(other)
        if neighbour is None or other == first:
            continue
        kept.total[other] = neighbour.total[first] = kept.total.get(other, 0.0) + total
        kept.best[other] = neighbour.best[first] = max(kept.best.get(other, 0.0), gone.best[other])
        del neighbour.total[second], neighbour.best[second]
    for other in gone.apart:
        if other in found:
            found[other].apart.discard(second)
            if other != first:
                found[other].apart.add(first)
                kept.apart.add(other)
    kept.apart.discard(second)
    for other, total in kept.total.items():
        size = len(found[other].members)
        low, high = (first, other) if first < other else (other, first)
        low_size, high_size = (len(kept.members), size) if low == first else (size, len(kept.members))
        heapq.heappush(heap, (-total / (len(kept.members) * size), low, high, low_size, high_size))
