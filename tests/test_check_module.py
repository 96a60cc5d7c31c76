"""A whole module is checked without glue: everything with a gradient is found, given inputs, and judged."""

import sys
import textwrap

import numpy as np
import pytest

from gradcheck import check_module
from gradcheck.checking.modules import ModuleError, discover, load

RIGHT = """
import numpy as np

def affine_forward(x, w, b):
    return x @ w + b, (x, w, b)

def affine_backward(dout, cache):
    x, w, b = cache
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)

class Relu:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask

class Dense:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out)
        self.b = np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW, self.db = self.x.T @ dout, dout.sum(axis=0)
        return dout @ self.W.T

def linear_forward(A, W, b):
    return np.dot(W, A) + b, (A, W)

def linear_backward(dZ, cache):
    A, W = cache
    return np.dot(W.T, dZ), np.dot(dZ, A.T), np.sum(dZ, axis=1, keepdims=True)

def softmax_loss(x, y):
    p = np.exp(x - x.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(len(x)), y]).mean()
    dx = p.copy()
    dx[np.arange(len(x)), y] -= 1
    dx /= len(x)
    return loss, dx

def sigmoid(x):
    return 1 / (1 + np.exp(-x))

def sigmoid_derivative(y):
    return y * (1 - y)

def mse(y_true, y_pred):
    return np.mean((y_true - y_pred) ** 2)

def mse_prime(y_true, y_pred):
    return 2 * (y_pred - y_true) / y_true.size

class Tanh:
    def __call__(self, x):
        return np.tanh(x)

    def gradient(self, x):
        return 1 - np.tanh(x) ** 2

def conv_forward(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    out = np.zeros((N, F, 1 + (H + 2 * pad - HH) // stride, 1 + (W + 2 * pad - WW) // stride))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            window = xp[:, :, i * stride : i * stride + HH, j * stride : j * stride + WW]
            out[:, :, i, j] = np.tensordot(window, w, 3 * [[1, 2, 3]][:2]) + b if False else (
                np.einsum("nchw,fchw->nf", window, w) + b
            )
    return out, (xp, w, conv_param, x.shape)

def conv_backward(dout, cache):
    xp, w, conv_param, shape = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    dxp, dw = np.zeros_like(xp), np.zeros_like(w)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            rows, columns = slice(i * stride, i * stride + w.shape[2]), slice(j * stride, j * stride + w.shape[3])
            dw += np.einsum("nf,nchw->fchw", dout[:, :, i, j], xp[:, :, rows, columns])
            dxp[:, :, rows, columns] += np.einsum("nf,fchw->nchw", dout[:, :, i, j], w)
    return dxp[:, :, pad : pad + shape[2], pad : pad + shape[3]], dw, dout.sum(axis=(0, 2, 3))

def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    a = x @ Wx + prev_h @ Wh + b
    i, f, o = (1 / (1 + np.exp(-a[:, k * H : (k + 1) * H])) for k in range(3))
    g = np.tanh(a[:, 3 * H :])
    next_c = f * prev_c + i * g
    return o * np.tanh(next_c), next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)

def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    t = np.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - t**2)
    gates = dc * g * i * (1 - i), dc * prev_c * f * (1 - f), dnext_h * t * o * (1 - o), dc * i * (1 - g**2)
    da = np.hstack(gates)
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(axis=0)
"""

NAMES = [
    *("affine_forward", "Relu", "Dense", "linear_forward", "softmax_loss", "sigmoid", "mse", "Tanh", "conv_forward"),
    "lstm_step_forward",
]

# What is planted, by the name of what it spoils: each is right in RIGHT.
MISTAKES = {
    "affine_forward": ("x.T @ dout, dout.sum(axis=0)\n\nclass Relu", "x.T @ dout, dout.mean(axis=0)\n\nclass Relu"),
    "Relu": ("return dout * self.mask", "return dout * (1 - self.mask)"),
    "Dense": ("self.db = self.x.T @ dout, dout.sum", "self.db = self.x.T @ dout / len(dout), dout.sum"),
    "linear_forward": ("np.dot(dZ, A.T), np.sum", "2 * np.dot(dZ, A.T), np.sum"),
    "softmax_loss": ("    dx /= len(x)\n", ""),
    "sigmoid": ("return y * (1 - y)", "return y * (1 + y)"),
    "mse": ("2 * (y_pred - y_true)", "2 * (y_true - y_pred)"),
    "Tanh": ("return 1 - np.tanh(x) ** 2", "return 1 - np.tanh(x)"),
    "conv_forward": ("dxp[:, :, rows, columns] +=", "dxp[:, :, rows, columns] ="),
    "lstm_step_forward": ("dc = dnext_c + dnext_h * o", "dc = dnext_h * o"),
}


