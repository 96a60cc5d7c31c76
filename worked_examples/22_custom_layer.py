"""A layer of one's own, written wrong: found, diagnosed, and put right.

One learns to read a report: which gradient is wrong and where, which mistake explains it, and what to do; that a
network can learn with a wrong gradient, so that a falling loss proves nothing; and to ask again after each correction.

    python worked_examples/22_custom_layer.py
"""

import numpy as np

from gradcheck import GradientError, check
from gradcheck.analytic import Dense, Layer, Sequential, SoftmaxCrossEntropy
from gradcheck.training import SGD, fit


class GatedLinear(Layer):
    """y = (x W + b) · σ(x V + c): a linear layer, and a gate that says how much of each output to let through."""

    def __init__(self, D, H, rng=0):
        rng = np.random.default_rng(rng)
        W, V = rng.normal(size=(2, D, H)) / np.sqrt(D)
        super().__init__(W=W, b=np.zeros(H), V=V, c=np.zeros(H))

    def _forward(self, x):
        linear = x @ self.params["W"] + self.params["b"]
        gate = 1 / (1 + np.exp(-(x @ self.params["V"] + self.params["c"])))
        return linear * gate, (x, linear, gate)

    def _backward(self, dy, cache):
        x, linear, gate = cache
        dlinear, dgate = dy * gate, dy * linear * gate  # (a)
        self.grads["W"] = x.T @ dlinear
        self.grads["b"] = dlinear.mean(axis=0)  # (b)
        self.grads["V"] = x.T @ dgate
        self.grads["c"] = dgate.sum(axis=0)
        return dlinear @ self.params["W"].T  # (c)


class WithSlopeOfTheGate(GatedLinear):
    """(a) put right: the slope of the sigmoid is gate · (1 − gate)."""

    def _backward(self, dy, cache):
        x, linear, gate = cache
        dlinear, dgate = dy * gate, dy * linear * gate * (1 - gate)
        self.grads["W"] = x.T @ dlinear
        self.grads["b"] = dlinear.mean(axis=0)  # (b)
        self.grads["V"] = x.T @ dgate
        self.grads["c"] = dgate.sum(axis=0)
        return dlinear @ self.params["W"].T  # (c)


class Right(GatedLinear):
    """(b) and (c), too: b was added to every row, so its gradient is their sum; x goes two ways."""

    def _backward(self, dy, cache):
        x, linear, gate = cache
        dlinear, dgate = dy * gate, dy * linear * gate * (1 - gate)
        self.grads["W"] = x.T @ dlinear
        self.grads["b"] = dlinear.sum(axis=0)
        self.grads["V"] = x.T @ dgate
        self.grads["c"] = dgate.sum(axis=0)
        return dlinear @ self.params["W"].T + dgate @ self.params["V"].T


def told(report):
    """What a report says of each tensor: the cause if it found one, else the worst entry."""
    for tensor in report.tensors:
        cause = next((d for d in report.diagnoses if d.tensor == tensor.name and d.explains > 0.99), None)
        if tensor.verdict == "agree":
            print(f"  d{tensor.name}   agrees")
        elif cause:
            print(f"  d{tensor.name}   WRONG   {cause.cause}: {cause.remedy}")
        else:
            given, measured = tensor.analytic[tensor.worst], tensor.numerical[tensor.worst]
            print(
                f"  d{tensor.name}   WRONG   by up to {abs(given - measured):.4f}: {given:.4f}, measured {measured:.4f}"
            )


x = np.random.default_rng(1).normal(size=(5, 3))
for kind, title in (
    (GatedLinear, "1. As first written"),
    (WithSlopeOfTheGate, "2. (a) put right"),
    (Right, "3. (b) and (c) put right"),
):
    report = check(kind(3, 4), x)
    print(f"{title}: {report.verdict}\n")
    told(report)
    print()

print("\n4. Would one have noticed? Training with each of them, the check before it switched off\n")
rng = np.random.default_rng(2)
points = rng.uniform(-1, 1, (600, 2))
quadrants = 2 * (points[:, 0] > 0) + (points[:, 1] > 0)
print(f"{'':<22}{'loss after 1, 10 and 30 epochs':>32}{'of the points':>16}")
for kind in (GatedLinear, WithSlopeOfTheGate, Right):
    network = Sequential(kind(2, 8), Dense(8, 4, rng=1), loss=SoftmaxCrossEntropy())
    history = fit(network, points, quadrants, epochs=30, batch_size=20, optimizer=SGD(0.1), verify=False)
    losses = "".join(f"{history.epochs[k].loss:>10.3f}" for k in (0, 9, 29))
    print(f"{kind.__name__:<22}{losses:>32}{history.epochs[-1].accuracy:>16.1%}")
print("""
All three learn. Nothing in these figures says that two of them follow something that is not the gradient.""")

print("\n5. With the check where it belongs, before the first step\n")
for kind in (WithSlopeOfTheGate, Right):
    network = Sequential(kind(2, 8), Dense(8, 4, rng=1), loss=SoftmaxCrossEntropy())
    try:
        history = fit(network, points, quadrants, epochs=1, batch_size=20, optimizer=SGD(0.1))
    except GradientError:
        print(f"{kind.__name__:<22} refused, no weight has moved")
    else:
        print(f"{kind.__name__:<22} {history.report.verdict}, and trained")
