"""Batch normalisation: where the two extra terms of its gradient come from.

x̂ = (x - μ) / s looks as if its derivative were 1 / s. But μ and s are made of x too: every x_j moves the mean and
the deviation of the whole batch, and with them every x̂_i. Each is a path of its own.

    python worked_examples/15_batch_normalization.py
"""

import numpy as np

from gradcheck import explain
from gradcheck.analytic import BatchNormalization
from gradcheck.derivation import depart

X = np.array([1.0, 2.0, 4.0, 5.0])
V = np.array([0.5, -1.0, 1.5, 0.2])  # what arrives from above: the cotangent of x̂


def f(x, v):
    mean = np.mean(x)
    centred = x - mean
    variance = np.mean(centred**2)
    s = np.sqrt(variance + 1e-5)
    normal = centred / s
    return np.sum(v * normal)


print("1. One feature, a batch of four: every path of the chain rule\n")
derivation = explain(f, "x", {"x": X, "v": V})
print(derivation)

print("\n\n2. The paths, path by path\n")
for path in derivation.paths:
    print(f"{' → '.join(path.names):<56} {np.array2string(path.value, precision=6, suppress_small=True)}")
print(f"{'sum':<56} {np.array2string(derivation.value, precision=6, suppress_small=True)}")

print("\n\n3. Three terms\n")
s, normal = derivation.forward["s"], derivation.forward["normal"]
through = {
    "through x itself:           v / s": V / s,
    "through the mean:          -mean(v) / s": -np.mean(V) / s * np.ones(4),
    "through the deviation:     -x̂ mean(v x̂) / s": -normal * np.mean(V * normal) / s,
}
for name, value in through.items():
    print(f"{name:<48} {np.array2string(value, precision=6, suppress_small=True)}")
total = sum(through.values())
print(f"{'sum':<48} {np.array2string(total, precision=6, suppress_small=True)}")
print(f"\nequal to the chain rule: {np.allclose(total, derivation.value, rtol=1e-12)}")
print("(The way x → mean → centred → variance adds nothing: the centred values add up to 0.)")

print("\n\n4. Without them: mean and deviation taken for constants\n")
wrong = depart(f, wrt="x", at={"x": X, "v": V}, given=V / s)
print(f"given {np.round(V / s, 6)}\nright {np.round(wrong.value, 6)}" if wrong.shape else wrong)

print("\n\n5. The layer, with γ and β, two features\n")
layer = BatchNormalization(2)
layer.params["gamma"][...] = [1.5, -0.5]
x = np.array([[1.0, 0.2], [2.0, -0.3], [4.0, 0.1], [5.0, 0.9]])
for d in explain(layer, x, wrt=["gamma", "beta"]):
    print(d, end="\n\n\n")
