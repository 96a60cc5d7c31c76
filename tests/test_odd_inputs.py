"""Odd shapes, layouts, types, scales and values: the right gradient agrees, and a plausible wrong one does not."""

import math

import numpy as np
import pytest
from reading import said

from gradcheck import check

TYPES = [np.float16, np.float32, np.float64, np.longdouble]


def normal(*shape, seed=0, dtype=float):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def tanh_backward(g, x):
    return g * (1 - np.tanh(x) ** 2)


def both(forward, *inputs, right, wrong, kind="backward"):
    """The reports on the right and on the wrong gradient of a function."""
    return check(forward, *inputs, **{kind: right}), check(forward, *inputs, **{kind: wrong})


def assert_told_apart(right, wrong):
    assert right.verdict == "agree", str(right)
    assert wrong.verdict == "disagree", str(wrong)


# ------------------------------------------------------------------------------------------- shapes and layouts


def transposed(x):
    return np.ascontiguousarray(x.T).T


def every_other(x):
    wide = np.repeat(x, 2, axis=-1)
    return wide[..., ::2]


def backwards(x):
    return x[::-1, ::-1].copy()[::-1, ::-1]


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


def broadcast(x):
    return np.broadcast_to(x[0], x.shape)


def one_row_of_a_stack(x):
    return np.stack([x - 1, x, x + 1])[1]


LAYOUTS = {
    "contiguous": np.copy,
    "fortran order": np.asfortranarray,
    "transposed view": transposed,
    "every other column of a wider array": every_other,
    "negative strides": backwards,
    "read only": read_only,
    "broadcast, with strides of 0": broadcast,
    "part of a larger array": one_row_of_a_stack,
}
LAYOUT = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())


@LAYOUT
@pytest.mark.parametrize("exhaustive", [False, True], ids=["directions", "entries"])
def test_memory_layouts(layout, exhaustive):
    x = layout(normal(3, 4))
    strides, kept = x.strides, x.copy()
    assert check(np.tanh, x, backward=tanh_backward, exhaustive=exhaustive).verdict == "agree"
    report = check(np.tanh, x, backward=lambda g, x: g * (1 - np.tanh(x)), exhaustive=exhaustive)
    assert report["x"].wrong.all()
    assert x.strides == strides
    assert np.array_equal(x, kept)


@LAYOUT
def test_memory_layouts_of_parameters(layout):
    class Scale:
        def __init__(self, W):
            self.W, self.dW = W, np.zeros(W.shape)

        def forward(self, x):
            self.x = x
            return self.W * x

        def backward(self, g, slip=0):
            self.dW = g * self.x + slip
            return g * self.W

    class SlightlyOff(Scale):
        def backward(self, g):
            return super().backward(g, slip=0.01)

    x, W = normal(3, 4), layout(normal(3, 4, seed=1))
    scale = Scale(W)
    assert_told_apart(check(scale, x), check(SlightlyOff(W), x))
    assert scale.W is W


SHAPES = [(), (1,), (1, 1), (2,), (1, 5), (5, 1), (2, 3, 4), (1, 1, 1, 1), (2, 1, 3, 1, 2), (7, 0 + 1)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("exhaustive", [False, True], ids=["directions", "entries"])
def test_shapes(shape, exhaustive):
    x = np.asarray(normal(*shape))
    right = check(np.tanh, x, backward=tanh_backward, exhaustive=exhaustive)
    wrong = check(np.tanh, x, backward=lambda g, x: g * (1 - np.tanh(x)), exhaustive=exhaustive)
    assert_told_apart(right, wrong)
    assert wrong["x"].wrong.shape == shape
    assert wrong["x"].wrong.all()
    assert len(wrong["x"].worst) == len(shape)


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 4)], ids=str)
def test_an_empty_array_beside_a_full_one(shape):
    """There is nothing to be wrong about an empty gradient but its shape."""

    def forward(x, y):
        return np.sum(x**2) + np.sum(y**2)

    x, y = normal(*shape), normal(3)
    right = check(forward, x, y, grad=lambda x, y: (2 * x, 2 * y))
    assert_told_apart(right, check(forward, x, y, grad=lambda x, y: (2 * x, 3 * y)))
    assert right["x"].wrong.shape == shape
    assert "shape" in said(check(forward, x, y, grad=lambda x, y: (np.zeros(2), 2 * y)))
    assert check(forward, x, y, grad=lambda x, y: (np.zeros(2), 2 * y)).verdict == "disagree"


