"""Backwards whose numbers may be right once, and which still cannot be trusted."""

# ruff: noqa: RUF059 - what a mistake forgets stays in sight

import numpy as np

from bug_corpus.case import class_of, pair, scalar, sizes


def some(rng):
    N, D = sizes(rng, 2)
    return {"x": rng.normal(size=(N, D))}


# x²


@pair(some)
def square(x):
    return x**2, x


@square.right
def square_backward(dout, x):
    return 2 * x * dout


@square.wrong("mutates-cotangent")
def dout_multiplied_in_place(dout, x):
    dout *= 2 * x
    return dout


@square.wrong("mutates-cotangent")
def dout_cleared_afterwards(dout, x):
    dx = 2 * x * dout
    dout[...] = 0
    return dx


@square.wrong("mutates-input")
def input_doubled_in_place(dout, x):
    x *= 2
    return x * dout


def square_that_centres_its_input(x):
    x -= x.mean()
    return x**2, x


@square.wrong("mutates-input", forward=square_that_centres_its_input)
def input_centred_in_place_by_the_forward(dout, x):
    return 2 * x * dout


@square.wrong("nonlinear")
def absolute_value_of_dout(dout, x):
    return 2 * x * np.abs(dout)


@square.wrong("nonlinear", "cotangent-twice", why="the cotangent stands in it three times")
def dout_cubed(dout, x):
    return 2 * x * dout**3


@square.wrong("nonlinear")
def dout_clipped(dout, x):
    return 2 * x * np.clip(dout, -0.5, 0.5)


@square.wrong("nonlinear")
def dout_normalised(dout, x):
    return 2 * x * dout / np.linalg.norm(dout)


@square.wrong("not-finite")
def divided_by_zero(dout, x):
    with np.errstate(all="ignore"):
        return 2 * x * dout * (x * 0) / (x * 0)


@square.wrong("not-finite")
def logarithm_of_the_negative(dout, x):
    with np.errstate(all="ignore"):
        return dout * 2 * np.sign(x) * np.exp(np.log(x))


@square.wrong("wrong-dtype")
def gradient_in_single_precision(dout, x):
    return (2 * x * dout).astype(np.float32)


@square.wrong("wrong-dtype")
def gradient_in_half_precision(dout, x):
    return (2 * x * dout).astype(np.float16)


@square.wrong("wrong-dtype")
def gradient_rounded_to_integers(dout, x):
    return (2 * x * dout).astype(int)


@square.wrong("wrong-shape")
def gradient_raveled(dout, x):
    return (2 * x * dout).ravel()


@square.wrong("wrong-shape", "missing-sum", why="a sum over the first axis, of length one, would mend it")
def gradient_with_one_axis_more(dout, x):
    return (2 * x * dout)[None]


@square.wrong("wrong-shape", "transposed", why="the transpose of a matrix that is not square has another shape")
def gradient_transposed(dout, x):
    return (2 * x * dout).T


@square.wrong("missing")
def nothing_returned(dout, x):
    2 * x * dout


@square.wrong("accumulated")
def gradients_added_up_in_a_default_argument(dout, x, totals={}):  # noqa: B006 - the mistake
    key = x.tobytes()
    totals[key] = totals.get(key, 0) + 2 * x * dout
    return totals[key].copy()


@square.wrong("nondeterministic")
def noise_from_a_global_generator(dout, x, rng=np.random.default_rng(1)):  # noqa: B008 - the mistake
    return 2 * x * dout * (1 + 0.1 * rng.normal(size=x.shape))


# Two inputs


def two_inputs(rng):
    N, D = sizes(rng, 2)
    return {"x": rng.normal(size=(N, D)), "y": rng.normal(size=(N, D))}


@pair(two_inputs)
def product(x, y):
    return x * y, (x, y)


@product.right
def product_backward(dout, cache):
    x, y = cache
    return dout * y, dout * x


@product.wrong("missing")
def second_gradient_forgotten(dout, cache):
    x, y = cache
    return dout * y, None


@product.wrong("mutates-input")
def first_input_overwritten(dout, cache):
    x, y = cache
    dy = dout * x
    np.multiply(dout, y, out=x)
    return x.copy(), dy


@product.wrong("mutates-cotangent")
def product_written_into_dout(dout, cache):
    x, y = cache
    dy = dout * x
    return np.multiply(dout, y, out=dout).copy(), dy


@product.wrong("swapped")
def the_gradients_of_a_product_exchanged(dout, cache):
    x, y = cache
    return dout * x, dout * y


