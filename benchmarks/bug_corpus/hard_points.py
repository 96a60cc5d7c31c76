"""Right backwards where a checker is tempted to call them wrong."""

import numpy as np

from bug_corpus import (
    activations,
    attention,
    convolution,
    dense,
    dropout,
    embedding,
    losses,
    normalization,
    pooling,
    recurrent,
    softmax,
)
from bug_corpus.case import Layer, pair, scalar, sizes


def everywhere(value, shape=(4, 3)):
    return lambda rng: {"x": np.full(shape, value)}


def times(layer: Layer, factor: float, *names: str):
    """The layer's own inputs, those named multiplied."""
    return lambda rng: {k: v * factor if k in names else v for k, v in layer.inputs(rng).items()}


def single(layer: Layer):
    """The layer's own inputs in single precision."""
    return lambda rng: {
        k: v.astype(np.float32) if isinstance(v, np.ndarray) and v.dtype.kind == "f" else v
        for k, v in layer.inputs(rng).items()
    }


# Kinks: any subgradient is right

activations.relu.at("at zero everywhere", everywhere(0.0))
activations.relu.at("with some exact zeros", lambda rng: {"x": np.round(rng.normal(size=(6, 5)))})
activations.relu.at("with slope one at zero", everywhere(0.0), backward=lambda dout, x: dout * (x >= 0))
activations.relu.at(
    "with slope one half at zero", everywhere(0.0), backward=lambda dout, x: dout * np.heaviside(x, 0.5)
)
activations.relu.at("just beside its kink", lambda rng: {"x": 1e-9 * rng.normal(size=(4, 3))})
activations.leaky_relu.at("at zero everywhere", everywhere(0.0))
activations.parametric_relu.at("at zero", lambda rng: {"x": np.zeros((3, 4)), "a": rng.uniform(0.1, 0.5, 4)})
activations.hard_tanh.at("on both of its kinks", lambda rng: {"x": rng.choice([-1.0, 0.5, 1.0], (4, 5))})
activations.elu.at("at zero, where it is smooth once", everywhere(0.0))
losses.mean_absolute_error.at("where some are met exactly", lambda rng: {"y": np.eye(3), "t": np.tri(3)})
losses.huber.at("where the branches meet", lambda rng: {"y": np.ones((3, 2)), "t": np.zeros((3, 2))})
losses.svm_loss.at("with margins of exactly zero", lambda rng: {"x": np.eye(4), "t": np.arange(4)})
losses.triplet_loss.at("where nothing is active", lambda rng: {
    "a": rng.normal(size=(5, 3)), "p": 0.1 * rng.normal(size=(5, 3)), "n": 10 + rng.normal(size=(5, 3))
})  # fmt: skip

# Ties: one of them may take it all

pooling.max_pool.at("with ties", pooling.tied_image)
pooling.max_pool.at("of a constant image", lambda rng: {"x": np.ones((2, 3, 6, 4))})
pooling.row_maximum.at("with ties", pooling.tied_rows)
pooling.overlapping_max_pool.at("with ties", lambda rng: {"x": rng.integers(3, size=(5, 9)).astype(float)})


@pair(lambda rng: {"x": (x := rng.integers(3, size=(4, 5)).astype(float)), "y": x.T.reshape(4, 5)})
def maximum_of_two_with_ties(x, y):
    return np.maximum(x, y), (x, y)


@maximum_of_two_with_ties.right
def half_to_each(dout, cache):
    x, y = cache
    share = np.where(x == y, 0.5, x > y)
    return dout * share, dout * (1 - share)


# Saturation

