"""A diagnosis costs so many evaluations and no more, little memory, and no hypothesis that fails in silence."""

import importlib
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from gradcheck import check
from gradcheck.checking.diagnosis import clues, diagnose
from gradcheck.checking.diagnosis.diagnose import MOST

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from bug_corpus import WRONG

tensors = importlib.import_module("gradcheck.checking.tensors")
rng = np.random.default_rng(7)


@pytest.fixture
def costs(monkeypatch):
    """The evaluations that each diagnosis took."""
    taken = []

    def counted(bench, *arguments):
        before = bench.runner.evaluations
        try:
            return diagnose(bench, *arguments)
        finally:
            taken.append(bench.runner.evaluations - before)

    monkeypatch.setattr(tensors, "diagnose", counted)
    return taken


DEAREST = (
    "lstm step: gates put together in another order",
    "lstm step: slope of the candidate forgotten",
    "vanilla rnn: only the last two steps",
)


@pytest.mark.parametrize("name", DEAREST)
def test_a_diagnosis_keeps_to_its_evaluations(name, costs):
    next(case for case in WRONG if case.name == name).check(1)
    assert costs
    assert max(costs) <= MOST


def test_what_was_found_before_the_evaluations_ran_out_is_said(monkeypatch, costs):
    monkeypatch.setattr(sys.modules[diagnose.__module__], "MOST", 200)
    report = check(lambda x: (x**2, x), rng.normal(size=(5, 4)), backward=lambda dout, x: -2 * x * dout)
    assert max(costs) <= 200
    assert report.diagnoses[0].cause == "sign"
    tensor = rng.normal(size=(5, 4))
    nothing = check(lambda x: (x**2, x), tensor, backward=lambda dout, x: dout * np.cos(40 * x) * x)
    assert max(costs) <= 200
    assert not nothing.ok


def unlike(x):
    return 1 + 0.3 * np.sin(40 * x)


LARGE = {
    "a million, entry by entry": ((200, 5000), lambda x: (x**2, x), lambda dout, x: 2 * x * dout * unlike(x)),
    "three short axes": ((100, 60, 40), lambda x: (x**2, x), lambda dout, x: 2 * x * dout * unlike(x)),
    "one number": ((300, 400), lambda x: ((x**2).mean(), x), lambda dout, x: dout * x * unlike(x)),
    "normalised": (
        (200, 600), lambda x: ((x - x.mean(0)) / x.std(0), x), lambda dout, x: dout / x.std(0) * unlike(x),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LARGE)
def test_many_wrong_entries_take_little_memory(name, monkeypatch, costs):
    shape, forward, backward = LARGE[name]
    peaks = []

    def measured(*arguments):
        tracemalloc.start()
        try:
            return diagnose(*arguments)
        finally:
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()

    monkeypatch.setattr(tensors, "diagnose", measured)
    report = check(forward, rng.normal(size=shape), backward=backward, max_evaluations=2000)
    assert not report.ok
    assert max(peaks) < max(100e6, 600 * np.prod(shape))


def test_no_hypothesis_fails_in_silence(monkeypatch):
    bureaus = []
    opened = clues.Bureau.__init__

    def noted(bureau, *arguments, **keywords):
        opened(bureau, *arguments, **keywords)
        bureaus.append(bureau)

    monkeypatch.setattr(clues.Bureau, "__init__", noted)
    chosen = np.random.default_rng(5).choice(len(WRONG), 40, replace=False)
    for i in sorted(chosen):
        WRONG[i].check(2)
    assert len(bureaus) >= 20
    assert [failure for bureau in bureaus for failure in bureau.failures] == []
