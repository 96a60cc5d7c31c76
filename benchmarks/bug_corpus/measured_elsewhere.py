"""What other checkers were seen to pass though it is wrong, or to fail though it is right.

Each is a small case from an issue or a run: tolerances that know no scale or grow with the size, cotangents that are
one-hot, constant or never negative, one-sided differences, steps that leave the domain, single precision, kinks.
"""

import math

import numpy as np

from bug_corpus.case import pair, scalar, sizes

# Small and large scales


def three(rng):
    return {"x": rng.normal(size=3) + np.array([1.0, 2.0, 3.0])}


def scaled_square(scale, dtype):
    def squares(x):
        return dtype(scale) * np.sum(x**2)

    squares.__name__ = f"{scale:g}_times_a_sum_of_squares_in_{dtype.__name__}"
    layer = scalar(lambda rng: {"x": rng.normal(size=6).astype(dtype)})(squares)

    @layer.right
    def gradient(x):
        return 2 * dtype(scale) * x

    @layer.wrong("sign")
    def sign_flipped(x):
        return -2 * dtype(scale) * x

    return layer


for scale in (1e-6, 1e-7, 1e-8):
    scaled_square(scale, np.float64)
scaled_square(1e-6, np.float32)
double, in_single = scaled_square(1.0, np.float64), scaled_square(1.0, np.float32)

for size in (100, 1e4, 1e6, 1e9):
    double.at(f"of size {size:g}", lambda rng, size=size: {"x": size * rng.normal(size=6)})
for size in (1e4, 1e5):
    in_single.at(f"of size {size:g}", lambda rng, size=size: {"x": (size * rng.normal(size=6)).astype(np.float32)})


@scalar(three)
def sum_of_cubes(x):
    return np.sum(x**3)


@sum_of_cubes.right
def sum_of_cubes_gradient(x):
    return 3 * x**2


@sum_of_cubes.wrong("factor")
def by_0_1_per_cent_too_large(x):
    return 1.001 * 3 * x**2


@sum_of_cubes.wrong("factor")
def by_0_01_per_cent_too_large(x):
    return 1.0001 * 3 * x**2


@sum_of_cubes.wrong("factor")
def by_0_09_per_cent_too_large(x):
    return 1.0009 * 3 * x**2


sum_of_cubes.at("at 1000 in float32", lambda rng: {"x": (1e3 * rng.normal(size=6)).astype(np.float32)})


@scalar(lambda rng: {"x": rng.normal(size=2)})
def two_slopes(x):
    return 1e9 * x[0] + x[1]


@two_slopes.right
def two_slopes_gradient(x):
    return np.array([1e9, 1.0])


@two_slopes.wrong("sign")
def small_one_negated(x):
    return np.array([1e9, -1.0])


@scalar(lambda rng: {"x": rng.normal(size=2)})
def small_slopes(x):
    return 9e-4 * x[0] + 4e-5 * x[1]


@small_slopes.right
def small_slopes_gradient(x):
    return np.array([9e-4, 4e-5])


@small_slopes.wrong("sign")
def smaller_one_negated(x):
    return np.array([9e-4, -4e-5])


@small_slopes.wrong("zero")
def smaller_one_zero(x):
    return np.array([9e-4, 0.0])


@small_slopes.wrong("sign")
def both_negated(x):
    return np.array([-9e-4, -4e-5])


@scalar(lambda rng: {"x": rng.normal(size=3), "y": rng.normal(size=4)})
def large_and_tiny_share(x, y):
    return x.sum() + 1e-12 * (y**2).sum()


@large_and_tiny_share.right
def large_and_tiny_share_gradient(x, y):
    return np.ones_like(x), 2e-12 * y


@large_and_tiny_share.wrong("missing")
def no_gradient_where_it_is_tiny(x, y):
    return np.ones_like(x), None


@scalar(lambda rng: {"x": rng.normal(size=2).astype(np.float32)})
def small_slopes_in_float32(x):
    return np.float32(4e-3) * x[0] + np.float32(4e-3) * x[1]


@small_slopes_in_float32.right
def small_slopes_in_float32_gradient(x):
    return np.array([4e-3, 4e-3], np.float32)


@small_slopes_in_float32.wrong("sign")
def first_one_negated(x):
    return np.array([-4e-3, 4e-3], np.float32)


# Many entries


@scalar(lambda rng: {"W": rng.normal(size=(40, 20)), "a": rng.normal(size=20)})
def energy_of_many_rows(W, a):
    return 0.5 * ((W @ a) ** 2).sum()


