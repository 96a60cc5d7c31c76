"""A check takes no more forward evaluations than is promised, whatever the seed.

The cases are those of the table that ``python benchmarks/evaluations.py`` prints.
"""

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from cases import coupled, coupled_gradient, evaluation_cases, tanh, tanh_backward

from gradcheck import check
from gradcheck.analytic import Dense, Sequential, Sigmoid, SoftmaxCrossEntropy

CASES = evaluation_cases()
by_name = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
measured_by_entry = pytest.mark.parametrize(
    "case", [case for case in CASES if case.exhaustive_limit is not None], ids=lambda case: case.name
)


@by_name
def test_the_first_pass(case):
    report = case.run(False)
    assert case.told_right(report), report
    assert report.evaluations <= case.first_limit


@measured_by_entry
def test_entry_by_entry(case):
    report = case.run(True)
    assert case.told_right(report), report
    assert report.evaluations <= case.exhaustive_limit
    assert all(np.all(np.isfinite(comparison.error)) for comparison in report.tensors)  # none was left out


def test_the_readme_shows_these_counts():
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    shown = [case for case in CASES if f"| {case.name} |" in readme]
    assert len(shown) == 7
    for case in shown:
        exhaustive = "" if case.exhaustive_limit is None else f" {case.run(True).evaluations:,}"
        cells = f"{case.entries:,} | {2 * case.entries:,} | {case.run(False).evaluations:,} |{exhaustive} |"
        assert f"| {case.name} | {cells}" in readme


@pytest.mark.parametrize("seed", [1, 2])
def test_other_inputs_cost_no_more(seed):
    dear = ("dense", "network")  # seconds each
    for case in evaluation_cases(seed):
        assert case.run(False).evaluations <= case.first_limit, case.name
        if case.exhaustive_limit is not None and not case.name.startswith(dear):
            assert case.run(True).evaluations <= case.exhaustive_limit, case.name


@pytest.mark.parametrize("seed", range(5))
def test_the_first_pass_stays_within_the_limit_whatever_the_size(seed):
    rng = np.random.default_rng(seed)
    counts = [check(tanh, rng.normal(size=n), backward=tanh_backward).evaluations for n in (1, 30, 3_000, 300_000)]
    assert max(counts) <= 40, counts


@pytest.mark.parametrize("seed", range(4))
def test_one_wrong_entry_among_very_many_is_located(seed):
    rng = np.random.default_rng(seed)
    x, at, factor = rng.normal(size=100_000), int(rng.integers(100_000)), float(rng.choice([0.0, 1.001, -1.0]))

    def wrong(x):
        gradient = coupled_gradient(x)
        gradient[at] *= factor
        return gradient

    report = check(coupled, x, grad=wrong, seed=seed)
    assert report.evaluations <= 200
    assert np.flatnonzero(report["x"].wrong).tolist() == [at]


def test_what_was_counted_is_what_was_run():
    calls = itertools.count()  # an ordinary counter would be put back, like all state of a subject

    def counted(x):
        next(calls)
        return np.tanh(x), np.tanh(x)

    report = check(counted, np.linspace(-2, 2, 50), backward=tanh_backward)
    assert report.evaluations == next(calls)


def test_a_deep_network_whose_first_gradients_almost_vanish_is_not_measured_entry_by_entry():
    sizes = [40, *[24] * 8]
    layers = [layer for D, H in itertools.pairwise(sizes) for layer in (Dense(D, H, rng=0), Sigmoid())]
    network = Sequential(*layers, Dense(24, 10, rng=0), loss=SoftmaxCrossEntropy())
    report = check(network, np.random.default_rng(0).normal(size=(5, 40)), np.arange(5))
    assert report.ok, report
    assert report.evaluations <= 600


def test_what_is_all_noise_is_undecided_without_a_look_at_each_entry():
    """The sum of standardised columns is zero whatever they are: nothing but rounding is left of its gradient."""

    def centred(x):
        return 1 + np.sum((x - x.mean(0)) / x.std(0))

    def rounded(x):
        return 1e-16 * np.sin(1e3 * x)

    report = check(centred, np.random.default_rng(0).normal(size=(20, 30)), grad=rounded)
    assert report.verdict == "undecided"
    assert "rounding in the forward hides" in str(report)
    assert report.evaluations <= 100