def written(folder, source, name="my_layers.py"):
    """A file with this source; its path."""
    path = folder / name
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    return path


def test_everything_right_is_found_and_agrees(tmp_path):
    report = check_module(written(tmp_path, RIGHT))
    assert [result.name for result in report.results] == NAMES
    assert {result.name: result.told for result in report.results if result.verdict != "agree"} == {}
    assert report


@pytest.mark.parametrize("name", NAMES)
def test_a_planted_mistake_is_found_and_nothing_else_accused(tmp_path, name):
    right, wrong = MISTAKES[name]
    assert RIGHT.count(right) == 1
    report = check_module(written(tmp_path, RIGHT.replace(right, wrong)), only=name)
    assert (report.verdict, report[name].verdict) == ("disagree", "disagree")


def test_made_up_inputs_have_a_batch_and_no_two_axes_alike(tmp_path):
    report = check_module(written(tmp_path, RIGHT), only="affine_forward")
    shapes = {t.name: t.shape for t in report["affine_forward"].report.tensors}
    assert shapes == {"x": (3, 6), "w": (6, 5), "b": (5,)}


def test_samples_in_columns_are_recognised(tmp_path):
    report = check_module(written(tmp_path, RIGHT), only="linear_forward")
    assert report["linear_forward"].report["b"].shape == (5, 1)


def test_what_is_skipped_says_why(tmp_path):
    source = """
    from abc import ABC, abstractmethod
    from fractions import Fraction

    class Base(ABC):
        @abstractmethod
        def forward(self, x): ...
        @abstractmethod
        def backward(self, dout): ...

    class Later:
        def forward(self, x):
            return 2 * x
        def backward(self, dout):
            raise NotImplementedError

    class Demanding:
        def __init__(self, corpus):
            self.table = corpus["words"]["in order"][:7].index("the")
        def forward(self, x):
            return x * self.table
        def backward(self, dout):
            return dout * self.table

    def exercise_forward(x, w):
        out = None
        # write your code here
        return out, (x, w)

    def exercise_backward(dout, cache):
        dx, dw = None, None
        return dx, dw
    """
    report = check_module(written(tmp_path, source))
    reasons = {result.name: result.skipped for result in report.results}
    assert reasons["Base"].startswith("abstract: backward, forward are left to subclasses")
    assert reasons["Later"] == "backward is not written yet"
    assert reasons["exercise_forward"] == "exercise_backward is not written yet"
    assert "guesses at its arguments failed; the best in its constructor" in reasons["Demanding"]
    assert reasons["Demanding"].endswith("give them by cases={'Demanding': ...}")
    assert not report
    assert report.verdict == "undecided"


CASED = """
class Scale:
    def __init__(self, table):
        self.factor = table["a"]["b"] * 2.0
    def forward(self, x):
        return x * self.factor
    def backward(self, dout):
        return dout * self.factor
"""


@pytest.mark.parametrize("case", [{"table": {"a": {"b": 2}}}, lambda rng: {"table": {"a": {"b": rng.uniform()}}}])
def test_a_case_gives_what_cannot_be_guessed(tmp_path, case):
    path = written(tmp_path, CASED)
    assert check_module(path)["Scale"].verdict == "skipped"
    assert check_module(path, cases={"Scale": case})["Scale"].verdict == "agree"


def test_a_tuple_gives_the_inputs_in_order(tmp_path):
    x = np.arange(8.0).reshape(2, 4)
    report = check_module(written(tmp_path, RIGHT), only="Relu", cases={"Relu": (x + 0.5,)})
    assert report["Relu"].report["x"].shape == (2, 4)
    assert np.array_equal(x, np.arange(8.0).reshape(2, 4))


