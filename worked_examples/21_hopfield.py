"""A Hopfield network: memory as valleys of an energy, and recall as rolling downhill.

One learns how pictures are written into weights, that the update of a unit is a step against the energy's gradient
(which is verified), that the energy therefore never rises, and how many pictures are too many.

    python worked_examples/21_hopfield.py [--plot FILE]
"""

import argparse

import numpy as np

from gradcheck import check

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--plot", metavar="FILE", help="save a picture of a recall")
options = parser.parse_args()

LETTERS = """
.###. #...# #####
#...# #...# ..#..
#...# #...# ..#..
##### #...# ..#..
#...# #...# ..#..
#...# .#.#. ..#..
#...# ..#.. ..#..
"""
ROWS = [line.split() for line in LETTERS.split("\n") if line]
PICTURES = [np.array([[1.0 if c == "#" else -1.0 for c in row[k]] for row in ROWS]).ravel() for k in range(3)]
UNITS = 35  # 7 rows of 5, each 1 or -1


def remember(pictures):
    """Hebb's rule: what is alike in a picture is tied together, W = Σ p pᵀ, with nothing on the diagonal."""
    P = np.array(pictures)
    W = P.T @ P
    np.fill_diagonal(W, 0)
    return W


def energy(s, W):
    """E = −½ sᵀ W s."""
    return -s @ W @ s / 2


def energy_gradient(s, W):
    """∂E/∂s = −W s, as W is symmetric: minus what arrives at each unit. And ∂E/∂W = −½ s sᵀ."""
    return -W @ s, -np.outer(s, s) / 2


def recall(s, W, rng, rounds=10):
    """Unit after unit, in random order, goes where the energy falls: s_i ← sign(−∂E/∂s_i)."""
    s, states = s.copy(), [s.copy()]
    for _ in range(rounds):
        before = s.copy()
        for i in rng.permutation(len(s)):
            downhill = -energy_gradient(s, W)[0][i]
            if downhill:
                s[i] = np.sign(downhill)
            states.append(s.copy())
        if np.array_equal(s, before):
            break
    return s, states


def drawn(states):
    """Pictures in characters, side by side."""
    pictures = [["".join(".#"[int(x > 0)] for x in row) for row in s.reshape(7, 5)] for s in states]
    return "\n".join("   ".join(rows) for rows in zip(*pictures, strict=True))


W = remember(PICTURES)
rng = np.random.default_rng(0)

print("1. Three letters, written into 35 × 34 / 2 weights\n")
print(drawn(PICTURES))

print("\n\n2. The update is the gradient\n")
s = rng.normal(size=UNITS)
print(f"energy and its gradient in s and W: {check(energy, s, W, grad=energy_gradient).verdict}")
lopsided = rng.normal(size=(UNITS, UNITS))
report = check(energy, s, lopsided, grad=energy_gradient)
caught = [comparison.name for comparison in report.tensors if comparison.verdict == "disagree"]
print(f"the same with weights that are not symmetric: {report.verdict}, in {', '.join(caught)};"
      f" there it is -(W + Wᵀ) s / 2")  # fmt: skip
i, picture = 7, PICTURES[0]
flipped = picture.copy()
flipped[i] *= -1
change = energy(flipped, W) - energy(picture, W)
slope = energy_gradient(picture, W)[0][i] * (flipped[i] - picture[i])
print(f"E is linear in each unit, so a whole flip changes it by slope times step: {change:.0f} = {slope:.0f}")

print("\n\n3. Recall: a letter with seven of its 35 units turned, before, and after one and two rounds\n")
noisy = PICTURES[0].copy()
noisy[rng.choice(UNITS, 7, replace=False)] *= -1
end, states = recall(noisy, W, rng)
print(drawn([noisy, states[UNITS], end]))
energies = [energy(state, W) for state in states]
print(f"\nenergy {energies[0]:.0f}, {energies[UNITS]:.0f}, {energies[-1]:.0f}; it rose in"
      f" {np.sum(np.diff(energies) > 0)} of {len(energies) - 1} steps; the letter is back:"
      f" {np.array_equal(end, PICTURES[0])}")  # fmt: skip

print("\n\n4. How much noise is too much? Letters recalled of 300, three in memory\n")
print("units turned " + "".join(f"{turned:>6}" for turned in (0, 3, 6, 9, 12, 15)))
shares = []
for turned in (0, 3, 6, 9, 12, 15):
    right = 0
    for k in range(300):
        s = PICTURES[k % 3].copy()
        s[rng.choice(UNITS, turned, replace=False)] *= -1
        right += np.array_equal(recall(s, W, rng)[0], PICTURES[k % 3])
    shares.append(right / 300)
print("recalled     " + "".join(f"{share:>6.0%}" for share in shares))

print("\n\n5. How many are too many? Random pictures of 100 units: do they stay as they are?\n")
print("pictures " + "".join(f"{count:>6}" for count in (5, 10, 14, 20, 30, 50)))
stable = []
for count in (5, 10, 14, 20, 30, 50):
    P = rng.choice([-1.0, 1.0], size=(count, 100))
    stable.append(np.mean(np.sign(P @ remember(P)) == P))
print("units    " + "".join(f"{share:>6.0%}" for share in stable))
print("""
The others act as noise on each. Beyond about 0.14 pictures for each unit a few wrong units pull others along, and
nothing is recalled (Hopfield 1982; Amit, Gutfreund and Sompolinsky 1985).""")

if options.plot:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3), layout="constrained")
    axes = figure.subplots(1, 4)
    for each, title, state in zip(axes, ("noisy", "one round", "recalled"), (noisy, states[UNITS], end), strict=False):
        each.imshow(state.reshape(7, 5), cmap="gray_r")
        each.set(title=title, xticks=[], yticks=[])
    axes[3].plot(energies)
    axes[3].set(title="energy", xlabel="steps")
    figure.savefig(options.plot)
