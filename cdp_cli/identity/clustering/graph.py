"""Records as the nodes of a graph: edges that join or separate them, and the connected components."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Edges:
    """Pairs of records by their numbers, `left` < `right`, each pair once.

    `must_link` pairs join, whatever else is known of them. `cannot_link` pairs never share a group.
    `soft_cannot_link` pairs never join by themselves. `was_linked` pairs were one profile before.
    """

    left: Integers
    right: Integers
    probability: Floats
    must_link: Flags
    cannot_link: Flags
    soft_cannot_link: Flags
    was_linked: Flags

    def taken(self, chosen: Flags | NDArray[np.intp]) -> Edges:
        """The edges at some positions, in that order, or those that are flagged."""
        return Edges(
            self.left[chosen], self.right[chosen], self.probability[chosen], self.must_link[chosen],
            self.cannot_link[chosen], self.soft_cannot_link[chosen], self.was_linked[chosen],
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
