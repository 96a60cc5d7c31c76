"""The code that people write is followed: masks, sorting, linear algebra, convolutions, keywords, prints."""

import numpy as np
import pytest

from gradcheck import explain

RNG = np.random.default_rng(3)
V = RNG.permutation(np.arange(6.0)) / 2 - 1.2
M = RNG.normal(size=(3, 3)) + 3 * np.eye(3)
TRAPEZOID = getattr(np, "trapezoid" if hasattr(np, "trapezoid") else "trapz")  # as NumPy 2 and 1 call it
K = np.array([0.5, -1.0, 2.0, 0.3])


HELPERS = """
import numpy as np

def windows(x):
    out = np.zeros((3, 2))
    for i in range(2):
        out[:, i] = x[i : i + 3]
    return out
"""


def masked(x):
    return np.sum(x[x > 0] ** 3) + np.sum(x[(x > -1) & ~(x > 1)])


def masked_rows(M):
    return np.sum(M[M[:, 0] > 1, 1] ** 2)


def written_under_a_mask(x):
    y = x.copy()
    y[y < 0] = 0
    y[1:] *= 2
    return np.sum(y**2)


def array_copied(x):
    y = np.array(x)
    y[0] += x[1]
    return np.sum(y**2)


def ordered(x):
    s = np.sort(x)
    return s @ np.arange(6.0) + np.median(x) ** 2 + np.ptp(x) + x[np.argsort(x)[1]]


def least(M):
    return np.sum(M.min(axis=0) * np.min(M, axis=1)) + np.linalg.norm(M[0], 1) + np.linalg.norm(M, "fro")


def norms(M):
    return np.linalg.norm(M, axis=1) @ np.ones(3) + np.linalg.norm(M[0], np.inf) + np.linalg.norm(M, 2, axis=0)[0]


def solved(M):
    x = np.linalg.solve(M, np.ones(3))
    return x @ x + np.log(np.linalg.det(M)) + np.sum(np.linalg.inv(M) ** 2) + np.trace(M @ M.T)


def solved_for_several(M):
    return np.sum(np.linalg.solve(M, np.ones((3, 2)) * M[0, 0]) ** 3) + np.linalg.slogdet(M)[1]


def convolved(x):
    parts = (np.convolve(x, K, mode) for mode in ("full", "same", "valid"))
    return sum(np.sum(np.arange(1.0, len(part) + 1) * part**2) for part in parts)


def stable_log_sum(M):
    m = np.max(M, axis=1, keepdims=True)
    total = m + np.log(np.sum(np.exp(M - m), axis=1, keepdims=True))
    return np.sum(total)


def odds_and_ends(x):
    y = np.average(x, weights=[1, 2, 3, 4, 5, 6]) + np.sum(np.round(x, 1) * x) + np.sum(np.deg2rad(x))
    return y + np.sum(x % 2) + np.sum(np.column_stack([x, x**2]) * np.append(x, x).reshape(6, 2))


def by_keyword(M):
    return np.sum(a=np.sum(a=M**2, axis=0, keepdims=True)) + np.einsum("ij,ij->", M, M)


def methods_of_ufuncs(M):
    x = np.maximum.reduce(M) * np.add.reduce(M, axis=1) + np.logaddexp.reduce(M)
    return np.sum(np.multiply.outer(x, M[0]) ** 2) + np.sum(np.subtract.outer(x, [1.0, 2.0]) ** 3) + np.add.reduce(x)


def accumulated(x):
    return np.sum(np.add.accumulate(x) ** 2) + np.sum(np.multiply.accumulate(x) ** 2) + np.sum(np.cumprod(x[:3] + 1))


def added_at(x):
    y = np.zeros(3)
    np.add.at(y, [0, 1, 1, 2, 2, 2], x**2)
    np.subtract.at(y, [0, 0], x[0])
    return np.sum(y**2)


def with_a_zero(x):
    z = x - x[2]
    return np.prod(z + np.array([1.0, 1, 0, 1, 1, 1])) + np.sum(np.cumprod(z, axis=0)) + np.prod(x)


def symmetric(M):
    S = M @ M.T
    values, vectors = np.linalg.eigh(S)
    return np.sum(np.linalg.cholesky(S) ** 3) + values[-1] + vectors[0, 1] ** 2 + np.linalg.eigvalsh(S)[0] ** 2


def products(M):
    powers = np.linalg.matrix_power(M, 3) + np.linalg.matrix_power(M, -1) + np.linalg.matrix_power(M, 0)
    traces = np.sum(np.trace(np.stack([M, M @ M], axis=2)) ** 2)
    return traces + np.sum(np.kron(M[:2], M[:, :1]) ** 2) + np.sum(np.cross(M[0], M[1]) ** 3) + np.trace(powers)


def along_a_line(x):
    a, b = np.meshgrid(x[:2], x[3:])
    curve = np.sum(np.diff(x, 2) ** 2) + TRAPEZOID(x**2, dx=0.5) + np.sum(np.linspace(x[0], x[1], 4) ** 2)
    return curve + np.sum(a * b**2) + np.quantile(x, 0.3) ** 2 + np.polyval([1.0, 2.0, 3.0], x[4])


def selected(x):
    return np.sum(np.select([x < 0, x > 1], [x**2, x**3], 1.0)) + np.sum(np.compress([True, False, True], x))


FUNCTIONS = [
    *((f, {"x": V}) for f in (accumulated, added_at, with_a_zero, along_a_line, selected)),
    *((f, {"M": M}) for f in (methods_of_ufuncs, symmetric, products)),
    *((f, {"x": V}) for f in (masked, written_under_a_mask, array_copied, ordered, convolved, odds_and_ends)),
    *((f, {"M": M}) for f in (masked_rows, least, norms, solved, solved_for_several, stable_log_sum, by_keyword)),
]


