"""Groups records into people: connected components, and a closer look at those that are suspect.

A component is plain where every pair of its records scored as one person. All others are suspect (a pair
that was vetoed, never compared, or waits) and are put together again from single records, strongest mean
evidence first, refusing joins that break a constraint.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import repeat

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from cdp_cli.identity.bands import Bands

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


# So sure a pair needs no comparing with others.
BEYOND_RIVALRY = 0.99

# The bit of `filled` that says that a record has a first name of its own.
FIRST_NAME_FILLED = 1


@dataclass(frozen=True)
class Edges:
    """Pairs of records by their numbers, `left` < `right`, each pair once.

    `same` pairs join whatever speaks against it; `apart` pairs never share a group; `doubted` pairs never
    join by themselves; `joined` pairs were one profile before.
    """

    left: Integers
    right: Integers
    probability: Floats
    same: Flags
    apart: Flags
    doubted: Flags
    joined: Flags

    def where(self, chosen: Flags) -> Edges:
        """Some of the edges."""
        return self._taken(chosen)

    def ordered(self) -> Edges:
        """The edges by left, then right record."""
        return self._taken(np.lexsort((self.right, self.left)))

    def _taken(self, chosen: Flags | NDArray[np.intp]) -> Edges:
        return Edges(
            self.left[chosen], self.right[chosen], self.probability[chosen], self.same[chosen],
            self.apart[chosen], self.doubted[chosen], self.joined[chosen],
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
    against = (edges.apart | edges.doubted) & ~edges.same
    return np.asarray((edges.same | (edges.probability >= bands.review)) & ~against)


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
    against = (edges.apart | edges.doubted) & ~edges.same
    sure = inside & ((edges.probability >= bands.auto) | edges.same) & ~against
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


def cluster(count: int, edges: Edges, filled: Integers, limits: Sequence[Limit], bands: Bands) -> Integers:
    """A group for each of `count` records: the smallest number of its records.

    `filled` has a bit for each kind of evidence that a record carries, the first for a first name: two
    records without a common bit have nothing to compare. The result does not depend on the order of edges.
    """
    labels = held_components(count, edges, bands)
    suspect = suspects(labels, edges, filled, bands)
    groups = _smallest_member(labels)
    doubtful = suspect[labels[edges.left]] & (labels[edges.left] == labels[edges.right])
    if doubtful.any():
        inside = edges.where(doubtful)
        members = np.flatnonzero(suspect[labels])
        groups[members] = members
        _greedy(groups, inside, filled, limits, bands)
    return groups


def _smallest_member(labels: Integers) -> Integers:
    smallest = np.full(int(labels.max(initial=-1)) + 1, len(labels), dtype=np.int64)
    np.minimum.at(smallest, labels, np.arange(len(labels)))
    result: Integers = smallest[labels]
    return result


@dataclass
class _Group:
    """A group under construction: its records, and what stands between it and each neighbour.

    `total`, `best` and `pairs` sum up the pairs that speak for a join, `named` those of them with both first
    names, `doubts` the vetoes that are not firm, `apart` the firm ones.
    """

    members: list[int]
    filled: dict[int, int]
    values: list[set[int]]
    total: dict[int, float] = field(default_factory=dict)
    best: dict[int, float] = field(default_factory=dict)
    pairs: dict[int, int] = field(default_factory=dict)
    named: dict[int, int] = field(default_factory=dict)
    doubts: dict[int, int] = field(default_factory=dict)
    apart: set[int] = field(default_factory=set)


def _greedy(groups: Integers, edges: Edges, filled: Integers, limits: Sequence[Limit], bands: Bands) -> None:
    """Join the records of `edges` into groups, strongest mean evidence first, ties by record number."""
    edges = edges.ordered()
    in_doubt = np.unique(np.concatenate([edges.left, edges.right]))
    numbers = in_doubt.tolist()
    values = (
        zip(*(limit.values[in_doubt].tolist() for limit in limits), strict=True) if limits else repeat(())
    )
    found = {
        number: _Group([number], {bits: 1}, [{value} if value >= 0 else set() for value in own])
        for number, bits, own in zip(numbers, filled[in_doubt].tolist(), values, strict=False)
    }
    _connect(found, edges, filled, bands)
    heap: list[_Candidate] = []
    home = {number: number for number in numbers}
    for left, right in zip(edges.left[edges.same].tolist(), edges.right[edges.same].tolist(), strict=True):
        first, second = _home(home, left), _home(home, right)
        if first != second:
            _merge(found, home, first, second)
    for number, group in found.items():
        heap += [
            _candidate(found, number, other)
            for other in group.total
            if number < other and group.best[other] >= bands.auto
        ]
    heapq.heapify(heap)
    while heap:
        mean, left, right, left_size, right_size = heapq.heappop(heap)
        if -mean < bands.density:
            break
        first_group, second_group = found.get(left), found.get(right)
        if first_group is None or second_group is None:
            continue
        if len(first_group.members) != left_size or len(second_group.members) != right_size:
            continue
        if (
            _may_join(first_group, second_group, right, limits, bands)
            and _unrivalled(found, left, right, bands)
            and _unrivalled(found, right, left, bands)
        ):
            kept = _merge(found, home, left, right)
            group = found[kept]
            for other in group.total:
                if group.best[other] >= bands.auto:
                    heapq.heappush(heap, _candidate(found, *sorted((kept, other))))
    for group in found.values():
        groups[group.members] = min(group.members)


_Candidate = tuple[float, int, int, int, int]


def _connect(found: dict[int, _Group], edges: Edges, filled: Integers, bands: Bands) -> None:
    """Put each edge between the groups of its two records."""
    # A pair that was one profile before counts as sure down to the margin: people do not flicker.
    kept = edges.joined & (edges.probability >= bands.auto - bands.margin)
    strength = np.where(kept, np.maximum(edges.probability, bands.auto), edges.probability)
    named = ((filled[edges.left] & filled[edges.right] & FIRST_NAME_FILLED) > 0).astype(np.int64)
    columns = (edges.left, edges.right, strength, edges.same, edges.apart, edges.doubted, named)
    for left, right, probability, same, apart, doubted, both_named in zip(
        *(c.tolist() for c in columns), strict=True
    ):
        first, second = found[left], found[right]
        if apart and not same:
            first.apart.add(right)
            second.apart.add(left)
        elif doubted and not same:
            first.doubts[right] = second.doubts[left] = 1
        elif same or probability >= bands.review:
            first.total[right] = second.total[left] = 1.0 if same else probability
            first.best[right] = second.best[left] = 1.0 if same else probability
            first.pairs[right] = second.pairs[left] = 1
            first.named[right] = second.named[left] = both_named


def _candidate(found: dict[int, _Group], left: int, right: int) -> _Candidate:
    """An entry of the heap: the mean evidence between two groups, negative, and their present sizes."""
    first, second = found[left], found[right]
    comparable = sum(
        mine * theirs
        for mine_filled, mine in first.filled.items()
        for theirs_filled, theirs in second.filled.items()
        if mine_filled & theirs_filled
    )
    pairs = max(comparable, first.pairs[right])
    return (-first.total[right] / pairs, left, right, len(first.members), len(second.members))


def _may_join(first: _Group, second: _Group, other: int, limits: Sequence[Limit], bands: Bands) -> bool:
    if other in first.apart:
        return False
    doubts = first.doubts.get(other, 0)
    if doubts and doubts >= bands.doubt * (doubts + first.named[other]):
        return False
    return all(
        len(mine | theirs) <= max(limit.most, len(mine), len(theirs))
        for mine, theirs, limit in zip(first.values, second.values, limits, strict=True)
    )


def _unrivalled(found: dict[int, _Group], number: int, other: int, bands: Bands) -> bool:
    """Whether a group belongs to another rather than elsewhere or to nobody.

    A group that resembles two that are not one person is at most one of them: the odds of each count against
    the other.
    """
    best = found[number].best
    if best[other] >= BEYOND_RIVALRY:
        return True
    candidate = found[other]
    rivals = (
        probability
        for rival, probability in best.items()
        if rival != other and (rival in candidate.apart or candidate.best.get(rival, 0.0) < bands.alike)
    )
    return share_of_odds(best[other], rivals) >= bands.claim


def share_of_odds(probability: float, rivals: Iterable[float]) -> float:
    """Of the odds of several that exclude each other, and of none of them, the share that one has."""
    mine = _odds(probability)
    return mine / (1 + mine + sum(map(_odds, rivals)))


def _odds(probability: float) -> float:
    return probability / max(1.0 - probability, 1e-9)


def _home(home: dict[int, int], number: int) -> int:
    while home[number] != number:
        home[number] = home[home[number]]
        number = home[number]
    return number


def _merge(found: dict[int, _Group], home: dict[int, int], first: int, second: int) -> int:
    """Make one group of two, under the number of that with more neighbours, which is returned."""
    if (len(found[first].total), -first) < (len(found[second].total), -second):
        first, second = second, first
    kept, gone = found[first], found.pop(second)
    home[second] = first
    kept.members += gone.members
    for bits, count in gone.filled.items():
        kept.filled[bits] = kept.filled.get(bits, 0) + count
    for mine, theirs in zip(kept.values, gone.values, strict=True):
        mine |= theirs
    for other, best in gone.best.items():
        if other != first:
            kept.best[other] = max(kept.best.get(other, 0.0), best)
    for name in ("total", "pairs", "named", "doubts"):
        sums, added = getattr(kept, name), getattr(gone, name)
        for other, value in added.items():
            if other != first:
                sums[other] = sums.get(other, 0) + value
    kept.apart |= gone.apart - {first}
    for other in {*gone.best, *gone.doubts, *gone.apart} - {first}:
        neighbour = found[other]
        for name in ("total", "best", "pairs", "named", "doubts"):
            mine = getattr(kept, name)
            getattr(neighbour, name).pop(second, None)
            if other in mine:
                getattr(neighbour, name)[first] = mine[other]
        if second in neighbour.apart:
            neighbour.apart.discard(second)
            neighbour.apart.add(first)
    for name in ("total", "best", "pairs", "named", "doubts"):
        getattr(kept, name).pop(second, None)
    kept.apart.discard(second)
    return first
