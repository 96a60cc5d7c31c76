"""What a loss says to a wrong call."""

import re

import numpy as np
import pytest

from gradcheck.analytic import Loss, MeanSquaredError, SoftmaxCrossEntropy

x = np.array([[1.0, 2.0, 3.0], [-1.0, 0.0, 0.5]])


def says(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


@pytest.mark.parametrize("loss", [MeanSquaredError(), SoftmaxCrossEntropy()], ids=repr)
def test_what_all_losses_say(loss):
    with says(RuntimeError, f"{loss}: backward was called before forward; call forward(x, t) first"):
        loss.backward()
    with says(
        TypeError,
        f"{loss}: x has dtype int64, expected real floating-point numbers; cast it, for example x.astype(np.float64)",
    ):
        loss.forward(np.ones((2, 3), np.int64), x)
    with says(ValueError, f"{loss}: x has shape (0, 3) and so no examples to take a mean of"):
        loss.forward(np.zeros((0, 3)), np.zeros((0, 3)))
    with says(TypeError, f"{loss}: t has dtype complex128, expected real numbers"):
        loss.forward(x, 1j * x)
    loss.forward(x, x)
    with says(ValueError, f"{loss}: dout has shape (2, 3), expected one number, as the loss is one"):
        loss.backward(np.ones((2, 3)))
    with says(TypeError, f"{loss}: dout has dtype object, expected real numbers"):
        loss.backward(None)  # as a float it would be NaN


def test_a_failed_forward_leaves_nothing_to_go_back_from():
    loss = MeanSquaredError()
    loss.forward(x, x)
    with pytest.raises(ValueError, match="t has shape"):
        loss.forward(x, x[:1])
    with pytest.raises(RuntimeError, match="backward was called before forward"):
        loss.backward()


def test_targets_are_not_broadcast():
    with says(ValueError, "MeanSquaredError(): t has shape (2,), expected (2, 1), the shape of x"):
        MeanSquaredError().forward(x[:, :1], [1.0, 2.0])


@pytest.mark.parametrize("t", [np.zeros((3, 3)), np.zeros(3, int), np.zeros((2, 1), int), 0])
def test_targets_of_neither_form(t):
    with says(
        ValueError,
        f"SoftmaxCrossEntropy(): t has shape {np.shape(t)}, expected (2,) for class indices or (2, 3) "
        "for one-hot rows or probabilities",
    ):
        SoftmaxCrossEntropy().forward(x, t)


@pytest.mark.parametrize("wrong", [3, -1, 10])
def test_an_index_that_is_no_class(wrong):
    with says(
        ValueError,
        f"SoftmaxCrossEntropy(): t holds the class {wrong}, expected 0 to 2, as x has C = 3 scores",
    ):
        SoftmaxCrossEntropy().forward(x, [0, wrong])


def test_a_weight_that_is_infinite():
    with says(
        ValueError,
        "SoftmaxCrossEntropy: class_weights = [1, inf], expected numbers of at least 0, one a class",
    ):
        SoftmaxCrossEntropy(class_weights=[1, np.inf])


def test_indices_that_are_no_integers():
    with says(
        TypeError,
        "SoftmaxCrossEntropy(): t has dtype float64, expected integers, as its shape is that of class indices",
    ):
        SoftmaxCrossEntropy().forward(x, [0.0, 1.0])


def test_a_single_number_has_no_classes():
    with says(ValueError, "SoftmaxCrossEntropy(): x is a single number, expected scores (N, C)"):
        SoftmaxCrossEntropy().forward(1.0, 0)


def test_a_loss_that_is_not_written_yet():
    class Mine(Loss):
        pass

    with says(NotImplementedError, "Mine does not define _forward(x, t) -> (values, cache)"):
        Mine().forward(x, x)

    class Half(Loss):
        def _forward(self, x, t):
            return 0.0, None

    half = Half()
    half.forward(x, x)
    with says(NotImplementedError, "Half does not define _backward(dvalues, cache) -> dx"):
        half.backward()
