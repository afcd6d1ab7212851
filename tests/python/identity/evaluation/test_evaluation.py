from __future__ import annotations

import numpy as np
import pytest

from cdp_cli.identity.evaluation.evaluation import cluster_figures, numbers, pair_figures, share_of_true_pairs


def test_figures_of_a_small_example_by_hand() -> None:
    """People {0 1 2} and {3 4}; profiles {0 1}, {2 3}, {4}: one of four true pairs, and one over-merged."""
    figures = cluster_figures(np.array([0, 0, 1, 1, 2]), np.array([0, 0, 0, 1, 1]))
    assert figures.precision == pytest.approx(1 / 2)
    assert figures.recall == pytest.approx(1 / 4)
    assert figures.f1 == pytest.approx(1 / 3)
    # Of a record: precision 1 1 .5 .5 1, recall 2/3 2/3 1/3 1/2 1/2.
    precision, recall = 4 / 5, (2 / 3 + 2 / 3 + 1 / 3 + 1 / 2 + 1 / 2) / 5
    assert figures.b_cubed == pytest.approx(2 * precision * recall / (precision + recall))
    assert figures.exact_share == 0.0
    assert figures.over_merged == 1


def test_a_perfect_answer_is_all_ones() -> None:
    figures = cluster_figures(np.array([5, 5, 7]), np.array([1, 1, 0]))
    assert (figures.precision, figures.recall, figures.f1, figures.b_cubed) == (1.0, 1.0, 1.0, 1.0)
    assert (figures.exact_share, figures.over_merged) == (1.0, 0)


def test_all_in_one_profile_is_one_over_merged_profile() -> None:
    figures = cluster_figures(np.array([0, 0, 0, 0]), np.array([0, 0, 1, 1]))
    assert figures.precision == pytest.approx(2 / 6)
    assert (figures.recall, figures.exact_share, figures.over_merged) == (1.0, 0.0, 1)


def test_pairs_are_counted_as_they_are_given() -> None:
    figures = pair_figures(np.array([0, 1]), np.array([1, 2]), np.array([0, 0, 1, 1]))
    assert (figures.precision, figures.recall) == (0.5, 0.5)


def test_a_share_of_true_pairs_is_of_those_that_there_are() -> None:
    assert share_of_true_pairs(2, np.array([0, 0, 0, 1, 1])) == pytest.approx(2 / 4)
    assert share_of_true_pairs(0, np.array([0, 1])) == 1.0


def test_nothing_found_is_nothing_wrong() -> None:
    none = np.array([], dtype=np.int64)
    figures = pair_figures(none, none, np.array([0, 0]))
    assert (figures.precision, figures.recall, figures.f1) == (1.0, 0.0, 0.0)


def test_equal_values_get_equal_numbers() -> None:
    first, second, third = numbers(["b", "a", "b"])
    assert first == third != second