@pytest.mark.parametrize(
    "scalar", [0.7, np.float64(0.7), np.float32(0.7), np.array(0.7)], ids=lambda s: type(s).__name__
)
def test_python_and_numpy_scalars(scalar):
    def f(x):
        return x**3

    assert_told_apart(*both(f, scalar, right=lambda x: 3 * x**2, wrong=lambda x: 3 * x, kind="grad"))
    assert check(lambda x: (x**3, 3 * x**2), scalar, grad=True).ok


def test_plain_floats_through_the_math_module():
    def f(x, y):
        return math.exp(float(x)) * float(y)

    right, wrong = both(
        f, 0.3, 2.0, kind="grad",
        right=lambda x, y: (math.exp(x) * y, math.exp(x)),
        wrong=lambda x, y: (math.exp(x), math.exp(x)),
    )  # fmt: skip
    assert_told_apart(right, wrong)
    assert wrong["x"].verdict == "disagree"
    assert wrong["y"].verdict == "agree"


# --------------------------------------------------------------------------------------------------------- types


@pytest.mark.parametrize("dtype", TYPES, ids=lambda t: t.__name__)
def test_types(dtype):
    x = normal(4, 5, dtype=dtype)
    right = check(np.tanh, x, backward=tanh_backward)
    wrong = check(np.tanh, x, backward=lambda g, x: g * (1 - np.tanh(x) ** 2) * dtype(1.01))
    assert_told_apart(right, wrong)
    assert wrong["x"].wrong.all()


@pytest.mark.parametrize("dtype", TYPES, ids=lambda t: t.__name__)
@pytest.mark.parametrize("scale", [0.1, 1.0, 50.0])
def test_types_and_scales_of_a_sum_of_squares(dtype, scale):
    x = (scale * normal(6)).astype(dtype)
    right, wrong = both(lambda x: np.sum(x**2), x, right=lambda x: 2 * x, wrong=lambda x: dtype(2.02) * x, kind="grad")
    assert_told_apart(right, wrong)


class Dense:
    """A dense layer with tanh, parameters and all in one type."""

    def __init__(self, D, H, dtype, factor=1.0):
        self.params = {"W": normal(D, H, dtype=dtype) * dtype(0.5), "b": normal(H, seed=1, dtype=dtype)}
        self.grads = {}
        self.factor = dtype(factor)

    def forward(self, x):
        self.x, self.y = x, np.tanh(x @ self.params["W"] + self.params["b"])
        return self.y

    def backward(self, g):
        g = g * (1 - self.y**2)
        self.grads = {"W": self.factor * (self.x.T @ g), "b": g.sum(axis=0)}
        return g @ self.params["W"].T


@pytest.mark.parametrize("dtype", TYPES, ids=lambda t: t.__name__)
def test_a_layer_whose_parameters_are_of_that_type(dtype):
    x = normal(6, 4, dtype=dtype)
    layer, off = Dense(4, 3, dtype), Dense(4, 3, dtype, factor=1.01)
    right, wrong = check(layer, x), check(off, x)
    assert_told_apart(right, wrong)
    assert {c.name: c.verdict for c in wrong.tensors} == {"x": "agree", "W": "disagree", "b": "agree"}
    assert layer.params["W"].dtype == dtype
    assert layer.grads == {}


def test_a_float32_subject_that_cannot_be_cast_is_held_to_the_precision_of_float32():
    def forward(x):
        return np.tanh(x.astype(np.float32))

    x = normal(5, 4, dtype=np.float32)
    right = check(forward, x, backward=lambda g, x: (g * (1 - np.tanh(x) ** 2)).astype(x.dtype))
    wrong = check(forward, x, backward=lambda g, x: (1.01 * g * (1 - np.tanh(x) ** 2)).astype(x.dtype))
    assert_told_apart(right, wrong)


def test_a_float64_input_through_a_forward_in_float32():
    def forward(x):
        return np.tanh(x.astype(np.float32))

    right, wrong = both(forward, normal(5, 4), right=tanh_backward, wrong=lambda g, x: 1.01 * tanh_backward(g, x))
    assert_told_apart(right, wrong)


STAIRCASES = {
    "log of 1 and little": (lambda x: np.log(1 + x * 1e-9), lambda x: 1e-9 / (1 + x * 1e-9)),
    "softplus far below 0": (lambda x: np.log(1 + np.exp(x - 20)), lambda x: 1 / (1 + np.exp(20 - x))),
    "cast on the way": (lambda x: np.exp(x).astype(np.float32).astype(float), np.exp),
    "a large sum taken away": (lambda x: np.sqrt(1e12 + x) - 1e6, lambda x: 0.5 / np.sqrt(1e12 + x)),
}


