"""numerical_gradient is the textbook central difference, and leaves the caller's array as it was."""

import numpy as np
import pytest

from gradcheck import gradient_descent, numerical_gradient


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3), (2, 1, 3), (0,), (2, 0)])
def test_any_number_of_axes(shape):
    x = np.random.default_rng(0).normal(size=shape)
    gradient = numerical_gradient(lambda x: np.sum(np.sin(x)), x)
    assert gradient.shape == shape
    np.testing.assert_allclose(gradient, np.cos(x), rtol=1e-7)


@pytest.mark.parametrize("order", ["C", "F"])
def test_memory_order_and_strides_do_not_matter(order):
    x = np.asarray(np.random.default_rng(1).normal(size=(4, 6)), order=order)[::2, 1::2]
    np.testing.assert_allclose(numerical_gradient(lambda x: np.sum(x**3), x), 3 * x**2, rtol=1e-6)


def test_f_sees_the_array_itself():
    x = np.array([1.0, 2.0])
    np.testing.assert_allclose(numerical_gradient(lambda _: np.sum(x**2), x), [2, 4], rtol=1e-9)


def test_the_step_is_h_and_the_difference_is_central():
    seen = []
    numerical_gradient(lambda x: seen.append(float(x[0])) or 0.0, np.array([2.0]), h=0.5)
    assert seen == [2.5, 1.5]


def test_x_is_restored_bit_for_bit():
    x = np.random.default_rng(2).normal(size=5)
    before = x.copy()
    numerical_gradient(lambda x: x.sum(), x, h=0.3)
    assert x.tobytes() == before.tobytes()


def test_x_is_restored_when_f_raises():
    x = np.array([1.0, 2.0, 3.0])
    calls = []

    def fails_on_the_third_call(x):
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError("out of range")
        return x.sum()

    with pytest.raises(RuntimeError, match="out of range"):
        numerical_gradient(fails_on_the_third_call, x)
    np.testing.assert_array_equal(x, [1, 2, 3])


def test_a_wrong_gradient_differs():
    x = np.array([1.0, -2.0])
    assert not np.allclose(numerical_gradient(lambda x: np.sum(x**2), x), -2 * x)


@pytest.mark.parametrize(
    ("x", "error", "text"),
    [
        (np.array([2, 4]), TypeError, r"x has dtype int64.*x\.astype\(float\)"),
        (np.array([True]), TypeError, r"x has dtype bool"),
        (np.array([1j]), TypeError, r"x has dtype complex128"),
        ([1.0, 2.0], TypeError, r"x is list; pass a NumPy array"),
    ],
)
def test_arrays_that_cannot_hold_a_step_are_refused(x, error, text):
    with pytest.raises(error, match=text):
        numerical_gradient(lambda x: np.sum(x), x)


def test_misuse_names_the_argument_and_the_remedy():
    x = np.array([1.0, 2.0])
    with pytest.raises(TypeError, match=r"f returned an array of shape \(2,\).*numerical_vjp"):
        numerical_gradient(lambda x: x, x)
    with pytest.raises(ValueError, match=r"h is 0.*positive"):
        numerical_gradient(np.sum, x, h=0.0)
    x.flags.writeable = False
    with pytest.raises(ValueError, match=r"x is read-only.*x\.copy\(\)"):
        numerical_gradient(np.sum, x)


def test_descent_walks_downhill_and_keeps_its_start():
    x0 = np.array([-3.0, 4.0])
    path = gradient_descent(lambda x: x[0] ** 2 + x[1] ** 2, x0, lr=0.1, steps=20)
    assert path.shape == (21, 2)
    np.testing.assert_allclose(path, x0 * 0.8 ** np.arange(21)[:, None], rtol=1e-6)
    np.testing.assert_array_equal(x0, [-3, 4])


def test_descent_takes_zero_steps_and_refuses_fewer():
    assert gradient_descent(np.sum, np.ones(2), steps=0).shape == (1, 2)
    with pytest.raises(ValueError, match="steps is -1"):
        gradient_descent(np.sum, np.ones(2), steps=-1)
    with pytest.raises(ValueError, match="lr is nan"):
        gradient_descent(np.sum, np.ones(2), lr=float("nan"))