activations.sigmoid.at("saturated", lambda rng: {"x": 30 * rng.choice([-1.0, 1.0], (4, 3))})
activations.sigmoid.at("saturated to zero", everywhere(-700.0))
activations.tanh.at("saturated", lambda rng: {"x": 15 * rng.choice([-1.0, 1.0], (4, 3))})
activations.tanh.at("saturated to the last digit", lambda rng: {"x": 40 * rng.choice([-1.0, 1.0], (4, 3))})
activations.softplus.at("far out", lambda rng: {"x": 100 * rng.choice([-1.0, 1.0], (4, 3))})
activations.silu.at("far out", lambda rng: {"x": 50 * rng.choice([-1.0, 1.0], (4, 3))})
activations.gelu.at("far out", lambda rng: {"x": 8 * rng.choice([-1.0, 1.0], (4, 3))})
softmax.softmax.at("with one class certain", lambda rng: {"x": 40 * np.eye(4)[rng.integers(4, size=5)]})
softmax.softmax.at("at logits of 1000", lambda rng: {"x": 1000 + rng.normal(size=(4, 3))})
softmax.log_softmax.at("with one class certain", lambda rng: {"x": 40 * np.eye(4)[rng.integers(4, size=5)]})
softmax.log_sum_exp.at("with equal entries", everywhere(2.0))
losses.softmax_loss.at("certain and right", lambda rng: {"x": 30 * np.eye(4), "t": np.arange(4)})
losses.softmax_loss.at("certain and wrong", lambda rng: {"x": 30 * np.eye(4), "t": np.roll(np.arange(4), 1)})
losses.sigmoid_cross_entropy.at(
    "far out", lambda rng: {"x": 50 * rng.choice([-1.0, 1.0], (4, 3)), "t": np.eye(4)[:, :3].astype(int)}
)

# Tiny and huge

for power in (1e-8, 1e-4, 1e4, 1e8):
    dense.affine.at(f"at inputs times {power:g}", times(dense.affine, power, "x"))
dense.affine.at("at weights times 1e-12", times(dense.affine, 1e-12, "W"))
dense.affine.at("with a bias of 1e10", times(dense.affine, 1e10, "b"))
activations.tanh.at("at 1e-10", times(activations.tanh, 1e-10, "x"))
normalization.layer_norm.at("at inputs times 1e6", times(normalization.layer_norm, 1e6, "x"))
normalization.unit_rows.at("at inputs times 1e-6", times(normalization.unit_rows, 1e-6, "x"))
losses.mean_squared_error.at("at inputs times 1e8", times(losses.mean_squared_error, 1e8, "y", "t"))
losses.mean_squared_error.at("at its minimum", lambda rng: {"y": (y := rng.normal(size=(4, 3))), "t": y.copy()})
losses.cosine_similarity.at("of lengths 1e-5 and 1e5", lambda rng: {
    "a": 1e-5 * rng.normal(size=(4, 3)), "b": 1e5 * rng.normal(size=(4, 3))
})  # fmt: skip

# A variance that is small, or none

normalization.batch_norm.at("with a variance of 1e-8", lambda rng: {
    "x": 5 + 1e-4 * rng.normal(size=(6, 3)), "gamma": np.ones(3), "beta": np.zeros(3)
})  # fmt: skip
normalization.batch_norm.at("of a constant batch", lambda rng: {
    "x": np.full((6, 3), 2.0), "gamma": np.ones(3), "beta": np.zeros(3)
})  # fmt: skip
normalization.batch_norm.at("of a batch of one", lambda rng: {
    "x": rng.normal(size=(1, 3)), "gamma": np.ones(3), "beta": np.zeros(3)
})  # fmt: skip
normalization.layer_norm.at("far from zero", lambda rng: {
    "x": 1e4 + rng.normal(size=(4, 6)), "gamma": np.ones(6), "beta": np.zeros(6)
})  # fmt: skip
normalization.rms_norm.at(
    "at 1e-4, where epsilon counts", lambda rng: {"x": 1e-4 * rng.normal(size=(4, 5)), "g": np.ones(5)}
)

# Single precision

for layer in (
    dense.affine, dense.dense, activations.relu, activations.sigmoid, activations.gelu, softmax.softmax,
    softmax.log_softmax, normalization.batch_norm, normalization.layer_norm, convolution.causal_convolution,
    pooling.max_pool, recurrent.vanilla_rnn, recurrent.lstm_step, attention.attention, embedding.bag_of_words,
    losses.softmax_loss, losses.huber, dropout.drop_connect,
):  # fmt: skip
    layer.at("in float32", single(layer))

# Empty axes, single entries, odd shapes and orders of memory