@pytest.mark.parametrize(("f", "at"), FUNCTIONS, ids=lambda value: getattr(value, "__name__", ""))
def test_it_is_followed_and_every_step_is_right(f, at):
    derivation = explain(f, *at, at)
    assert derivation.ok, str(derivation)
    np.testing.assert_allclose(derivation.value, derivation.numerical, rtol=1e-5, atol=1e-6)


def test_of_a_symmetric_matrix_the_lower_triangle_counts_as_numpy_reads_it():
    for f in (lambda S: np.sum(np.linalg.cholesky(S)), lambda S: np.linalg.eigvalsh(S)[0]):
        derivation = explain(f, "S", {"S": M @ M.T})
        assert derivation.ok, str(derivation)
        assert np.all(derivation.value == np.tril(derivation.value))


def test_a_mask_is_written_as_the_positions_it_picks():
    assert explain(masked_rows, "M", {"M": M}).paths[0].factors[-1].rule.endswith("at [[0, 1, 2], 1]") == (
        bool(np.all(M[:, 0] > 1))
    )
    rule = explain(lambda x: np.sum(x[x > 0]), "x", {"x": np.array([-1.0, 2.0, 3.0])}).paths[0].factors[0].rule
    assert rule == "ones(2) at [[1, 2]]"


def test_a_derivative_without_detours_is_written_so():
    rules = {
        "2 * M": lambda M: np.trace(M @ M.T),
        "2 * M ": lambda M: np.einsum("ij,ij->", M, M),
        "ones((3, 3))": lambda M: np.sum(M),
        "f * inv(M).T": lambda M: np.linalg.det(M),
        "M == f": lambda M: np.min(M),
    }
    for rule, f in rules.items():
        assert explain(f, "M", {"M": M}).paths[0].factors[0].rule == rule.strip()


def test_what_the_code_prints_is_printed_once(capsys):
    def f(x):
        y = x**2
        print(f"y is {y:.2f} at", x)  # noqa: T201 - what this is about
        return y

    assert explain(f, "x", {"x": 1.5}).ok
    assert capsys.readouterr().out == "y is 2.25 at 1.5\n"


def test_values_that_cancel_out_of_the_result_leave_no_dead_end():
    derivation = explain(stable_log_sum, "M", {"M": M})
    assert [path.names for path in derivation.paths] == [("M", "total", "stable_log_sum")]


def test_a_second_opinion_that_measurement_contradicts_is_reported_but_does_not_decide():
    derivation = explain(lambda x: np.linalg.norm(x, np.inf), "x", {"x": V})  # autograd's derivative of it is wrong
    assert {check.name: check.agrees for check in derivation.checks} == {
        "numerical": True,
        "factors": True,
        "autograd": False,
    }
    assert derivation.ok
    assert "autograd says something else than this derivation, which was measured." in derivation.text()


def test_scipys_functions_are_followed():
    special = pytest.importorskip("scipy.special", reason="SciPy is not installed")
    derivation = explain(lambda x: special.erf(x) * special.expit(x), "x", {"x": 0.4})
    assert derivation.ok, str(derivation)


class Net:
    """A network that keeps what it computes."""

    def __init__(self, w):
        self.w = w

    def loss(self, x):
        self.h = np.tanh(self.w * x)
        self.e = self.h - 1
        return self.e**2


def kept(w, x):
    net = Net(w)
    return net.loss(x)


def test_what_an_object_keeps_has_its_name():
    derivation = explain(kept, "w", {"w": 0.5, "x": 2.0})
    assert [path.names for path in derivation.paths] == [("w", "net.h", "net.e", "kept")]
    assert [factor.rule for factor in derivation.paths[0].factors] == ["2 * net.e", "1", "(1 - net.h**2) * x"]


def test_a_list_of_values_can_be_added_up():
    derivation = explain(lambda x: np.mean([v**2 for v in x]) + np.sum([x[0], x[1]]), "x", {"x": V})
    assert derivation.ok, str(derivation)


@pytest.mark.parametrize("size", [3, 40])
def test_at_a_kink_the_chosen_slope_is_no_mistake(size):
    x = np.where(np.arange(size) % 3 == 0, 0.0, np.linspace(-1, 1, size))
    for f in (lambda x: np.sum(np.where(x >= 0, x, 0)), lambda x: np.sum(np.maximum(x, 0)), lambda x: np.sum(abs(x))):
        assert explain(f, "x", {"x": x}).ok


def test_axes_that_are_put_back_are_not_shown():
    derivation = explain(lambda x: np.sum(x.transpose(1, 2, 0).transpose(-1, 0, 1) ** 2), "x", {"x": M[None]})
    assert derivation.paths[0].factors[0].rule == "2 * x"


def test_a_list_stands_for_an_array_and_a_copy_for_the_array_itself():
    derivation = explain(lambda x: np.sum(np.ascontiguousarray(x) * [1.0, 2, 3, 4, 5, 6]), "x", {"x": V})
    assert derivation.ok
    np.testing.assert_allclose(derivation.value, np.arange(1.0, 7))
    assert explain(lambda x: round(x, 1) + x, "x", {"x": 0.12}).value == 1


def test_helpers_of_another_file_of_the_user_are_followed(tmp_path, monkeypatch):
    (tmp_path / "its_helpers.py").write_text(HELPERS, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    from its_helpers import windows

    derivation = explain(lambda x: np.sum(windows(x) @ K[:2]), "x", {"x": V[:4]})
    assert derivation.ok
    np.testing.assert_allclose(derivation.value, [0.5, -0.5, -0.5, -1.0])
