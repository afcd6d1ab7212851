"""Finds what alone holds a profile together: records and pairs whose removal splits it.

Lowpoints of a depth-first search (Hopcroft and Tarjan 1973), for all profiles in one pass over their pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Cut:
    """What splits a component when it goes: a record (`other` is None), or the pair of `one` and `other`.

    Records by their numbers. `smaller` counts the records that it cuts off from the largest part left.
    """

    one: int
    other: int | None
    smaller: int


def cuts(count: int, left: Integers, right: Integers, least: int = 2) -> list[Cut]:
    """The cuts of a graph of `count` records that leave two parts of `least` records or more.

    Each pair is given once. A record that hangs on by one pair is no finding: `least` passes it over.
    """
    starts, neighbours = _adjacency(count, left, right)
    found: list[Cut] = []
    entered, low, size = [-1] * count, [0] * count, [1] * count
    for root in np.flatnonzero(np.diff(np.asarray(starts)) > 0).tolist():
        if entered[root] >= 0:
            continue
        order, parent = _search(root, starts, neighbours, entered, low)
        parts: dict[int, list[int]] = {}
        # Children come after their parents, so backwards each is done before its parent is.
        for node in reversed(order[1:]):
            above = parent[node]
            size[above] += size[node]
            low[above] = min(low[above], low[node])
            if low[node] >= entered[above]:
                parts.setdefault(above, []).append(size[node])
        total = len(order)
        for node in order[1:]:
            if low[node] > entered[parent[node]] and min(size[node], total - size[node]) >= least:
                pair = sorted((node, parent[node]))
                found.append(Cut(pair[0], pair[1], min(size[node], total - size[node])))
        for node in order:
            below = parts.get(node, [])
            rest = [] if node == root else [total - 1 - sum(below)]
            sides = sorted((side for side in below + rest if side), reverse=True)
            if len(sides) > 1 and sides[1] >= least:
                found.append(Cut(node, None, total - 1 - sides[0]))
    return found


def _adjacency(count: int, left: Integers, right: Integers) -> tuple[list[int], list[int]]:
    """Where the neighbours of each record start, and the neighbours, in order."""
    sources, targets = np.concatenate([left, right]), np.concatenate([right, left])
    order = np.lexsort((targets, sources))
    starts = np.concatenate([[0], np.cumsum(np.bincount(sources, minlength=count))])
    return starts.tolist(), targets[order].tolist()


def _search(
    root: int, starts: list[int], neighbours: list[int], entered: list[int], low: list[int]
) -> tuple[list[int], dict[int, int]]:
    """The records of a component in the order of entering, and what each was reached from."""
    order, parent = [root], {root: -1}
    entered[root] = low[root] = 0
    stack, next_of = [root], {root: starts[root]}
    while stack:
        node = stack[-1]
        position = next_of[node]
        if position == starts[node + 1]:
            stack.pop()
            continue
        next_of[node] = position + 1
        other = neighbours[position]
        if entered[other] < 0:
            entered[other] = low[other] = len(order)
            order.append(other)
            parent[other] = node
            next_of[other] = starts[other]
            stack.append(other)
        elif other != parent[node]:
            low[node] = min(low[node], entered[other])
    return order, parent
