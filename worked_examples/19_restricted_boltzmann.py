"""A restricted Boltzmann machine: a network that learns how likely a picture is.

One learns what its log-likelihood is, that the gradient is a difference of two averages (what the data say, and what
the machine says by itself), and what contrastive divergence puts in place of the second, which is too costly for all
but the smallest machines. This one is small enough: its gradient is exact, and verified by differences of the exact
likelihood.

    python worked_examples/19_restricted_boltzmann.py [--plot FILE]
"""

import argparse
from itertools import product

import numpy as np

from gradcheck import check

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--plot", metavar="FILE", help="save a picture of the two trainings")
options = parser.parse_args()


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def free_energy(v, W, a, b):
    """F(v) = −a·v − Σ_j log(1 + exp(b_j + (v W)_j)): the hidden units summed out. p(v) is exp(−F(v)) / Z."""
    return -v @ a - np.logaddexp(0, b + v @ W).sum(axis=1)


def statistics(v, W, b, weight):
    """Σ_n weight_n (v hᵀ, v, h) with h = p(h = 1 | v): minus the slope of F in W, a and b."""
    h = sigmoid(b + v @ W)
    return (weight[:, None] * v).T @ h, weight @ v, weight @ h


SIDE = 3
ALL = np.array(list(product([0.0, 1.0], repeat=SIDE * SIDE)))  # every picture there is, 512 of them
BARS = [np.repeat(np.array([bits]), SIDE, axis=0) for bits in product([0.0, 1.0], repeat=SIDE)]
DATA = np.unique([picture.ravel() for bar in BARS for picture in (bar, bar.T)], axis=0)  # bars and stripes
EQUAL = np.full(len(DATA), 1 / len(DATA))


def log_likelihood(W, a, b):
    """The mean of log p(v) over the data: −F(v) of the data, less log Z."""
    energies = free_energy(ALL, W, a, b)
    least = energies.min()
    log_z = np.log(np.exp(least - energies).sum()) - least
    return -free_energy(DATA, W, a, b).mean() - log_z


def probabilities(W, a, b):
    """p(v) of every picture there is."""
    energies = free_energy(ALL, W, a, b)
    p = np.exp(energies.min() - energies)
    return p / p.sum()


def exact_gradient(W, a, b):
    """What the data say, less what the machine says by itself."""
    data = statistics(DATA, W, b, EQUAL)
    model = statistics(ALL, W, b, probabilities(W, a, b))
    return tuple(d - m for d, m in zip(data, model, strict=True))


def contrastive_divergence(W, a, b, rng, v=DATA):
    """The machine's own say after one step of Gibbs sampling from the data, in place of its own average."""
    h = rng.random((len(v), len(b))) < sigmoid(b + v @ W)
    again = (rng.random(v.shape) < sigmoid(a + h @ W.T)).astype(float)
    equal = np.full(len(v), 1 / len(v))
    return tuple(d - m for d, m in zip(statistics(v, W, b, equal), statistics(again, W, b, equal), strict=True))


def drawn(pictures):
    return "\n".join("   ".join("".join(".#"[int(x)] for x in p[r : r + 3]) for p in pictures) for r in (0, 3, 6))


print(f"1. The data: {len(DATA)} pictures of bars or stripes, of the {len(ALL)} there are\n")
print(drawn(DATA))
print(f"\nlog-likelihood of a machine that finds all pictures alike:   {-np.log(len(ALL)):.4f}")
print(f"of one that knows these {len(DATA)} and no others, the best there is: {-np.log(len(DATA)):.4f}")

print("\n\n2. The gradient, by differences of the log-likelihood\n")
rng = np.random.default_rng(0)
start = 0.1 * rng.normal(size=(9, 8)), np.zeros(9), np.zeros(8)
inside = rng.normal(size=(9, 8)), rng.normal(size=9), rng.normal(size=8)
for name, at in (("where training starts", start), ("somewhere else", inside)):
    print(f"{name:<22} {check(log_likelihood, *at, grad=exact_gradient).verdict}")
averaged = [np.zeros((9, 8)), np.zeros(9), np.zeros(8)]
for _ in range(4000):
    for k, sample in enumerate(contrastive_divergence(*inside, rng)):
        averaged[k] += sample / 4000
exact, cd = exact_gradient(*inside)[0].ravel(), averaged[0].ravel()
cosine = exact @ cd / np.linalg.norm(exact) / np.linalg.norm(cd)
print(f"\ncontrastive divergence, mean of 4,000: {np.linalg.norm(cd) / np.linalg.norm(exact):.1f} times as long,"
      f" cosine {cosine:.2f}")  # fmt: skip
report = check(log_likelihood, *inside, grad=lambda *at: (averaged[0], *exact_gradient(*at)[1:]))
print(
    f"and check says of it: {report.verdict}. It points uphill, but it is no gradient: averaging takes the noise out,"
)
print("and a bias stays.")


print("\n\n3. Uphill with either: the log-likelihood, and the share of it all that falls to the data\n")
machines = {"exact": [p.copy() for p in start], "contrastive divergence": [p.copy() for p in start]}
curves = {name: [] for name in machines}
known = (ALL[:, None] == DATA).all(axis=2).any(axis=1)
print(f"{'steps':>6}" + "".join(f"{name:>28}" for name in machines))
for step in range(3001):
    if step % 20 == 0:
        for name, at in machines.items():
            curves[name].append(log_likelihood(*at))
    if step in (0, 100, 300, 1000, 3000):
        reached = [(log_likelihood(*at), probabilities(*at)[known].sum()) for at in machines.values()]
        print(f"{step:>6}" + "".join(f"{value:>18.2f}{share:>10.0%}" for value, share in reached))
    slopes = {
        "exact": exact_gradient(*machines["exact"]),
        "contrastive divergence": contrastive_divergence(*machines["contrastive divergence"], rng),
    }
    for name, at in machines.items():
        machines[name] = [parameter + 0.3 * slope for parameter, slope in zip(at, slopes[name], strict=True)]

if options.plot:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for name, curve in curves.items():
        axes.plot(20 * np.arange(len(curve)), curve, label=name)
    axes.axhline(-np.log(len(DATA)), color="gray", linestyle=":", label="the best there is")
    axes.set(xlabel="steps", ylabel="log-likelihood")
    axes.legend()
    figure.savefig(options.plot)
