"""How two records hang together: the path of pairs of which the weakest is as strong as can be."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Mapping

Pair = tuple[str, str]


def strongest_path(strengths: Mapping[Pair, float], start: str, end: str) -> tuple[str, ...]:
    """Records from `start` to `end`, each two neighbours a pair; empty where no pairs lead there.

    A path is as strong as its weakest pair. Among the strongest it is one with the fewest records, and among
    those the first by their ids.
    """
    neighbours: dict[str, dict[str, float]] = defaultdict(dict)
    for (one, other), strength in strengths.items():
        neighbours[one][other] = neighbours[other][one] = strength
    bottleneck = _bottleneck(neighbours, start, end)
    if bottleneck is None:
        return ()
    came_from = {start: start}
    front = [start]
    while front and end not in came_from:
        reached = []
        for record in front:
            for other, strength in sorted(neighbours[record].items()):
                if strength >= bottleneck and other not in came_from:
                    came_from[other] = record
                    reached.append(other)
        front = reached
    path = [end]
    while path[-1] != start:
        path.append(came_from[path[-1]])
    return tuple(reversed(path))


def _bottleneck(neighbours: Mapping[str, Mapping[str, float]], start: str, end: str) -> float | None:
    """The weakest pair of the strongest path: Dijkstra's search, with the minimum in place of the sum."""
    done: set[str] = set()
    heap = [(-float("inf"), start)]
    while heap:
        negative, record = heapq.heappop(heap)
        if record == end:
            return -negative
        if record in done:
            continue
        done.add(record)
        for other, strength in neighbours.get(record, {}).items():
            if other not in done:
                heapq.heappush(heap, (max(negative, -strength), other))
    return None
