"""What a backward must do whatever its numbers, and what is said of one that does not.

Every check has a subject that misbehaves in just that way, and one that does the same thing properly. The gradient at
the point is right wherever that is possible: differences alone would have passed it.
"""

import numpy as np
import pytest

from gradcheck import check
from gradcheck.analytic import cases

x = np.array([0.7, -1.3, 2.1])
W = np.array([[0.5, -1.0], [2.0, 0.25], [-0.75, 1.5]])
batch = np.array([[0.7, -1.3, 2.1], [-0.4, 0.9, 1.1], [1.6, 0.3, -0.8], [-2.0, -0.6, 0.5]])

FIXED = {"deterministic", "shape", "dtype", "finite", "linear", "repeatable", "interleaved", "mutation", "aliasing"}


def square(x):
    return x**2


def pair(backward, forward=square, *inputs, **options):
    return check(forward, *(inputs or (x,)), backward=backward, **options)


def bad(report):
    """The findings that are not ok; the report must be wrong because of them and say so."""
    findings = [finding for finding in report.conduct if not finding.ok]
    assert findings, report
    assert report.verdict == "disagree"
    assert all(f"BAD {finding.message}" in " ".join(str(report).split()) for finding in findings)
    return findings


def the_one(report, name):
    """The only bad finding, which must be of the check `name`."""
    (finding,) = bad(report)
    assert finding.check == name
    return finding


def good(report, name):
    """That the report is ok and has a line on this check."""
    assert report, report
    lines = [finding for finding in report.conduct if finding.check == name]
    assert lines
    assert all(finding.ok and not finding.cause for finding in lines)
    return lines


def names(report, *words):
    return all(word in str(report) for word in words)


# Good conduct


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_everything_in_the_catalogue_behaves(case):
    report = check(case.subject, *case.inputs, wrt=case.wrt)
    assert report, report
    assert all(finding.ok for finding in report.conduct)
    assert {finding.check for finding in report.conduct} <= FIXED


def test_each_check_has_its_own_line():
    report = pair(lambda g, x: 2 * x * g)
    assert {finding.check for finding in report.conduct} == FIXED
    assert str(report).count("\n  ok ") == len(report.conduct)


# Linear in the cotangent


@pytest.mark.parametrize(
    ("backward", "says"),
    [
        (lambda g, x: 2 * x * g**3, "is not −2·dx(dout)"),
        (lambda g, x: 2 * x * np.abs(g), "is not −2·dx(dout)"),
        (lambda g, x: 2 * x * np.sign(g), "is not −2·dx(dout)"),
        (lambda g, x: 2 * x * g + 1e-3, "not"),
        (lambda g, x: 2 * x * np.clip(g, -2, 2), "not"),
        (lambda g, x: 2 * x * g / np.maximum(np.linalg.norm(g), 1e-300), "is not −2·dx(dout)"),
        (lambda g, x: 2 * x * np.where(g == 0, 1, g), "zero cotangent"),
        (lambda g, x: 2 * x, "not"),
    ],
    ids=["g**3", "abs(g)", "sign(g)", "g + constant", "clipped g", "g / |g|", "1 for g = 0", "g ignored"],
)
def test_a_backward_that_is_not_linear_in_the_cotangent(backward, says):
    (finding,) = [finding for finding in bad(pair(backward)) if finding.check == "linear"]
    assert (finding.cause, finding.tensor) == ("nonlinear", "x")
    assert "not linear in the cotangent" in finding.message
    assert says in finding.message


def test_abs_of_the_cotangent_is_caught_where_the_cotangent_happens_to_be_positive():
    seeds = [seed for seed in range(20) if check(square, x[:1], backward=lambda g, x: 2 * x * g, seed=seed)]
    assert all(not check(square, x[:1], backward=lambda g, x: 2 * x * np.abs(g), seed=seed) for seed in seeds)


