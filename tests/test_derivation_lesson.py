"""A wrong gradient teaches: `gradcheck check -v` ends with the derivation up to the step that is wrong."""

import numpy as np
import pytest

from gradcheck.cli import main
from gradcheck.derivation.lesson import lesson

RNG = np.random.default_rng(2)
X = RNG.normal(size=(4, 3)).round(1)
CODE = '''
import numpy as np


class Dense:
    """Called as a layer of textbooks is, but with a tanh."""

    def __init__(self, D=3, H=2):
        self.params = {"W": np.arange(1.0, D * H + 1).reshape(D, H) / 10, "b": np.zeros(H)}
        self.grads = {}

    def forward(self, x):
        self.x, self.y = x, np.tanh(x @ self.params["W"] + self.params["b"])
        return self.y

    def backward(self, dy):
        dz = dy * (1 - self.y**2)
        self.grads = {"W": self.x.T @ dy, "b": dz.sum(axis=0)}
        return dz @ self.params["W"].T


def sine_forward(x):
    y = np.sin(x)
    return y, x


def sine_backward(dy, x):
    return dy * SLOPE(x)
'''


def softmax(x):
    e = np.exp(x)
    y = e / np.sum(e, axis=1, keepdims=True)
    return y, y


def told(derivation):
    key, fields = derivation.departure.remark
    return key, fields.get("factor")


def test_the_forgotten_sum_of_a_softmax():
    found = lesson(softmax, X, backward=lambda dy, y: dy * y)
    assert told(found) == ("departs_missing", "-sum(δ_y * y, axis=1, keepdims=True)")
    assert "[3]" not in found.text().partition("Departs")[0]


def test_a_scalar_function_with_its_gradient():
    f = lambda x: np.sum(np.sin(x) ** 2)  # noqa: E731 - a user's
    assert told(lesson(f, X, grad=lambda x: 2 * np.sin(x))) == ("departs_missing", "cos(x)")
    assert told(lesson(lambda x: (np.sum(x**3), x**2), X, grad=True))[1] == "3"


def test_the_worst_tensor_is_the_subject():
    pair = {"backward": lambda dy, x, w: (dy * w, dy * np.ones_like(x))}
    assert lesson(lambda x, w: np.sum(x * w), X, X + 1, wrt=["w"], **pair).wrt.startswith("w[")
    assert told(lesson(lambda x, w: np.sum(x * w), X, X + 1, wrt=["w"], **pair)) == ("departs_missing", "x")


@pytest.mark.parametrize(
    "backward",
    [lambda dy, y: y * (dy - np.sum(dy * y, axis=1, keepdims=True)), lambda dy, y: 1 / 0],
    ids=["right", "raises"],
)
def test_what_is_right_or_does_not_run_is_no_lesson(backward):
    assert lesson(softmax, X, backward=backward) is None


def test_what_cannot_be_followed_is_no_lesson():
    assert lesson(lambda x: float(np.sum(x)), X, grad=lambda x: x) is None
    assert lesson(lambda x: np.sum(x**2), np.ones(200_000), grad=lambda x: x) is None


def run(tmp_path, capsys, slope, *options):
    file = tmp_path / "mine.py"
    file.write_text(CODE.replace("SLOPE", slope))
    status = main(["check", str(file), "--plain", *options])
    return status, capsys.readouterr().out


def test_the_command_ends_in_lessons_where_asked(tmp_path, capsys):
    status, out = run(tmp_path, capsys, "np.sin", "-v")
    assert status == 1
    assert "The given gradient leaves out 1 - y**2 in [2]" in " ".join(out.split())
    assert out.count("Departs") >= 1
    assert out.rstrip().splitlines()[-1].startswith(str(tmp_path))  # the summary stays last


def test_the_command_is_brief_where_not(tmp_path, capsys):
    status, out = run(tmp_path, capsys, "np.cos")
    assert status == 1
    assert "Departs" not in out


def test_nobody_listens_afterwards(tmp_path, capsys):
    from gradcheck.checking.check import listeners

    before = list(listeners)
    run(tmp_path, capsys, "np.cos", "-v")
    assert listeners == before