def test_names_that_are_not_there_are_told(tmp_path):
    path = written(tmp_path, CASED)
    with pytest.raises(ValueError, match=r"has no 'Shift' to check; it has Scale"):
        check_module(path, cases={"Shift": ()})
    with pytest.raises(ValueError, match=r"has no 'Shift' to check; it has Scale"):
        check_module(path, only="Shift")
    with pytest.raises(ValueError, match=r"the case has 'tables', but the arguments are table, x"):
        check_module(path, cases={"Scale": {"tables": 1}})
    with pytest.raises(TypeError, match=r"cases\['Scale'\] is list; give a tuple of inputs"):
        check_module(path, cases={"Scale": [1]})


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("def f(:\n", r"cannot be imported: SyntaxError: .* \(line 1\)"),
        ("import no_such_package_at_all.of_layers as n\nn\nclass A(torch): pass", r"NameError: name 'torch' is not"),
        ("from numpy import no_such_thing", r"ImportError: cannot import name 'no_such_thing'"),
        ("1 / 0", r"ZeroDivisionError: division by zero \(my_layers.py:1\)"),
        ("import sys\nsys.exit(3)", r"SystemExit: 3"),
    ],
)
def test_a_file_that_cannot_be_imported_says_why(tmp_path, source, told):
    before = list(sys.path)
    with pytest.raises(ModuleError, match=told):
        check_module(written(tmp_path, source))
    assert sys.path == before


def test_siblings_and_packages_can_be_imported(tmp_path):
    written(tmp_path, "import numpy as np\ndef double(x):\n    return 2 * x", "gradcheck_test_helpers.py")
    package = tmp_path / "gradcheck_test_package"
    package.mkdir()
    written(package, "", "__init__.py")
    written(package, "def double(x):\n    return 2 * x", "helpers.py")
    body = "\ndef f_forward(x):\n    return double(x), x\n\ndef f_backward(dout, cache):\n    return double(dout)\n"
    before = list(sys.path)
    assert check_module(written(tmp_path, f"from gradcheck_test_helpers import double{body}"))
    assert check_module(written(package, f"from .helpers import double{body}", "layers.py"))
    assert sys.path == before


def test_two_files_of_one_name_each_get_their_own_siblings(tmp_path):
    body = "from gradcheck_test_factor import FACTOR\ndef f_forward(x):\n    return FACTOR * x, 1\n"
    for name, factor in (("one", 2.0), ("two", 3.0)):
        (tmp_path / name).mkdir()
        written(tmp_path / name, f"FACTOR = {factor}", "gradcheck_test_factor.py")
        source = f"{body}def f_backward(dout, cache):\n    return {factor} * dout\n"
        assert check_module(written(tmp_path / name, source))


def test_what_is_imported_from_elsewhere_is_not_the_modules_own(tmp_path):
    path = written(tmp_path, "from gradcheck.analytic import Dense, ReLU\nimport numpy as np\nRectifier = ReLU\n")
    assert discover(load(path)) == []
    assert check_module(path).verdict == "undecided"


def test_random_state_and_prints_of_the_module_stay_where_they_are(tmp_path, capsys):
    source = RIGHT.replace("class Relu:", "print('hello')\nclass Relu:").replace("self.x = x", "self.x = x; print(x)")
    np.random.seed(3)  # noqa: NPY002 - the global state is what is looked at
    expected = np.random.rand()  # noqa: NPY002 - see above
    np.random.seed(3)  # noqa: NPY002 - see above
    assert check_module(written(tmp_path, source), only="Dense")
    assert np.random.rand() == expected  # noqa: NPY002 - see above
    assert capsys.readouterr().out == ""


def test_the_same_seed_gives_the_same_report(tmp_path):
    path = written(tmp_path, RIGHT.replace(*MISTAKES["Dense"]))
    one, other = (str(check_module(path, only="Dense", seed=5)) for _ in range(2))
    assert one == other
    assert "(seed 5)" in one


def test_a_constant_left_out_of_backward_is_accepted_and_said(tmp_path):
    path = written(
        tmp_path, RIGHT.replace("-np.log(p[np.arange(len(x)), y])", "-np.log(p[np.arange(len(x)), y] + 1e-7)")
    )
    report = check_module(path, only="softmax_loss")
    assert report
    assert "a constant left out of backward does that" in " ".join(str(report).split())
    assert not check_module(path, only="softmax_loss", rtol=None)