@pytest.mark.parametrize("name", STAIRCASES)
@pytest.mark.parametrize("seed", [0, 3])
def test_a_function_that_stands_still_between_its_steps_of_rounding_accuses_nobody(name, seed):
    f, slope = STAIRCASES[name]
    x = np.random.default_rng(300 + seed).normal(size=(20, 20))
    report = check(lambda x: (f(x), x), x, backward=lambda dout, x: dout * slope(x), seed=seed, max_evaluations=3000)
    assert report.verdict != "disagree", report
    wrong = check(lambda x: (f(x), x), x, backward=lambda dout, x: -dout * slope(x), seed=seed, max_evaluations=3000)
    assert wrong.verdict == "disagree" or (wrong.verdict == "undecided" and not report), wrong


def test_an_accusation_next_to_the_edge_of_a_domain_warns_of_nothing():
    x = np.array([0.01, 0.02, -1.0])
    report = check(lambda x: (np.log(np.maximum(x, 0) * 50 + 1), x), x, backward=lambda dout, x: np.full_like(x, 3.0))
    assert report["x"].wrong.tolist() == [True, True, True]
    report = check(lambda x: (np.sqrt(x) * 0.0, x), np.array([1e-3, 2.0]), backward=lambda dout, x: dout)
    assert report["x"].wrong.tolist() == [True, True]


def test_a_saturated_softmax_that_hides_what_it_loses_accuses_nobody():
    x = np.array(
        [[0.0, 725.91833, -688.8973, 1448.4913, 549.477], [300.46317, 2626.1738, -394.2594, 1153.231, 78.84647]]
    )

    def softmax(x):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        y = e / e.sum(axis=1, keepdims=True)
        return y, y

    def right(dout, y):
        return y * (dout - (dout * y).sum(axis=1, keepdims=True))

    assert all(check(softmax, x, backward=right, seed=seed).verdict != "disagree" for seed in range(12))
    assert check(softmax, x, backward=lambda dout, y: right(dout, y) + 1e-3).verdict == "disagree"


@pytest.mark.parametrize("seed", range(5))
def test_a_way_through_float32_beside_one_in_double(seed):
    """The sum moves smoothly at the smallest steps, while its part in float32 stands still on its treads."""
    A, B, C, x = normal(4, 5, seed=seed), normal(4, 6, seed=seed + 1), normal(6, 5, seed=seed + 2), normal(3, 4)

    def forward(x):
        return x @ A + np.tanh(x @ B).astype(np.float32) @ C

    def backward(g, x):
        return g @ A.T + ((g @ C.T) * (1 - np.tanh(x @ B) ** 2)) @ B.T

    right, wrong = both(forward, x, right=backward, wrong=lambda g, x: 1.01 * backward(g, x))
    assert_told_apart(right, wrong)


@pytest.mark.parametrize("seed", range(4))
def test_a_loss_summed_in_float32_beside_a_penalty_in_double(seed):
    """Its treads are wider than the smallest steps, which show the slope of the penalty alone."""
    A, x = normal(6, 8, seed=seed + 4, dtype=np.float32), normal(2, 6, seed=seed)

    def loss(x):
        return float(np.sum(np.tanh(x.astype(np.float32) @ A))) + 0.01 * np.sum(x**2)

    def gradient(x, factor=1.0):
        return factor * (1 - np.tanh(x @ A) ** 2) @ A.T + 0.02 * x

    right, wrong = both(loss, x, kind="grad", right=gradient, wrong=lambda x: gradient(x, 1.1))
    assert_told_apart(right, wrong)


@pytest.mark.parametrize("types", [(np.float32, float), (float, np.float32), (np.float16, np.float32)], ids=str)
def test_types_mixed(types):
    x, W = normal(4, 3, dtype=types[0]), normal(3, 5, dtype=types[1])

    def backward(g, x, W, factor=1):
        return (g @ W.T).astype(x.dtype), (factor * x.T @ g).astype(W.dtype)

    right, wrong = both(
        lambda x, W: x @ W, x, W,
        right=lambda g, x, W: backward(g, x, W), wrong=lambda g, x, W: backward(g, x, W, 1.01),
    )  # fmt: skip
    assert_told_apart(right, wrong)
    assert wrong["x"].verdict == "agree"


@pytest.mark.parametrize("dtype", [np.complex128, np.complex64])
def test_complex_numbers_are_refused_with_the_remedy(dtype):
    with pytest.raises(TypeError, match=r"complex derivatives are not supported: .* real and imaginary parts"):
        check(lambda x: x**2, np.array([1 + 2j], dtype), backward=lambda g, x: 2 * x * g)
    with pytest.raises(TypeError, match="complex derivatives are not supported"):
        check(lambda x: x * (1 + 2j), normal(3), backward=lambda g, x: g.real)


