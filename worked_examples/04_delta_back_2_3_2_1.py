"""Backpropagation neuron by neuron: an error signal δ is carried back through a 2-3-2-1 network.

Every neuron adds up its weighted inputs, e, and passes on y = f(e). On the way back every neuron gets a δ: what the
error asks of its output, δ = -∂E/∂y. The last one's is what is missing, δ = z - y; any other's is collected from the
neurons it feeds, each of which returns its own δ through its slope f'(e) and through the weight between the two. Then
every weight moves by w' = w + η δ f'(e) · input.

    python worked_examples/04_delta_back_2_3_2_1.py
"""

import numpy as np

from gradcheck import explain
from gradcheck.derivation import depart

ETA = 0.5
AT = {
    "x1": 0.9, "x2": -0.4, "z": 0.8,
    "w_x1_1": 0.3, "w_x2_1": -0.2, "w_x1_2": 0.5, "w_x2_2": 0.4, "w_x1_3": -0.6, "w_x2_3": 0.1,
    "w14": 0.7, "w24": -0.3, "w34": 0.2, "w15": -0.5, "w25": 0.6, "w35": 0.9,
    "w46": 0.8, "w56": -0.4,
}  # fmt: skip


def f(e):
    return 1 / (1 + np.exp(-e))


def error(
    *, x1, x2, z, w_x1_1, w_x2_1, w_x1_2, w_x2_2, w_x1_3, w_x2_3, w14, w24, w34, w15, w25, w35, w46, w56
):  # fmt: skip
    e1 = w_x1_1 * x1 + w_x2_1 * x2
    e2 = w_x1_2 * x1 + w_x2_2 * x2
    e3 = w_x1_3 * x1 + w_x2_3 * x2
    y1, y2, y3 = f(e1), f(e2), f(e3)

    e4 = w14 * y1 + w24 * y2 + w34 * y3
    e5 = w15 * y1 + w25 * y2 + w35 * y3
    y4, y5 = f(e4), f(e5)

    e6 = w46 * y4 + w56 * y5
    y = f(e6)
    E = 0.5 * (z - y) ** 2
    return E  # noqa: RET504 - the derivation calls it E because the code does


# The same network as a table: for each neuron, what comes in, and the weights of what comes in.

NEURONS = {
    1: {"x1": "w_x1_1", "x2": "w_x2_1"},
    2: {"x1": "w_x1_2", "x2": "w_x2_2"},
    3: {"x1": "w_x1_3", "x2": "w_x2_3"},
    4: {1: "w14", 2: "w24", 3: "w34"},
    5: {1: "w15", 2: "w25", 3: "w35"},
    6: {4: "w46", 5: "w56"},
}

print("1. Forward: the weighted sum e and the activation f(e) of each neuron\n")
e, y = {}, {"x1": AT["x1"], "x2": AT["x2"]}
for k, inputs in NEURONS.items():
    e[k] = sum(AT[w] * y[i] for i, w in inputs.items())
    y[k] = f(e[k])
    terms = " + ".join(f"{w} * {f'y{i}' if isinstance(i, int) else i}" for i, w in inputs.items())
    print(f"neuron {k}   e{k} = {terms:<38} = {e[k]:>12.9f}   f(e{k}) = {y[k]:.9f}")
print(f"\nE = (z - y6)^2 / 2 = {0.5 * (AT['z'] - y[6]) ** 2:.9f}")


print("\n\n2. Backward: δ for each neuron, from the last to the first\n")
slope = {k: y[k] * (1 - y[k]) for k in NEURONS}
delta = {6: AT["z"] - y[6]}
print(f"neuron 6   δ6 = z - y6{'':<42} = {delta[6]:>12.9f}   f'(e6) = {slope[6]:.9f}")
for k in (5, 4, 3, 2, 1):
    fed = [(m, inputs[k]) for m, inputs in NEURONS.items() if k in inputs]
    delta[k] = sum(AT[w] * slope[m] * delta[m] for m, w in fed)
    terms = " + ".join(f"{w} f'(e{m}) δ{m}" for m, w in fed)
    print(f"neuron {k}   δ{k} = {terms:<48} = {delta[k]:>12.9f}   f'(e{k}) = {slope[k]:.9f}")


print("\n\n3. Update: w' = w + η δ f'(e) · input, all weights at once\n")
print("weight       w              δ        f'(e)        input            w'          ∂E/∂w   derivation")
updated = {}
for k, inputs in NEURONS.items():
    for i, w in inputs.items():
        change = delta[k] * slope[k] * y[i]
        updated[w] = AT[w] + ETA * change
        derived = explain(error, w, AT)
        verdict = "agrees" if derived.ok and np.isclose(derived.value, -change, rtol=1e-12) else "DISAGREES"
        print(
            f"{w:<8}{AT[w]:>6}   {delta[k]:>12.9f} {slope[k]:>12.9f} {y[i]:>12.9f}{updated[w]:>14.9f}"
            f"   {-change:>12.9f}   {verdict}"
        )
print(f"\nE before {error(**AT):.9f}, after {error(**{**AT, **updated}):.9f}")


print("\n\n4. The longest way, by the chain rule: from E to a weight of neuron 1\n")
print(explain(error, "w_x1_1", AT, rate=ETA))


print("\n\n5. What if δ is carried back by the weights alone?\n")
print("Drawings of this network often show δ4 = w46 δ6, without f'(e6). That is not the derivative:\n")
print(depart(error, wrt="w14", at=AT, given=-(AT["w46"] * delta[6]) * slope[4] * y[1]))