@energy_of_many_rows.right
def energy_of_many_rows_gradient(W, a):
    return np.outer(W @ a, a), W.T @ (W @ a)


@energy_of_many_rows.wrong("zero", "missing-term", why="one row of forty gets nothing")
def one_row_forgotten(W, a):
    dW, da = energy_of_many_rows_gradient(W, a)
    dW[17] = 0
    return dW, da


@scalar(lambda rng: {"x": rng.normal(size=3000)})
def mean_of_3000_squares(x):
    return np.dot(x, x) / x.size


@mean_of_3000_squares.right
def mean_of_3000_squares_gradient(x):
    return 2 * x / x.size


@mean_of_3000_squares.wrong("zero")
def no_gradient_at_all(x):
    return np.zeros_like(x)


@pair(lambda rng: {"x": rng.permutation(np.linspace(-3, 3, 1200))})
def sort_1200(x):
    order = np.argsort(x)
    return x[order], order


@sort_1200.right
def sort_1200_backward(dout, order):
    dx = np.empty_like(dout)
    dx[order] = dout
    return dx


@sort_1200.wrong("permuted")
def two_entries_exchanged(dout, order):
    dx = sort_1200_backward(dout, order)
    dx[[3, 7]] = dx[[7, 3]]
    return dx


@pair(lambda rng: {"x": rng.normal(size=1000)})
def square_1000(x):
    return x**2, x


@square_1000.right
def square_1000_backward(dout, x):
    return 2 * x * dout


@square_1000.wrong("zero", "truncated", why="the first entry is left out")
def first_entry_zero(dout, x):
    dx = 2 * x * dout
    dx[0] = 0
    return dx


@square_1000.wrong("nonlinear")
def dout_without_its_sign(dout, x):
    return 2 * x * np.abs(dout)


@square_1000.wrong()
def one_entry_10_per_cent_too_large(dout, x):
    dx = 2 * x * dout
    dx[567] *= 1.1
    return dx


@pair(lambda rng: {"x": rng.normal(size=1000).astype(np.float32)})
def sine_of_1000_in_float32(x):
    return np.sin(x), x


@sine_of_1000_in_float32.right
def sine_of_1000_backward(dout, x):
    return dout * np.cos(x)


@sine_of_1000_in_float32.wrong("zero")
def zeros_for_the_cosine(dout, x):
    return np.zeros_like(x)


# Directions that are blind


@pair(lambda rng: {"x": rng.normal(size=2)})
def large_and_small_output(x):
    return np.array([1e8, 1.0]) * x, None


@large_and_small_output.right
def large_and_small_output_backward(dout, _):
    return dout * np.array([1e8, 1.0])


@large_and_small_output.wrong("sign")
def second_sign_flipped(dout, _):
    return dout * np.array([1e8, -1.0])


@scalar(lambda rng: {"x": rng.normal(size=3)})
def weighted_sum(x):
    return x @ np.array([1.0, 2.0, 3.0])


@weighted_sum.right
def weighted_sum_gradient(x):
    return np.array([1.0, 2.0, 3.0])


@weighted_sum.wrong()
def errors_that_cancel_in_positive_projections(x):
    return np.array([1.5, 1.5, 3.0])


@weighted_sum.wrong("extra-mean")
def mean_of_the_weights(x):
    return np.array([1.0, 2.0, 3.0]) / 3


# Kinks and ties


@pair(lambda rng: {"x": rng.normal(size=5)})
def rectifier(x):
    return np.maximum(x, 0), x


@rectifier.right
def rectifier_backward(dout, x):
    return dout * (x > 0)


@rectifier.wrong("wrong-mask", inputs=lambda rng: {"x": rng.permutation([0.005, -0.005, 0.009, -1.0, 2.0])})
def nothing_within_a_band_around_the_kink(dout, x):
    return dout * (x > 0.01)


for near in (0.0, 1e-7, 5e-7, 1e-6, 0.005):
    rectifier.at(f"at {near:g}", lambda rng, near=near: {"x": np.append(rng.normal(size=4), near)})
rectifier.at("of 10000", lambda rng: {"x": rng.normal(size=10_000)})
rectifier.at("at 0 in float32", lambda rng: {"x": np.append(rng.normal(size=4), 0).astype(np.float32)})


