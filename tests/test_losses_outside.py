"""Losses against scikit-learn and SciPy, at extremes, with every reduction, and what they say to a wrong call."""

import re

import numpy as np
import pytest

from gradcheck.analytic import (
    L1,
    L2,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    CategoricalHinge,
    CosineDistance,
    FocalLoss,
    Hinge,
    Huber,
    KLDivergence,
    LogCosh,
    MeanAbsoluteError,
    MeanSquaredError,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    SquaredHinge,
    cases,
    sigmoid,
    softmax,
)
from gradcheck.analytic.losses import Loss

rng = np.random.default_rng(0)
x, y = rng.normal(size=(7, 4)), rng.normal(size=(7, 4))
classes, signs = rng.permuted(np.arange(7) % 4), rng.choice([-1.0, 1.0], 7)
LOSSES = [case for case in cases() if isinstance(case.subject, Loss)]


def says(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


def test_the_values_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    p = softmax(x)
    assert MeanAbsoluteError().forward(x, y) == pytest.approx(metrics.mean_absolute_error(y, x))
    assert MeanSquaredError().forward(x, y) == pytest.approx(metrics.mean_squared_error(y, x))
    assert CategoricalCrossEntropy().forward(p, classes) == pytest.approx(metrics.log_loss(classes, p))
    assert SoftmaxCrossEntropy().forward(x, classes) == pytest.approx(metrics.log_loss(classes, p))
    assert BinaryCrossEntropy().forward(sigmoid(x[:, 0]), signs > 0) == pytest.approx(
        metrics.log_loss(signs > 0, sigmoid(x[:, 0]))
    )
    assert Hinge().forward(x[:, 0], signs) == pytest.approx(metrics.hinge_loss(signs, x[:, 0]))
    assert CategoricalHinge().forward(x, classes) == pytest.approx(metrics.hinge_loss(classes, x, labels=range(4)))
    distances = np.diagonal(metrics.pairwise.cosine_distances(x, y))
    np.testing.assert_allclose(CosineDistance("none").forward(x, y), distances)


def test_the_values_of_scipy():
    special = pytest.importorskip("scipy.special", reason="SciPy is not installed")
    p, q = softmax(x), softmax(y)
    np.testing.assert_allclose(Huber(0.5, "none").forward(x, y), special.huber(0.5, x - y))
    np.testing.assert_allclose(KLDivergence("none").forward(np.log(p), q), special.rel_entr(q, p).sum(axis=-1))
    np.testing.assert_allclose(SigmoidCrossEntropy(reduction="none").forward(x, 0 * x), -special.log_expit(-x))


@pytest.mark.parametrize("case", LOSSES, ids=lambda case: case.name)
def test_the_mean_and_the_sum_are_those_of_the_values(case):
    loss, dx = case.subject, {}
    for loss.reduction in ("none", "mean", "sum"):
        value = loss.forward(*case.inputs)
        dx[loss.reduction] = loss.backward(2.0)
        if loss.reduction == "none":
            values = value
            dout = rng.normal(size=values.shape)
            weighted = loss.backward(dout)
        else:
            assert value == pytest.approx(getattr(values, loss.reduction)())
    np.testing.assert_allclose(dx["sum"], dx["none"])
    np.testing.assert_allclose(dx["mean"] * values.size, dx["sum"])
    rows = np.broadcast_to(dout.reshape(dout.shape + (1,) * (dx["sum"].ndim - dout.ndim)), dx["sum"].shape)
    np.testing.assert_allclose(weighted, dx["sum"] / 2 * rows, atol=1e-15)


EXTREME = [
    (MeanAbsoluteError(), [1e300, -1e300], [0.0, 0.0]),
    (Huber(), [1e300, -1e300], [0.0, 0.0]),
    (LogCosh(), [1e300, -1e300, 1e-300], [0.0, 0.0, 0.0]),
    (SigmoidCrossEntropy(2.0), [1e4, -1e4, 1e4, -1e4], [0.0, 0.0, 1.0, 1.0]),
    (BinaryCrossEntropy(), [0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]),
    (FocalLoss(), [1e4, -1e4, 1e4, -1e4], [0.0, 0.0, 1.0, 1.0]),
    (FocalLoss(gamma=0.0), [1e4, -1e4, 1e4, -1e4], [0.0, 0.0, 1.0, 1.0]),
    (Hinge(), [1e300, -1e300], [1.0, 1.0]),
    (CategoricalCrossEntropy(), [[0.0, 1.0], [1.0, 0.0]], [[0.5, 0.5], [0.0, 1.0]]),
    (KLDivergence(), [[-1e4, 0.0]], [[0.0, 1.0]]),
    (CosineDistance(), [[1e200, 1e200], [1e-200, 0.0], [0.0, 0.0]], [[1e-200, 0.0], [1.0, 1.0], [1.0, 1.0]]),
]


@pytest.mark.parametrize(("loss", "x", "t"), EXTREME, ids=lambda part: repr(part) if isinstance(part, Loss) else "")
def test_extremes_give_finite_values_and_gradients(loss, x, t):
    assert np.isfinite(loss.forward(x, t))
    assert np.all(np.isfinite(loss.backward()))


def test_the_values_at_the_extremes():
    loss = SigmoidCrossEntropy(reduction="none")
    assert loss.forward([1e4, -1e4, 1e4, -1e4], [0.0, 0.0, 1.0, 1.0]).tolist() == [1e4, 0, 0, 1e4]
    assert loss.backward().tolist() == [1, 0, 0, -1]
    assert CosineDistance("none").forward([[1e200, 0.0]], [[1e-200, 0.0]]).tolist() == [0]
    assert LogCosh("none").forward([1e-8], [0.0])[0] == pytest.approx(5e-17, rel=1e-14)


def test_smoothing_and_weights_are_those_of_the_targets():
    plain, t = SoftmaxCrossEntropy(reduction="none"), np.eye(4)[classes]
    smooth = SoftmaxCrossEntropy(0.2, reduction="none").forward(x, classes)
    np.testing.assert_allclose(smooth, plain.forward(x, 0.8 * t + 0.05))
    weights = np.array([0.0, 1.0, 2.0, 3.0])
    weighted = SoftmaxCrossEntropy(class_weights=weights, reduction="none").forward(x, classes)
    np.testing.assert_allclose(weighted, weights[classes] * plain.forward(x, classes))


def test_at_a_kink_the_plain_subgradient_is_taken():
    for loss, point, target, dx in [
        (MeanAbsoluteError(), 1.0, 1.0, 0),
        (Hinge(), 1.0, 1.0, 0),
        (SquaredHinge(), 1.0, 1.0, 0),
        (Huber(), 1.0, 0.0, 1),
    ]:
        loss.forward(point, target)
        assert loss.backward() == dx
    penalty = L1(1.0)
    penalty.forward(0.0)
    assert penalty.backward(1.0) == 0


def test_wrong_calls():
    with says(ValueError, "Hinge: reduction = 'max', expected one of 'mean', 'sum', 'none'"):
        Hinge("max")
    with says(ValueError, "Hinge(): t holds 0.0, expected −1 and 1"):
        Hinge().forward([1.0], [0.0])
    with says(ValueError, "FocalLoss(0.25, 2.0): t holds 0.5, expected 0 and 1"):
        FocalLoss().forward([1.0], [0.5])
    with says(ValueError, "CategoricalHinge(): t has rows that are not one-hot, expected one 1 in each, else 0"):
        CategoricalHinge().forward([[1.0, 2.0]], [[0.5, 0.5]])
    with says(ValueError, "CategoricalHinge(): x has one score on its last axis, expected at least two classes"):
        CategoricalHinge().forward([[1.0]], [0])
    with says(ValueError, "Huber: delta = 0, expected a number greater than 0"):
        Huber(0)
    with says(ValueError, "SoftmaxCrossEntropy: label_smoothing = 1.5, expected 0 to 1"):
        SoftmaxCrossEntropy(1.5)
    with says(ValueError, "L2: rate = -1.0, expected at least 0"):
        L2(-1)
    with says(ValueError, "SoftmaxCrossEntropy: class_weights = [1, -1], expected numbers of at least 0, one a class"):
        SoftmaxCrossEntropy(class_weights=[1, -1])
    loss = SoftmaxCrossEntropy(class_weights=[1, 2])
    with says(
        ValueError,
        "SoftmaxCrossEntropy(class_weights=[1.0, 2.0]): there are 2 class_weights, but x has C = 3 scores",
    ):
        loss.forward(np.ones((2, 3)), [0, 1])
    loss = MeanSquaredError("none")
    loss.forward(x, y)
    with says(
        ValueError, "MeanSquaredError(reduction='none'): dout has shape (3,), expected (7, 4), that of the values"
    ):
        loss.backward(np.ones(3))
    with says(ValueError, "CosineDistance(): x is a single number, expected rows (N, D)"):
        CosineDistance().forward(1.0, 1.0)
