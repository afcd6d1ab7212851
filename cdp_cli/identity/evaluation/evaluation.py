"""How good an assignment is, against the truth: of pairs, of clusters, of whole people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class PairFigures:
    """Precision, recall and F1 of pairs of records."""

    precision: float
    recall: float
    f1: float

    @classmethod
    def of(cls, hits: int, found: int, true: int) -> PairFigures:
        """From counts: `hits` of `found` are right, of `true` that there are."""
        # Nothing found is nothing wrong; nothing to find is all found.
        precision = hits / found if found else 1.0
        recall = hits / true if true else 1.0
        return cls(precision, recall, _harmonic(precision, recall))


@dataclass(frozen=True)
class ClusterFigures:
    """Figures of profiles.

    precision, recall and f1 are of the pairs of records that profiles imply; `b_cubed` is the F1 of the mean
    precision and recall of a record (Bagga and Baldwin 1998); `exact_share` is the share of people whose
    records are one profile that holds nobody else's; `over_merged` counts profiles of several people.
    """

    precision: float
    recall: float
    f1: float
    b_cubed: float
    exact_share: float
    over_merged: int


def pair_figures(left: Integers, right: Integers, truth: Integers) -> PairFigures:
    """Figures of pairs of records by number, each pair once; `truth` numbers the person of each record."""
    hits = int((truth[left] == truth[right]).sum())
    return PairFigures.of(hits, int(left.size), _pairs(np.unique(truth, return_counts=True)[1]))


def share_of_true_pairs(hits: int, truth: Integers) -> float:
    """The share of the pairs of one person's records that `hits` of them are; all where there are none."""
    true = _pairs(np.unique(truth, return_counts=True)[1])
    return hits / true if true else 1.0


def cluster_figures(clusters: Integers, truth: Integers) -> ClusterFigures:
    """Figures of clusters; both arguments have one number a record."""
    cells, cell_sizes = np.unique(np.stack([clusters, truth], axis=1), axis=0, return_counts=True)
    _, cluster_of_cell, clusters_counted = np.unique(cells[:, 0], return_inverse=True, return_counts=True)
    _, person_of_cell, people_counted = np.unique(cells[:, 1], return_inverse=True, return_counts=True)
    cluster_sizes = np.bincount(cluster_of_cell, cell_sizes).astype(np.int64)
    person_sizes = np.bincount(person_of_cell, cell_sizes).astype(np.int64)
    pairs = PairFigures.of(_pairs(cell_sizes), _pairs(cluster_sizes), _pairs(person_sizes))
    records = int(cell_sizes.sum())
    precision = float((cell_sizes**2 / cluster_sizes[cluster_of_cell]).sum() / max(records, 1))
    recall = float((cell_sizes**2 / person_sizes[person_of_cell]).sum() / max(records, 1))
    exact = (cell_sizes == cluster_sizes[cluster_of_cell]) & (cell_sizes == person_sizes[person_of_cell])
    return ClusterFigures(
        precision=pairs.precision,
        recall=pairs.recall,
        f1=pairs.f1,
        b_cubed=_harmonic(precision, recall),
        exact_share=float(exact.sum() / max(people_counted.size, 1)),
        over_merged=int((clusters_counted > 1).sum()),
    )


def numbers(values: Sequence[str]) -> Integers:
    """The same number for the same value."""
    found: Integers = np.unique(np.asarray(values, dtype=object).astype(str), return_inverse=True)[1].astype(
        np.int64
    )
    return found


def _pairs(sizes: Integers) -> int:
    return int((sizes * (sizes - 1) // 2).sum())


def _harmonic(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
