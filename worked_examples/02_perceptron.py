"""A single-layer perceptron by hand: what it learns, what it never can, and why networks bend smoothly instead.

One learns Rosenblatt's rule step by step on AND, sees it go in circles on XOR, and finds out why a step function
cannot be trained by gradients: its slope is zero wherever it has one.

    python worked_examples/02_perceptron.py
"""

import numpy as np

from gradcheck import check, numerical_gradient

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
TARGETS = {
    "AND": np.array([0.0, 0.0, 0.0, 1.0]),
    "OR": np.array([0.0, 1.0, 1.0, 1.0]),
    "XOR": np.array([0.0, 1.0, 1.0, 0.0]),
}


def step(e):
    return np.where(e > 0, 1.0, 0.0)


def learn(t, eta=0.5, rounds=100):
    """Rosenblatt's rule: after each wrong answer, w ← w + η (t − y) x and b ← b + η (t − y)."""
    w, b, record = np.zeros(2), 0.0, []
    for number in range(1, rounds + 1):
        mistakes = 0
        for x, target in zip(X, t, strict=True):
            y = float(step(w @ x + b))
            if y != target:
                w, b, mistakes = w + eta * (target - y) * x, b + eta * (target - y), mistakes + 1
            record.append((number, x, target, y, w, b))
        if not mistakes:
            break
    return w, b, record


print("1. AND, every step: y = step(w·x + b), then w + η (t - y) x with η = 0.5\n")
print("round    x1   x2    t    y    t-y        w1     w2      b")
for number, x, target, y, w, b in learn(TARGETS["AND"])[-1]:
    changed = "   moved" if y != target else ""
    print(f"{number:>5}{x[0]:>6.0f}{x[1]:>5.0f}{target:>5.0f}{y:>5.0f}{target - y:>7.0f}"
          f"{w[0]:>10.1f}{w[1]:>7.1f}{b:>7.1f}{changed}")  # fmt: skip

print("\n\n2. What one neuron can and cannot do\n")
for name, t in TARGETS.items():
    w, b, record = learn(t)
    right = int(np.sum(step(X @ w + b) == t))
    rounds = record[-1][0]
    ending = f"learned after {rounds} rounds" if right == 4 else f"still wrong after {rounds} rounds"
    print(f"{name:<4} {right} of 4 right, {ending:<30} w = ({w[0]:.1f}, {w[1]:.1f}), b = {b:.1f}")
print("""
The neuron says 1 on one side of the line w·x + b = 0. No line has (0, 1) and (1, 0) on one side and (0, 0) and
(1, 1) on the other: the first two ask for w1 + w2 + 2b > 0, the others for w1 + w2 + 2b <= 0.""")

print("\n3. Why not by gradients? The squared error of AND, as a function of w\n")
t = TARGETS["AND"]
at = np.array([0.3, 0.4])
print(f"with the step function   slope {numerical_gradient(lambda w: np.sum((step(X @ w - 0.5) - t) ** 2), at)}")
print("A little more or less of w changes no answer, so there is nothing to descend.")


def sigmoid(e):
    return 1 / (1 + np.exp(-e))


def cross_entropy(w):
    y = sigmoid(X @ w[:2] + w[2])
    return -np.sum(t * np.log(y) + (1 - t) * np.log(1 - y))


def slope(w):
    """(y − t) x, summed over the examples: Rosenblatt's rule again, with an answer that may be in between."""
    missing = sigmoid(X @ w[:2] + w[2]) - t
    return np.append(missing @ X, missing.sum())


print("\n\n4. The same neuron with a sigmoid, down the slope of its cross-entropy\n")
w = np.array([0.3, 0.4, -0.5])  # w1, w2 and b
report = check(cross_entropy, w, grad=slope)
print(f"its gradient Σ (y - t) x: {report.verdict}s with central differences\n")
print(f"{'steps':>6}{'loss':>10}{'answers':>30}")
for steps in range(5001):
    if steps in (0, 10, 100, 1000, 5000):
        print(f"{steps:>6}{cross_entropy(w):>10.4f}     {np.round(sigmoid(X @ w[:2] + w[2]), 3)}")
    w = w - 0.5 * slope(w)