def test_a_backward_that_mixes_entries_by_their_rank_is_homogeneous_but_not_additive():
    def by_rank(g, x):
        return 2 * x * np.where(np.abs(g) == np.abs(g).max(), g, 0.5 * g)

    assert any(finding.check == "linear" for finding in bad(pair(by_rank)))


def test_nan_for_a_zero_cotangent():
    def backward(g, x):
        with np.errstate(invalid="ignore"):
            return 2 * x * g * g / g

    (finding,) = [finding for finding in bad(pair(backward)) if finding.check == "linear"]
    assert "zero cotangent" in finding.message


@pytest.mark.parametrize("scale", [1e-200, 1e-8, 1.0, 1e8, 1e150])
def test_rounding_is_not_taken_for_nonlinearity_at_any_scale(scale):
    good(pair(lambda g, x: (2 * x * g * 0.1) / 0.1, square, scale**0.5 * x), "linear")


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
def test_the_rounding_of_terms_that_cancel_is_no_nonlinearity(seed, scale):
    """Deviations from a mean add up to nothing, and so do their cotangents, but for rounding of any relative size."""

    def backward(g, x):
        spread = np.broadcast_to(g, x.shape)
        return spread - spread.mean(axis=0)

    deviations = np.random.default_rng(seed).normal(scale=scale, size=(5, 4))
    report = pair(backward, lambda x: (x - x.mean(axis=0)).sum(axis=0), deviations, seed=seed)
    assert [finding.message for finding in report.conduct if not finding.ok] == []


def test_the_last_digit_of_a_subnormal_number_is_no_nonlinearity():
    """``exp(-88)`` times a cotangent has three or four digits left in single precision."""
    x = np.full(6, -100.0, np.float32)
    assert not [f for f in check(np.exp, x, backward=lambda g, x: g * np.exp(x)).conduct if not f.ok]


def through_logarithms(g, x):
    """The cotangent from its logarithm, beside a large one: in single precision two digits are left of it."""
    large = x.dtype.type(30000)
    with np.errstate(divide="ignore"):
        return np.sign(g) * np.exp((np.log(np.abs(g)) + large) - large)


def test_rounding_that_single_precision_amplifies_is_no_nonlinearity():
    report = check(lambda x: 1 * x, x.astype(np.float32), backward=through_logarithms)
    assert report.ok, str(report)
    assert "backward is linear in the cotangent, but for rounding in single precision" in [
        finding.message for finding in report.conduct
    ]


def test_what_double_precision_does_not_clear_up_is_one():
    report = check(lambda x: 1 * x, x.astype(np.float32), backward=lambda g, x: through_logarithms(g, x) * (1 + g * g))
    assert [finding.check for finding in report.conduct if not finding.ok] == ["linear"]


def test_a_nonlinear_gradient_of_a_parameter_is_named():
    class Layer(Multiply):
        def backward(self, dout):
            dx = super().backward(dout)
            self.dw = (self.x * np.abs(dout)).sum(axis=0)
            return dx

    (finding,) = [finding for finding in bad(check(Layer(), batch)) if finding.check == "linear"]
    assert finding.tensor == "w"
    assert "dw" in finding.message


# In place


class Multiply:
    """y = x w, written properly; the layers below each spoil one thing."""

    def __init__(self):
        self.w = np.array([1.5, -0.5, 2.0])
        self.dw = np.zeros(3)

    def forward(self, x):
        self.x = x
        return x * self.w

    def backward(self, dout):
        self.dw = (dout * self.x).sum(axis=0)
        return dout * self.w


def test_the_proper_layer_behaves():
    report = check(Multiply(), batch)
    for name in FIXED:
        good(report, name)


def zeroes_the_cotangent(g, x):
    dx = 2 * x * g
    g[...] = 0
    return dx


def scales_the_cotangent(g, x):
    g *= 2 * x
    return g.copy()


def relu_of_the_book(g, x):
    g[x <= 0] = 0
    return g


