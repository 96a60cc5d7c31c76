"""Elementwise functions with a slope."""

# ruff: noqa: RUF059 - what a mistake forgets or overwrites stays in sight

import numpy as np

from bug_corpus.case import pair, sizes


def some(rng):
    N, D = sizes(rng, 2, low=6, high=10)
    return {"x": rng.normal(size=(N, D))}


def wide(rng):
    N, D = sizes(rng, 2)
    return {"x": 3 * rng.normal(size=(N, D))}


# Relu


@pair(some)
def relu(x):
    return np.maximum(x, 0), x


@relu.right
def relu_backward(dout, x):
    return dout * (x > 0)


@relu.wrong("missing-mask", "missing-activation-derivative", why="the mask is the slope of relu")
def passes_everything(dout, x):
    return dout.copy()


@relu.wrong("inverted-mask")
def lets_the_negative_half_through(dout, x):
    return dout * (x < 0)


@relu.wrong("wrong-mask")
def masked_by_the_sign_of_dout(dout, x):
    return dout * (dout > 0)


@relu.wrong("wrong-mask")
def guided_backpropagation(dout, x):
    return dout * (x > 0) * (dout > 0)


@relu.wrong("wrong-mask")
def threshold_at_one_half(dout, x):
    return dout * (x > 0.5)


@relu.wrong("missing-cotangent")
def returns_the_mask(dout, x):
    return (x > 0).astype(float)


# Leaky relu


@pair(some)
def leaky_relu(x):
    return np.where(x > 0, x, 0.1 * x), x


@leaky_relu.right
def leaky_relu_backward(dout, x):
    return np.where(x > 0, dout, 0.1 * dout)


@leaky_relu.wrong("missing-term")
def leak_forgotten(dout, x):
    return np.where(x > 0, dout, 0)


@leaky_relu.wrong("missing-mask", "missing-activation-derivative", why="the two slopes are the mask")
def slope_one_on_both_sides(dout, x):
    return dout.copy()


@leaky_relu.wrong("inverted-mask")
def slopes_on_the_wrong_sides(dout, x):
    return np.where(x > 0, 0.1 * dout, dout)


@leaky_relu.wrong("missing-cotangent")
def negative_half_without_dout(dout, x):
    return np.where(x > 0, dout, 0.1)


# Parametric relu: the leak of each channel is learned


def prelu_inputs(rng):
    N, C = sizes(rng, 2)
    return {"x": rng.normal(size=(N, C)), "a": rng.uniform(0.1, 0.5, C)}


@pair(prelu_inputs)
def parametric_relu(x, a):
    return np.where(x > 0, x, a * x), (x, a)


@parametric_relu.right
def parametric_relu_backward(dout, cache):
    x, a = cache
    return np.where(x > 0, dout, a * dout), np.where(x > 0, 0, x * dout).sum(axis=0)


@parametric_relu.wrong("missing-mask")
def leak_gradient_over_all_entries(dout, cache):
    x, a = cache
    return np.where(x > 0, dout, a * dout), (x * dout).sum(axis=0)


@parametric_relu.wrong("inverted-mask")
def leak_gradient_of_the_positive_half(dout, cache):
    x, a = cache
    return np.where(x > 0, dout, a * dout), np.where(x > 0, x * dout, 0).sum(axis=0)


@parametric_relu.wrong("extra-sum")
def leak_gradient_shared_by_all_channels(dout, cache):
    x, a = cache
    return np.where(x > 0, dout, a * dout), np.full(a.shape, np.where(x > 0, 0, x * dout).sum())


# Sigmoid


@pair(wide)
def sigmoid(x):
    y = 1 / (1 + np.exp(-x))
    return y, y


@sigmoid.right
def sigmoid_backward(dout, y):
    return dout * y * (1 - y)


@sigmoid.wrong("activation-derivative-at-wrong-point")
def sigmoid_taken_of_the_output(dout, y):
    again = 1 / (1 + np.exp(-y))
    return dout * again * (1 - again)


