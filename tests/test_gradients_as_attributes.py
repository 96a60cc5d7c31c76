"""Gradients that backward leaves at the arrays themselves, inp.g = ..., are found and checked."""

import numpy as np
import pytest

from gradcheck import check, check_module

rng = np.random.default_rng(0)
x, w, b = rng.normal(size=(5, 3)), rng.normal(size=(3, 2)), rng.normal(size=2)


def lin(x, w, b):
    return x @ w + b


def lin_grad(inp, out, w, b):
    inp.g = out.g @ w.T
    w.g = inp.T @ out.g
    b.g = out.g.sum(0)


def averaged(inp, out, w, b):
    lin_grad(inp, out, w, b)
    b.g = out.g.mean(0)


def forgets(inp, out, w, b):
    inp.g = out.g @ w.T
    w.g = inp.T @ out.g


def mse(output, targ):
    return ((output[:, 0] - targ) ** 2).mean()


def mse_grad(inp, targ):
    inp.g = 2 * (inp[:, 0] - targ)[:, None] / len(targ)


def test_a_right_one_agrees_and_says_how_it_was_read():
    report = check(lin, x, w, b, backward=lin_grad)
    assert report.ok
    assert report.understood == "forward/backward pair; gradients left at the arguments, as x.g, w.g, b.g"


@pytest.mark.parametrize("backward", [averaged, forgets])
def test_a_wrong_one_is_noticed(backward):
    report = check(lin, x, w, b, backward=backward)
    assert [tensor.name for tensor in report.tensors if tensor.verdict == "disagree"] == ["b"]


def test_a_loss_has_no_upstream_gradient_and_holds_its_targets():
    report = check(mse, rng.normal(size=(5, 1)), rng.normal(size=5), backward=mse_grad)
    assert report.ok
    assert "targ held constant" in report.understood


class Tensor(np.ndarray):
    """Any subclass can be given attributes."""


class Lin:
    def __init__(self, w, b):
        self.w, self.b = w.view(Tensor), b.view(Tensor)

    def __call__(self, inp):
        self.inp, self.out = inp, inp @ self.w + self.b
        return self.out

    def backward(self):
        self.inp.g = self.out.g @ self.w.T
        self.w.g = self.inp.T @ self.out.g
        self.b.g = self.out.g.sum(0)


class Averages(Lin):
    def backward(self):
        super().backward()
        self.b.g = self.out.g.mean(0)


class Mse:
    def __call__(self, inp, targ):
        self.inp, self.targ = inp, targ
        return ((inp[:, 0] - targ) ** 2).mean()

    def backward(self):
        self.inp.g = 2 * (self.inp[:, 0] - self.targ)[:, None] / len(self.targ)


class Model:
    def __init__(self, *layers):
        self.layers, self.loss = layers, Mse()

    def __call__(self, x, targ):
        for layer in self.layers:
            x = layer(x)
        return self.loss(x, targ)

    def backward(self):
        for layer in (self.loss, *reversed(self.layers)):
            layer.backward()


def model(first):
    return Model(first(w.copy(), b.copy()), Lin(np.array([[0.5], [-1.5]]), np.array([0.3])))


@pytest.mark.parametrize(
    ("make", "inputs"), [(lambda kind: kind(w.copy(), b.copy()), (x,)), (model, (x, rng.normal(size=5)))]
)
def test_layers_and_models_of_them(make, inputs):
    assert check(make(Lin), *inputs)
    report = check(make(Averages), *inputs)
    assert [tensor.name.rpartition(".")[2] for tensor in report.tensors if tensor.verdict == "disagree"] == ["b"]


FASTAI = """
import torch

def relu(x):
    return x.clamp_min(0.)

def relu_grad(inp, out):
    inp.g = (inp > 0).float() * out.g

def mse(output, targ):
    return (output.squeeze(-1) - targ).pow(2).mean()

def mse_grad(inp, targ):
    inp.g = 2. * (inp.squeeze(-1) - targ).unsqueeze(-1) / inp.shape[0]
"""


@pytest.mark.parametrize(("right", "wrong"), [("inp > 0", "inp < 0"), ("2. *", "")])
def test_tensors_of_pytorch_are_given_where_their_methods_are_called(tmp_path, right, wrong):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    for name, source in (("good", FASTAI), ("bad", FASTAI.replace(right, wrong))):
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
    assert {r.name: r.verdict for r in check_module(tmp_path / "good.py").results} == {"relu": "agree", "mse": "agree"}
    assert "disagree" in [r.verdict for r in check_module(tmp_path / "bad.py").results]