@pytest.mark.parametrize(
    ("forward", "backward"),
    [
        (square, zeroes_the_cotangent),
        (square, scales_the_cotangent),
        (lambda x: np.maximum(x, 0), relu_of_the_book),
    ],
    ids=["zeroed", "scaled", "masked"],
)
def test_a_backward_that_changes_the_cotangent_in_place(forward, backward):
    finding = the_one(pair(backward, forward), "mutation")
    assert finding.cause == "mutates-cotangent"
    assert "cotangent" in finding.message
    assert "in place" in finding.message
    assert "first at [" in finding.message
    assert "work on a copy" in finding.message


def test_a_forward_that_changes_its_input_in_place():
    def softmax(x):
        x -= x.max()
        np.exp(x, out=x)
        y = x / x.sum()
        return y, y

    report = pair(lambda g, y: y * (g - (g * y).sum()), softmax)
    finding = the_one(report, "mutation")
    assert (finding.cause, finding.tensor) == ("mutates-input", "x")
    assert finding.message.startswith("forward changes x in place, first at [0]: 0.7 became ")
    assert report["x"].verdict == "agree"


def test_a_forward_that_changes_a_constant_input_in_place():
    def picks(x, index):
        index += 1
        return x[index], (x.shape, index)

    def backward(g, cache):
        dx = np.zeros(cache[0])
        np.add.at(dx, cache[1], g)
        return dx

    finding = the_one(pair(backward, picks, x, np.array([0, 1])), "mutation")
    assert finding.message.startswith("forward changes index in place, first at [0]: 0 became 1")


def test_a_backward_that_changes_an_input_it_was_given():
    def backward(g, x):
        x *= 2
        x *= g
        return x.copy()

    report = pair(backward, square)
    assert any(finding.check == "mutation" and finding.cause == "mutates-input" for finding in bad(report))
    assert names(report, "backward changes x in place")


def test_a_backward_that_changes_the_input_that_forward_cached():
    class Layer(Multiply):
        def backward(self, dout):
            dx = dout * self.w
            self.x *= dout
            self.dw = self.x.sum(axis=0)
            return dx

    findings = bad(check(Layer(), batch))
    assert any("backward changes x in place" in finding.message for finding in findings)


@pytest.mark.parametrize("method", ["forward", "backward"])
def test_a_layer_that_changes_its_parameter(method):
    class Layer(Multiply):
        def forward(self, x):
            y = super().forward(x)
            if method == "forward":
                self.w *= 0.5
                self.w += 0.0
            return y

        def backward(self, dout):
            dx = super().backward(dout) * (2 if method == "forward" else 1)
            if method == "backward":
                self.w -= 0.01 * self.dw
            return dx

    findings = [finding for finding in bad(check(Layer(), batch)) if finding.check == "mutation"]
    assert [(finding.cause, finding.tensor) for finding in findings] == [("mutates-parameter", "w")]
    assert "changes w in place, first at [0]: 1.5 became" in findings[0].message


def test_a_parameter_rebound_to_other_values_is_a_change_too():
    class Layer(Multiply):
        def backward(self, dout):
            dx = super().backward(dout)
            self.w = self.w - 0.01 * self.dw
            return dx

    assert any(finding.cause == "mutates-parameter" for finding in bad(check(Layer(), batch)))


def test_working_on_copies_is_fine():
    def backward(g, x):
        g, x = g.copy(), x.copy()
        g *= 2
        x *= g
        return x

    good(pair(backward), "mutation")


# Twice, and interleaved


def test_a_second_backward_that_gives_another_answer():
    class Layer(Multiply):
        def backward(self, dout):
            self.dw = (dout * self.x).sum(axis=0)
            self.x = self.x * 0.5
            return dout * self.w

    (finding,) = [finding for finding in bad(check(Layer(), batch)) if finding.check == "repeatable"]
    assert finding.tensor == "w"
    assert "a second backward with the same cotangent gives another dw, first at [0]: " in finding.message


