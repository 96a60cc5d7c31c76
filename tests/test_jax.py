"""What JAX differentiates is checked as it is handed over: right ones agree, wrong ones do not, nothing is changed.

Everything here is handed over in JAX's usual single precision.
"""

import functools

import numpy as np
import pytest
from reading import said

from gradcheck import check

jax = pytest.importorskip("jax", reason="JAX is not installed")
jnp = jax.numpy

x = jax.random.normal(jax.random.key(0), (5, 4))
y = jax.random.normal(jax.random.key(1), (5, 4))
labels = jnp.array([0, 3, 3, 1, 2])


@pytest.fixture(autouse=True)
def _the_configuration_is_the_callers():
    assert not jax.config.jax_enable_x64
    yield
    assert not jax.config.jax_enable_x64
    assert jnp.ones(1).dtype == jnp.float32


def agrees(report, *tensors):
    assert report, report
    assert [tensor.name for tensor in report.tensors] == list(tensors)
    return report


def wrong(report, *tensors):
    """Exactly these tensors are wrong."""
    assert not report
    assert [tensor.name for tensor in report.tensors if tensor.verdict == "disagree"] == list(tensors), report
    return report


def not_understood(*words):
    return pytest.raises(TypeError, match=".*".join(words))


# Functions


def network(params, x):
    h = jnp.tanh(x @ params["dense"]["w"] + params["dense"]["b"])
    return h @ params["out"][0]


def parameters():
    return {
        "dense": {"w": 0.5 * jax.random.normal(jax.random.key(2), (4, 3)), "b": jnp.zeros(3)},
        "out": [jnp.array([1.0, -2.0, 0.5])],
        "step": 7,
    }


NAMES = ["params['dense']['b']", "params['dense']['w']", "params['out'][0]", "x"]


@pytest.mark.parametrize("wrap", [lambda f: f, jax.jit, jax.checkpoint], ids=["plain", "jit", "checkpoint"])
def test_pytrees_of_parameters(wrap):
    report = agrees(check(wrap(network), parameters(), x), *NAMES)
    assert "jax function" in said(report)
    assert "double precision for the check alone" in said(report)
    assert all(tensor.resolution < 1e-5 for tensor in report.tensors)  # single precision would not do


def test_nothing_of_the_callers_is_changed():
    params = parameters()
    before = jax.tree.map(np.array, params)
    assert check(network, params, x)
    jax.tree.map(np.testing.assert_array_equal, params, before)
    assert params["dense"]["w"].dtype == jnp.float32


def test_results_in_pytrees():
    def results(x):
        return {"loss": (x**2).mean(), "all": (jnp.cos(x), x.argmax(axis=1)), "none": None}

    agrees(check(results, x), "x")


def test_integers_keys_and_numbers():
    def loss(key, scores, labels, temperature):
        kept = jax.random.bernoulli(key, 0.5, scores.shape)
        return -jax.nn.log_softmax(scores * kept / temperature)[jnp.arange(5), labels].mean()

    agrees(check(loss, jax.random.key(5), x, labels, 0.7), "scores", "temperature")
    agrees(check(loss, jax.random.PRNGKey(5), x, labels, 2), "scores")


def test_functions_of_jax_itself_and_numpy_arrays():
    agrees(check(jnp.sin, x), "x")
    agrees(check(jax.nn.gelu, np.array(x)), "x")
    agrees(check(lambda a: jnp.sum(a**3), np.ones(3)), "a")
    agrees(check(helper, np.ones(3)), "a")


def helper(a):
    return inner(a) ** 2


def inner(a):
    return jnp.cumsum(a)


def test_control_flow():
    def loop(x):
        return jax.lax.fori_loop(0, 3, lambda i, h: jnp.sin(h) + x, x)

    def scan(x):
        return jax.lax.scan(lambda h, row: (jnp.tanh(h + row), h), jnp.zeros(4, x.dtype), x)

    agrees(check(jax.jit(loop), x), "x")
    agrees(check(scan, x), "x")


def test_it_stays_in_single_precision_where_it_insists():
    def scan(x):
        return jax.lax.scan(lambda h, row: (jnp.tanh(h + row).astype(x.dtype), h), jnp.zeros(4, jnp.float32), x)[0]

    assert "in its own precision" in said(agrees(check(scan, x), "x"))
    assert "in its own precision" in said(agrees(check(lambda x: x.astype(jnp.float32) ** 2, x), "x"))