@pair(lambda rng: {"x": np.array([1.0, 1.0 + 1e-5, 0.3, 0.9]), "w": rng.normal(size=4)})
def maximum_of_almost_tied(x, w):
    i = int(np.argmax(x * np.sign(1 + w**2)))
    return x[i : i + 1] * w[i], (x, w, i)


@maximum_of_almost_tied.right
def maximum_of_almost_tied_backward(dout, cache):
    x, w, i = cache
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    dx[i], dw[i] = dout[0] * w[i], dout[0] * x[i]
    return dx, dw


@maximum_of_almost_tied.wrong("wrong-mask", "ties", why="the two are not tied, but nearly so")
def nearly_tied_taken_as_tied(dout, cache):
    _, _, i = cache
    dx, dw = maximum_of_almost_tied_backward(dout, cache)
    dx[:2] = dx[i]
    return dx, dw


# Steps that are too long, outputs that are too large


def log_like(name, f, slope, x):
    def forward(x):
        return f(x), x

    forward.__name__ = name.replace(" ", "_")
    layer = pair(lambda rng: {"x": np.asarray(x) * rng.uniform(0.9, 1.1, len(x))})(forward)

    @layer.right
    def backward(dout, x):
        return dout * slope(x)

    return layer


log_like("log at 1e-6", np.log, lambda x: 1 / x, [1e-6, 2e-6, 1e-3])
log_like("sqrt at 1e-6", np.sqrt, lambda x: 0.5 / np.sqrt(x), [1e-6, 2e-6, 1e-4])
log_like("sine of 1000 x", lambda x: np.sin(1000 * x), lambda x: 1000 * np.cos(1000 * x), [0.3, 0.7, -0.11])
log_like("sine on a pedestal", lambda x: 1e8 + np.sin(x), np.cos, [0.3, 0.7, -0.11])
log_like("exponential of 50 x", lambda x: np.exp(50 * x), lambda x: 50 * np.exp(50 * x), [0.1, 0.2, -0.1])
log_like("arcsine near its ends", lambda x: np.arcsin(x / (1e-4 + np.abs(x))),
         lambda x: 1e-4 / (1e-4 + np.abs(x)) ** 2 / np.sqrt(1 - (x / (1e-4 + np.abs(x))) ** 2),
         [0.9, -0.9])  # fmt: skip
log_like("clip near its end", lambda x: np.clip(x, -1, 1), lambda x: np.abs(x) < 1, [0.9999, 0.2, 1.0001])
erfc = np.vectorize(math.erfc, otypes=[float])
log_like(
    "tail of a distribution", lambda x: 0.5 * erfc(-x / np.sqrt(2)), lambda x: np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi),
    [-5.0, -12.0, -30.0],
)  # fmt: skip


# Single precision, in what is right


@pair(lambda rng: {"x": np.array([[50, 60, -30]], np.float32) + rng.normal(size=(1, 3)).astype(np.float32)})
def log_softmax_of_60_in_float32(x):
    z = x - x.max(axis=1, keepdims=True)
    out = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return out, out


@log_softmax_of_60_in_float32.right
def log_softmax_of_60_in_float32_backward(dout, out):
    return dout - np.exp(out) * dout.sum(axis=1, keepdims=True)


def single_linear_inputs(rng):
    N, D = sizes(rng, 2)
    inputs = {"x": rng.normal(size=(N, D)), "W": rng.normal(size=(D, 1)), "b": rng.normal(size=1)}
    return {name: value.astype(np.float32) for name, value in inputs.items()}


@pair(single_linear_inputs)
def linear_in_float32(x, W, b):
    return x @ W + b, (x, W)


@linear_in_float32.right
def linear_in_float32_backward(dout, cache):
    x, W = cache
    return dout @ W.T, x.T @ dout, dout.sum(axis=0)


@linear_in_float32.wrong("extra-mean")
def bias_averaged(dout, cache):
    x, W = cache
    return dout @ W.T, x.T @ dout, dout.mean(axis=0)


# The gradient of a gradient, with the true gradient where the sum of outputs is constant


@pair(lambda rng: {"x": rng.normal(size=(4, 6))})
def centred(x):
    return x - x.mean(axis=1, keepdims=True), None


@centred.right
def centred_backward(dout, _):
    return dout - dout.mean(axis=1, keepdims=True)


@centred.wrong("missing-term")
def mean_not_subtracted_again(dout, _):
    return dout.copy()


@centred.wrong("zero")
def right_for_ones_only(dout, _):
    return np.zeros_like(dout)