def test_an_input_gradient_that_accumulates():
    class Layer(Multiply):
        dx = 0

        def backward(self, dout):
            super().backward(dout)
            self.dx = self.dx + dout * self.w
            return self.dx

    (finding,) = [finding for finding in bad(check(Layer(), batch)) if finding.check == "repeatable"]
    assert finding.tensor == "x"


class Accumulates(Multiply):
    def backward(self, dout):
        self.dw = self.dw + (dout * self.x).sum(axis=0)
        return dout * self.w


class AccumulatesInPlace(Multiply):
    def backward(self, dout):
        self.dw += (dout * self.x).sum(axis=0)
        return dout * self.w


class OverwritesInPlace(Multiply):
    def backward(self, dout):
        self.dw[...] = (dout * self.x).sum(axis=0)
        return dout * self.w


@pytest.mark.parametrize("kind", [Accumulates, AccumulatesInPlace])
def test_accumulation_is_allowed_and_stated(kind):
    (finding,) = good(check(kind(), batch), "repeatable")
    assert "accumulates into w" in finding.message


@pytest.mark.parametrize("kind", [Multiply, OverwritesInPlace])
def test_overwriting_is_allowed_and_stated(kind):
    (finding,) = good(check(kind(), batch), "repeatable")
    assert "overwrites its gradients" in finding.message


def test_what_was_accumulated_before_the_check_is_not_part_of_the_gradient():
    layer = AccumulatesInPlace()
    layer.dw += 100
    assert check(layer, batch)
    assert layer.dw.tolist() == [100, 100, 100]


def test_a_backward_that_works_only_once_is_stated():
    class Layer(Multiply):
        def backward(self, dout):
            super().backward(dout)
            del self.x
            return dout * self.w

    (finding,) = good(check(Layer(), batch), "repeatable")
    assert "once per forward" in finding.message
    assert "AttributeError" in finding.message


class CachesOnItsClass(Multiply):
    cache = None

    def forward(self, x):
        type(self).cache = x
        return x * self.w

    def backward(self, dout):
        self.dw = (dout * self.cache).sum(axis=0)
        return dout * self.w


CACHE = {}


class CachesInItsModule(Multiply):
    def forward(self, x):
        CACHE["x"] = x
        return x * self.w

    def backward(self, dout):
        self.dw = (dout * CACHE["x"]).sum(axis=0)
        return dout * self.w


@pytest.mark.parametrize("kind", [CachesOnItsClass, CachesInItsModule])
def test_a_cache_that_every_instance_overwrites(kind):
    finding = the_one(check(kind(), batch), "interleaved")
    assert finding.cause == "stale-cache"
    assert "another instance's forward" in finding.message
    assert "dw differs, first at [0]: " in finding.message


def test_functions_that_cache_in_their_module():
    def forward(x):
        CACHE["y"] = np.exp(x)
        return CACHE["y"].copy()

    finding = the_one(pair(lambda g, x: g * CACHE["y"], forward), "interleaved")
    assert "another call of forward" in finding.message


def test_a_cache_of_the_first_forward_only():
    class Layer(Multiply):
        x = None

        def forward(self, x):
            if self.x is None:
                self.x = x
            return x * self.w

    findings = bad(check(Layer(), batch))
    assert [finding.check for finding in findings] == ["interleaved"]
    assert "after another forward" in findings[0].message


def test_caches_of_their_own_are_fine():
    lines = good(check(Multiply(), batch), "interleaved")
    assert any("another instance's forward" in line.message for line in lines)


@pytest.mark.parametrize(("kind", "most"), [(Multiply, 6), (OverwritesInPlace, 6), (Accumulates, 12)])
def test_one_forward_serves_many_backwards(kind, most):
    forwards = []

    class Counted(kind):
        def forward(self, x):
            forwards.append(None)
            return super().forward(x)

        def backward(self, dout):
            dx = super().backward(dout)
            self.dw = self.dw[:2]  # no gradient has a shape to compare, so all forwards are those of conduct
            return dx[:2]

    check(Counted(), batch)
    assert len(forwards) <= most


