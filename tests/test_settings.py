"""A gradient that is right with the default settings and wrong with others is found, with the smallest that fails."""

import textwrap

import pytest

from gradcheck import check_module

POOL = """
import numpy as np

class Pooling:
    def __init__(self, pool_h, pool_w, stride=2):
        self.pool_h, self.pool_w, self.stride = pool_h, pool_w, stride

    def windows(self):
        N, C, H, W = self.x.shape
        for i in range(1 + (H - self.pool_h) // self.stride):
            for j in range(1 + (W - self.pool_w) // self.stride):
                top, left = i * self.stride, j * self.stride
                yield i, j, (slice(None), slice(None), slice(top, top + self.pool_h), slice(left, left + self.pool_w))

    def forward(self, x):
        self.x = x
        N, C, H, W = x.shape
        out = np.zeros((N, C, 1 + (H - self.pool_h) // self.stride, 1 + (W - self.pool_w) // self.stride))
        for i, j, window in self.windows():
            out[:, :, i, j] = x[window].max(axis=(2, 3))
        return out

    def backward(self, dout):
        dx = np.zeros_like(self.x)
        for i, j, window in self.windows():
            largest = self.x[window] == self.x[window].max(axis=(2, 3), keepdims=True)
            dx[window] += largest * dout[:, :, i : i + 1, j : j + 1]
        return dx
"""

REDUCED = """
import numpy as np

class Loss:
    def __init__(self, reg=0.1, reduction="mean", use_bias=True):
        self.reg, self.reduction, self.use_bias = reg, reduction, use_bias

    def forward(self, x, t):
        self.x, self.t = x, t
        loss = ((x - t) ** 2).sum() / (len(x) if self.reduction == "mean" else 1)
        return loss + self.reg * (x**2).sum() + (x.sum() if self.use_bias else 0)

    def backward(self):
        dx = 2 * (self.x - self.t) / (len(self.x) if self.reduction == "mean" else 1)
        return dx + 2 * self.reg * self.x + (1 if self.use_bias else 0)
"""

DROPPED = """
import numpy as np

class Dropout:
    def __init__(self, ratio=0.5):
        self.ratio = ratio

    def forward(self, x, training=True):
        self.training = training
        self.mask = np.random.rand(*x.shape) > self.ratio
        return x * self.mask if training else x * (1 - self.ratio)

    def backward(self, dout):
        return dout * self.mask if self.training else dout * (1 - self.ratio)
"""

STEPS = """
import numpy as np

def rnn_forward(x, w):
    N, T, D = x.shape
    return np.cumsum(x, axis=1) * w, (x, w)

def rnn_backward(dout, cache):
    x, w = cache
    dw = (dout * np.cumsum(x, axis=1)).sum(axis=(0, 1))
    dx = np.cumsum((dout * w)[:, ::-1], axis=1)[:, ::-1]
    return (dx * 2, dw) if x.shape[1] == 1 else (dx, dw)
"""


def checked(folder, source):
    """The one result in a file with this source."""
    path = folder / "settings.py"
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    (result,) = check_module(path).results
    return result


@pytest.mark.parametrize(
    ("source", "wrong", "failing"),
    [
        (POOL, ("dx[window] += largest", "dx[window] = largest"), "stride=1"),
        (
            REDUCED,
            ('if self.reduction == "mean" else 1)\n        return dx', "if True else 1)\n        return dx"),
            "reduction='sum'",
        ),
        (REDUCED, ("(1 if self.use_bias else 0)\n", "1\n"), "use_bias=False"),
        (DROPPED, ("else dout * (1 - self.ratio)", "else dout"), "training=False"),
        (STEPS, ("", ""), "one time step"),
    ],
    ids=["overlap", "reduction", "flag", "evaluation", "time"],
)
def test_the_setting_that_fails_is_named(tmp_path, source, wrong, failing):
    result = checked(tmp_path, source.replace(*wrong) if wrong[0] else source)
    assert (result.verdict, result.failing[:1]) == ("disagree", [failing])
    assert failing in result.told
    assert "agree" in result.told


@pytest.mark.parametrize("source", [POOL, STEPS.replace("(dx * 2, dw)", "(dx, dw)")], ids=["pool", "time"])
def test_right_under_all_settings_agrees_and_lists_them(tmp_path, source):
    result = checked(tmp_path, source)
    assert (result.verdict, result.failing) == ("agree", [])
    assert "batch of 1" in result.settings


def test_a_pooling_says_which_strides_are_wrong_and_which_agree(tmp_path):
    told = checked(tmp_path, POOL.replace("dx[window] += largest", "dx[window] = largest")).told
    assert told.startswith("Pooling(2, 2) on x 3×2×7×5 with stride=1: dx wrong")
    assert "the defaults" in told
    assert "stride=3" in told


def test_backward_of_a_layer_for_training_only_is_not_accused(tmp_path):
    source = DROPPED.replace(
        "dout * self.mask if self.training else dout * (1 - self.ratio)", "dout * self.mask"
    ).replace("        self.training = training\n", "")
    result = checked(tmp_path, source)
    assert result.verdict == "agree"
    assert any("written for training only" in note for note in result.notes)
