"""``noticeable`` is a promise: an error of three times as much is noticed, in whichever entry and of either sign.

The trials are those of ``python benchmarks/resolution.py``, which makes 10,000 of them.
"""

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from resolution import Error, choose_error, functions, judge, layers, trial

from gradcheck import check


@pytest.mark.parametrize("seed", range(5))
def test_three_times_what_is_noticeable_is_noticed_in_the_entry_that_is_off(seed):
    done = [trial(seed, number) for number in range(30)]
    assert [(n, t.name, t.outcome) for n, t in enumerate(done) if t.outcome != "noticed"] == []


@pytest.mark.parametrize("exhaustive", [False, True], ids=["first pass", "entry by entry"])
def test_so_it_is_in_every_tensor_of_a_third_of_all_subjects(exhaustive):
    rng = np.random.default_rng(11)
    outcomes = []
    for subject in (functions(rng) + layers(rng))[exhaustive::3]:
        right = subject.check(exhaustive, 0)
        for tensor in range(len(right.tensors)):
            error = choose_error(right, tensor, rng)
            assert error is not None, subject.name
            wrong = subject.check(exhaustive, 0, error)
            outcomes.append((judge(wrong.tensors[tensor], error.at), subject.name, error))
    missed = [outcome for outcome in outcomes if outcome[0] != "noticed"]
    assert missed == []


def test_so_it_is_where_a_line_through_all_entries_is_sharper_than_each_of_them():
    """Then the entries are measured again, as sharply as the line that differed."""
    attention = next(s for s in layers(np.random.default_rng([77, 17])) if s.name == "MultiHeadAttention")
    right = attention.check(True, 17).tensors[2]
    error = Error(2, 11, 11, -3 * right.noticeable[2, 3] / right.analytic[2, 3])
    assert judge(attention.check(True, 17, error).tensors[2], 11) == "noticed"


def test_much_less_is_let_pass():
    outcomes = Counter[str]()
    for number in range(20):
        done = trial(0, number)
        subjects = {subject.name: subject for subject in _subjects_of(number)}
        small = Error(done.error.tensor, done.error.at, done.error.source, done.error.factor * 1e-4)
        report = subjects[done.name].check(False, number, small)
        outcomes[judge(report.tensors[small.tensor], small.at)] += 1
    assert outcomes["missed"] >= 10  # otherwise more is noticed than is promised, and the promise says little


def _subjects_of(number):
    rng = np.random.default_rng([0, number])
    return functions(rng) + layers(rng)


@pytest.mark.parametrize("exhaustive", [False, True], ids=["first pass", "entry by entry"])
def test_the_resolution_is_the_largest_noticeable_in_units_of_the_entry_or_a_typical_one(exhaustive):
    x = np.array([0.5, -1.0, 2.0, -3.0])
    found = check(np.tanh, x, backward=lambda dout, x: dout / np.cosh(x) ** 2, exhaustive=exhaustive)["x"]
    units = np.maximum(np.abs(found.analytic), found.typical)
    assert found.resolution == pytest.approx(np.max(found.noticeable / units), rel=1e-6)
    assert found.noticeable.shape == x.shape
    assert np.all(found.noticeable > 0)


def test_a_tolerance_of_the_caller_is_part_of_what_is_noticeable():
    x = np.linspace(0.5, 2, 6)
    found = check(np.exp, x, backward=lambda dout, x: dout * np.exp(x), rtol=1e-3, exhaustive=True)["x"]
    assert np.all(found.noticeable >= 1e-3 * np.abs(found.analytic))
