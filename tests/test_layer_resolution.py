"""How small an error a check would notice: 1e-5 of an entry at once, 1e-7 entry by entry, for every layer there is."""

import numpy as np
import pytest

from gradcheck import check
from gradcheck.analytic import Tanh, cases

CASES = {case.name: case for case in cases()}
by_name = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@by_name
def test_the_first_pass_notices_1e_5(case):
    report = check(case.subject, *case.inputs, wrt=case.wrt)
    assert report, report
    assert 0 < max(comparison.resolution for comparison in report.tensors) <= 1e-5, report


@by_name
def test_entry_by_entry_notices_1e_7(case):
    report = check(case.subject, *case.inputs, wrt=case.wrt, exhaustive=True)
    assert report, report
    assert 0 < max(comparison.resolution for comparison in report.tensors) <= 1e-7, report
    assert not any(comparison.kinks.any() for comparison in report.tensors)


@pytest.mark.parametrize("seed", range(1, 4))
def test_other_parameters_and_inputs_are_resolved_as_well(seed):
    for case in cases(seed):
        report = check(case.subject, *case.inputs, wrt=case.wrt, exhaustive=True, seed=seed)
        assert report, report
        assert max(comparison.resolution for comparison in report.tensors) <= 1e-7, report


def test_what_cannot_be_resolved_is_not_claimed():
    class Drowned(Tanh):
        def forward(self, x):
            return super().forward(x) + 1e6  # each output is rounded to 1e-10

    report = check(Drowned(), np.linspace(-1, 1, 15).reshape(5, 3), exhaustive=True)
    assert report
    assert report["x"].resolution > 1e-7