# Aliases


@pytest.mark.parametrize("gradient", [lambda x: x, lambda x: x[...], lambda x: x[::1]], ids=["itself", "view", "slice"])
def test_a_gradient_that_is_the_input_itself(gradient):
    def backward(g, x):
        x = gradient(x)
        np.multiply(2 * x.copy(), g, out=x)
        return x

    findings = bad(pair(backward))
    assert any(finding.check == "aliasing" and finding.cause == "aliases-input" for finding in findings)
    assert any("dx shares its memory with x" in finding.message for finding in findings)


def test_a_gradient_that_is_the_cached_input():
    class Layer:
        def forward(self, x):
            self.x = x
            return 0.5 * (x**2).sum()

        def backward(self):
            return self.x

    finding = the_one(check(Layer(), batch), "aliasing")
    assert finding.message.startswith("dx shares its memory with x")
    assert "return a copy" in finding.message


def test_a_gradient_that_is_a_parameter():
    class Layer:
        def __init__(self):
            self.w, self.dw = np.array([1.5, -0.5, 2.0]), None

        def forward(self, x):
            self.x = x
            return x @ self.w

        def backward(self, dout):
            self.dw = self.x.T @ dout
            return np.outer(dout, self.w)

    good(check(Layer(), batch), "aliasing")

    class Regularised(Layer):
        def forward(self, x):
            self.x = x
            return 0.5 * np.sum(self.w**2) + 0 * x.sum()

        def backward(self):
            self.dw = self.w
            return 0 * self.x

    finding = the_one(check(Regularised(), batch), "aliasing")
    assert finding.message.startswith("dw shares its memory with w")


def test_the_gradient_of_half_the_square_of_a_function_may_be_its_argument():
    assert check(lambda x: 0.5 * np.sum(x**2), x, grad=lambda x: x)


# Shape, dtype, presence, finiteness


@pytest.mark.parametrize(
    ("wrong", "shape"),
    [
        (lambda d: d[:, None], "(3, 1)"),
        (lambda d: d[None], "(1, 3)"),
        (np.sum, "()"),
        (lambda d: d[:2], "(2,)"),
        (np.diag, "(3, 3)"),
        (lambda d: d[:0], "(0,)"),
    ],
    ids=["column", "row", "scalar", "short", "matrix", "empty"],
)
def test_a_gradient_of_the_wrong_shape(wrong, shape):
    report = pair(lambda g, x: wrong(2 * x * g))
    finding = the_one(report, "shape")
    assert (finding.cause, finding.tensor) == ("wrong-shape", "x")
    assert f"dx has shape {shape}, but x has shape (3,)" in finding.message
    assert report["x"].analytic is None


def test_a_bias_gradient_that_keeps_the_batch_axis():
    def backward(g, x, b):
        return g, g

    finding = the_one(pair(backward, lambda x, b: x + b, batch, x), "shape")
    assert finding.tensor == "b"
    assert "db has shape (4, 3), but b has shape (3,)" in finding.message


def test_a_float32_gradient_of_a_float64_input():
    report = pair(lambda g, x: (2 * x * g).astype(np.float32))
    finding = the_one(report, "dtype")
    assert (finding.cause, finding.tensor) == ("wrong-dtype", "x")
    assert "dx is float32, but x is float64" in finding.message


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_a_gradient_as_narrow_as_its_input_is_fine(dtype):
    good(pair(lambda g, x: 2 * x * g, square, x.astype(dtype)), "dtype")


def test_a_wider_gradient_is_fine():
    good(pair(lambda g, x: (2 * x * g).astype(np.longdouble)), "dtype")