@sigmoid.wrong("missing-activation-derivative")
def no_slope(dout, y):
    return dout.copy()


@sigmoid.wrong("activation-derivative-at-wrong-point", forward=lambda x: (1 / (1 + np.exp(-x)), x))
def input_in_place_of_the_output(dout, x):
    return dout * x * (1 - x)


@sigmoid.wrong("missing-cotangent")
def slope_alone(dout, y):
    return y * (1 - y)


@sigmoid.wrong("cotangent-twice")
def dout_squared(dout, y):
    return dout * (dout * y * (1 - y))


@sigmoid.wrong("sign")
def y_minus_one(dout, y):
    return dout * y * (y - 1)


@sigmoid.wrong("missing-term")
def one_factor_of_two(dout, y):
    return dout * y


@sigmoid.wrong("accumulated")
def added_to_what_is_there(dout, y, sums={}):  # noqa: B006 - the mistake
    sums[y.shape] = sums.get(y.shape, 0) + dout * y * (1 - y)
    return sums[y.shape].copy()


# Tanh


@pair(some)
def tanh(x):
    y = np.tanh(x)
    return y, (x, y)


@tanh.right
def tanh_backward(dout, cache):
    _, y = cache
    return dout * (1 - y**2)


@tanh.wrong("activation-derivative-at-wrong-point")
def tanh_of_the_output(dout, cache):
    _, y = cache
    return dout * (1 - np.tanh(y) ** 2)


@tanh.wrong("activation-derivative-at-wrong-point")
def one_minus_input_squared(dout, cache):
    x, _ = cache
    return dout * (1 - x**2)


@tanh.wrong("sign")
def square_minus_one(dout, cache):
    _, y = cache
    return dout * (y**2 - 1)


@tanh.wrong("precision")
def slope_in_half_precision(dout, cache):
    _, y = cache
    return dout * (1 - y.astype(np.float16) ** 2)


@tanh.wrong("factor")
def twice_too_large(dout, cache):
    _, y = cache
    return 2 * dout * (1 - y**2)


# Elu


@pair(some)
def elu(x):
    y = np.where(x > 0, x, np.expm1(np.minimum(x, 0)))
    return y, (x, y)


@elu.right
def elu_backward(dout, cache):
    x, y = cache
    return np.where(x > 0, dout, dout * (y + 1))


@elu.wrong("activation-derivative-at-wrong-point")
def exponential_of_the_output(dout, cache):
    x, y = cache
    return np.where(x > 0, dout, dout * np.exp(np.minimum(y, 0)))


@elu.wrong("missing-term")
def output_without_the_alpha(dout, cache):
    x, y = cache
    return np.where(x > 0, dout, dout * y)


@elu.wrong("missing-mask", "missing-activation-derivative", why="the slope differs from 1 in the negative half only")
def negative_half_passes(dout, cache):
    return dout.copy()


# Softplus


@pair(wide)
def softplus(x):
    return np.logaddexp(0, x), x


@softplus.right
def softplus_backward(dout, x):
    return dout / (1 + np.exp(-x))


@softplus.wrong("activation-derivative-at-wrong-point")
def sigmoid_of_the_output(dout, x):
    return dout / (1 + np.exp(-np.logaddexp(0, x)))


@softplus.wrong("activation-derivative-at-wrong-point", "sign", why="the slope is taken at −x, by a sign lost inside")
def sigmoid_of_minus_x(dout, x):
    return dout / (1 + np.exp(x))


@softplus.wrong("missing-activation-derivative")
def identity(dout, x):
    return dout.copy()


# Silu (swish): x σ(x)


@pair(wide)
def silu(x):
    s = 1 / (1 + np.exp(-x))
    return x * s, (x, s)


@silu.right
def silu_backward(dout, cache):
    x, s = cache
    return dout * (s + x * s * (1 - s))


