"""NumPy's ways to move, join and sum arrays are followed: their gradients are autograd's."""

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from gradcheck import explain
from gradcheck.derivation.einsum import spelled_out

X, Y = np.random.default_rng(1).uniform(0.2, 1.5, (3, 4)), np.random.default_rng(2).uniform(0.2, 1.5, (4, 2))
SHARED = {
    "einsum": lambda np, x, y: np.einsum("ij,jk->ik", x, y),
    "einsum, implicit": lambda np, x, y: np.einsum("ij,jk", x, y),
    "einsum, three": lambda np, x, y: np.einsum("ij,jk,il->kl", x, y, x),
    "einsum, summed away": lambda np, x, y: np.einsum("ij->j", x) * np.einsum("ij->", x),
    "einsum, dots": lambda np, x, y: np.einsum("...j,jk->...k", x, y),
    "tensordot": lambda np, x, y: np.tensordot(x, y, axes=1),
    "tensordot, axes": lambda np, x, y: np.tensordot(x, y, axes=([1], [0])),
    "pad": lambda np, x, y: np.pad(x, ((1, 0), (2, 1)), "constant"),
    "flip": lambda np, x, y: x[::-1] * np.fliplr(x) + np.flipud(x),
    "roll": lambda np, x, y: np.roll(x, 1, axis=1) * x,
    "tile": lambda np, x, y: np.tile(x, (2, 1)) * np.repeat(x, 2, axis=0),
    "diag": lambda np, x, y: np.diag(x @ y @ np.diag(y[:2, 0]) @ np.ones((2, 3))) + np.trace(x @ x.T),
    "triangles": lambda np, x, y: np.tril(x @ x.T) + np.triu(x @ x.T, 1) ** 2,
    "cumsum": lambda np, x, y: np.cumsum(x, axis=1) * np.cumsum(x, axis=0),
    "moveaxis": lambda np, x, y: np.moveaxis(np.reshape(x, (3, 2, 2)), 0, 2),
    "split": lambda np, x, y: np.split(x, 2, axis=1)[0] * np.split(x, 2, axis=1)[1],
    "inverse hyperbolics": lambda np, x, y: np.arcsinh(x) + np.arctanh(x / 2) + np.arccosh(x + 1),
    "fancy": lambda np, x, y: x[np.array([0, 0, 2]), np.array([1, 1, 3])] ** 2,
}
OURS = {
    "windows": (
        lambda x, y: sliding_window_view(x, 2, axis=1) ** 2,
        lambda x, y: anp.stack([x[:, :-1], x[:, 1:]], axis=-1) ** 2,
    ),
    "take_along_axis": (
        lambda x, y: np.take_along_axis(x, np.array([[1], [3], [0]]), axis=1) ** 2,
        lambda x, y: x[np.arange(3), np.array([1, 3, 0])] ** 2,
    ),
    "diff": (lambda x, y: np.diff(x, axis=1) ** 3, lambda x, y: (x[:, 1:] - x[:, :-1]) ** 3),
    "pad at the edge": (
        lambda x, y: np.pad(x, ((0, 0), (1, 1)), "edge") ** 2,
        lambda x, y: anp.concatenate([x[:, :1], x, x[:, -1:]], axis=1) ** 2,
    ),
    "matrix as a sum": (lambda x, y: np.einsum("ij,jk->k", x, y), lambda x, y: anp.sum(anp.dot(x, y), axis=0)),
    "float_power": (lambda x, y: np.float_power(x, 3.0) + np.fmax(x, 0.5), lambda x, y: x**3.0 + anp.maximum(x, 0.5)),
}
PAIRS = {
    **{name: (lambda x, y, f=f: f(np, x, y), lambda x, y, f=f: f(anp, x, y)) for name, f in SHARED.items()},
    **OURS,
}


def weighted(f, numpy):
    """A number in which every entry weighs differently."""

    def total(x, y):
        value = f(x, y)
        return numpy.sum(value * np.linspace(0.5, 1.5, int(np.prod(value.shape))).reshape(value.shape))

    return total


@pytest.mark.parametrize("wrt", ["x", "y"])
@pytest.mark.parametrize("name", PAIRS)
def test_the_gradient_is_autograds(name, wrt):
    ours, theirs = PAIRS[name]
    derivation = explain(weighted(ours, np), wrt, {"x": X, "y": Y})
    expected = autograd.grad(weighted(theirs, anp), "xy".index(wrt))(X, Y) if derivation.path_count else 0 * Y
    np.testing.assert_allclose(derivation.value, expected, rtol=1e-10, atol=1e-12)
    assert derivation.ok, str(derivation)


def test_a_diagonal_in_an_einstein_sum_is_refused_with_the_remedy():
    with pytest.raises(TypeError, match=r"np.einsum\('ii->i'\) takes a diagonal; write np.diagonal first"):
        explain(lambda x: np.sum(np.einsum("ii->i", x)), "x", {"x": np.eye(2)})


@pytest.mark.parametrize(
    ("subscripts", "ndims", "expected"),
    [("ij,jk", [2, 2], "ij,jk->ik"), ("i,i", [1, 1], "i,i->"), ("...ij,...jk", [3, 2], "zij,jk->zik")],
)
def test_subscripts_are_spelled_out(subscripts, ndims, expected):
    assert spelled_out(subscripts, ndims) == expected


def test_constant_arrays_are_called_as_the_code_calls_them():
    def f(x):
        weights = np.array([1.0, 2.0, 3.0])
        return np.sum(weights * x)

    assert explain(f, "x", {"x": np.ones(3)}).rows[-1].text == "weights"


def test_two_large_constants_that_look_alike_are_not_taken_for_one():
    first = np.zeros(2000, int)
    second = first.copy()
    second[1000] = 1

    def f(x):
        return np.sum(x[first] * 2 - x[second])

    derivation = explain(f, "x", {"x": np.array([1.0, 5.0])})
    np.testing.assert_allclose(derivation.value, [2001.0, -1.0])
    assert derivation.ok


def test_values_can_be_put_into_an_array_where_they_stand():
    def net(w1, w2, x):
        W = np.array([[w1, 2.0], [w2, w1 * w2]])
        h = np.tanh(np.asarray(W) @ x)
        return np.sum(np.array([h[0], 1.0, h[1]]) ** 2)

    at = {"w1": 0.3, "w2": -0.5, "x": np.array([1.0, 2.0])}
    derivation = explain(net, "w1", at)
    assert derivation.ok, str(derivation)
    assert derivation.value == pytest.approx(derivation.numerical, rel=1e-6)


def test_a_function_within_the_function_is_followed_too():
    def loss(x):
        def squash(v):
            return 1 / (1 + np.exp(-v))

        return np.sum(np.array([squash(v) for v in (x, 2 * x)]))

    derivation = explain(loss, "x", {"x": 0.4})
    assert derivation.ok
    assert "autograd" in [check.name for check in derivation.checks]


def test_between_arrays_the_product_entry_by_entry_has_its_own_sign():
    def f(x, y):
        a = x * y
        return np.sum(a * a)

    derivation = explain(f, "x", {"x": X, "y": X + 1})
    assert "⊙" in derivation.text()
    assert r"\odot" in derivation.latex()
    assert "⊙" in derivation.to_html()
    assert "⊙" not in derivation.text(ascii=True)
