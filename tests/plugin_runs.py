"""What the tests of the plugin share: files of layers, and runs of pytest on them."""

import gradcheck.testing.strategies  # noqa: F401 - pytester forgets what its inner runs import; NumPy loads but once
from gradcheck import check, check_module, explain  # noqa: F401 - the same

LAYERS = """
import numpy as np

class Dense:
    def __init__(self, n_in=3, n_out=4):
        rng = np.random.default_rng(0)
        self.W, self.b = rng.normal(size=(n_in, n_out)), rng.normal(size=n_out)
        self.dW = self.db = None

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW, self.db = self.x.T @ dout, dout.sum(axis=0)
        return dout @ self.W.T

class Halved(Dense):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dW /= 2
        return dx

x = np.random.default_rng(1).normal(size=(5, 3))
"""
HEAD = f"{LAYERS}\nimport pytest\nfrom gradcheck import check\n"
QUIET = ("-p", "no:cacheprovider", "-p", "no:randomly")


def run(pytester, test, *options):
    """Pytest on one file of layers and this test."""
    pytester.makepyfile(test_it=f"{HEAD}\n{test}")
    return pytester.runpytest(*QUIET, *options)