@product.wrong("wrong-dtype")
def second_gradient_in_single_precision(dout, cache):
    x, y = cache
    return dout * y, (dout * x).astype(np.float32)


# Objects with a state


class Tanh:
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y.copy()

    def backward(self, dout):
        return dout * (1 - self.y**2)


tanh = class_of(Tanh, some)


@tanh.wrong("stale-cache")
class KeepsItsCacheOnTheClass(Tanh):
    def forward(self, x):
        type(self).shared = np.tanh(x)
        return np.tanh(x)

    def backward(self, dout):
        return dout * (1 - type(self).shared ** 2)


STORE = {}


@tanh.wrong("stale-cache")
class KeepsItsCacheInTheModule(Tanh):
    def forward(self, x):
        STORE["y"] = np.tanh(x)
        return STORE["y"].copy()

    def backward(self, dout):
        return dout * (1 - STORE["y"] ** 2)


@tanh.wrong("stale-cache")
class CachesByShape(Tanh):
    def __init__(self):
        self.by_shape = {}

    def forward(self, x):
        self.by_shape.setdefault(x.shape, np.tanh(x))
        return np.tanh(x)

    def backward(self, dout):
        return dout * (1 - self.by_shape[dout.shape] ** 2)


@tanh.wrong("stale-cache")
class IsOneForwardBehind(Tanh):
    y = None

    def forward(self, x):
        self.before, self.y = self.y, np.tanh(x)
        return self.y.copy()

    def backward(self, dout):
        y = self.y if self.before is None else self.before
        return dout * (1 - y**2)


@tanh.wrong("mutates-cotangent")
class MultipliesInPlace(Tanh):
    def backward(self, dout):
        dout *= 1 - self.y**2
        return dout.copy()


class Scale:
    def __init__(self, w):
        self.w, self.dw = w, np.zeros_like(w)

    def forward(self, x):
        self.x = x
        return x * self.w

    def backward(self, dout):
        self.dw = (dout * self.x).sum(axis=0)
        return dout * self.w


def weights(rng):
    N, D = sizes(rng, 2)
    return {"w": rng.uniform(0.5, 2, D), "x": rng.normal(size=(N, D))}


scale = class_of(Scale, weights)


@scale.wrong("mutates-input")
class CentresItsInput(Scale):
    def forward(self, x):
        x -= x.mean(axis=0)
        return super().forward(x)


@scale.wrong("missing")
class HasNoGradientOfItsWeights(Scale):
    def backward(self, dout):
        self.dw = None
        return dout * self.w


@scale.wrong("missing")
class ReturnsNothing(Scale):
    def backward(self, dout):
        super().backward(dout)


@scale.wrong("not-finite")
class DividesByItsOwnZeros(Scale):
    def backward(self, dout):
        dx = super().backward(dout)
        with np.errstate(all="ignore"):
            self.dw = self.dw / np.zeros_like(self.dw)
        return dx


@scale.wrong("nondeterministic")
class DropsSomeOfItAtRandom(Scale):
    rng = np.random.default_rng(5)

    def backward(self, dout):
        dx = super().backward(dout)
        return dx * self.rng.uniform(0.9, 1.1, dx.shape)


@scale.wrong("wrong-shape", "missing-sum", why="a sum over the first axis, of length one, would mend it")
class KeepsTheBatchAxis(Scale):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dw = self.dw[None]
        return dx


# A scalar function


@scalar(some)
def sum_of_squares(x):
    return (x**2).sum()


@sum_of_squares.right
def sum_of_squares_gradient(x):
    return 2 * x


@sum_of_squares.wrong("wrong-shape", "extra-sum", why="summed over everything it has no axes left")
def one_number(x):
    return 2 * x.sum()


@sum_of_squares.wrong("wrong-shape")
def raveled(x):
    return 2 * x.ravel()


@sum_of_squares.wrong("mutates-input")
def doubled_in_place(x):
    x *= 2
    return x.copy()


@sum_of_squares.wrong("missing")
def no_gradient(x):
    return None


@sum_of_squares.wrong("not-finite")
def zero_by_zero(x):
    with np.errstate(all="ignore"):
        return 2 * x * (x * 0) / (x * 0)


@sum_of_squares.wrong("nondeterministic")
def jittered(x, rng=np.random.default_rng(1)):  # noqa: B008 - the mistake
    return 2 * x * rng.uniform(0.9, 1.1, x.shape)
