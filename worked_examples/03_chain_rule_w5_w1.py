"""Backpropagation by hand: every step from the error of a small network to the gradient of two of its weights.

Two inputs, two hidden and two output neurons, as in Matt Mazur's "A Step by Step Backpropagation Example" (2015).
`error` below is all there is to the network: plain NumPy code. `explain` runs it, takes the names from it, and writes
the chain rule down factor by factor, each factor beside its own central difference.

    python worked_examples/03_chain_rule_w5_w1.py
"""

import numpy as np

from gradcheck import explain

RATE = 0.5
AT = {
    "i1": 0.05, "i2": 0.10, "t1": 0.01, "t2": 0.99,
    "w1": 0.15, "w2": 0.20, "w3": 0.25, "w4": 0.30, "b1": 0.35,
    "w5": 0.40, "w6": 0.45, "w7": 0.50, "w8": 0.55, "b2": 0.60,
}  # fmt: skip


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def error(*, i1, i2, t1, t2, w1, w2, w3, w4, b1, w5, w6, w7, w8, b2):
    net_h1 = w1 * i1 + w2 * i2 + b1
    net_h2 = w3 * i1 + w4 * i2 + b1
    out_h1 = sigmoid(net_h1)
    out_h2 = sigmoid(net_h2)

    net_o1 = w5 * out_h1 + w6 * out_h2 + b2
    net_o2 = w7 * out_h1 + w8 * out_h2 + b2
    out_o1 = sigmoid(net_o1)
    out_o2 = sigmoid(net_o2)

    E_o1 = 0.5 * (t1 - out_o1) ** 2
    E_o2 = 0.5 * (t2 - out_o2) ** 2
    E = E_o1 + E_o2
    return E  # noqa: RET504 - the derivation calls it E because the code does


print("1. One path: a weight of the output layer\n")
print(explain(error, wrt="w5", at=AT, rate=RATE, published=0.082167041))

print("\n\n2. Two paths: a weight of the hidden layer\n")
print(explain(error, wrt="w1", at=AT, rate=RATE, published=0.000438568))


# 3. The same for all eight weights at once, in matrices, a few thousand times over.

i, t = np.array([0.05, 0.10]), np.array([0.01, 0.99])
b1, b2 = 0.35, 0.60  # held, as in the article
START = np.array([[0.15, 0.20], [0.25, 0.30]]), np.array([[0.40, 0.45], [0.50, 0.55]])


def forward(W1, W2):
    h = sigmoid(W1 @ i + b1)
    o = sigmoid(W2 @ h + b2)
    return h, o, 0.5 * np.sum((t - o) ** 2)


def output_gradient(W1, W2):
    h, o, _ = forward(W1, W2)
    delta_o = -(t - o) * o * (1 - o)
    return delta_o, np.outer(delta_o, h)


def hidden_gradient(W1, W2, delta_o):
    h, _, _ = forward(W1, W2)
    delta_h = (W2.T @ delta_o) * h * (1 - h)  # both paths: the sum is in W2.T @ delta_o
    return np.outer(delta_h, i)


def simultaneous(W1, W2):
    """All gradients first, at the old weights; then all weights move."""
    delta_o, dW2 = output_gradient(W1, W2)
    dW1 = hidden_gradient(W1, W2, delta_o)
    return W1 - RATE * dW1, W2 - RATE * dW2


def sequential(W1, W2):
    """The output layer moves first, and the hidden layer's gradient sees its new weights: another algorithm."""
    delta_o, dW2 = output_gradient(W1, W2)
    W2 = W2 - RATE * dW2
    return W1 - RATE * hidden_gradient(W1, W2, delta_o), W2


def train(update, steps):
    weights = START
    for _ in range(steps):
        weights = update(*weights)
    return forward(*weights)[-1]


print("\n\n3. All eight weights, updated together\n")
print(f"{'weight':>6} {'∂E/∂w':>14} {'w - 0.5 ∂E/∂w':>14}")
for d in explain(error, [f"w{k}" for k in range(1, 9)], AT, rate=RATE):
    print(f"{d.wrt:>6} {d.value:>14.9f} {d.updated:>14.9f}   {d.path_count} path{'s' if d.path_count > 1 else ''}")
print()
print(f"{'updates':>9}  {'E':>12}")
for steps in (0, 1):
    print(f"{steps:>9,}  {train(simultaneous, steps):>12.9f}")
for steps in (9_999, 10_000):
    print(f"{steps:>9,}  {train(simultaneous, steps):>12.5e}")

print("\n\n4. Old weights or new ones?\n")
print(f"all gradients first, then all weights    {train(simultaneous, 1):.9f}")
print(f"w5..w8 first, then w1..w4 with the new   {train(sequential, 1):.9f}   (the figure often printed)")
print("The chain rule for w1 contains w5 and w7. They are the values of the forward pass: take every")
print("gradient before any weight moves.")
