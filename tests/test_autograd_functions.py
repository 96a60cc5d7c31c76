"""What autograd differentiates is checked as it is handed over, and each rule of a primitive answers for itself."""

import itertools

import autograd.numpy as anp
import numpy as np
import pytest
from autograd.extend import defvjp, primitive
from reading import said

from gradcheck import check

rng = np.random.default_rng(4)
x = rng.normal(size=(5, 4))
y = rng.normal(size=(5, 4))


def agrees(report, *tensors):
    assert report, report
    assert [tensor.name for tensor in report.tensors] == list(tensors)
    return report


def wrong(report, *tensors):
    """Exactly these tensors are wrong."""
    assert not report
    assert [tensor.name for tensor in report.tensors if tensor.verdict == "disagree"] == list(tensors), report


def network(params, x):
    h = x
    for layer in params:
        h = anp.tanh(h @ layer["w"] + layer["b"])
    return h


def parameters():
    sizes = [4, 3, 2]
    return [{"w": rng.normal(size=(m, n)), "b": np.zeros(n)} for m, n in itertools.pairwise(sizes)]


def test_parameters_in_lists_and_dictionaries():
    names = [f"params[{i}][{kind!r}]" for i in range(2) for kind in "wb"]
    params = parameters()
    before = [{name: array.copy() for name, array in layer.items()} for layer in params]
    report = agrees(check(network, params, x), *names, "x")
    assert "autograd function" in said(report)
    for layer, kept in zip(params, before, strict=True):
        assert all(np.array_equal(layer[name], kept[name]) for name in kept)


def test_pairs_of_parameters_as_in_autograds_examples():
    def predict(params, inputs):
        for w, b in params:
            inputs = anp.tanh(anp.dot(inputs, w) + b)
        return inputs - anp.log(anp.sum(anp.exp(inputs), axis=1, keepdims=True))

    def loss(params, inputs, targets):
        return -anp.sum(predict(params, inputs) * targets)

    params = [(layer["w"], layer["b"]) for layer in parameters()]
    names = [f"params[{i}][{j}]" for i in range(2) for j in range(2)]
    agrees(check(loss, params, x, np.eye(2, dtype=int)[[0, 1, 1, 0, 1]]), *names, "inputs")


def test_numbers_beside_arrays_in_a_container():
    agrees(
        check(lambda p, x: p["scale"] * x + p["shift"], {"scale": 2.0, "shift": y}, x), "p['scale']", "p['shift']", "x"
    )


def rule(*vjps):
    """x²·y as a primitive with these rules."""
    product = primitive(lambda x, y: x * x * y)
    defvjp(product, *vjps)
    return product


def for_x(ans, x, y):
    return lambda g: 2 * g * x * y


def for_y(ans, x, y):
    return lambda g: g * x**2


def test_each_rule_of_a_primitive():
    agrees(check(rule(for_x, for_y), x, y), "x", "y")
    wrong(check(rule(lambda ans, x, y: lambda g: 3 * g * x * y, for_y), x, y), "x")
    wrong(check(rule(for_x, lambda ans, x, y: lambda g: g * ans), x, y), "y")
    wrong(check(rule(for_x, None), x, y), "y")
    wrong(check(rule(lambda ans, x, y: lambda g: 2 * x * y, for_y), x, y), "x")


def test_a_rule_inside_a_larger_function():
    def loss(product):
        return lambda x, y: anp.sum(anp.sin(product(x, y)))

    agrees(check(loss(rule(for_x, for_y)), x, y), "x", "y")
    wrong(check(loss(rule(for_x, lambda ans, x, y: lambda g: g * x)), x, y), "y")


def test_a_missing_sum_over_a_broadcast_axis():
    add = primitive(lambda x, b: x + b)
    defvjp(add, lambda ans, x, b: lambda g: g, lambda ans, x, b: lambda g: g)
    report = check(add, x, y[0])
    assert not report
    assert "db has shape (5, 4), but b has shape (4,)" in said(report)


def test_a_rule_that_changes_its_cotangent():
    def rude(ans, x, y):
        def vjp(g):
            g *= 2
            return g * x * y

        return vjp

    report = check(rule(rude, for_y), x, y)
    assert "mutates-cotangent" in {finding.cause for finding in report.conduct}


def test_a_rule_that_is_missing():
    square = primitive(lambda x: x**2)
    with pytest.raises(TypeError, match=r"autograd cannot differentiate .* with respect to x.*backward=.*grad="):
        check(square, x)


def test_a_list_of_numbers_is_held_constant():
    report = agrees(check(lambda x, axes: anp.sum(x * axes[0]), x, [1.0, 2.0]), "x")
    assert "axes held constant (a list; pass np.array(axes) to check it)" in said(report)
