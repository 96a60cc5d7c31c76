"""``order=2``: the gradient of the gradient is checked, and the Hessian is symmetric."""

import autograd.numpy as anp
import numpy as np
import pytest
from autograd.extend import defvjp, primitive
from reading import said

from gradcheck import check

x = np.random.default_rng(2).normal(size=(3, 4))
y = np.random.default_rng(3).normal(size=(3, 4))


def agrees(report, *tensors):
    assert report, report
    assert [tensor.name for tensor in report.tensors] == list(tensors)
    return report


def wrong(report, *tensors):
    """Exactly these tensors are wrong."""
    assert not report
    assert [tensor.name for tensor in report.tensors if tensor.verdict == "disagree"] == list(tensors), report
    return report


def test_autograd():
    report = agrees(
        check(lambda x, y: anp.sin(x) * y**2, x, y, order=2),
        *("x", "y", "x, second order", "y, second order", "dout, second order"),
    )
    assert "the Hessian is symmetric" in said(report)
    assert "second order by autograd of autograd" in said(report)


def test_autograd_with_several_outputs_and_containers():
    def f(p):
        return anp.sin(p["a"]) * p["b"], p["a"] @ p["b"].T

    names = ["p['a']", "p['b']"]
    second = [f"{name}, second order" for name in [*names, "dout0", "dout1"]]
    agrees(check(f, {"a": x, "b": y}, order=2), *names, *second)


def test_a_linear_function_has_a_hessian_of_zero():
    agrees(check(lambda x: 3 * x, x, order=2), "x", "x, second order", "dout, second order")


def test_a_rule_that_is_right_but_whose_derivative_is_not():
    cube = primitive(lambda x: x**3)
    slope = primitive(lambda x: 3 * x**2)
    defvjp(cube, lambda ans, x: lambda g: g * slope(x))
    defvjp(slope, lambda ans, x: lambda g: g * 3 * x)  # should be 6 x
    assert check(cube, x)
    report = wrong(check(cube, x, order=2), "x, second order")
    assert "dx, second order is wrong" in said(report)
    defvjp(slope, lambda ans, x: lambda g: g * 6 * x)
    assert check(cube, x, order=2)


def test_a_hessian_that_is_not_symmetric():
    square = y[:, :3]
    product = primitive(lambda x: x @ square @ x)
    defvjp(product, lambda ans, x: lambda g: _crossed(g, x))

    def gradient(g, x):
        return g @ x.T @ square.T + square.T @ x.T @ g

    _crossed = primitive(gradient)
    defvjp(_crossed, None, lambda ans, g, x: lambda h: h @ square)
    report = check(lambda x: product(x), x[:, :3].copy(), order=2)
    assert not report
    assert "the Hessian is not symmetric" in said(report)


def test_a_wrong_first_order_is_told_first():
    square = primitive(lambda x: x**2)
    defvjp(square, lambda ans, x: lambda g: 3 * g * x)
    wrong(check(square, x, order=2), "x")


def test_kinks_and_the_point_itself_are_as_before():
    given = x.copy()
    assert check(lambda x: anp.maximum(x, 0) ** 2, given, order=2)
    assert np.array_equal(given, x)


def test_both_orders_count_their_evaluations():
    assert check(anp.tanh, x).evaluations < check(anp.tanh, x, order=2).evaluations <= 120


def test_what_cannot_differentiate_its_own_derivative():
    with pytest.raises(TypeError, match=r"order=2 .*written by hand.*check\(gradient, x, backward=...\)"):
        check(lambda x: np.sum(x**2), x, grad=lambda x: 2 * x, order=2)


@pytest.mark.parametrize("order", [0, 3, "2", None, True])
def test_other_orders_are_refused(order):
    with pytest.raises(ValueError, match=r"order is .*pass order=1, or order=2"):
        check(anp.tanh, x, order=order)


# PyTorch


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed")


def test_torch_functions_and_modules(torch):
    given = torch.from_numpy(x).float()
    agrees(check(torch.tanh, given, order=2), "x", "x, second order", "dout, second order")
    module = torch.nn.Sequential(torch.nn.Linear(4, 2), torch.nn.Sigmoid())
    names = ["input", "0.weight", "0.bias"]
    agrees(check(module, given, order=2), *names, *(f"{name}, second order" for name in [*names, "dout"]))


def cube(torch, backward):
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    members = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    return type("Cube", (torch.autograd.Function,), members)


def test_a_torch_backward_that_is_cut_off_from_its_input(torch):
    def right(ctx, g):
        return 3 * ctx.saved_tensors[0] ** 2 * g

    def detached(ctx, g):
        return 3 * ctx.saved_tensors[0].detach() ** 2 * g

    given = torch.from_numpy(x)
    assert check(cube(torch, right), given, order=2)
    assert check(cube(torch, detached), given)
    wrong(check(cube(torch, detached), given, order=2), "x, second order")


def test_once_differentiable(torch):
    @torch.autograd.function.once_differentiable
    def once(ctx, g):
        return 3 * ctx.saved_tensors[0] ** 2 * g

    given = torch.from_numpy(x)
    assert check(cube(torch, once), given)
    with pytest.raises(TypeError, match=r"Cube has no second derivative.*@once_differentiable.*order=1"):
        check(cube(torch, once), given, order=2)


# JAX


def test_jax_functions_and_rules():
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    jnp = jax.numpy
    given = jnp.asarray(x)
    agrees(check(jax.jit(jnp.tanh), given, order=2), "x", "x, second order", "dout, second order")

    @jax.custom_vjp
    def cube(x):
        return x**3

    def detached(x, g):
        return (3 * jax.lax.stop_gradient(x) ** 2 * g,)

    cube.defvjp(lambda x: (x**3, x), lambda x, g: (3 * x**2 * g,))
    assert check(cube, given, order=2)
    cube.defvjp(lambda x: (x**3, x), detached)
    wrong(check(cube, given, order=2), "x, second order")
