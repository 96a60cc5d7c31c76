"""Softmax and its relatives."""

# ruff: noqa: RUF059, RET504 - what a mistake forgets or overwrites stays in sight

import numpy as np

from bug_corpus.case import pair, sizes


def scores(rng):
    N, C = sizes(rng, 2)
    return {"x": rng.normal(size=(N, C))}


# Softmax over classes


@pair(scores)
def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    y = e / e.sum(axis=1, keepdims=True)
    return y, y


@softmax.right
def softmax_backward(dout, y):
    return y * (dout - (dout * y).sum(axis=1, keepdims=True))


@softmax.wrong("missing-term", "missing-sum", why="what is not summed is the off-diagonal part")
def diagonal_of_the_jacobian_only(dout, y):
    return dout * y * (1 - y)


@softmax.wrong("missing-term")
def sum_over_classes_forgotten(dout, y):
    return dout * y


@softmax.wrong("missing-sum", "missing-term", why="what is not summed is the off-diagonal part")
def product_not_summed(dout, y):
    return y * (dout - dout * y)


@softmax.wrong("permuted")
def summed_over_the_batch(dout, y):
    return y * (dout - (dout * y).sum(axis=0, keepdims=True))


@softmax.wrong("extra-mean")
def mean_in_place_of_the_sum(dout, y):
    return y * (dout - (dout * y).mean(axis=1, keepdims=True))


@softmax.wrong("extra-sum")
def summed_over_everything(dout, y):
    return y * (dout - (dout * y).sum())


@softmax.wrong("sign")
def negated(dout, y):
    return y * ((dout * y).sum(axis=1, keepdims=True) - dout)


@softmax.wrong("missing-cotangent")
def as_if_dout_were_one_hot(dout, y):
    return y * (1 - y)


@softmax.wrong("precision")
def computed_in_half_precision(dout, y):
    y, d = y.astype(np.float16), dout.astype(np.float16)
    return (y * (d - (d * y).sum(axis=1, keepdims=True))).astype(float)


# Softmax with a temperature, which is learned


def tempered_inputs(rng):
    N, C = sizes(rng, 2)
    return {"x": rng.normal(size=(N, C)), "T": rng.uniform(1.5, 3, 1)}


@pair(tempered_inputs)
def softmax_with_temperature(x, T):
    y = softmax(x / T)[0]
    return y, (x, T, y)


@softmax_with_temperature.right
def softmax_with_temperature_backward(dout, cache):
    x, T, y = cache
    dz = softmax_backward(dout, y)
    return dz / T, np.array([-(dz * x).sum() / T[0] ** 2])


@softmax_with_temperature.wrong("factor")
def temperature_forgotten(dout, cache):
    x, T, y = cache
    dz = softmax_backward(dout, y)
    return dz, np.array([-(dz * x).sum() / T[0] ** 2])


@softmax_with_temperature.wrong("factor")
def temperature_multiplied(dout, cache):
    x, T, y = cache
    dz = softmax_backward(dout, y)
    return dz * T, np.array([-(dz * x).sum() / T[0] ** 2])


@softmax_with_temperature.wrong("sign")
def minus_of_the_quotient_forgotten(dout, cache):
    x, T, y = cache
    dz = softmax_backward(dout, y)
    return dz / T, np.array([(dz * x).sum() / T[0] ** 2])


@softmax_with_temperature.wrong("factor")
def square_of_the_quotient_forgotten(dout, cache):
    x, T, y = cache
    dz = softmax_backward(dout, y)
    return dz / T, np.array([-(dz * x).sum() / T[0]])


# Log-softmax


@pair(scores)
def log_softmax(x):
    shifted = x - x.max(axis=1, keepdims=True)
    out = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return out, out


@log_softmax.right
def log_softmax_backward(dout, out):
    return dout - np.exp(out) * dout.sum(axis=1, keepdims=True)


@log_softmax.wrong("missing-term")
def normaliser_forgotten(dout, out):
    return dout.copy()


@log_softmax.wrong("missing-sum", "missing-term", why="what is not summed is the off-diagonal part")
def dout_not_summed(dout, out):
    return dout - np.exp(out) * dout


@log_softmax.wrong("missing-cotangent")
def as_if_dout_summed_to_one(dout, out):
    return dout - np.exp(out)


@log_softmax.wrong(
    "activation-derivative-at-wrong-point", "missing-activation-derivative",
    why="the output stands where its exponential belongs: at the wrong point, or with exp left out",
)  # fmt: skip
def log_probability_in_place_of_the_probability(dout, out):
    return dout - out * dout.sum(axis=1, keepdims=True)


@log_softmax.wrong("extra-sum")
def dout_summed_over_the_batch_too(dout, out):
    return dout - np.exp(out) * dout.sum()


# Log-sum-exp


@pair(scores)
def log_sum_exp(x):
    m = x.max(axis=1, keepdims=True)
    out = m + np.log(np.exp(x - m).sum(axis=1, keepdims=True))
    return out[:, 0], (x, out)


@log_sum_exp.right
def log_sum_exp_backward(dout, cache):
    x, out = cache
    return dout[:, None] * np.exp(x - out)


@log_sum_exp.wrong("wrong-mask", "missing-term", why="a maximum passes to one entry, a log-sum-exp to all")
def as_if_it_were_the_maximum(dout, cache):
    x, _ = cache
    return dout[:, None] * (x == x.max(axis=1, keepdims=True))


@log_sum_exp.wrong(
    "missing-activation-derivative", "factor", why="the slope of the logarithm, which is one constant for each row"
)
def exponentials_not_normalised(dout, cache):
    x, _ = cache
    return dout[:, None] * np.exp(x - x.max(axis=1, keepdims=True))


@log_sum_exp.wrong("missing-cotangent")
def probabilities_alone(dout, cache):
    x, out = cache
    return np.exp(x - out)


# Entries weighted by their own softmax: out = x softmax(x)


@pair(scores)
def softmax_gate(x):
    y = softmax(x)[0]
    return x * y, (x, y)


@softmax_gate.right
def softmax_gate_backward(dout, cache):
    x, y = cache
    return dout * y + softmax_backward(dout * x, y)


@softmax_gate.wrong("missing-term")
def weights_held_constant(dout, cache):
    x, y = cache
    return dout * y


@softmax_gate.wrong("missing-term")
def values_held_constant(dout, cache):
    x, y = cache
    return softmax_backward(dout * x, y)


@softmax_gate.wrong("overwritten", "missing-term", why="of two paths to x the second assignment wins")
def paths_assigned_not_added(dout, cache):
    x, y = cache
    dx = softmax_backward(dout * x, y)
    dx = dout * y
    return dx
