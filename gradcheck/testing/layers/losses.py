"""Losses: any hyper-parameters, shapes and values."""

from itertools import groupby
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from gradcheck.analytic import (
    CTC,
    L1,
    L2,
    BinaryCrossEntropy,
    Case,
    CategoricalCrossEntropy,
    CategoricalHinge,
    CosineDistance,
    FocalLoss,
    Hinge,
    Huber,
    KLDivergence,
    LogCosh,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    SquaredHinge,
)
from gradcheck.testing.arrays import arrays_off_kinks, distinct_values, shapes
from gradcheck.testing.layers.drawing import classes, draws, draws_any_shape, fractions, probabilities, values

_reductions: st.SearchStrategy[Any] = st.sampled_from(["mean", "sum", "none"])


def _case(loss: Loss, x: NDArray[Any], t: NDArray[Any]) -> Case:
    return Case(type(loss).__name__, loss, (x, t), wrt=("x",))


def _of_errors(loss_type: type[Loss], *options: st.SearchStrategy[Any]) -> None:
    """A loss of x − t, with a kink or a change of formula at 0 and 1."""

    @draws(loss_type)
    @st.composite
    def cases(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
        loss = draw(st.builds(loss_type, *options, reduction=_reductions))
        shape = draw(shapes((1, 3), min_side=1))
        x, error = draw(values(shape, dtype)), draw(arrays_off_kinks(shape, (-1, 0, 1), dtype=dtype))
        return _case(loss, x, x - error)


_of_errors(MeanSquaredError)
_of_errors(MeanAbsoluteError)
_of_errors(LogCosh)
_of_errors(Huber, st.just(1.0))


def _of_classes(loss_type: type[Loss], *, scores: bool) -> None:
    """A loss of scores or probabilities, with class indices or rows."""

    @draws(loss_type)
    @st.composite
    def cases(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
        shape = draw(shapes((1, 3)))
        x = draw(values(shape, dtype) if scores else probabilities(shape, dtype))
        t = draw(st.one_of(classes(shape), probabilities(shape, dtype)))
        weights = draw(st.none() | st.lists(fractions, min_size=shape[-1], max_size=shape[-1]))
        smoothing, reduction = draw(st.just(0.0) | fractions), draw(_reductions)
        return _case(loss_type(smoothing, weights, reduction), x, t)  # type: ignore[arg-type,call-arg]  # of both alike


_of_classes(SoftmaxCrossEntropy, scores=True)
_of_classes(CategoricalCrossEntropy, scores=False)


@draws(SigmoidCrossEntropy)
@st.composite
def _sigmoid_cross_entropy(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    shape = draw(shapes((1, 3), min_side=1))
    loss = draw(st.builds(SigmoidCrossEntropy, fractions, fractions | st.just(0.0), _reductions))
    return _case(loss, draw(values(shape, dtype)), draw(_between_0_and_1(shape, dtype)))


@draws(BinaryCrossEntropy)
@st.composite
def _binary_cross_entropy(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    shape = draw(shapes((1, 3), min_side=1))
    loss = draw(st.builds(BinaryCrossEntropy, fractions, fractions | st.just(0.0), _reductions))
    return _case(loss, draw(_between_0_and_1(shape, dtype)), draw(_between_0_and_1(shape, dtype)))


@draws(FocalLoss)
@st.composite
def _focal_loss(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    shape = draw(shapes((1, 3), min_side=1))
    loss = draw(st.builds(FocalLoss, fractions, st.sampled_from([0.0, 0.5, 1.0, 2.0]), _reductions))
    return _case(loss, draw(values(shape, dtype)), draw(_one_of(shape, (0, 1), dtype)))


def _of_margins(loss_type: type[Loss]) -> None:
    @draws(loss_type)
    @st.composite
    def cases(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
        shape = draw(shapes((1, 3), min_side=1))
        x = draw(arrays_off_kinks(shape, (-1, 1), dtype=dtype))
        return _case(loss_type(draw(_reductions)), x, draw(_one_of(shape, (-1, 1), dtype)))


_of_margins(Hinge)
_of_margins(SquaredHinge)


@draws(CategoricalHinge)
@st.composite
def _categorical_hinge(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    shape = draw(shapes((1, 3)))
    # Eighths apart, so a margin is 1/16 or more from the kink at 1.
    x = draw(distinct_values(shape, 1 / 4, dtype=dtype))
    x = np.round(x * 4) / 4 + np.linspace(0, 1 / 8, shape[-1], dtype=dtype)
    return _case(CategoricalHinge(draw(_reductions)), x.astype(dtype), draw(classes(shape)))


@draws(KLDivergence)
@st.composite
def _kl_divergence(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    shape = draw(shapes((1, 3), min_side=1))
    return _case(KLDivergence(draw(_reductions)), draw(values(shape, dtype)), draw(probabilities(shape, dtype)))


@draws(CosineDistance)
@st.composite
def _cosine_distance(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    shape = draw(shapes((1, 3)))
    x, t = draw(values(shape, dtype)), draw(values(shape, dtype))
    # Neither parallel nor opposite, where the gradient is 0 and all that is measured is rounding.
    t[..., 0], t[..., -1] = np.copysign(t[..., 0], x[..., 0]), -np.copysign(t[..., -1], x[..., -1])
    return _case(CosineDistance(draw(_reductions)), x, t)


@draws(CTC)
@st.composite
def _ctc(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    """Labels that some path spells, since a path is drawn; few classes and steps, so that all paths can be counted."""
    N, T, C = draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.integers(2, 3))
    blank = draw(st.integers(0, C - 1))
    lengths = draw(st.lists(st.integers(1, T), min_size=N, max_size=N))
    paths = [draw(st.lists(st.integers(0, C - 1), min_size=length, max_size=length)) for length in lengths]
    rows = [[k for k, _ in groupby(path) if k != blank] for path in paths]
    t = np.array([row + [-1] * (max(map(len, rows)) - len(row)) for row in rows], np.intp)
    x = draw(values((N, T, C), dtype))
    return Case("CTC", CTC(blank, draw(_reductions)), (x, t, np.array(lengths)), wrt=("x",))


draws_any_shape(L1, fractions)
draws_any_shape(L2, fractions)


def _between_0_and_1(shape: tuple[int, ...], dtype: np.dtype[Any]) -> st.SearchStrategy[NDArray[Any]]:
    return arrays_off_kinks(shape, (0, 1), low=0.0, high=1.0, dtype=dtype)


def _one_of(shape: tuple[int, ...], choices: tuple[int, ...], dtype: np.dtype[Any]) -> st.SearchStrategy[NDArray[Any]]:
    size = int(np.prod(shape))
    drawn = st.lists(st.sampled_from(choices), min_size=size, max_size=size)
    return drawn.map(lambda t: np.array(t, dtype).reshape(shape))
