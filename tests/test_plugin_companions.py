"""The plugin in company: other plugins active, workers, profiles of Hypothesis, quiet and verbose runs."""

from importlib.util import find_spec

import pytest
from plugin_runs import HEAD, run

TESTS = """
def test_right(gradcheck): gradcheck(Dense(), x)
def test_wrong(gradcheck): gradcheck(Halved(), x)
def test_wrong_too(): assert check(Halved(), x)
"""
COMPANIONS = {
    "pytest_randomly": ("-p", "randomly"),
    "pytest_cov": ("-p", "pytest_cov", "--cov=test_it", "--cov-report=term"),
    "pytest_benchmark": ("-p", "pytest_benchmark.plugin"),
    "pytest_regressions": ("-p", "pytest_datadir.plugin", "-p", "pytest_regressions.plugin"),
    "xdist": ("-p", "xdist", "-n", "2"),
}


def told(result):
    """The first lines of the failures, and the totals; the same whatever the order of the tests."""
    return sorted(line for line in result.outlines if "is wrong in" in line and line.startswith("E ")) + [
        line for line in result.outlines if " checks in " in line
    ]


@pytest.mark.parametrize("companion", COMPANIONS)
def test_beside_another_plugin_the_same_is_told_once(pytester, monkeypatch, companion):
    if find_spec(companion) is None:
        pytest.skip(f"{companion} is not installed")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(test_it=f"{HEAD}{TESTS}")
    options = ("-p", "gradcheck.testing.pytest_plugin", "-p", "no:cacheprovider", "--gradcheck-summary")
    alone = told(pytester.runpytest_inprocess(*options, "-p", "no:randomly"))
    result = pytester.runpytest_subprocess(*options, *COMPANIONS[companion])
    result.assert_outcomes(passed=1, failed=2)
    assert told(result) == alone
    assert len(alone) == 3


def test_under_a_profile_of_hypothesis_the_smallest_case_is_shown(pytester):
    test = """
from hypothesis import given, settings, strategies as st
settings.register_profile("short", max_examples=10, database=None, deadline=None, derandomize=True)
settings.load_profile("short")

@given(n=st.integers(3, 5))
def test_it(gradcheck, n):
    gradcheck(lambda x: np.mean(x**2), x[:n, 0], grad=lambda x: 2 * x)
"""
    result = run(pytester, test)
    result.stdout.fnmatch_lines(
        ["E *GradientError: <lambda>: dx is wrong in 3 of 3 entries*", "E *again *", "E *n=3,*"]
    )


def test_several_failures_found_by_hypothesis_are_each_told(pytester):
    test = """
from hypothesis import given, settings, strategies as st

@settings(max_examples=10, database=None, deadline=None, derandomize=True)
@given(wrong=st.booleans())
def test_it(gradcheck, wrong):
    if wrong:
        gradcheck(Halved(), x)
    assert check(np.sin, x, backward=lambda dout, x: -dout * np.cos(x))
"""
    result = run(pytester, test)
    result.stdout.fnmatch_lines_random(["*GradientError: Halved: dW is wrong*", "*AssertionError: sin: dx is wrong*"])
    assert sum(" again " in line for line in result.outlines) == 2


@pytest.mark.parametrize(
    ("options", "lines"),
    [(("-q",), 6), (("--tb=line",), 2), ((), 15), (("-v",), 30)],
    ids=["quiet", "one line", "usual", "verbose"],
)
def test_a_failure_is_as_long_as_asked_for(pytester, options, lines):
    test = "def test_it(gradcheck): gradcheck(np.sin, x, backward=lambda dout, x: -dout * np.cos(x))"
    result = run(pytester, test, *options)
    (first, *_) = [i for i, line in enumerate(result.outlines) if "sin: dx is wrong in 15 of 15 entries: sign" in line]
    end = next(i for i in range(first, len(result.outlines)) if result.outlines[i].startswith(("test_it.py:", "====")))
    assert end - first <= lines


def test_in_continuous_integration_the_last_lines_stay_short(pytester, monkeypatch):
    monkeypatch.setenv("CI", "true")
    result = run(pytester, "def test_it(gradcheck): gradcheck(Halved(), x)")
    at = next(i for i, line in enumerate(result.outlines) if line.startswith("FAILED "))
    assert result.outlines[at].endswith("Halved: dW is wrong in 12 of 12 entries: factor. Multiply by 2.")
    assert "1 failed" in result.outlines[at + 1]
