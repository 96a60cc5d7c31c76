"""No right gradient is called wrong, and no error is missed that the report says would be noticed.

A small sample of what ``python benchmarks/false_alarms.py`` draws by the thousand, and the hardest of what it found.
"""

import sys
from pathlib import Path

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import make_vjp

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from expressions import draw, softmax
from false_alarms import judge, run

from gradcheck import check

SEED, CASES = 7, 60


@pytest.fixture(scope="module")
def results():
    return [run(SEED, number) for number in range(CASES)]


def test_no_right_gradient_is_called_wrong(results):
    assert [r for r in results if r[1] in ("disagree", "crashed")] == []


def test_hardly_any_is_undecided(results):
    assert sum(r[1] == "undecided" for r in results) <= 2


def test_no_wrong_entry_is_missed_or_another_blamed(results):
    assert [r for r in results if r[2] not in ("noticed", "excused", "nothing to spoil")] == []


def test_most_wrong_entries_are_noticed(results):
    spoilt = [r[2] for r in results if r[2] != "nothing to spoil"]  # some gradients are zero everywhere
    assert spoilt.count("noticed") >= 0.95 * len(spoilt) > 0.9 * CASES


def test_where_smaller_cases_overflow_nobody_is_warned():
    """Nobody but the reproducer chose those points; as errors, as here, warnings would end the check."""
    assert run(314159, 105)[1:] == ("agree", "noticed", "")


def test_tiny_entries_that_were_taken_for_separable_are_measured_alone_before_they_are_accused():
    """Beside an entry a million times as large nothing proved that the two small ones share an output."""
    assert run(1, 2085)[1:3] == ("undecided", "noticed")


def test_programs_are_reproducible_and_differ():
    first, again = draw(SEED, 3), draw(SEED, 3)
    assert first.source == again.source
    assert all(np.array_equal(first.inputs[name], again.inputs[name]) for name in first.inputs)
    assert len({draw(SEED, number).source for number in range(20)}) == 20


def test_a_program_computes_what_it_was_drawn_with():
    for number in range(20):
        program = draw(SEED, number)
        assert np.array_equal(program.function()(*program.inputs.values()), program.values[program.last])


def test_the_judge_calls_a_missed_error_missed():
    report = check(np.sin, np.array([0.5, 1.0]), backward=lambda dout, x: dout * np.cos(x))
    assert judge(report, "x", 0) == "missed"  # as if the gradient just checked had been off by 1e-5
    report["x"].noticeable[:] = 1.0
    assert judge(report, "x", 0) == "excused"


def autograd_pair(f):
    return lambda x: (f(x), x), lambda dout, x: np.array(make_vjp(f)(x)[0](dout))


def crossing(rng):
    """Entries over eight decades: some are closer to each other than any step in proportion to the array."""
    return rng.normal(size=200) * 10.0 ** rng.uniform(-8, 0, 200)


HARD = {
    "the sum of a softmax, whose gradient is zero but for rounding": (
        lambda x: anp.sum(softmax(x, axis=1)),
        lambda rng: rng.normal(size=(7, 5)),
    ),
    "two large terms that cancel on the way back": (
        lambda x: anp.arctan2(1e6 * x, 1.4e6 * x),
        lambda rng: 1e-6 * rng.normal(size=5),
    ),
    "a variance of two that hardly differ, whose gradient is rounding where they are closest": (
        lambda x: anp.var(anp.logaddexp(0.0, anp.stack([x, anp.sin(x)])), axis=0),
        lambda rng: rng.normal(size=(3, 4)) * 10.0 ** rng.uniform(-4, 0, (3, 4)),
    ),
    "a sort of close neighbours": (lambda x: anp.cumsum(anp.sort(x)), crossing),
    "a square root near the edge of its domain": (lambda x: anp.sqrt(x) + x**0.37, lambda rng: rng.uniform(0, 1e-6, 9)),
    "inputs over sixteen decades": (
        lambda x: anp.sum(anp.sin(x)) * x,
        lambda rng: 10.0 ** rng.uniform(-8, 8, 20),
    ),
}


@pytest.mark.parametrize("name", HARD)
@pytest.mark.parametrize("seed", range(3))
def test_hard_but_right(name, seed):
    f, draw_input = HARD[name]
    forward, backward = autograd_pair(f)
    report = check(forward, draw_input(np.random.default_rng(seed)), backward=backward, seed=seed)
    assert report.verdict != "disagree", report


@pytest.mark.parametrize("name", HARD)
def test_hard_and_wrong(name):
    f, draw_input = HARD[name]
    forward, right = autograd_pair(f)
    report = check(
        forward, draw_input(np.random.default_rng(0)), backward=lambda dout, x: right(dout, x) + np.abs(dout).max()
    )
    assert report.verdict == "disagree"
