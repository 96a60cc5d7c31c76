"""What cannot be derived is refused in words: the line, the reason and the remedy."""

import math

import numpy as np
import pytest

from gradcheck import explain

X = {"x": 0.5}


def message(error, f, wrt="x", at=None):
    with pytest.raises(error) as caught:
        explain(f, wrt=wrt, at=X if at is None else at)
    return str(caught.value)


# Code that leaves the traced world


def test_float():
    def f(x):
        y = x * 2
        return float(y) ** 2

    text = message(TypeError, f)
    assert "in f: `return float(y) ** 2`" in text
    assert "test_derivation_messages.py" in text
    assert "float(...) turns a traced value into a plain value; drop float()" in text


def test_the_math_module():
    text = message(TypeError, lambda x: math.exp(x))
    assert "the traced value x" in text
    assert "write np.exp for math.exp" in text


@pytest.mark.parametrize("convert", [int, round, lambda x: range(x), lambda x: [1, 2][x]])
def test_whole_numbers(convert):
    assert message(TypeError, lambda x: convert(x) * x)


def test_control_flow_on_a_value():
    def relu(x):
        if x > 0:
            return x
        return 0.0

    text = message(TypeError, relu)
    assert "`if x > 0:`" in text
    assert "write np.where(condition, a, b)" in text


def test_pythons_max():
    assert "np.where" in message(TypeError, lambda x: max(x, 0.0))


def test_a_ufunc_without_a_rule():
    text = message(TypeError, lambda x: np.spacing(x))
    assert "np.spacing has no derivative rule" in text
    assert "tanh" in text


def test_a_function_without_a_rule():
    text = message(TypeError, lambda x: np.sum(np.linalg.pinv(x)), at={"x": np.eye(3)})
    assert "np.linalg.pinv has no derivative rule" in text


@pytest.mark.parametrize("order", ["nuc", 2, -1])
def test_a_norm_without_a_rule(order):
    text = message(TypeError, lambda x: np.linalg.norm(x, order), at={"x": np.eye(3)})
    assert f"np.linalg.norm(ord={order!r}) is not traced" in text


def test_a_method_that_leaves():
    text = message(TypeError, lambda x: sum(x.tolist()), at={"x": np.ones(3)})
    assert ".tolist takes the traced value x out of the trace" in text
    with pytest.raises(AttributeError, match="no attribute 'tolists'"):
        explain(lambda x: sum(x.tolists()), wrt="x", at={"x": np.ones(3)})


def test_an_option_without_a_rule():
    text = message(TypeError, lambda x: np.sum(x, where=[True, False]), at={"x": np.ones(2)})
    assert "np.sum is traced without this option" in text
    assert "'where'" in text


def test_a_ufunc_method():
    text = message(TypeError, lambda x: np.sum(np.maximum.accumulate(x)), at={"x": np.ones(3)})
    assert "np.maximum.accumulate has no derivative rule" in text
    text = message(TypeError, lambda x: np.add.reduce(x, initial=2.0), at={"x": np.ones(3)})
    assert "np.add.reduce(initial=) has no derivative rule; leave the option out" in text


def test_a_step_that_gives_a_complex_number():
    text = message(TypeError, lambda x: np.abs(x * 1j), at={"x": 1.0})
    assert "np.multiply gives a complex number here; take the real and the imaginary part apart" in text


def test_an_attribute_that_is_no_method():
    assert ".flat takes the traced value x out of the trace" in message(TypeError, lambda x: x.flat[0])


def test_np_array_by_another_name():
    from numpy import array

    text = message(TypeError, lambda x: np.sum(array([x, 2 * x])))
    assert "write np.stack([...])" in text


def test_writing_into_an_array_made_elsewhere():
    out = np.zeros(2)

    def f(x):
        out[0] = x
        return np.sum(out)

    assert "`out[0] = x`" in message(TypeError, f)


def test_changing_a_value_in_place():
    def f(x):
        x[0] = 3.0
        return np.sum(x)

    text = message(TypeError, f, at={"x": np.ones(2)})
    assert "item assignment changes the traced value x in place; write into a copy of it, made by np.copy" in text


def test_an_assertion_about_a_value():
    def f(x):
        assert x > 0
        return x

    assert "leave an assert out" in message(TypeError, f)


def test_out():
    out = np.zeros(2)

    def f(x):
        np.exp(x, out=out)
        return np.sum(out)

    assert "out= writes a traced value into an existing array" in message(TypeError, f, at={"x": np.ones(2)})


def test_whole_number_types():
    assert "off the real numbers" in message(TypeError, lambda x: x.astype(int) * 2.0)


def test_item():
    assert "leave .item() out" in message(TypeError, lambda x: x.item() ** 2)


# Functions that are not functions of their arguments, or not to one number


def test_a_random_function():
    rng = np.random.default_rng(0)
    text = message(ValueError, lambda x: x * rng.uniform())
    assert "when run plainly" in text
    assert "it is random" in text


def test_a_function_that_is_not_finite():
    with np.errstate(all="ignore"):
        assert "is -inf at this point; choose one where it is finite" in message(
            ValueError, lambda x: np.log(x), at={"x": 0.0}
        )


def test_an_array_result():
    text = message(ValueError, lambda x: x**2, at={"x": np.ones(3)})
    assert "returns an array of shape (3,); a derivation needs one number" in text
    assert "np.sum" in text


def test_a_tuple_result():
    assert "returns a tuple; a derivation needs one number: return the loss alone" in message(
        TypeError, lambda x: (x, x)
    )


def test_a_result_of_none():
    assert "returns a NoneType" in message(TypeError, lambda x: None)


# Arguments that do not fit


def test_a_missing_argument():
    text = message(ValueError, lambda x, y, z: x)
    assert "at has no value for y, z" in text
    assert "add it to at" in text


def test_an_unknown_argument():
    text = message(ValueError, lambda x: x, at={"x": 1.0, "w9": 2.0})
    assert "at names w9, but <lambda> has the arguments x" in text


def test_a_variable_that_is_no_argument():
    text = message(ValueError, lambda x: x, wrt="w1")
    assert "wrt is 'w1', but <lambda> has the arguments x" in text


def test_a_variable_that_is_no_name():
    assert "give the name of an argument" in message(TypeError, lambda x: x, wrt=0)


@pytest.mark.parametrize("wrt", ["x[3]", "x[0, 0]", "x[-4]"])
def test_an_entry_that_is_not_there(wrt):
    text = message(ValueError, lambda x: np.sum(x), wrt=wrt, at={"x": np.ones(3)})
    assert "of x, whose shape is (3,)" in text


def test_an_array_of_integers():
    text = message(TypeError, lambda x: np.sum(x), at={"x": np.arange(3)})
    assert "x has dtype int" in text
    assert "x.astype(float)" in text


def test_a_complex_number():
    assert "x is complex" in message(TypeError, lambda x: x, at={"x": 1j})


def test_a_word():
    assert "x is 'two'; a derivative needs a number" in message(TypeError, lambda x: x, at={"x": "two"})


def test_arguments_without_names():
    assert "takes args without a name of its own" in message(TypeError, lambda *args: args[0], at={})


def test_a_ufunc_by_itself():
    assert "wrap it in a def with named arguments" in message(TypeError, np.tanh)


def test_something_that_is_no_function():
    assert "give the function to be explained" in message(TypeError, 3.0)


def test_the_functions_own_error_is_not_hidden():
    def f(x):
        raise RuntimeError("its own")

    assert message(RuntimeError, f) == "its own"
