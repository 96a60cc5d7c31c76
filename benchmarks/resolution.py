"""Is the stated resolution true? Right gradients with one random entry off by three times what would be noticed.

The layers of the library and a few functions, at random inputs and scales, half of them with ``exhaustive=True``. The
error is a multiple of that entry of the gradient (of another one where it is 0), so that the backward stays linear in
its cotangent and only differences can tell. Blaming another entry does not count as noticing.

    python benchmarks/resolution.py --trials 10000 --seed 0
    python benchmarks/resolution.py --trial 17            # one of them: both reports
    python benchmarks/resolution.py --memory              # room for how many copies of a tensor of 10⁷ entries?
"""

import argparse
import os
import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gradcheck import Comparison, Report, check
from gradcheck.analytic import cases
from gradcheck.analytic.catalogue import Case

Array = NDArray[Any]
Outcome = Literal["noticed", "missed", "blamed elsewhere", "not right", "nothing to spoil"]

TIMES = 3.0
"""The error, in units of what would be noticed."""

GOAL = 0.999

COPIES = 20
"""A check of a tensor under an elementwise function needs room for fewer copies of it."""


def tanh(x: Array) -> tuple[Array, Array]:
    """An elementwise function, its output cached."""
    y = np.tanh(x)
    return y, y


def tanh_backward(dout: Array, y: Array) -> Array:
    return dout * (1 - y * y)


def product(x: Array, y: Array) -> tuple[Array, Any]:
    """A matrix product."""
    return x @ y, (x, y)


def product_backward(dout: Array, cache: tuple[Array, Array]) -> tuple[Array, Array]:
    x, y = cache
    return dout @ y.T, x.T @ dout


def energy(x: Array) -> tuple[Array, Array]:
    """A function in which neighbours meet, so that no axis is separable."""
    return np.sum(np.sin(x[1:] * x[:-1])) + np.sum(x**4), x


def energy_backward(dout: Array, x: Array) -> Array:
    slope, dx = np.cos(x[1:] * x[:-1]), 4 * x**3
    dx[1:] += slope * x[:-1]
    dx[:-1] += slope * x[1:]
    return dout * dx


def roots(x: Array) -> tuple[Array, Array]:
    """Outputs and gradients of very different sizes."""
    return np.sqrt(x), x


def roots_backward(dout: Array, x: Array) -> Array:
    return dout / (2 * np.sqrt(x))


@dataclass(frozen=True)
class Subject:
    """A forward and its right backward, which returns a gradient for each input."""

    name: str
    forward: Callable[..., Any]
    backward: Callable[[Array, Any], Any]
    inputs: list[Array]

    def check(self, exhaustive: bool, seed: int, error: "Error | None" = None) -> Report:
        """What `check` says of it, right or with an error."""

        def backward(dout: Array, cache: Any) -> Any:
            gradients = self.backward(dout, cache)
            gradients = list(gradients) if isinstance(gradients, tuple) else [gradients]
            if error is not None:
                gradients[error.tensor] = error.added_to(gradients[error.tensor])
            return tuple(gradients) if len(gradients) > 1 else gradients[0]

        return check(self.forward, *self.inputs, backward=backward, exhaustive=exhaustive, seed=seed, name=self.name)


@dataclass(frozen=True)
class Error:
    """Entry `at` of the gradient of tensor number `tensor` is off by a multiple of entry `source`."""

    tensor: int
    at: int
    source: int
    factor: float

    def added_to(self, gradient: Array) -> Array:
        """The wrong gradient; the right one is left alone."""
        wrong = np.array(gradient)
        wrong.flat[self.at] += self.factor * wrong.flat[self.source]
        return wrong


def functions(rng: np.random.Generator) -> list[Subject]:
    """Functions at scales from 1e-6 to 1e6."""
    s, t = 10 ** rng.uniform(-6, 6, 2)
    x, y = s * rng.normal(size=(4, 3)), t * rng.normal(size=(3, 5))
    return [
        Subject("tanh", tanh, tanh_backward, [rng.normal(size=(20, 3))]),
        Subject("product", product, product_backward, [x, y]),
        Subject("energy", energy, energy_backward, [rng.normal(size=12)]),
        Subject("roots", roots, roots_backward, [s * rng.uniform(0.01, 10, 15)]),
    ]


def layers(rng: np.random.Generator) -> list[Subject]:
    """The catalogue, as pairs.

    Without dropout, which is another function each time, a step, whose gradient is zero, and networks with a loss.
    """
    apart = ("Dropout", "SpatialDropout", "Step", "Sequential with a loss", "TwoLayerNet")
    return [_as_pair(case) for case in cases(rng) if case.name not in apart]


def _as_pair(case: Case) -> Subject:
    subject, (x, *targets) = case.subject, case.inputs
    params = getattr(subject, "params", {})
    floating = np.issubdtype(x.dtype, np.floating)

    def forward(*values: Array) -> tuple[Array, tuple[Array, ...]]:
        given, values_of_params = (values[0], values[1:]) if floating else (x, values)
        for param, value in zip(params.values(), values_of_params, strict=True):
            param[...] = value
        return subject.forward(given, *targets), values

    def backward(dout: Array, cache: tuple[Array, ...]) -> tuple[Array, ...]:
        forward(*cache)
        dx = subject.backward(dout)
        dx = dx[0] if isinstance(dx, tuple) else dx  # of several inputs the first is varied
        gradients = tuple(subject.grads[name] for name in params)
        return (dx, *gradients) if floating else gradients

    inputs = [x] * floating + [value.copy() for value in params.values()]
    return Subject(case.name, forward, backward, inputs)