dense.affine.at(
    "of an empty batch", lambda rng: {"x": np.zeros((0, 3)), "W": rng.normal(size=(3, 4)), "b": rng.normal(size=4)}
)
dense.affine.at("without features", lambda rng: {"x": np.zeros((4, 0)), "W": np.zeros((0, 3)), "b": rng.normal(size=3)})
dense.affine.at(
    "one by one", lambda rng: {"x": rng.normal(size=(1, 1)), "W": rng.normal(size=(1, 1)), "b": rng.normal(size=1)}
)
dense.affine.at("in Fortran order", lambda rng: {k: np.asfortranarray(v) for k, v in dense.affine_inputs(rng).items()})
dense.affine.at("of strided views", lambda rng: {
    "x": rng.normal(size=(8, 6))[::2, ::2], "W": rng.normal(size=(4, 3)).T, "b": rng.normal(size=8)[::2]
})  # fmt: skip
activations.tanh.at("of a scalar", lambda rng: {"x": np.asarray(rng.normal())})
softmax.softmax.at("of one class", lambda rng: {"x": rng.normal(size=(4, 1))})

# Masks, dropout, randomness

dropout.masked_mean.at("with one word each", lambda rng: {
    "x": rng.normal(size=(3, 5, 2)), "mask": np.eye(5, dtype=bool)[:3]
})  # fmt: skip
dropout.drop_connect.at("with everything dropped", lambda rng: {
    "x": rng.normal(size=(4, 3)), "W": rng.normal(size=(3, 5)), "mask": np.zeros((3, 5), bool)
})  # fmt: skip
embedding.embedding.at("of one word, many times", lambda rng: {"W": rng.normal(size=(5, 3)), "i": np.full((4, 3), 2)})


@pair(dropout.batch)
def dropout_from_the_global_generator(x):
    mask = np.random.rand(*x.shape) > 0.5  # noqa: NPY002 - as in many a course
    return x * mask * 2, mask


@dropout_from_the_global_generator.right
def with_the_mask_of_the_forward(dout, mask):
    return dout * mask * 2


# Functions that are steep, flat, rough or nearly not there


def right(inputs, slope):
    """Enter an elementwise function with its slope."""

    def enter(f):
        layer = pair(inputs)(f)
        layer.right(lambda dout, x: dout * slope(x))
        return layer

    return enter


@right(everywhere(0.3), lambda x: 2e4 * np.cos(1e4 * x) * np.sin(1e4 * x))
def fast_square_of_a_sine(x):
    return np.sin(1e4 * x) ** 2, x


@right(lambda rng: {"x": rng.uniform(0.5, 1.5, 6)}, np.zeros_like)
def rounding_down(x):
    return np.floor(4 * x + 0.123), x


@right(lambda rng: {"x": np.append(rng.normal(size=4), 0.0)}, lambda x: 3 * x * np.abs(x))
def cube_of_the_size(x):
    return np.abs(x) ** 3, x


@right(lambda rng: {"x": rng.uniform(0.1, 1, 6)}, lambda x: x**x * (np.log(x) + 1))
def power_of_itself(x):
    return x**x, x


@right(lambda rng: {"x": rng.uniform(0.2, 3, 6)}, lambda x: np.exp(-1 / x) / x**2)
def flat_at_zero(x):
    return np.exp(-1 / x), x


@scalar(lambda rng: {"x": 1e-3 * rng.normal(size=4), "y": 1e3 * rng.normal(size=4)})
def rosenbrock(x, y):
    return np.sum((1 - x) ** 2 + 100 * (y - x**2) ** 2)


@rosenbrock.right
def rosenbrock_gradient(x, y):
    return -2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)


@scalar(lambda rng: {"A": np.vander(rng.uniform(1, 2, 4)), "b": rng.normal(size=4)})
def badly_conditioned_solve(A, b):
    return np.linalg.solve(A, b).sum()


@badly_conditioned_solve.right
def badly_conditioned_solve_gradient(A, b):
    lam = np.linalg.solve(A.T, np.ones(len(b)))
    return -np.outer(lam, np.linalg.solve(A, b)), lam


@scalar(lambda rng: {"x": rng.normal(size=(sizes(rng, 1)[0], 3))})
def cancelling_sum(x):
    return (1e6 + x).sum() - 1e6 * x.size


@cancelling_sum.right
def cancelling_sum_gradient(x):
    return np.ones_like(x)
