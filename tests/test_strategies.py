"""The strategies build what they promise, without rejecting a draw, and shrink to plain examples."""

import re
import subprocess
import sys
from functools import partial
from random import Random

import numpy as np
import pytest
from hypothesis import find as hypothesis_find
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from hypothesis.extra.numpy import arrays

from gradcheck import testing
from gradcheck.analytic import cases
from gradcheck.testing.strategies import (
    arrays_off_kinks,
    arrays_on_kinks,
    cotangents,
    distinct_values,
    layer_cases,
    shapes,
)

find = partial(hypothesis_find, settings=settings(max_examples=5000), random=Random(0))
LAYER_TYPES = sorted({type(case.subject) for case in cases()}, key=lambda layer_type: layer_type.__name__)

# With every health check on, a strategy that filters much or grows too large fails here.
strict = settings(max_examples=50, suppress_health_check=[])


def is_dyadic(x):
    return bool(np.all(x * 64 == np.round(x * 64)))


@strict
@given(shapes((1, 4)))
def test_no_two_axes_have_the_same_length(shape):
    assert len(set(shape)) == len(shape)
    assert 1 <= len(shape) <= 4
    assert all(2 <= side <= 6 for side in shape)


@strict
@given(shapes(3, min_side=1, max_side=3))
def test_the_batch_is_never_one_row(shape):
    assert shape[0] >= 2
    assert sorted(shape) == [1, 2, 3]


def test_a_batch_of_one_row_can_be_had():
    assert find(shapes(2, min_side=1, batch=False), lambda shape: shape[0] == 1) == (1, 2)


@strict
@given(arrays_off_kinks(shapes((1, 3)), kinks=(-1.0, 0.0, 0.3), margin=0.125))
def test_no_value_is_near_a_kink(x):
    for kink in (-1.0, 0.0, 0.3):
        assert np.abs(x - kink).min() >= 0.125
    assert is_dyadic(x)
    assert np.abs(x).max() <= 3


@strict
@given(arrays_off_kinks((2, 3), dtype=np.float32))
def test_values_come_in_the_dtype_asked_for_and_can_be_written_to(x):
    assert x.dtype == np.float32
    x[...] = 0


def test_values_off_kinks_take_both_signs_and_both_ends():
    for low_end in (lambda x: x.min() == -3, lambda x: x.max() == 3, lambda x: x.min() < 0 < x.max()):
        assert low_end(find(arrays_off_kinks((2, 2)), low_end))


def test_a_smooth_function_may_be_asked_at_zero():
    assert find(arrays_off_kinks((2,), kinks=()), lambda x: True).tolist() == [0.0, 0.0]


@strict
@given(arrays_on_kinks((2, 3), kinks=(-1.0, 1.0)))
def test_some_value_is_on_a_kink_and_none_merely_near(x):
    distance = np.minimum(np.abs(x - 1), np.abs(x + 1))
    assert np.any(distance == 0)
    assert np.all((distance == 0) | (distance >= 0.125))


def test_every_value_may_be_on_a_kink():
    assert find(arrays_on_kinks((2,)), lambda x: not x.any()).tolist() == [0.0, 0.0]


@strict
@given(distinct_values(shapes((1, 3)), gap=0.25))
def test_distinct_values_have_no_ties(x):
    rising = np.sort(x, axis=None)
    assert np.diff(rising).min() >= 0.25
    assert is_dyadic(x)


def test_distinct_values_come_in_any_order():
    for order in ([0, 1, 2], [1, 0, 2], [2, 1, 0]):
        assert find(distinct_values((3,)), lambda x, order=order: x.argsort().tolist() == order).any()


@strict
@given(cotangents(shapes((1, 3))))
def test_cotangents_have_both_signs_and_hide_nothing(dy):
    assert dy.min() < 0 < dy.max()
    assert np.all((np.abs(dy) >= 0.5) & (np.abs(dy) <= 2))
    assert not np.any(np.abs(dy) == 1)
    assert is_dyadic(dy)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_a_single_cotangent_is_merely_signed_and_not_zero(shape):
    assert find(cotangents(shape), lambda dy: dy.sum() < 0).tolist() == np.full(shape, -2.0).tolist()


@pytest.mark.parametrize("strategy", [arrays_off_kinks, arrays_on_kinks, distinct_values, cotangents])
@pytest.mark.parametrize("shape", [(), (0,), (2, 0), (1,), (3, 2)])
def test_every_shape_is_possible(strategy, shape):
    x = find(strategy(shape), lambda x: True)
    assert isinstance(x, np.ndarray)
    assert x.shape == shape
    assert x.dtype == np.float64


def test_shrinks_to_what_one_would_write_by_hand():
    assert find(shapes((1, 4)), lambda shape: True) == (2,)
    assert find(arrays_off_kinks(shapes(2)), lambda x: True).tolist() == [[1.0] * 3] * 2
    assert find(arrays_off_kinks((2, 2)), lambda x: x[1, 0] < 0).tolist() == [[1.0, 1.0], [-1.0, 1.0]]
    assert find(distinct_values((3,)), lambda x: True).tolist() == [-0.25, 0.0, 0.25]
    assert find(cotangents((3,)), lambda dy: True).tolist() == [2.0, 2.0, -2.0]


def test_the_usual_arrays_would_sit_on_kinks():
    """The wrong way, for comparison: an unguarded draw meets the kink at 0, a constructed one cannot."""

    def near_zero(x):
        return bool(np.any(np.abs(x) < 0.125))

    assert near_zero(find(arrays(float, (2, 2), elements=st.floats(-3, 3)), near_zero))
    with pytest.raises(NoSuchExample):
        find(arrays_off_kinks((2, 2)), near_zero, settings=settings(max_examples=100))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: shapes(6, max_side=4),
            "shapes: dims = 6 with sides 2 to 4: expected at most 3 axes, "
            "as no two may have the same length; raise max_side",
        ),
        (
            lambda: arrays_off_kinks((2,), margin=4.0),
            "arrays_off_kinks: no multiple of 1/64 between low = -3.0 and high = 3.0 is margin = 4.0 "
            "away from the kinks (0.0,); widen the range or lower the margin",
        ),
        (
            lambda: layer_cases(int),
            "layer_cases: <class 'int'> has no strategy; expected a class of gradcheck.analytic such as Dense",
        ),
        (lambda: arrays_on_kinks((2,), kinks=()), "arrays_on_kinks: kinks is empty, expected at least one"),
    ],
)
def test_what_cannot_be_built_is_said_at_once(make, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make()


@pytest.mark.parametrize("layer_type", LAYER_TYPES, ids=lambda layer_type: layer_type.__name__)
@settings(max_examples=5)
@given(data=st.data())
def test_there_are_cases_of_every_layer_in_float32(layer_type, data):
    case = data.draw(layer_cases(layer_type, dtype=np.float32))
    assert type(case.subject) is layer_type
    subject = case.subject
    y = subject.loss(*case.inputs) if getattr(subject, "loss_function", None) else subject.forward(*case.inputs)
    assert y.dtype == np.float32


def test_the_package_imports_nothing_until_a_name_is_used():
    code = (
        "import sys, gradcheck.testing as testing\n"
        "heavy = {'numpy', 'hypothesis', 'autograd', 'pytest'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "assert testing.shapes.__module__ == 'gradcheck.testing.arrays'\n"
        "assert 'hypothesis' in sys.modules\n"
        "assert set(testing.__all__) <= set(dir(testing))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'shape'"):
        _ = testing.shape
    assert testing.cotangents is cotangents
