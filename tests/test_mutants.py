"""Plausible mistakes are made in a backward, and only there; a good input tells each of them from the original."""

import ast
import inspect
import textwrap

import numpy as np
import pytest

from gradcheck import check, mutants, survivors
from gradcheck.analytic import Dense
from gradcheck.checking.mutation.source import places


def affine(x, W, b):
    return x @ W + b, (x, W)


def affine_backward(dout, cache):
    x, W = cache
    return dout @ W.T, x.T @ dout, dout.sum(axis=0)


def relu(x):
    return np.maximum(x, 0), x


def relu_backward(dout, x):
    dx = dout.copy()
    dx[x <= 0] = 0
    return dx


def loss(x, y):
    difference = x - y
    dx = 2 * difference
    return np.sum(difference**2), dx


class Scaled:
    """A layer with everything in its backward that a mistake can be made in."""

    def __init__(self):
        self.W = np.array([1.5, -0.5, 2.0])
        self.dW = np.zeros(3)

    def forward(self, x):
        self.x = x
        return self.W * x**2 + x

    def backward(self, dout):
        self.dW = np.sum(dout * self.x**2, axis=0)
        dx = 2 * dout * self.W * self.x
        dx += dout
        return dx


def normal(*shape):
    return np.random.default_rng(0).normal(size=shape)


def texts(thing):
    return [(mutant.cause, mutant.before, mutant.after) for mutant in mutants(thing)]


def test_each_operator_of_a_pair_is_got_wrong_in_its_usual_way():
    right = "return (dout @ W.T, x.T @ dout, dout.sum(axis=0))"
    assert set(texts(affine_backward)) == {
        ("transposed", right, "return (dout @ W, x.T @ dout, dout.sum(axis=0))"),
        ("transposed", right, "return (dout @ W.T, x @ dout, dout.sum(axis=0))"),
        ("extra-or-missing-mean", right, "return (dout @ W.T, x.T @ dout, dout.mean(axis=0))"),
        ("wrong-axis", right, "return (dout @ W.T, x.T @ dout, dout.sum(axis=1))"),
    }


def test_masks_are_inverted_or_left_out():
    assert texts(relu_backward) == [
        ("missing-mask", "dx[x <= 0] = 0", ""),
        ("inverted-mask", "dx[x <= 0] = 0", "dx[x > 0] = 0"),
    ]


def test_of_a_loss_that_returns_both_only_the_gradient_is_got_wrong():
    changed = {mutant.before for mutant in mutants(loss)}
    assert changed == {"dx = 2 * difference"}


@pytest.mark.parametrize(
    ("thing", "test"),
    [
        (affine_backward, lambda wrong: check(affine, normal(5, 3), normal(3, 4), normal(4), backward=wrong)),
        (relu_backward, lambda wrong: check(relu, normal(4, 3), backward=wrong)),
        (Scaled, lambda wrong: check(wrong(), normal(4, 3))),
        (Scaled(), lambda wrong: check(wrong, normal(4, 3))),
        (Dense, lambda wrong: check(wrong(3, 4, rng=0), normal(5, 3))),
    ],
    ids=["affine", "relu", "class", "object", "Dense"],
)
def test_check_notices_every_one(thing, test):
    assert test(thing)
    assert mutants(thing)
    assert [str(mutant) for mutant in survivors(thing, test)] == []


def test_a_symmetric_weight_lets_a_missing_transpose_survive():
    W = np.array([[1.0, 2.0], [2.0, 3.0]])
    found = survivors(affine_backward, lambda wrong: check(affine, normal(5, 2), W, normal(2), backward=wrong))
    assert [mutant.after for mutant in found] == ["return (dout @ W, x.T @ dout, dout.sum(axis=0))"]


def test_what_was_given_stays_as_it_was():
    layer, x = Scaled(), normal(4, 3)
    source, backward = inspect.getsource(Scaled), Scaled.backward
    made = mutants(layer)
    assert all(type(mutant.subject) is not Scaled for mutant in made)
    assert (inspect.getsource(Scaled), Scaled.backward) == (source, backward)
    assert type(layer) is Scaled
    assert check(layer, x)


def test_a_closure_and_super_still_work_in_a_mutant():
    scale = 3.0

    class Base:
        def forward(self, x):
            return scale * x

        def backward(self, dout):
            return scale * dout

    class Derived(Base):
        def backward(self, dout):
            return -super().backward(-dout)

    made = {mutant.function.rpartition(".")[2] + mutant.after: mutant for mutant in mutants(Derived)}
    wrong = made["backwardreturn super().backward(-dout)"].subject()
    assert wrong.backward(np.ones(2)).tolist() == [-3.0, -3.0]


def test_a_mutant_says_where_it_is_wrong():
    (mutant, *_) = mutants(relu_backward)
    line = inspect.getsourcelines(relu_backward)[1] + 2
    assert str(mutant) == f"relu_backward, line {line}: dx[x <= 0] = 0 → (left out)"


@pytest.mark.parametrize("thing", [np.tanh, affine, type("Empty", (), {})], ids=["builtin", "forward", "class"])
def test_without_a_backward_in_python_it_says_what_would_do(thing):
    with pytest.raises(TypeError, match="pass a backward function, or a class or layer object with a method backward"):
        mutants(thing)


def test_indices_and_shapes_are_left_alone():
    source = """
    def backward(dout, x):
        dx = np.zeros((x.shape[0] + 1, x.shape[1]))
        for t in range(len(dout) - 1):
            dx[t + 1] = dout[t]
        return dx.reshape(2 * len(x), -1)
    """
    assert list(places(ast.parse(textwrap.dedent(source)))) == []


class Value:
    """A number whose backwards are written inside its operations."""

    def __init__(self, data, parents=()):
        self.data, self.grad, self.parents, self._backward = data, 0.0, parents, lambda: None

    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other))

        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out._backward = _backward
        return out


def test_a_backward_inside_its_forward_has_mutants_too():
    made = mutants(Value)
    assert {mutant.function for mutant in made} == {"Value.__mul__"}
    lost = next(mutant for mutant in made if mutant.after == "self.grad += out.grad")
    a, b = lost.subject(2.0), lost.subject(3.0)
    product = a * b
    product.grad = 1.0
    product._backward()
    assert (a.grad, b.grad) == (1.0, 2.0)