def test_the_rounding_of_a_forward_in_single_precision_is_no_constant_left_out(tmp_path):
    path = written(
        tmp_path,
        "import numpy as np\nclass Cubed:\n    def forward(self, x):\n        self.x = x\n"
        "        return (x.astype(np.float32) ** 3).astype(float)\n"
        "    def backward(self, dout):\n        return 3 * self.x**2 * dout\n",
    )
    report = check_module(path, exhaustive=True)
    assert report
    assert max(tensor.worst_error for tensor in report.results[0].report.tensors) > 1e-8
    assert report.results[0].notes == []


NETWORKS = '''
import not_installed_anywhere
import numpy as np


class WordNet:
    """A network that wants words, a corpus, and returns nothing."""

    def __init__(self, vocab_size, hidden_size, corpus):
        self.embed = Embedding(np.random.randn(vocab_size, hidden_size))
        self.params, self.grads = self.embed.params, self.embed.grads
        self.counts = np.bincount(corpus, minlength=vocab_size)

    def forward(self, contexts, target):
        self.h = sum(self.embed.forward(contexts[:, i]) for i in range(contexts.shape[1]))
        self.target = target
        return np.sum(self.h[np.arange(len(target)), target % self.h.shape[1]] ** 2)

    def backward(self, dout=1):
        dh = np.zeros_like(self.h)
        rows = np.arange(len(self.target)), self.target % self.h.shape[1]
        dh[rows] = 2 * self.h[rows] * dout
        self.embed.backward_all(dh)


class Embedding:
    def __init__(self, W):
        self.params, self.grads, self.idx = [W], [np.zeros_like(W)], []

    def forward(self, idx):
        self.idx.append(idx)
        return self.params[0][idx]

    def backward(self, dout):
        self.backward_all(dout)

    def backward_all(self, dout):
        self.grads[0][...] = 0
        for idx in self.idx:
            np.add.at(self.grads[0], idx, dout)


class Deep:
    def __init__(self, input_size, hidden_size_list, output_size):
        sizes = [input_size] + hidden_size_list + [output_size]
        self.params = {f"W{i}": np.random.randn(*pair) for i, pair in enumerate(zip(sizes, sizes[1:]))}

    def predict(self, x):
        self.kept = [x]
        for W in self.params.values():
            self.kept.append(self.kept[-1] @ W)
        return self.kept[-1]

    def loss(self, x, t):
        return 0.5 * np.sum((self.predict(x) - t) ** 2)

    def gradient(self, x, t):
        delta = self.predict(x) - t
        grads = {}
        for i in reversed(range(len(self.params))):
            grads[f"W{i}"] = self.kept[i].T @ delta
            delta = delta @ self.params[f"W{i}"].T
        return grads


TABLE = {"square": lambda x: x**2}


class Named:
    def __init__(self, name):
        self.f = TABLE[name]

    def forward(self, x):
        self.x = x
        return self.f(x)

    def backward(self, dout):
        return 2 * self.x * dout


class Added:
    def forward(self, *xs):
        return sum(xs)

    def backward(self, dout):
        return dout, dout
'''


def test_networks_words_and_sizes_are_guessed_and_stand_ins_are_named(tmp_path):
    path = tmp_path / "networks.py"
    path.write_text(NETWORKS, encoding="utf-8")
    report = check_module(path)
    assert {r.name: r.verdict for r in report.results if r.name != "Embedding"} == dict.fromkeys(
        ("WordNet", "Deep", "Named", "Added"), "agree"
    ), report
    assert report.stand_ins == ["not_installed_anywhere"]
    assert "not installed, and replaced by nothing: not_installed_anywhere" in report.summary()


SCRIPT = """
from __future__ import annotations
import numpy as np

data = open("not_there.txt").read()
vocabulary = sorted(set(data))
name = input("your name? ")

def f_forward(x):
    return 2 * x, None

while True:
    try:
        np.zeros(3)
    except Exception:
        pass

print("never")

def f_backward(dout, cache):
    return 2 * dout
"""


def test_what_a_script_cannot_do_here_is_passed_over_and_said(tmp_path, monkeypatch):
    monkeypatch.setattr("gradcheck.checking.modules.script.SECONDS", 0.05)
    report = check_module(written(tmp_path, SCRIPT))
    assert report.ok, report
    assert [line.partition(" (")[0] for line in report.passed_over] == ["line 5", "line 6", "line 7", "line 12"]
    assert "line 12 (TimeIsUpError: stopped after 0.05 seconds)" in report.passed_over
    assert "; passed over: line 5 (FileNotFoundError" in report.summary()
