"""Puts the records of suspect components together again: strongest mean evidence first, within constraints.

Each record begins as a group of its own. Two groups join where a pair of theirs is sure, the mean over the
pairs that have anything to compare is high enough, and neither a veto, a limit nor a rival stands against it.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, repeat
from typing import Any

import numpy as np

from cdp_cli.identity.bands import Bands
from cdp_cli.identity.clustering.graph import Edges, Integers, Limit
from cdp_cli.identity.clustering.refusals import (
    AVERAGE_LINKAGE,
    LIMIT,
    NAME_CONFLICT,
    RIVAL,
    VETO,
    Pair,
    Refusal,
)
from cdp_cli.identity.linking.comparable_fields import FIRST_NAME_FILLED

# So sure a pair needs no comparing with others.
BEYOND_RIVALRY = 0.99


def regroup(
    groups: Integers,
    labels: Integers,
    edges: Edges,
    filled: Integers,
    limits: Sequence[Limit],
    bands: Bands,
) -> list[Refusal]:
    """Set in `groups`, for each record that `edges` connect, the smallest number of its group's records.

    Returns the joins of the final groups that were refused although a pair between them is sure. `labels` has
    the component of each record, `filled` is as for clustering.cluster. Ties go by number.
    """
    component = labels[edges.left]
    edges = edges.taken(np.lexsort((edges.right, edges.left, component)))
    rows = _rows(edges, filled, bands)
    values = _crowded_values(labels, edges, limits)
    bits = filled.tolist()
    numbers: list[int] = []
    smallest: list[int] = []
    refused: list[Refusal] = []
    # One component after the other: they have nothing to do with each other, and small ones are quick.
    for size in np.unique(component, return_counts=True)[1].tolist():
        found, stopped = _together(islice(rows, size), bits, values, limits, bands)
        refused += stopped
        for group in found.values():
            if len(group.members) > 1:
                numbers += group.members
                smallest += repeat(min(group.members), len(group.members))
    groups[numbers] = smallest
    return refused


@dataclass(slots=True)
class _Link:
    """What stands between two groups: both hold the same.

    `total`, `best` and `pairs` sum up the pairs that speak for a join, `named` those of them with both first
    names, `doubts` the vetoes that are not firm; `apart` says that there is a firm one. `strongest` is the
    pair of `best`, kept if it is sure; `parted` is the first firmly vetoed pair.
    """

    total: float = 0.0
    best: float = 0.0
    pairs: int = 0
    named: int = 0
    doubts: int = 0
    apart: bool = False
    strongest: Pair | None = None
    parted: Pair | None = None

    def add(self, other: _Link) -> None:
        """Take in what stands between the same two groups as well."""
        self.total += other.total
        if other.strongest is not None and (
            self.strongest is None or (-other.best, other.strongest) < (-self.best, self.strongest)
        ):
            self.strongest = other.strongest
        self.best = max(self.best, other.best)
        if other.parted is not None and (self.parted is None or other.parted < self.parted):
            self.parted = other.parted
        self.pairs += other.pairs
        self.named += other.named
        self.doubts += other.doubts
        self.apart = self.apart or other.apart


@dataclass(slots=True)
class _Group:
    """A group under construction.

    It has its records, how many of them carry what, its values by limit, and its links to other groups.
    """

    members: list[int]
    filled: dict[int, int]
    values: dict[int, set[int]] = field(default_factory=dict)
    links: dict[int, _Link] = field(default_factory=dict)


_Candidate = tuple[float, int, int, int, int]


# Two records, whether a decision joins them, and what stands between them in the order of _Link.
_Row = tuple[int, int, bool, float, float, int, int, int, bool]


def _rows(edges: Edges, filled: Integers, bands: Bands) -> Iterator[_Row]:
    """A row for each edge, in their order."""
    # A pair that was one profile before counts as sure down to `auto - hysteresis`.
    kept = edges.was_linked & (edges.probability >= bands.auto - bands.hysteresis)
    strength = np.where(kept, np.maximum(edges.probability, bands.auto), edges.probability)
    strength = np.where(edges.must_link, 1.0, strength)
    apart = edges.cannot_link & ~edges.must_link
    doubted = edges.soft_cannot_link & ~edges.must_link & ~apart
    speaks = ~apart & ~doubted & (strength >= bands.review)
    named = speaks & ((filled[edges.left] & filled[edges.right] & FIRST_NAME_FILLED) > 0)
    strength = np.where(speaks, strength, 0.0)
    counts = (flags.astype(np.int64) for flags in (speaks, named, doubted))
    columns = (edges.left, edges.right, edges.must_link, strength, strength, *counts, apart)
    return zip(*(column.tolist() for column in columns), strict=True)


def _crowded_values(
    labels: Integers, edges: Edges, limits: Sequence[Limit]
) -> dict[int, dict[int, set[int]]]:
    """By record and limit, the values of components that have more of them than the limit allows a group."""
    numbers = np.unique(np.concatenate([edges.left, edges.right]))
    found: dict[int, dict[int, set[int]]] = {}
    for position, limit in enumerate(limits):
        having = numbers[limit.values[numbers] >= 0]
        different = np.unique(np.stack([labels[having], limit.values[having]]), axis=1)
        crowded = np.bincount(different[0], minlength=int(labels.max(initial=0)) + 1) > limit.most
        over = having[crowded[labels[having]]]
        for number, value in zip(over.tolist(), limit.values[over].tolist(), strict=True):
            found.setdefault(number, {})[position] = {value}
    return found


def _together(
    rows: Iterable[_Row],
    filled: Sequence[int],
    values: Mapping[int, dict[int, set[int]]],
    limits: Sequence[Limit],
    bands: Bands,
) -> tuple[dict[int, _Group], list[Refusal]]:
    """The groups that the records of one component make, and the joins between them that were refused."""
    found: dict[int, _Group] = {}
    decided = []
    for left, right, same, total, best, pairs, named, doubts, apart in rows:
        for number in (left, right):
            if number not in found:
                found[number] = _Group([number], {filled[number]: 1}, dict(values.get(number, {})))
        found[left].links[right] = found[right].links[left] = _Link(
            total, best, pairs, named, doubts, apart,
            (left, right) if best >= bands.auto else None,
            (left, right) if apart else None,
        )  # fmt: skip
        if same:
            decided.append((left, right))
    home = {number: number for number in found} if decided else {}
    for left, right in decided:
        first, second = _home(home, left), _home(home, right)
        if first != second:
            gone = _merge(found, first, second)
            home[gone] = first + second - gone
    heap = [
        _candidate(found, number, other)
        for number, group in found.items()
        for other, link in group.links.items()
        if number < other and link.best >= bands.auto
    ]
    heapq.heapify(heap)
    refused: dict[tuple[int, int], Refusal] = {}
    while heap:
        mean, left, right, left_size, right_size = heapq.heappop(heap)
        if -mean < bands.min_average_linkage:
            break
        first_group, second_group = found.get(left), found.get(right)
        if first_group is None or second_group is None:
            continue
        if len(first_group.members) != left_size or len(second_group.members) != right_size:
            continue
        refusal = (
            _broken_constraint(first_group, second_group, right, limits, bands)
            or _rival(found, left, right, bands)
            or _rival(found, right, left, bands)
        )
        if refusal is not None:
            refused[left, right] = refusal
            continue
        kept = left + right - _merge(found, left, right)
        for other, link in found[kept].links.items():
            if link.best >= bands.auto:
                heapq.heappush(heap, _candidate(found, *sorted((kept, other))))
    return found, _refusals(found, refused, limits, bands)


def _refusals(
    found: dict[int, _Group],
    refused: Mapping[tuple[int, int], Refusal],
    limits: Sequence[Limit],
    bands: Bands,
) -> list[Refusal]:
    """Of the final groups, each two that a sure pair would join, with what refused it."""
    stopped = []
    for number, group in sorted(found.items()):
        for other, link in sorted(group.links.items()):
            if number > other or link.best < bands.auto:
                continue
            refusal = _broken_constraint(group, found[other], other, limits, bands)
            mean = -_candidate(found, number, other)[0]
            if refusal is None and mean < bands.min_average_linkage:
                refusal = _refusal(link, AVERAGE_LINKAGE, observed=mean, allowed=bands.min_average_linkage)
            # Else the two came up as they are now, and a rival kept them from joining.
            stopped.append(refusal or refused[number, other])
    return stopped


def _refusal(link: _Link, kind: str, **why: Any) -> Refusal:
    assert link.strongest is not None
    return Refusal(link.strongest, link.best, kind, **why)


def _candidate(found: dict[int, _Group], left: int, right: int) -> _Candidate:
    """An entry of the heap: the mean evidence between two groups, negative, and their present sizes."""
    first, second = found[left], found[right]
    comparable = sum(
        mine * theirs
        for mine_filled, mine in first.filled.items()
        for theirs_filled, theirs in second.filled.items()
        if mine_filled & theirs_filled
    )
    link = first.links[right]
    return (-link.total / max(comparable, link.pairs), left, right, len(first.members), len(second.members))


def _broken_constraint(
    first: _Group, second: _Group, other: int, limits: Sequence[Limit], bands: Bands
) -> Refusal | None:
    """The constraint that a join of two groups breaks."""
    link = first.links[other]
    if link.apart:
        return _refusal(link, VETO, evidence=link.parted)
    share = link.doubts / (link.doubts + link.named) if link.doubts else 0.0
    if link.doubts and link.doubts >= bands.max_name_conflict_share * (link.doubts + link.named):
        return _refusal(link, NAME_CONFLICT, observed=share, allowed=bands.max_name_conflict_share)
    for position, mine in first.values.items():
        theirs = second.values.get(position)
        if theirs and len(mine | theirs) > max(limits[position].most, len(mine), len(theirs)):
            together, most = float(len(mine | theirs)), float(limits[position].most)
            return _refusal(link, LIMIT, observed=together, allowed=most, limit=position)
    return None


def _rival(found: dict[int, _Group], number: int, other: int, bands: Bands) -> Refusal | None:
    """Why a group does not belong to another: it resembles others as much.

    A group that resembles two that are not one person is at most one of them: the odds of each count against
    the other.
    """
    links = found[number].links
    best = links[other].best
    if best >= BEYOND_RIVALRY:
        return None
    candidate = found[other]
    rivals = {
        rival: link.best
        for rival, link in links.items()
        if link.best > 0 and rival != other and _excludes(candidate, found[rival], rival, bands)
    }
    share = share_of_odds(best, rivals.values())
    if share >= bands.min_exclusive_share:
        return None
    if not rivals:
        evidence = None
    else:
        strongest = min(rivals, key=lambda rival: (-rivals[rival], min(found[rival].members)))
        evidence = min(found[number].members), min(found[strongest].members)
    return _refusal(links[other], RIVAL, evidence=evidence, observed=share, allowed=bands.min_exclusive_share)


def _excludes(first: _Group, second: _Group, other: int, bands: Bands) -> bool:
    """Whether two groups are hardly one person, by what stands between them.

    Groups with nothing to compare may be: a number alone, and a name alone that is somebody's.
    """
    link = first.links.get(other)
    if link is None:
        return any(mine & theirs for mine in first.filled for theirs in second.filled)
    return link.apart or link.best < bands.max_rival_probability


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


def _merge(found: dict[int, _Group], first: int, second: int) -> int:
    """Make one group of two, under the number of that with more links. The other's is returned."""
    if (len(found[first].links), -first) < (len(found[second].links), -second):
        first, second = second, first
    kept, gone = found[first], found.pop(second)
    kept.members += gone.members
    for bits, count in gone.filled.items():
        kept.filled[bits] = kept.filled.get(bits, 0) + count
    for position, values in gone.values.items():
        kept.values[position] = kept.values.get(position, set()) | values
    kept.links.pop(second, None)
    gone.links.pop(first, None)
    for other, link in gone.links.items():
        theirs = found[other].links
        del theirs[second]
        mine = kept.links.get(other)
        if mine is None:
            kept.links[other] = theirs[first] = link
        else:
            mine.add(link)
    return second