def test_half_precision_is_checked_in_double():
    report = agrees(check(lambda x: x**2, x.astype(jnp.bfloat16)), "x")
    assert report["x"].resolution < 1e-5


def test_a_model_that_is_a_pytree():
    @jax.tree_util.register_pytree_with_keys_class
    class Dense:
        def __init__(self, w, b):
            self.w, self.b = w, b

        def tree_flatten_with_keys(self):
            key = jax.tree_util.GetAttrKey
            return ((key("w"), self.w), (key("b"), self.b)), None

        @classmethod
        def tree_unflatten(cls, _, leaves):
            return cls(*leaves)

        def __call__(self, x):
            return jnp.tanh(x @ self.w + self.b)

    agrees(check(Dense(jnp.ones((4, 3)), jnp.zeros(3)), 0.1 * x), "x", "w", "b")


def test_a_stopped_gradient_is_no_derivative():
    wrong(check(lambda x, y: x * jax.lax.stop_gradient(y), x, y), "y")


def test_what_cannot_be_traced():
    with not_understood("JAX cannot trace", "lax.cond"):
        check(lambda x: jnp.sum(x) * float(x[0, 0]), x)
    with not_understood("JAX cannot trace", "use jax.numpy for NumPy"):
        check(lambda x: jnp.sum(np.sin(x)), x)
    agrees(check(lambda x: x if x[0, 0] > 0 else -x, x), "x")
    with not_understood("in which there is no array of floats"):
        check(lambda x: x.argmax(), x)


# custom_vjp and custom_jvp


def product(x, y):
    return x * x * y


def with_rule(bwd, fwd=lambda x, y: (product(x, y), (x, y)), f=product):
    ruled = jax.custom_vjp(f)
    ruled.defvjp(fwd, bwd)
    return ruled


def right(res, g):
    x, y = res
    return 2 * x * y * g, x * x * g


def test_a_right_rule():
    report = agrees(check(with_rule(right), x, y), "x", "y")
    assert report.name == "product"
    assert "jax custom_vjp function" in said(report)
    agrees(check(jax.jit(lambda x, y: with_rule(right)(x, y).sum()), x, y), "x", "y")


WRONG = {
    "a factor": (with_rule(lambda res, g: (3 * res[0] * res[1] * g, res[0] ** 2 * g)), "x"),
    "the cotangent left out": (with_rule(lambda res, g: (2 * res[0] * res[1], res[0] ** 2 * g)), "x"),
    "two gradients exchanged": (with_rule(lambda res, g: right(res, g)[::-1]), "x y"),
    "None for what is needed": (with_rule(lambda res, g: (None, res[0] ** 2 * g)), "x"),
    "the wrong residual": (with_rule(right, lambda x, y: (product(x, y), (y, x))), "y"),
}


@pytest.mark.parametrize(("function", "tensors"), WRONG.values(), ids=WRONG)
def test_wrong_rules(function, tensors):
    wrong(check(function, x, y), *tensors.split())


def test_gradients_that_jax_refuses():
    def add(x, b):
        return x + b

    missing_sum = with_rule(lambda _, g: (g, g), lambda x, b: (add(x, b), None), add)
    for function, second in ((missing_sum, y[0]), (with_rule(lambda res, g: (g,)), y)):
        report = check(function, x, second)
        assert not report
        assert "JAX refuses what the rule returned" in said(report)


def test_a_rule_that_computes_something_else_on_its_way():
    report = check(with_rule(right, lambda x, y: (product(x, y) + 1, (x, y))), x, y)
    assert next(finding for finding in report.conduct if not finding.ok).check == "value"


def test_arguments_that_a_rule_does_not_differentiate():
    power = functools.partial(jax.custom_vjp, nondiff_argnums=(1,))(lambda x, n: x**n)
    power.defvjp(lambda x, n: (x**n, x), lambda n, x, g: (n * x ** (n - 1) * g,))
    agrees(check(power, jnp.abs(x) + 1, 2.5), "x")


@pytest.mark.parametrize("factor", [3, 2])
def test_custom_jvp(factor):
    @jax.custom_jvp
    def cube(x):
        return x**3

    @cube.defjvp
    def _(primals, tangents):
        return cube(*primals), factor * primals[0] ** 2 * tangents[0]

    report = check(cube, x)
    assert report.ok == (factor == 3), report
    assert "jax custom_jvp function" in said(report)


def test_numpy_functions_are_none_of_its_business():
    assert "jax" not in check(np.sum, np.ones(3), grad=np.ones_like).understood