@silu.wrong("missing-term")
def product_rule_without_the_slope_of_the_gate(dout, cache):
    x, s = cache
    return dout * s


@silu.wrong("missing-term")
def product_rule_without_the_gate(dout, cache):
    x, s = cache
    return dout * x * s * (1 - s)


@silu.wrong("missing-cotangent")
def dout_forgotten(dout, cache):
    x, s = cache
    return s + x * s * (1 - s)


# Gelu, with tanh

C = float(np.sqrt(2 / np.pi))


@pair(some)
def gelu(x):
    t = np.tanh(C * (x + 0.044715 * x**3))
    return 0.5 * x * (1 + t), (x, t)


@gelu.right
def gelu_backward(dout, cache):
    x, t = cache
    return dout * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * C * (1 + 3 * 0.044715 * x**2))


@gelu.wrong("missing-term")
def inner_cube_forgotten(dout, cache):
    x, t = cache
    return dout * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * C)


@gelu.wrong("missing-term")
def path_through_tanh_forgotten(dout, cache):
    x, t = cache
    return dout * 0.5 * (1 + t)


@gelu.wrong("factor")
def half_forgotten(dout, cache):
    x, t = cache
    return dout * ((1 + t) + x * (1 - t**2) * C * (1 + 3 * 0.044715 * x**2))


# Hard tanh: clipped to [-1, 1]


@pair(lambda rng: {"x": 1.5 * rng.normal(size=sizes(rng, 2, low=6))})
def hard_tanh(x):
    return np.clip(x, -1, 1), x


@hard_tanh.right
def hard_tanh_backward(dout, x):
    return dout * (np.abs(x) < 1)


@hard_tanh.wrong("missing-mask", "missing-activation-derivative", why="the mask is the slope of a clipped identity")
def clipping_forgotten(dout, x):
    return dout.copy()


@hard_tanh.wrong("wrong-mask")
def only_the_upper_end_masked(dout, x):
    return dout * (x < 1)


@hard_tanh.wrong("inverted-mask")
def outside_kept(dout, x):
    return dout * (np.abs(x) >= 1)


# A gated linear unit: (x W) σ(x V)


def gated_inputs(rng):
    N, D, H = sizes(rng, 3)
    return {"x": rng.normal(size=(N, D)), "W": rng.normal(size=(D, H)), "V": rng.normal(size=(D, H))}


@pair(gated_inputs)
def gated_linear_unit(x, W, V):
    a, s = x @ W, 1 / (1 + np.exp(-(x @ V)))
    return a * s, (x, W, V, a, s)


@gated_linear_unit.right
def gated_linear_unit_backward(dout, cache):
    x, W, V, a, s = cache
    da, dz = dout * s, dout * a * s * (1 - s)
    return da @ W.T + dz @ V.T, x.T @ da, x.T @ dz


@gated_linear_unit.wrong("missing-term")
def path_through_the_gate_forgotten(dout, cache):
    x, W, V, a, s = cache
    da, dz = dout * s, dout * a * s * (1 - s)
    return da @ W.T, x.T @ da, x.T @ dz


@gated_linear_unit.wrong("missing-activation-derivative")
def slope_of_the_gate_forgotten(dout, cache):
    x, W, V, a, s = cache
    da, dz = dout * s, dout * a
    return da @ W.T + dz @ V.T, x.T @ da, x.T @ dz


@gated_linear_unit.wrong("swapped")
def value_and_gate_exchanged(dout, cache):
    dx, dW, dV = gated_linear_unit_backward(dout, cache)
    return dx, dV, dW


@gated_linear_unit.wrong("overwritten", "missing-term", why="of two paths to x the second assignment wins")
def second_path_assigned_over_the_first(dout, cache):
    x, W, V, a, s = cache
    da, dz = dout * s, dout * a * s * (1 - s)
    dx = da @ W.T
    dx = dz @ V.T
    return dx, x.T @ da, x.T @ dz