@dataclass(frozen=True)
class Trial:
    """One entry made wrong, and what came of it."""

    name: str
    outcome: Outcome
    right: Report
    wrong: Report | None = None
    error: Error | None = None


def trial(seed: int, number: int) -> Trial:
    """Check a random subject, spoil a random entry by three times its `noticeable`, and check again."""
    rng = np.random.default_rng([seed, number])
    subjects = functions(rng) + layers(rng)
    subject, exhaustive = subjects[int(rng.integers(len(subjects)))], bool(rng.integers(2))
    right = subject.check(exhaustive, number)
    if not right.ok:
        return Trial(subject.name, "not right", right)
    error = choose_error(right, int(rng.integers(len(right.tensors))), rng)
    if error is None:
        return Trial(subject.name, "nothing to spoil", right)
    wrong = subject.check(exhaustive, number, error)
    return Trial(subject.name, judge(wrong.tensors[error.tensor], error.at), right, wrong, error)


def choose_error(right: Report, tensor: int, rng: np.random.Generator) -> Error | None:
    """A random entry, too large or too small by three times what the report says would be noticed."""
    of = right.tensors[tensor]
    analytic, noticeable = np.ravel(np.asarray(of.analytic)), np.ravel(of.noticeable)
    candidates = np.flatnonzero(np.isfinite(noticeable) & ~np.ravel(of.kinks))
    if not analytic.any() or not candidates.size:
        return None
    at = int(rng.choice(candidates))
    source = at if analytic[at] else int(np.argmax(np.abs(analytic)))
    # Where any error at all would be noticed, a very small one will do.
    size = float(rng.choice([-1, 1])) * (TIMES * float(noticeable[at]) or of.typical * 1e-12)
    return Error(tensor, at, source, size / float(analytic[source]))


def judge(comparison: Comparison, at: int) -> Outcome:
    """Whether the wrong entry was noticed."""
    if comparison.verdict != "disagree":
        return "missed"
    wrong = comparison.wrong.ravel()
    return "noticed" if wrong[at] or not wrong.any() else "blamed elsewhere"


def peak_in_copies(
    size: int,
    exhaustive: bool = False,
    forward: Callable[..., Any] = tanh,
    backward: Callable[..., Any] = tanh_backward,
) -> tuple[Report, float]:
    """A check of an elementwise function of so many entries, and the most memory it held, in copies of the tensor."""
    x = np.random.default_rng(0).normal(size=size)
    check(forward, x[:2], backward=backward)  # what is imported late is not counted
    tracemalloc.start()
    try:
        report = check(forward, x, backward=backward, exhaustive=exhaustive)
        return report, tracemalloc.get_traced_memory()[1] / x.nbytes
    finally:
        tracemalloc.stop()


def run_all(seed: int, trials: int, processes: int) -> Counter[str]:
    """The outcomes; those that ask for a look are printed as they come."""
    outcomes = Counter[str]()
    with ProcessPoolExecutor(processes, initializer=partial(os.nice, 10)) as pool:
        for number, outcome, name in pool.map(partial(_outcome, seed), range(trials), chunksize=20):
            outcomes[outcome] += 1
            if outcome not in ("noticed", "nothing to spoil"):
                print(f"trial {number}, {name}: {outcome}", flush=True)
    return outcomes


def _outcome(seed: int, number: int) -> tuple[int, str, str]:
    done = trial(seed, number)
    return number, done.outcome, done.name


def print_share(outcomes: Counter[str]) -> bool:
    """A table; whether the goal is met."""
    total = outcomes.total() - outcomes["nothing to spoil"]
    print("| outcome | trials | share | goal |\n|:--|--:|--:|:--|")
    for outcome, count in outcomes.most_common():
        goal = f">= {GOAL:.1%}" if outcome == "noticed" else ""
        print(f"| {outcome} | {count:,} | {count / max(total, 1):.2%} | {goal} |")
    return outcomes["noticed"] >= GOAL * total


def print_memory(size: int) -> bool:
    """A table; whether the goal is met."""
    copies = {exhaustive: peak_in_copies(size, exhaustive)[1] for exhaustive in (False, True)}
    print(f"| tanh of {size:,} entries | copies at most | goal |\n|:--|--:|:--|")
    for exhaustive, peak in copies.items():
        print(f"| {'entry by entry' if exhaustive else 'first pass'} | {peak:.1f} | < {COPIES} |")
    return max(copies.values()) < COPIES


def main() -> int:
    """Print what was asked for; the exit code says whether the goal is met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--trial", type=int, help="show this one alone")
    parser.add_argument("--memory", action="store_true", help="measure memory instead")
    parser.add_argument("--entries", type=int, default=10**7, help="of the tensor whose memory is measured")
    arguments = parser.parse_args()
    if arguments.memory:
        return 0 if print_memory(arguments.entries) else 1
    if arguments.trial is not None:
        done = trial(arguments.seed, arguments.trial)
        print(done.right, done.error, done.wrong, done.outcome, sep="\n\n")
        return 0 if done.outcome == "noticed" else 1
    return 0 if print_share(run_all(arguments.seed, arguments.trials, arguments.processes)) else 1


if __name__ == "__main__":
    sys.exit(main())
