"""Derivatives written for PyTorch, JAX and autograd are checked in a file that imports them."""

import pytest

from gradcheck import check_module

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

FILES = [
    ("torch", TORCH, ["Swish", "Gate"], "x * s * (1 - s)", "x * s"),
    ("jax", JAX, ["log1pexp"], "1 - 1 /", "1 /"),
    ("autograd", AUTOGRAD, ["cube"], "3 * x**2", "2 * x**2"),
]


@pytest.mark.parametrize(("library", "source", "names", "right", "wrong"), FILES, ids=[file[0] for file in FILES])
def test_a_file(tmp_path, library, source, names, right, wrong):
    pytest.importorskip(library, reason=f"{library} is not installed")
    assert right in source
    for text, verdict in ((source, "agree"), (source.replace(right, wrong), "disagree")):
        path = tmp_path / f"{library}_{verdict}.py"
        path.write_text(text, encoding="utf-8")
        report = check_module(path)
        assert {result.name: result.verdict for result in report.results} == dict.fromkeys(names, verdict), report