CONSTANTS = {
    "int labels": np.array([0, 2, 1]),
    "small unsigned labels": np.array([0, 2, 1], np.uint8),
    "mask": np.array([True, False, True]),
}


@pytest.mark.parametrize("labels", CONSTANTS.values(), ids=CONSTANTS.keys())
def test_integers_and_masks_are_held_constant(labels):
    def pick(x, labels):
        return np.where(labels, x, 2 * x) if labels.dtype == bool else x[np.arange(3), labels]

    def backward(g, x, labels):
        if labels.dtype == bool:
            return g * np.where(labels, 1, 2)
        dx = np.zeros_like(x)
        dx[np.arange(3), labels] = g
        return dx

    x = normal(3) if labels.dtype == bool else normal(3, 4)
    right, wrong = both(pick, x, labels, right=backward, wrong=lambda g, x, labels: 0 * x + 1.0)
    assert_told_apart(right, wrong)
    assert [comparison.name for comparison in right.tensors] == ["x"]


def test_a_mask_given_as_floats_is_an_input_like_any_other():
    x, mask = normal(4), np.array([0.0, 1.0, 1.0, 0.0])
    right, wrong = both(
        lambda x, m: x * m, x, mask, right=lambda g, x, m: (g * m, g * x), wrong=lambda g, x, m: (g * m, g * m)
    )
    assert_told_apart(right, wrong)
    assert check(lambda x, m: x * m, x, mask, backward=lambda g, x, m: g * m).ok  # or left without a gradient


# -------------------------------------------------------------------------------------------------------- scales

EXPONENTS = [-300, -200, -100, -30, -8, 8, 30, 100, 150]


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_inputs_of_any_scale(exponent):
    x = 10.0**exponent * normal(5)
    right, wrong = both(lambda x: 3 * x, x, right=lambda g, x: 3 * g, wrong=lambda g, x: g * [3, 3, 3.03, 3, 3])
    assert_told_apart(right, wrong)
    assert np.flatnonzero(wrong.tensors[0].wrong).tolist() == [2]


@pytest.mark.parametrize("exponent", [*EXPONENTS, 300])
def test_outputs_of_any_scale(exponent):
    c = 10.0**exponent
    right, wrong = both(
        lambda x: c * np.tanh(x), normal(5),
        right=lambda g, x: c * tanh_backward(g, x), wrong=lambda g, x: -c * tanh_backward(g, x),
    )  # fmt: skip
    assert_told_apart(right, wrong)
    assert wrong["x"].wrong.all() if "x" in {c.name for c in wrong.tensors} else wrong.tensors[0].wrong.all()


@pytest.mark.parametrize("exponent", [-150, -100, -30, -8, 8, 30, 100, 150])
def test_squares_of_any_scale(exponent):
    x = 10.0**exponent * normal(5)
    right, wrong = both(
        lambda x: np.sum(x**2), x, right=lambda x: 2 * x, wrong=lambda x: 2 * x * [1, 1, 1.01, 1, 1], kind="grad"
    )
    assert_told_apart(right, wrong)


MAGNITUDES = 10.0 ** np.arange(-12, 13, 2)


@pytest.mark.parametrize(
    ("f", "slope", "x"),
    [(np.log, lambda x: 1 / x, MAGNITUDES), (lambda x: MAGNITUDES * x, lambda x: MAGNITUDES, normal(13))],
    ids=["entries", "slopes"],
)
def test_every_scale_side_by_side(f, slope, x):
    right = check(f, x, backward=lambda g, x: g * slope(x), exhaustive=True)
    assert right.verdict == "agree", str(right)
    for i in range(0, len(x), 3):
        off = np.where(np.arange(len(x)) == i, 1.01, 1)
        wrong = check(f, x, backward=lambda g, x, off=off: g * slope(x) * off, exhaustive=True)
        assert np.flatnonzero(wrong.tensors[0].wrong).tolist() == [i], str(wrong)


def test_tensors_of_very_different_scale():
    def forward(x, W):
        return x @ W

    def backward(g, x, W, factor=1.0):
        return g @ W.T, factor * x.T @ g

    x, W = 1e-9 * normal(4, 3), 1e9 * normal(3, 5)
    right, wrong = both(
        forward, x, W, right=lambda g, x, W: backward(g, x, W), wrong=lambda g, x, W: backward(g, x, W, 1.01)
    )
    assert_told_apart(right, wrong)
    assert wrong["W"].wrong.all()


@pytest.mark.parametrize("zeros", [1, 4, 5])
def test_inputs_that_are_exactly_zero(zeros):
    x = normal(5)
    x[:zeros] = 0
    right, wrong = both(np.sin, x, right=lambda g, x: g * np.cos(x), wrong=lambda g, x: g * np.cos(x) * 1.01)
    assert_told_apart(right, wrong)


