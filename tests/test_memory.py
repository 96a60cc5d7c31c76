"""A check needs room for fewer than 20 copies of a large tensor under an elementwise layer."""

import gc
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from resolution import peak_in_copies

from gradcheck import check

SIZE = 10**6
COPIES = 20
COPIES_BY_ENTRY = 45  # every entry keeps three numbers for each of a dozen steps


def tanh_backward(dout, x):
    return dout * (1 - np.tanh(x) ** 2)


@pytest.mark.parametrize(("exhaustive", "limit"), [(False, COPIES), (True, COPIES_BY_ENTRY)])
def test_a_large_tensor_is_checked_within_so_many_copies_of_it(exhaustive, limit):
    report, copies = peak_in_copies(SIZE, exhaustive)
    assert report, report
    assert copies < limit


def test_more_copies_would_be_seen():
    def hoarding(x):
        y = np.tanh(x)
        return y, [y, *(y + i for i in range(COPIES))]

    report, copies = peak_in_copies(10**4, forward=hoarding, backward=lambda dout, ys: dout * (1 - ys[0] ** 2))
    assert report, report
    assert copies > COPIES


def test_nothing_is_left_behind_but_the_report():
    x = np.linspace(-2, 2, 10**5)
    check(np.tanh, x[:2], backward=tanh_backward)  # what is imported late is not counted
    tracemalloc.start()
    try:
        report = check(np.tanh, x, backward=tanh_backward)
        assert report
        del report
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < x.nbytes / 2
    finally:
        tracemalloc.stop()
