"""No more evaluations than allowed: what is settled by then counts, what is not is undecided and says why."""

import itertools

import numpy as np
import pytest

from gradcheck import check
from gradcheck.checking.precision import in_dtype

rng = np.random.default_rng(0)
x, W, b = rng.normal(size=(5, 3)), rng.normal(size=(3, 4)), rng.normal(size=4)


def affine(x, W, b):
    return x @ W + b, (x, W)


def affine_backward(dout, cache):
    x, W = cache
    return dout @ W.T, x.T @ dout, dout.sum(axis=0)


def meaned(dout, cache):
    dx, dW, _ = affine_backward(dout, cache)
    return dx, dW, dout.mean(axis=0)


def limited(limit, *inputs, forward=affine, backward=affine_backward):
    return check(forward, *inputs, backward=backward, name="affine", max_evaluations=limit)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("limit", [5, 12, 20, 25])
def test_the_forward_runs_no_more_often_than_allowed(limit, dtype):
    calls = itertools.count()  # an ordinary counter would be put back, like all state of a subject

    def counted(x, W, b):
        next(calls)
        return affine(x, W, b)

    report = limited(limit, *(a.astype(dtype) for a in (x, W, b)), forward=counted)
    assert report.evaluations == next(calls) == limit
    assert report.verdict == "undecided"


def test_what_is_not_settled_says_so_and_what_is_stays():
    report = limited(60, x, W, b, backward=meaned)
    assert [c.verdict for c in report.tensors] == ["agree", "undecided", "undecided"]
    assert report["W"].reason == (
        "max_evaluations=60 was reached before it was settled; allow more, or check fewer tensors by wrt="
    )
    assert "max_evaluations=60 was reached" in str(report)


def test_a_wrong_tensor_found_within_the_limit_is_wrong():
    whole = limited(None, x, W, b, backward=meaned)
    for limit in (whole.evaluations - 1, whole.evaluations - 10):
        report = limited(limit, x, W, b, backward=meaned)
        assert report.evaluations <= limit
        assert report["b"].verdict == "disagree"


def test_with_enough_nothing_changes():
    assert str(limited(10_000, x, W, b)) == str(limited(None, x, W, b))


@pytest.mark.parametrize(
    ("limit", "error", "told"),
    [
        (0, ValueError, "max_evaluations is 0; it must be 1 or more"),
        (2.5, TypeError, "max_evaluations is 2.5; pass an integer of 1 or more, such as 1000, or None"),
    ],
)
def test_what_is_no_limit_is_refused(limit, error, told):
    with pytest.raises(error, match=f"^{told}$"):
        check(np.sum, x, grad=np.ones_like, max_evaluations=limit)


def test_a_subject_cast_to_another_type_is_a_copy():
    class Layer:
        W, dtype = x, np.float64

    layer = Layer()
    layer.W = layer.V = x.copy()
    cast, (y, labels) = in_dtype(np.dtype(np.float32), layer, (x, np.arange(3)))
    assert cast.W is cast.V
    assert (cast.W.dtype, y.dtype, labels.dtype) == (np.float32, np.float32, np.arange(3).dtype)
    assert layer.W.dtype == np.float64
