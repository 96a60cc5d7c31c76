"""Derivatives written for PyTorch, JAX and autograd are checked in a file that imports them."""

import pytest

from gradcheck import check, check_module

TORCH = """
import torch

class Swish(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, scale):
        s = torch.sigmoid(x)
        ctx.save_for_backward(x, s, scale)
        return x * s * scale

    @staticmethod
    def backward(ctx, dout):
        x, s, scale = ctx.saved_tensors
        return dout * scale * (s + x * s * (1 - s)), (dout * x * s).sum(0)

class Gate(torch.nn.Module):
    def __init__(self, features):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.linspace(0.5, 1.5, features))

    def forward(self, x):
        return Swish.apply(x, self.scale)
"""

JAX = """
import jax
import jax.numpy as jnp

@jax.custom_vjp
def log1pexp(x):
    return jnp.log1p(jnp.exp(x))

def log1pexp_fwd(x):
    return log1pexp(x), x

def log1pexp_bwd(x, g):
    return (g * (1 - 1 / (1 + jnp.exp(x))),)

log1pexp.defvjp(log1pexp_fwd, log1pexp_bwd)
"""

AUTOGRAD = """
import autograd.numpy as np
from autograd.extend import defvjp, primitive

@primitive
def cube(x):
    return x**3

defvjp(cube, lambda ans, x: lambda g: g * 3 * x**2)
"""

LEFT_AT_TENSORS = """
import torch

class Lin:
    def __init__(self, w, b):
        self.w, self.b = w, b

    def __call__(self, inp):
        self.inp = inp
        self.out = inp @ self.w + self.b
        return self.out

    def backward(self):
        self.inp.g = self.out.g @ self.w.t()
        self.w.g = (self.inp.unsqueeze(-1) * self.out.g.unsqueeze(1)).sum(0)
        self.b.g = self.out.g.sum(0)
"""

MEAN_SQUARE = """
import torch

class Mse:
    def __call__(self, inp, targ):
        self.inp, self.targ = inp, targ
        self.out = (inp.squeeze() - targ).pow(2).mean()
        return self.out

    def backward(self):
        self.inp.g = 2.0 * (self.inp.squeeze() - self.targ).unsqueeze(-1) / self.targ.shape[0]
"""

FILES = [
    ("torch", LEFT_AT_TENSORS, ["Lin"], "self.b.g = self.out.g.sum(0)", "self.b.g = self.out.g.mean(0)"),
    ("torch", MEAN_SQUARE, ["Mse"], "2.0 * (self.inp.squeeze() - ", "2.0 * (self.inp.squeeze() + "),
    ("torch", TORCH, ["Swish", "Gate"], "x * s * (1 - s)", "x * s"),
    ("jax", JAX, ["log1pexp"], "1 - 1 /", "1 /"),
    ("autograd", AUTOGRAD, ["cube"], "3 * x**2", "2 * x**2"),
]


@pytest.mark.parametrize(
    ("library", "source", "names", "right", "wrong"), FILES, ids=[" ".join([file[0], *file[2]]) for file in FILES]
)
def test_a_file(tmp_path, library, source, names, right, wrong):
    pytest.importorskip(library, reason=f"{library} is not installed")
    assert right in source
    for text, verdict in ((source, "agree"), (source.replace(right, wrong), "disagree")):
        path = tmp_path / f"{library}_{verdict}.py"
        path.write_text(text, encoding="utf-8")
        report = check_module(path)
        assert {result.name: result.verdict for result in report.results} == dict.fromkeys(names, verdict), report


def test_what_is_left_at_tensors_is_checked_not_the_derivative_of_the_framework():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    for wrong in (False, True):
        space: dict = {"__name__": "layers"}
        exec(LEFT_AT_TENSORS.replace("g.sum(0)", "g.mean(0)" if wrong else "g.sum(0)"), space)
        torch.manual_seed(0)
        layer = space["Lin"](torch.randn(6, 4), torch.randn(4))
        report = check(layer, torch.randn(3, 6))
        assert (report.verdict == "agree") != wrong, str(report)
        assert "gradients left at the arrays, as g" in report.understood