@pytest.mark.parametrize(
    "nothing",
    [lambda d: None, lambda d: (), lambda d: {}, lambda d: (None,)],
    ids=["None", "empty tuple", "empty dict", "None in a tuple"],
)
def test_a_gradient_that_is_missing(nothing):
    finding = the_one(pair(lambda g, x: nothing(2 * x * g)), "shape")
    assert (finding.cause, finding.tensor) == ("missing", "x")
    assert "no gradient for x" in finding.message


def test_a_tuple_that_is_too_short():
    finding = the_one(pair(lambda g, x, w: (g * w,), lambda x, w: x * w, x, x + 1), "shape")
    assert (finding.cause, finding.tensor) == ("missing", "w")
    assert "no gradient for w" in finding.message


@pytest.mark.parametrize("grads", [{}, {"w": None}, {"W": np.ones(3)}], ids=["absent", "None", "misspelt"])
def test_a_key_that_is_missing_in_grads(grads):
    class Layer:
        def __init__(self):
            self.params, self.grads = {"w": np.array([1.5, -0.5, 2.0])}, {}

        def forward(self, x):
            return x * self.params["w"]

        def backward(self, dout):
            self.grads.update(grads)
            return dout * self.params["w"]

    report = check(Layer(), batch)
    finding = the_one(report, "shape")
    assert (finding.cause, finding.tensor) == ("missing", "w")
    assert report["x"].verdict == "agree"
    assert report["w"].verdict == "disagree"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_gradient_that_is_not_finite(value):
    def backward(g, x):
        dx = 2 * x * g
        dx[1] = value
        return dx

    report = pair(backward)
    (finding,) = [finding for finding in bad(report) if finding.check == "finite"]
    assert (finding.cause, finding.tensor) == ("not-finite", "x")
    assert "dx[1]" in finding.message
    assert "1 of 3 entries" in finding.message
    assert report["x"].verdict == "disagree"
    assert report["x"].wrong.tolist() == [False, True, False]


def test_nan_everywhere_is_not_passed_over():
    report = pair(lambda g, x: np.full(3, np.nan))
    assert any(finding.check == "finite" for finding in bad(report))
    assert report["x"].wrong.all()


@pytest.mark.parametrize(
    "thing",
    ["no", object(), ([1, [2, 3]],), np.array(["a", "b", "c"]), np.array([1j, 2, 3]), lambda: 0],
    ids=["str", "object", "ragged", "array of str", "complex", "function"],
)
def test_a_gradient_that_is_no_array_of_real_numbers(thing):
    finding = the_one(pair(lambda g, x: thing), "shape")
    assert (finding.cause, finding.tensor) == ("wrong-dtype", "x")
    assert "not an array of real numbers" in finding.message


def test_a_list_of_numbers_will_do():
    assert pair(lambda g, x: (2 * x * g).tolist())


def test_a_gradient_cast_to_integers_is_wrong():
    assert pair(lambda g, x: (2 * x * g).astype(int))["x"].verdict == "disagree"


# Determinism


def test_a_forward_that_gives_two_answers_is_told_so_and_nothing_else():
    def forward(x):
        return x**2 + np.random.default_rng().normal()

    report = pair(lambda g, x: 3 * x * g, forward)
    finding = the_one(report, "deterministic")
    assert finding.cause == "nondeterministic"
    assert "differs between two runs" in finding.message
    assert "first at [0]" in finding.message
    assert report.conduct == [finding]
    assert [tensor.verdict for tensor in report.tensors] == ["undecided"]
    assert not report["x"].wrong.any()
    assert report.warnings == []


def test_a_forward_whose_shape_changes_is_not_deterministic():
    sizes = iter(range(1, 1000))
    finding = the_one(pair(lambda g, x: 2 * x * g, lambda x: np.full(next(sizes), x.sum())), "deterministic")
    assert "from shape (1,) to (" in finding.message


def test_nan_in_the_output_is_no_nondeterminism():
    report = pair(lambda g, x: g / x, lambda x: np.log(np.where(x > 0, x, np.nan)))
    assert all(finding.ok for finding in report.conduct if finding.check == "deterministic")
    assert not report