@pytest.mark.parametrize(
    ("f", "slope"),
    [(np.square, lambda x: 2 * x), (lambda x: x**3, lambda x: 3 * x**2), (lambda x: 1 - np.cos(x), np.sin)],
    ids=["square", "cube", "cosine"],
)
@pytest.mark.parametrize("size", [1, 3, 10])
def test_a_gradient_that_is_zero_at_an_optimum(f, slope, size):
    """Value and gradient are both 0, so nothing but the neighbourhood says how large an error would be."""
    x = np.zeros(size)
    right, wrong = both(
        lambda x: np.sum(f(x)), x, kind="grad", right=slope, wrong=lambda x: slope(x) + 0.1 * (np.arange(size) == 0)
    )
    assert_told_apart(right, wrong)
    assert np.flatnonzero(wrong.tensors[0].wrong).tolist() == [0]
    assert right.evaluations <= 200


def test_a_loss_of_exactly_zero():
    t = normal(20)
    right, wrong = both(
        lambda y: np.mean((y - t) ** 2), t.copy(), kind="grad",
        right=lambda y: 2 * (y - t) / 20, wrong=lambda y: 2 * (y - t) / 20 + 1 / 20,
    )  # fmt: skip
    assert_told_apart(right, wrong)


@pytest.mark.parametrize("offset", [1e4, 1e8, 1e10])
def test_far_from_zero_the_structure_of_the_function_counts(offset):
    """Timestamps, identifiers, metres: the numbers are large, and what matters is their last digits."""
    right, wrong = both(
        lambda x: np.tanh(x - offset), offset + normal(5),
        right=lambda g, x: tanh_backward(g, x - offset), wrong=lambda g, x: -tanh_backward(g, x - offset),
    )  # fmt: skip
    assert_told_apart(right, wrong)


@pytest.mark.parametrize("offset", [1e12, 1e15])
def test_so_far_from_zero_that_no_step_is_small_enough_nobody_is_accused(offset):
    report = check(
        lambda x: np.tanh(x - offset), offset + normal(5), backward=lambda g, x: tanh_backward(g, x - offset)
    )
    assert report.verdict != "disagree", str(report)


def test_close_to_the_largest_number_there_is():
    x = np.array([700.0, -700.0, 0.0])
    right, wrong = both(np.exp, x, right=lambda g, x: g * np.exp(x), wrong=lambda g, x: 1.001 * g * np.exp(x))
    assert_told_apart(right, wrong)
    assert wrong["x"].wrong[0]


def test_denormal_numbers():
    x = np.array([5e-324, 1e-310, -3e-320])
    assert check(lambda x: 2 * x, x, backward=lambda g, x: 2 * g).verdict != "disagree"


# ------------------------------------------------------------------------------------------ not finite, not defined


def mean_without_nan(x):
    return np.where(np.isnan(x), 0, x) ** 2


def test_nan_in_an_input_that_the_function_can_cope_with():
    x = np.array([1.0, np.nan, -2.0])
    right = check(mean_without_nan, x, backward=lambda g, x: np.where(np.isnan(x), 0, 2 * x * g))
    assert right.verdict != "disagree", str(right)
    wrong = check(mean_without_nan, x, backward=lambda g, x: np.where(np.isnan(x), 0, 3 * x * g))
    assert np.flatnonzero(wrong.tensors[0].wrong).tolist() == [0, 2], str(wrong)


