"""Softmax with cross-entropy: why the gradient is y - t.

Each score z_j moves every probability, since all share one denominator. Followed factor by factor, the derivative of
the loss by one score is a sum over several paths; all of them together are just y_j - t_j.

    python worked_examples/05_softmax_cross_entropy.py
"""

import numpy as np

from gradcheck import explain
from gradcheck.analytic import SoftmaxCrossEntropy
from gradcheck.derivation import depart

AT = {"z1": 2.0, "z2": 1.0, "z3": -1.0, "t1": 0.0, "t2": 1.0, "t3": 0.0}


def loss(z1, z2, z3, t1, t2, t3):
    e1, e2, e3 = np.exp(z1), np.exp(z2), np.exp(z3)
    total = e1 + e2 + e3
    y1, y2, y3 = e1 / total, e2 / total, e3 / total
    L = -(t1 * np.log(y1) + t2 * np.log(y2) + t3 * np.log(y3))
    return L  # noqa: RET504 - the derivation calls it L because the code does


print("1. The score of the right class: a direct path, and one through the denominator\n")
right = explain(loss, "z2", AT)
print(right)

print("\n\n2. The score of a wrong class: through the denominator alone\n")
print(explain(loss, "z1", AT).text(detail="brief"))

print("\n\n3. All three: y - t\n")
print(f"{'':<4}{'y':>14}{'t':>6}{'y - t':>16}{'chain rule':>16}{'measured':>16}")
for name in ("z1", "z2", "z3"):
    d = explain(loss, name, AT)
    y, t = d.forward[f"y{name[1]}"], AT[f"t{name[1]}"]
    print(f"{name:<4}{y:>14.9f}{t:>6}{y - t:>16.9f}{d.value:>16.9f}{d.numerical:>16.9f}")
print("""
Why: L = -Σ_k t_k log y_k, and ∂y_k/∂z_j = y_k (1 - y_j) if k is j, else -y_k y_j. So

    ∂L/∂z_j = -Σ_k t_k / y_k · ∂y_k/∂z_j = -t_j (1 - y_j) + Σ_(k not j) t_k y_j = y_j Σ_k t_k - t_j,

and the targets of an example add up to 1. Every y_k has cancelled: nothing is divided by a small probability.""")

print("\n\n4. In a batch of two: the same, divided by N for the mean\n")
z = np.array([[2.0, 1.0, -1.0], [0.5, 0.0, 0.5]])
t = np.array([1, 2])
batch = explain(SoftmaxCrossEntropy(), z, t, wrt="x")
print(batch)

print("\n\n5. A gradient that forgets the mean\n")
y = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
print("\n".join(depart(SoftmaxCrossEntropy(), z, t, wrt="x", given=y - np.eye(3)[t]).text().splitlines()[-12:]))
