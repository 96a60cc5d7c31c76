"""Optimisers move every parameter, in place, by exactly the step their formula says."""

import numpy as np
import pytest

from gradcheck.training import SGD


def test_sgd_goes_down_the_gradient_in_place():
    W, b = np.array([[1.0, 2.0]]), np.array(3.0)
    SGD(lr=0.5).update({"W": W, "b": b}, {"W": np.array([[2.0, -4.0]]), "b": np.array(1.0)})
    np.testing.assert_array_equal(W, [[0.0, 4.0]])
    assert b == 2.5


def test_momentum_repeats_a_share_of_the_last_step():
    sgd, W, path = SGD(lr=1.0, momentum=0.5), np.array([0.0]), []
    for gradient in (8.0, 0.0, 0.0, -2.0):
        sgd.update({"W": W}, {"W": np.array([gradient])})
        path.append(W[0])
    assert path == [-8.0, -12.0, -14.0, -13.0]


def test_gradients_are_left_as_they_were():
    gradient = np.array([1.0, 2.0])
    sgd = SGD(lr=0.1, momentum=0.9)
    for _ in range(3):
        sgd.update({"W": np.zeros(2)}, {"W": gradient})
    np.testing.assert_array_equal(gradient, [1.0, 2.0])


def test_single_precision_stays_single():
    W = np.ones(3, np.float32)
    sgd = SGD(lr=0.1, momentum=0.9)
    for _ in range(2):
        sgd.update({"W": W}, {"W": np.ones(3, np.float32)})
    assert W.dtype == sgd.velocity["W"].dtype == np.float32


@pytest.mark.parametrize("lr", [0, -0.1, np.inf, np.nan])
def test_a_learning_rate_that_leads_nowhere_is_refused(lr):
    with pytest.raises(ValueError, match=f"lr has to be a number greater than 0; it is {lr}"):
        SGD(lr=lr)


@pytest.mark.parametrize("momentum", [-0.1, 1.0, np.nan])
def test_a_momentum_that_never_ends_is_refused(momentum):
    with pytest.raises(ValueError, match=f"momentum has to be at least 0 and less than 1; it is {momentum}"):
        SGD(momentum=momentum)


def test_a_missing_or_misshapen_gradient_moves_nothing():
    params = {"b": np.zeros(2), "W": np.zeros((2, 3))}
    with pytest.raises(ValueError, match=r"parameter 'W' has no gradient; there are gradients for \['b', 'w'\]"):
        SGD().update(params, {"b": np.ones(2), "w": np.ones((2, 3))})
    with pytest.raises(ValueError, match=r"the gradient of 'W' has shape \(3,\), the parameter has \(2, 3\)"):
        SGD().update(params, {"b": np.ones(2), "W": np.ones(3)})
    assert not params["b"].any()
