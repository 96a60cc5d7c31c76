"""What a layer says to a wrong call: which layer, which array, what was expected and what was found."""

import re

import numpy as np
import pytest

from gradcheck.analytic import (
    GELU,
    Concatenate,
    Dense,
    Dropout,
    Layer,
    LayerNormalization,
    ReLU,
    Reshape,
    ScaledDotProductAttention,
    Sigmoid,
    Softmax,
)

x = np.array([[1.0, 2.0, 3.0], [-1.0, 0.0, 0.5]])


def says(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


def dense(dtype=np.float64):
    return Dense(3, 4, rng=0, dtype=dtype)


def test_backward_before_forward():
    with says(RuntimeError, "ReLU(): backward was called before forward; call forward(x) first"):
        ReLU().backward(x)


def test_a_failed_forward_leaves_nothing_to_go_back_from():
    layer = dense()
    layer.forward(x)
    with says(ValueError, "Dense(3, 4): x has 5 features on its last axis, expected D = 3"):
        layer.forward(np.zeros((2, 5)))
    with says(RuntimeError, "Dense(3, 4): backward was called before forward; call forward(x) first"):
        layer.backward(np.zeros((2, 4)))


def test_a_number_where_a_row_is_needed():
    with says(ValueError, "Dense(3, 4): x is a single number, expected an array (..., D) with D = 3"):
        dense().forward(1.0)
    with says(ValueError, "Softmax(): x has shape (), expected at least one class on its last axis"):
        Softmax().forward(1.0)
    with says(ValueError, "Softmax(): x has shape (2, 0), expected at least one class on its last axis"):
        Softmax().forward(np.zeros((2, 0)))


@pytest.mark.parametrize(("kind", "name"), [(np.int64, "int64"), (bool, "bool"), (np.complex128, "complex128")])
def test_numbers_that_are_not_floating(kind, name):
    with says(
        TypeError,
        f"Sigmoid(): x has dtype {name}, expected real floating-point numbers; cast it, for example "
        "x.astype(np.float64)",
    ):
        Sigmoid().forward(np.ones((2, 3), kind))


def test_integers_for_a_layer_of_float32_are_told_the_right_cast():
    with says(
        TypeError,
        "Dense(3, 4): x has dtype int64, expected real floating-point numbers; cast it, for example "
        "x.astype(np.float32)",
    ):
        dense(np.float32).forward(np.ones((2, 3), np.int64))


def test_the_dtype_of_the_input_is_that_of_the_parameters():
    with says(TypeError, "Dense(3, 4): x has dtype float32, expected float64; cast it with x.astype(np.float64)"):
        dense().forward(x.astype(np.float32))
    with says(TypeError, "Dense(3, 4): x has dtype float64, expected float32; cast it with x.astype(np.float32)"):
        dense(np.float32).forward(x)


def test_the_cotangent_has_the_shape_and_dtype_of_the_output():
    layer = dense()
    layer.forward(x)
    with says(ValueError, "Dense(3, 4): dy has shape (4,), expected (2, 4), the shape of y"):
        layer.backward(np.ones(4))
    with says(TypeError, "Dense(3, 4): dy has dtype float32, expected float64; cast it with dy.astype(np.float64)"):
        layer.backward(np.ones((2, 4), np.float32))
    with says(
        TypeError,
        "Dense(3, 4): dy has dtype int64, expected real floating-point numbers; cast it, for example "
        "dy.astype(np.float64)",
    ):
        layer.backward(np.ones((2, 4), np.int64))


def test_a_parameter_replaced_by_one_that_does_not_fit():
    layer = dense()
    layer.W = np.ones((4, 3))
    with says(ValueError, "Dense(3, 4): parameter W has shape (4, 3), expected (3, 4)"):
        layer.forward(x)
    layer.W, layer.b = np.ones((3, 4)), np.ones(1)
    with says(ValueError, "Dense(3, 4): parameter b has shape (1,), expected (4,)"):
        layer.forward(x)
    layer.b = np.ones(4, np.float32)
    with says(
        TypeError,
        "Dense(3, 4): the parameters are of different dtypes (W float64, b float32); cast them to one",
    ):
        layer.forward(x)
    del layer.params["b"]
    with says(ValueError, "Dense(3, 4): parameter b is missing, expected an array of shape (4,)"):
        layer.forward(x)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Dense(0, 4), ValueError, "Dense: D = 0, expected at least 1"),
        (lambda: Dense(3, -1), ValueError, "Dense: H = -1, expected at least 1"),
        (lambda: Dense(3, 4.0), TypeError, "Dense: H = 4.0 is no integer"),
        (lambda: Dense(3, 4, scale=np.nan), ValueError, "Dense: scale = nan, expected a finite number"),
        (
            lambda: Dense(3, 4, dtype="float31"),
            TypeError,
            "Dense: dtype = 'float31': data type 'float31' not understood",
        ),
        (lambda: Dropout("half"), TypeError, "Dropout: rate = 'half' is no number"),
        (lambda: Reshape("ab"), TypeError, "Reshape: shape = 'ab' is no integer"),
        (lambda: Concatenate(None), TypeError, "Concatenate: axis = None is no integer"),
        (
            lambda: LayerNormalization(()),
            ValueError,
            "LayerNormalization: shape = (), expected the length of at least one axis",
        ),
        # PyTorch's word for the exact form, which is true as a truth value.
        (lambda: GELU("none"), TypeError, "GELU: approximate = 'none', expected True (with tanh) or False"),
        (
            lambda: Dense(3, 4, dtype=int),
            TypeError,
            "Dense: dtype = int64, expected a real floating type such as np.float64",
        ),
    ],
)
def test_hyper_parameters_that_make_no_layer(make, error, message):
    with says(error, message):
        make()


def test_queries_without_features():
    q = np.ones((2, 0))
    with says(ValueError, "ScaledDotProductAttention(): q has shape (2, 0) and so no features to compare with keys"):
        ScaledDotProductAttention().forward(q, q, np.ones((2, 1)))


def test_rows_of_different_lengths():
    with pytest.raises(ValueError, match=r"^Sigmoid\(\): x cannot be made an array: .*inhomogeneous"):
        Sigmoid().forward([[1.0, 2.0], [3.0]])


def test_a_layer_that_is_not_written_yet():
    class Mine(Layer):
        pass

    with says(NotImplementedError, "Mine does not define _forward(x) -> (y, cache)"):
        Mine().forward(x)

    class Half(Layer):
        def _forward(self, x):
            return x + 1, None

    half = Half()
    half.forward(x)
    with says(NotImplementedError, "Half does not define _backward(dy, cache) -> dx"):
        half.backward(x)
