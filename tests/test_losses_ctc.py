"""CTC counts every path that spells the labels, ends where a sequence ends, stays finite, and refuses what none can."""

import re

import numpy as np
import pytest

from gradcheck.analytic import CTC

rng = np.random.default_rng(0)


def says(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


@pytest.mark.parametrize(
    ("labels", "T", "paths"),
    [([], 3, 1), ([1], 2, 3), ([1], 3, 6), ([1, 2], 2, 1), ([1, 2], 3, 5), ([1, 1], 3, 1), ([1, 1], 4, 5)],
)
def test_it_counts_the_paths(labels, T, paths):
    value = CTC().forward(np.zeros((1, T, 3)), np.array([labels], int))
    assert 3**T * np.exp(-value) == pytest.approx(paths)


def test_what_stands_after_the_end_of_a_sequence_or_of_its_labels_has_no_part():
    x, loss = rng.normal(size=(2, 6, 4)), CTC(reduction="none")
    values = loss.forward(x, [[3, 1, 1], [2, -1, -1]], [6, 4])
    dx = loss.backward()
    assert values[1] == pytest.approx(loss.forward(x[1:, :4], [[2]])[0])
    np.testing.assert_allclose(dx[1, :4], loss.backward()[0])
    assert not dx[1, 4:].any()


def test_each_row_of_the_gradient_sums_to_0_as_a_shift_of_all_scores_changes_nothing():
    loss = CTC()
    loss.forward(rng.normal(size=(2, 6, 4)), [[3, 1, 1], [2, 3, 2]])
    np.testing.assert_allclose(loss.backward().sum(axis=-1), 0, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_is_finite_at_extremes_and_for_long_sequences(dtype):
    x = (1e4 * rng.normal(size=(2, 40, 5))).astype(dtype)
    loss = CTC()
    assert np.isfinite(loss.forward(x, [[1, 2, 3], [4, 4, -1]]))
    assert np.isfinite(loss.backward()).all()
    assert np.isfinite(loss.forward(x, [[1, 2, 3], [4, 4, -1]], [40, 7]))
    assert np.isfinite(loss.backward()).all()
    x = np.zeros((1, 2000, 5), dtype)
    assert loss.forward(x, [[1, 2, 3]]).dtype == loss.backward().dtype == dtype
    assert np.isfinite(loss.backward()).all()


@pytest.mark.parametrize(
    ("x", "t", "lengths", "error", "message"),
    [
        (np.zeros((2, 3)), [[1]], None, ValueError, "x has shape (2, 3), expected (N, T, C)"),
        (
            np.zeros((1, 2, 3)),
            [1],
            None,
            ValueError,
            "t has shape (1,), expected (1, S), a row of labels for each sequence",
        ),
        (
            np.zeros((1, 2, 3)),
            [[1.0]],
            None,
            TypeError,
            "t has dtype float64, expected integers, the classes of the labels",
        ),
        (
            np.zeros((1, 2, 3)),
            [[3]],
            None,
            ValueError,
            "t holds 3, expected a class from 0 to 2 other than the blank, or −1 after the last label",
        ),
        (
            np.zeros((1, 2, 3)),
            [[0]],
            None,
            ValueError,
            "t holds 0, expected a class from 0 to 2 other than the blank, or −1 after the last label",
        ),
        (
            np.zeros((1, 3, 3)),
            [[-1, 1]],
            None,
            ValueError,
            "t has a label after a −1, expected −1 only after the last label of a row",
        ),
        (np.zeros((1, 2, 3)), [[1]], [1.0], ValueError, "lengths is float64 (1,), expected (1,) integers"),
        (
            np.zeros((2, 4, 3)),
            [[1, 2], [1, 1]],
            [4, 2],
            ValueError,
            "sequence 1 has 2 steps, expected 3 to 4: one for each label, and one for the blank between equal ones",
        ),
    ],
)
def test_what_it_says_to_a_wrong_call(x, t, lengths, error, message):
    with says(error, f"CTC(): {message}"):
        CTC().forward(x, t, lengths)


def test_a_blank_that_is_no_class():
    with says(ValueError, "CTC(blank=3): x has C = 3 classes on its last axis, and no class 3 for the blank"):
        CTC(3).forward(np.zeros((1, 2, 3)), [[1]])