def masked_softmax(x, mask):
    e = np.exp(x + mask - np.max(x + mask, axis=-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def masked_softmax_backward(g, x, mask):
    y = masked_softmax(x, mask)
    return y * (g - (g * y).sum(-1, keepdims=True))


CAUSAL = np.where(np.tri(4) > 0, 0, -np.inf)


def test_a_mask_of_minus_infinity_that_has_no_gradient():
    right, wrong = both(
        masked_softmax, normal(4, 4), CAUSAL,
        right=masked_softmax_backward, wrong=lambda g, x, mask: masked_softmax(x, mask) * g,
    )  # fmt: skip
    assert_told_apart(right, wrong)


def test_a_mask_of_minus_infinity_that_has_a_gradient():
    """Infinite entries cannot be varied; the others can, and decide."""

    def backward(g, x, mask, factor=1.0):
        dx = masked_softmax_backward(g, x, mask)
        return dx, factor * dx

    right, wrong = both(
        masked_softmax, normal(4, 4), CAUSAL,
        right=lambda g, x, mask: backward(g, x, mask), wrong=lambda g, x, mask: backward(g, x, mask, 1.01),
    )  # fmt: skip
    assert_told_apart(right, wrong)
    assert wrong["x"].verdict == "agree"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_an_input_that_makes_the_output_not_finite_is_never_agreed_with(value):
    report = check(np.square, np.array([1.0, value]), backward=lambda g, x: 2 * x * g)
    assert report.verdict != "agree"
    assert "the forward returns NaN or infinity at this point" in said(report)


@pytest.mark.parametrize(
    "forward",
    [lambda x: np.full(3, np.inf) * x, lambda x: x + np.nan, lambda x: np.exp(1000 + x)],
    ids=["inf", "nan", "overflow"],
)
@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_a_forward_that_is_not_finite_is_undecided(forward):
    report = check(forward, normal(3), backward=lambda g, x: g)
    assert report.verdict == "undecided", str(report)
    assert "the forward returns NaN or infinity at this point; choose inputs inside its domain" in said(report)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_gradient_that_is_not_finite_where_the_function_is(value):
    report = check(np.sqrt, np.array([4.0, 1.0]), backward=lambda g, x: g * np.array([0.25, value]))
    assert report.verdict == "disagree"
    assert [f.cause for f in report.conduct if not f.ok] == ["not-finite"]
    assert "[1]" in said(report)


def scalar_log(x):
    """Raises ValueError left of 0, as the math module does."""
    return np.array([math.log(v) for v in x])


@pytest.mark.parametrize("x", [1e-12, 1e-6, 1e-3, 1.0])
def test_a_forward_that_raises_outside_its_domain(x):
    x = np.array([x, 2.0])
    right, wrong = both(scalar_log, x, right=lambda g, x: g / x, wrong=lambda g, x: g / (x + 1e-2 * x))
    assert_told_apart(right, wrong)


@pytest.mark.parametrize("error", [AssertionError, RuntimeError, IndexError, KeyError, OverflowError], ids=str)
def test_whatever_a_forward_raises_beyond_its_domain(error):
    """A probability of 1, beyond which the function refuses to go."""

    def forward(p):
        if np.any((p < 0) | (p > 1)):
            raise error("no probability")
        return p**2

    p = np.array([1.0, 0.3])
    right, wrong = both(forward, p, right=lambda g, p: 2 * g * p, wrong=lambda g, p: 2.02 * g * p)
    assert_told_apart(right, wrong)


def test_a_forward_that_raises_at_the_point_itself_says_so_by_its_own_error():
    with pytest.raises(ValueError, match=r"math domain error|expected a positive input"):
        check(scalar_log, np.array([-1.0]), backward=lambda g, x: g / x)


EDGES = [
    ("log at 1e-6", np.log, lambda x: 1 / x, [1e-6, 0.5]),
    ("log at 1e-12", np.log, lambda x: 1 / x, [1e-12, 1.0]),
    ("log at 1e-300", np.log, lambda x: 1 / x, [1e-300]),
    ("log of 1 + x near -1", np.log1p, lambda x: 1 / (1 + x), [-1 + 1e-9, 0.5]),
    ("sqrt at 1e-12", np.sqrt, lambda x: 0.5 / np.sqrt(x), [1e-12, 1.0]),
    ("sqrt at 1e-6 among thousands", np.sqrt, lambda x: 0.5 / np.sqrt(x), [1e-6, 3e3, 5e3]),
    ("arcsin near 1", np.arcsin, lambda x: 1 / np.sqrt(1 - x**2), [1 - 1e-6, -1 + 1e-6, 0.3]),
    ("arccos nearer to 1", np.arccos, lambda x: -1 / np.sqrt(1 - x**2), [1 - 1e-9, 0.3]),
    ("arctanh near 1", np.arctanh, lambda x: 1 / (1 - x**2), [0.999999, -0.5]),
    ("arccosh near 1", np.arccosh, lambda x: 1 / np.sqrt(x**2 - 1), [1 + 1e-6, 3.0]),
    ("x log x near 0", lambda x: x * np.log(x), lambda x: np.log(x) + 1, [1e-9, 0.5]),
    ("entropy near 0 and 1", lambda p: -p * np.log(p) - (1 - p) * np.log1p(-p), lambda p: np.log1p(-p) - np.log(p),
     [1e-9, 0.5001, 1 - 1e-6]),
    ("reciprocal near its pole", np.reciprocal, lambda x: -1 / x**2, [1e-9, -2.0]),
    ("tan near its pole", np.tan, lambda x: 1 / np.cos(x) ** 2, [np.pi / 2 - 1e-6, 0.1]),
    ("power 1.5 near 0", lambda x: x**1.5, lambda x: 1.5 * np.sqrt(x), [1e-10, 2.0]),
    ("power x to the x", lambda x: x**x, lambda x: x**x * (np.log(x) + 1), [1e-6, 2.0]),
    ("gaussian far out", lambda x: np.exp(-(x**2)), lambda x: -2 * x * np.exp(-(x**2)), [5.0, 20.0]),
    ("sigmoid saturated", lambda x: 1 / (1 + np.exp(-x)), lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2, [-50.0, 5.0]),
]  # fmt: skip


@pytest.mark.parametrize(("f", "slope", "x"), [row[1:] for row in EDGES], ids=[row[0] for row in EDGES])
@pytest.mark.parametrize("exhaustive", [False, True], ids=["directions", "entries"])
def test_at_the_edge_of_a_domain(f, slope, x, exhaustive):
    x = np.array(x)
    right = check(f, x, backward=lambda g, x: g * slope(x), exhaustive=exhaustive)
    assert right.verdict == "agree", str(right)
    (comparison,) = right.tensors
    # Nearer to an edge than this, the last digit of x itself decides the slope.
    assert comparison.noticeable[np.argmax(np.abs(comparison.analytic))] < 2e-3 * np.abs(comparison.analytic).max()
    for i in range(x.size):
        off = np.where(np.arange(x.size) == i, 1.01, 1)
        wrong = check(f, x, backward=lambda g, x, off=off: g * slope(x) * off, exhaustive=exhaustive)
        promised = 0.01 * np.abs(comparison.analytic[i]) > 3 * comparison.noticeable[i]
        assert np.flatnonzero(wrong.tensors[0].wrong).tolist() in ([[i]] if promised else [[i], []]), str(wrong)


def test_a_domain_with_an_edge_on_both_sides_of_every_entry():
    """Probabilities, some of them very small: the logarithm of one minus their sum."""
    p = np.array([0.1, 0.2, 0.7 - 1e-7])
    right, wrong = both(
        lambda p: np.log1p(-np.sum(p)), p, kind="grad",
        right=lambda p: np.full(3, -1 / (1 - np.sum(p))), wrong=lambda p: np.full(3, 1 / (1 - np.sum(p))),
    )  # fmt: skip
    assert_told_apart(right, wrong)


# ------------------------------------------------- rounding: whatever is hidden by it, nobody is accused for it


@pytest.mark.parametrize("seed", range(40))
def test_a_right_gradient_under_any_pedestal_is_never_called_wrong(seed):
    """``H + sin(w x)``: at a height H of 1e16 nothing of the sine is left but its rounding."""
    rng = np.random.default_rng(seed)
    height, w, scale = 10 ** rng.uniform(-3, 18), 10 ** rng.uniform(-3, 7), 10 ** rng.uniform(-2, 2)
    report = check(
        lambda x: height + np.sin(w * x), scale * rng.normal(size=3), backward=lambda g, x: g * w * np.cos(w * x)
    )
    assert report.verdict != "disagree", str(report)


@pytest.mark.parametrize("height", [0.0, 1.0, 1e3, 1e6, 1e8])
def test_up_to_a_pedestal_of_1e8_right_and_wrong_are_told_apart(height):
    right, wrong = both(
        lambda x: height + np.sin(x), normal(4), right=lambda g, x: g * np.cos(x), wrong=lambda g, x: g * np.sin(x)
    )
    assert_told_apart(right, wrong)


def test_a_difference_of_large_numbers():
    """``(x + 1e8)² - 1e16``, of which eight digits are gone."""
    right, wrong = both(
        lambda x: (x + 1e8) ** 2 - 1e16, normal(4), right=lambda g, x: g * 2 * (x + 1e8), wrong=lambda g, x: g * 2 * x
    )
    assert_told_apart(right, wrong)


def test_a_loss_summed_in_float32_over_many_terms():
    x = normal(200, 50, dtype=np.float32)

    def loss(x):
        return np.sum(np.tanh(x) ** 2, dtype=np.float32)

    def gradient(x):
        return (2 * np.tanh(x) * (1 - np.tanh(x) ** 2)).astype(x.dtype)

    right, wrong = both(loss, x, right=gradient, wrong=lambda x: -gradient(x), kind="grad")
    assert right.verdict != "disagree", str(right)
    assert wrong.verdict == "disagree", str(wrong)


# ------------------------------------------------------------------------------------------------ odd functions


def cube_root_by_newton(a):
    """Stops when the last step was small: the count of steps jumps with a."""
    y = np.ones_like(a)
    while np.max(np.abs(y**3 - a)) > 1e-13:
        y = y - (y**3 - a) / (3 * y**2)
    return y


def cube_root_by_bisection(a):
    """A staircase of steps of 1e-8."""
    low, high = np.zeros_like(a), np.full_like(a, 10)
    for _ in range(30):
        middle = (low + high) / 2
        low, high = np.where(middle**3 < a, middle, low), np.where(middle**3 < a, high, middle)
    return (low + high) / 2


def products_of_the_others(x):
    return np.array([np.prod(np.delete(x, i)) for i in range(x.size)])


def eigenvalues_backward(g, a):
    _, v = np.linalg.eigh((a + a.T) / 2)
    return (v * g) @ v.T


MATRIX = normal(4, 4) + 3 * np.eye(4)
WITH_A_ZERO = np.array([0.5, 0.0, -2.0, 3.0])

ODD = {
    "determinant": (np.linalg.det, MATRIX, lambda g, a: g * np.linalg.det(a) * np.linalg.inv(a).T),
    "its logarithm": (lambda a: np.linalg.slogdet(a)[1], MATRIX, lambda g, a: g * np.linalg.inv(a).T),
    "inverse": (np.linalg.inv, MATRIX, lambda g, a: -np.linalg.inv(a).T @ g @ np.linalg.inv(a).T),
    "eigenvalues": (lambda a: np.linalg.eigvalsh((a + a.T) / 2), MATRIX, eigenvalues_backward),
    "median": (np.median, normal(9), lambda g, x: g * (x == np.median(x))),
    "product with a zero": (np.prod, WITH_A_ZERO, lambda g, x: g * products_of_the_others(x)),
    "newton's iteration": (cube_root_by_newton, np.array([0.5, 2.0]), lambda g, a: g / (3 * np.cbrt(a) ** 2)),
    "bisection": (cube_root_by_bisection, np.array([0.5, 2.0]), lambda g, a: g / (3 * np.cbrt(a) ** 2)),
    "unit vector": (
        lambda x: x / np.linalg.norm(x),
        1e-8 * normal(5),
        lambda g, x: (g - x * (g @ x) / (x @ x)) / np.linalg.norm(x),
    ),
    "fourier transform": (
        lambda x: np.fft.rfft(x).real,
        normal(8),
        lambda g, x: np.cos(2 * np.pi * np.outer(np.arange(8), np.arange(5)) / 8) @ g,
    ),
}


@pytest.mark.parametrize(("f", "x", "backward"), ODD.values(), ids=ODD.keys())
def test_odd_functions(f, x, backward):
    def off_in_the_largest(g, x):
        dx = np.array(backward(g, x))
        dx.flat[np.argmax(np.abs(dx))] *= 1.01
        return dx

    right, wrong = both(f, x, right=backward, wrong=off_in_the_largest)
    assert_told_apart(right, wrong)
    assert wrong.tensors[0].wrong.sum() == 1


@pytest.mark.parametrize("kind", [np.ma.array, lambda x: np.ma.array(x).view(np.ma.MaskedArray)], ids=["ma", "view"])
def test_arrays_with_an_arithmetic_of_their_own_are_refused(kind):
    with pytest.raises(TypeError, match=r"input 0 is a MaskedArray.*pass np\.asarray\(x\)"):
        check(np.square, kind(normal(3)), backward=lambda g, x: 2 * x * g)


def test_an_infinitely_steep_function_of_a_tiny_entry_beside_large_ones():
    """Lines through all entries overstep the tiny one, and so cannot accuse it."""
    x = np.array([1e-300, 1e-20, 1.0])
    for seed in range(4):
        assert check(np.sqrt, x, backward=lambda g, x: g / (2 * np.sqrt(x)), seed=seed).verdict == "agree"
        assert check(np.sqrt, x, backward=lambda g, x: g / (1.999 * np.sqrt(x)), seed=seed).verdict == "disagree"


def test_one_entry_of_a_sum_of_entries_of_all_sizes():
    """The sum is rounded to more than the tiny entry, but moves as that moves by more than itself."""
    x = np.array([1e-8, 3.0, -2e8, 0.5, 1e-3, -7e5, 2e-8, 1.0])
    slip = np.where(np.arange(8) == 6, 1e-4, 0)
    right, wrong = both(np.sum, x, right=np.ones_like, wrong=lambda x: 1 + slip, kind="grad")
    assert_told_apart(right, wrong)
    assert np.flatnonzero(wrong.tensors[0].wrong).tolist() == [6]


def test_a_gradient_smaller_than_any_number_is_zero():
    x = np.array([0.7, 2.0, 1.5]) * 1e200
    right, wrong = both(lambda x: 1 / x, x, right=lambda g, x: -g / x / x, wrong=lambda g, x: -g / x * 1e-100)
    assert_told_apart(right, wrong)
