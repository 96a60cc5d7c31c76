"""Arrays that are filled piece by piece are followed: their gradients are measured and right, their entries named."""

import numpy as np
import pytest

from gradcheck import explain

RNG = np.random.default_rng(5)
W, U, X = RNG.normal(size=(3, 2)), RNG.normal(size=(3, 3)) / 2, RNG.normal(size=(4, 2))


def entries(w, x):
    h = np.zeros((2, 2))
    h[0, 0] = w * x[0]
    h[0, 1] = np.sin(w)
    h[-1, 0] = w**2
    return np.sum(h**3)


def states(w, x):
    h = np.zeros((5, 3))
    for t in range(4):
        h[t + 1] = np.tanh(w @ x[t] + U @ h[t])
    return np.sum(h[-1] ** 2)


def added(w, x):
    out = np.zeros(3)
    for row in x:
        out += w @ row
    out[1:] += out[:-1]
    return np.sum(out**2)


def overwritten(w, x):
    h = np.ones_like(w)
    h[0] = w[0] * 2
    h[0, 1] = w[1, 1] ** 2
    h[:, 0] = np.tanh(w[:, 0])
    return np.sum(h**3)


def copied(w, x):
    v = w.copy()
    v[1] = v[1] * v[0]
    v[[0, 0, 2]] = np.sin(w)
    return np.sum(v**2) + np.sum(w)


def into_out(w, x):
    out = np.empty((3, 2))
    np.exp(w, out=out)
    np.multiply(out, w, out=out)
    return np.sum(out)


@pytest.mark.parametrize("f", [states, added, overwritten, copied, into_out])
def test_the_gradient_is_measured_and_right(f):
    derivation = explain(f, "w", {"w": W, "x": X})
    assert derivation.ok, str(derivation)
    np.testing.assert_allclose(derivation.value, derivation.numerical, rtol=1e-5, atol=1e-8)


def test_entries_have_the_names_of_their_places():
    derivation = explain(entries, "w", {"w": 0.3, "x": np.array([1.0, 2.0])})
    assert derivation.ok
    assert list(derivation.forward) == ["h[0, 0]", "h[0, 1]", "h[1, 0]", "h", "entries"]
    assert "h       = assembled(h[0, 0], h[0, 1], h[1, 0])" in derivation.text()
    assert "h[0, 1] was written into the array: it gets its part of δ" in derivation.text()


def test_a_state_read_as_it_was_written_is_that_state():
    derivation = explain(states, "w", {"w": W, "x": X})
    assert list(derivation.forward) == ["h[1]", "h[2]", "h[3]", "h[4]", "states"]
    assert derivation.path_count == 4


def test_what_does_not_vary_may_go_anywhere():
    def f(w, x):
        table = np.zeros((2, 2))
        table[0, 0] = table[1, 1] = 2.0
        return w * np.sum(np.linalg.inv(table)) * float(x[0])

    assert explain(f, "w", {"w": 0.5, "x": np.array([3.0])}).value == pytest.approx(3.0)


def test_a_layer_may_fill_its_result():
    class Scale:
        def __init__(self):
            self.params = {"W": np.array([2.0, 3.0])}

        def forward(self, x):
            y = np.zeros(x.shape)
            for k in range(2):
                y[:, k] = self.times(x[:, k], k)
            return y

        def times(self, column, k):
            return column * self.params["W"][k]

    found = explain(Scale(), X)
    assert found.ok
    assert [d.source for d in found] == [None, None]
    np.testing.assert_allclose(found["W"].value, np.sum(explain(Scale(), X)["W"].at["dy"] * X, axis=0))


def test_two_nameless_arrays_of_one_shape_are_two():
    f = lambda x: np.sum(x * np.array([1.0, 2.0]) + x**2 * np.array([3.0, -4.0]))  # noqa: E731 - no names
    derivation = explain(f, "x", {"x": np.array([0.5, 2.0])})
    assert derivation.ok
    np.testing.assert_allclose(derivation.value, [1 + 3.0, 2 - 16.0])


def test_a_layer_whose_values_would_differ_is_measured_instead():
    class Aliased:
        """Writes through a view, which nothing here can see."""

        def forward(self, x):
            y = np.zeros(x.shape)
            view = y[0]
            view[...] = 2 * x[0]
            return y

    derivation = explain(Aliased(), X, wrt="x[0, 1]", dy=np.ones(X.shape))
    assert derivation.value == pytest.approx(2.0)
    assert derivation.source[0] == "by_entry"
