"""A wrong gradient is shown on the derivation of its worst entry, at the step where it departs."""

import numpy as np
import pytest

from gradcheck import explain
from gradcheck.analytic import Dense
from gradcheck.derivation import depart
from gradcheck.derivation.worked_example import AT, error

RNG = np.random.default_rng(0)
x, W, b, V = (RNG.normal(size=shape) for shape in ((4, 3), (3, 3), 3, (3, 3)))
POINT = {"x": x, "W": W, "b": b, "V": V}


def loss(x, W, b, V):
    z = x @ W + b
    a = np.tanh(z)
    y = a @ V
    return np.mean(y**2)


Z = x @ W + b
A = np.tanh(Z)
Y = A @ V
DY = 2 * Y / Y.size
DZ = (DY @ V.T) * (1 - A * A)
WRONG = {
    "the slope of tanh forgotten": ("W", x.T @ (DY @ V.T), "departs_missing", "1 - a**2"),
    "V not transposed": ("W", x.T @ ((DY @ V) * (1 - A * A)), "departs_transpose", "V.T"),
    "the sum over the batch made a mean": ("b", DZ.mean(axis=0), "departs_unsummed", "∂z/∂b"),
    "the sign": ("b", -DZ.sum(axis=0), "departs_sign_somewhere", ""),
    "twice as much": ("b", 2 * DZ.sum(axis=0), "departs_scale", ""),
    "noise": ("b", DZ.sum(axis=0) + np.array([0.1, -0.2, 0.4]), "departs_unknown", ""),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_step_is_found(name):
    wrt, given, key, part = WRONG[name]
    found = depart(loss, wrt=wrt, at=POINT, given=given)
    assert found.departure.remark[0] == key
    if part:
        assert part in found.departure.remark[1]["factor"]
    assert found.ok


def test_the_worst_entry_is_shown():
    given = DZ.sum(axis=0)
    given[1] += 1.0
    found = depart(loss, wrt="b", at=POINT, given=given)
    assert found.wrt == "b[1]"
    assert (found.departure.value, found.departure.expected) == pytest.approx((given[1], given[1] - 1))


def test_the_rows_end_where_it_departs():
    w1 = explain(error, "w1", AT)
    found = depart(error, wrt="w1", at=AT, given=w1.value / w1.rows[11].value)
    assert found.departure.row == 12
    text = found.text()
    assert "[12]" in text
    assert "[13]" not in text
    assert "leaves out out_h1 * (1 - out_h1) in [12]" in text
    for page in (found.to_html(), found.markdown(), found.latex(form="document")):
        assert "leaves out" in page


def test_a_forgotten_path_is_named():
    w1 = explain(error, "w1", AT)
    for path, other in ((0, "E_o2"), (1, "E_o1")):
        found = depart(error, wrt="w1", at=AT, given=w1.paths[path].value)
        key, fields = found.departure.remark
        assert key == "departs_path"
        assert other in fields["factor"]


def test_values_taken_for_constants_are_named():
    def f(x, v):
        mean = np.mean(x)
        centred = x - mean
        s = np.sqrt(np.mean(centred**2) + 1e-5)
        return np.sum(v * (centred / s))

    at = {"x": np.array([1.0, 2.0, 4.0, 5.0]), "v": np.array([0.5, -1.0, 1.5, 0.2])}
    s = explain(f, "x", at).forward["s"]
    key, fields = depart(f, wrt="x", at=at, given=at["v"] / s).departure.remark
    assert (key, fields["factor"]) == ("departs_constant", "mean, s")


def test_a_forgotten_minus_is_told_where_there_is_one():
    found = depart(error, wrt="w5", at=AT, given=-explain(error, "w5", AT).value)
    assert found.departure.remark[0] == "departs_sign"
    assert found.departure.remark[1]["factor"] == "∂E_o1/∂out_o1"


def test_a_right_gradient_departs_nowhere():
    assert depart(loss, wrt="b", at=POINT, given=DZ.sum(axis=0)).departure is None
    assert "Departs" not in depart(loss, wrt="b", at=POINT, given=DZ.sum(axis=0)).text()


def test_a_single_number_is_not_explained_by_any_ratio():
    w5 = explain(error, "w5", AT).value
    assert depart(error, wrt="w5", at=AT, given=1.2345 * w5).departure.remark[0] == "departs_unknown"
    assert depart(error, wrt="w5", at=AT, given=3 * w5).departure.remark[0] == "departs_scale"


def test_a_layer_can_be_given_too():
    layer, dy = Dense(3, 2, rng=0), np.ones((4, 2))
    found = depart(layer, x, wrt="b", given=dy.mean(axis=0), dy=dy)
    assert found.departure.remark[0] == "departs_unsummed"


def test_a_gradient_of_another_shape():
    with pytest.raises(ValueError, match=r"given has shape \(2,\), but b has shape \(3,\)"):
        depart(loss, wrt="b", at=POINT, given=np.ones(2))
