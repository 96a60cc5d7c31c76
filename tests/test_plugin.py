"""The pytest plugin costs nothing while idle, and a wrong gradient fails with the report, at the line of the test."""

import sys
from pathlib import Path

import pytest
from plugin_runs import HEAD, run

VERDICT = "Halved: dW is wrong in 12 of 12 entries*"
OURS = ("*checking/*.py*", "*numerical/*.py*", "*pytest_plugin.py*")


def error_lines(result: pytest.RunResult) -> list[str]:
    """What pytest marks with an E; whether AssertionError is named before an assert differs between its versions."""
    return [line[1:].strip().removeprefix("AssertionError: ") for line in result.outlines if line.startswith("E ")]


def test_a_right_gradient_passes_and_gives_the_report(pytester):
    result = run(pytester, "def test_it(gradcheck):\n    assert gradcheck(Dense(), x)['W'].verdict == 'agree'")
    result.assert_outcomes(passed=1)


def test_the_fixture_takes_what_check_takes(pytester):
    result = run(
        pytester,
        """
def test_pair(gradcheck):
    report = gradcheck(np.sin, x, backward=lambda dout, x: dout * np.cos(x), seed=3, name="sine", wrt="x")
    assert (report.name, report.seed) == ("sine", 3)

def test_scalar_function(gradcheck):
    gradcheck(lambda x: np.sum(x**2), x, grad=lambda x: 2 * x)

def test_signature(gradcheck):
    import inspect
    assert inspect.signature(gradcheck) == inspect.signature(check)
""",
    )
    result.assert_outcomes(passed=3)


def test_a_wrong_gradient_fails_with_the_report_at_the_users_line(pytester):
    result = run(pytester, "def test_it(gradcheck):\n    gradcheck(Halved(), x)  # here")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            ">       gradcheck(Halved(), x)  # here",
            f"E       *GradientError: {VERDICT}",
            "E         worst*dW[[]*[]]*analytic*numerical*ratio 0.5*",
            "E         shapes   x (5, 3), W (3, 4), b (4,)",
            "E         passed   dx, db; 10 of 10 checks of conduct",
            "E         again    pytest *.py::test_it --gradcheck-seed=0  (seed * of check)",
            "*.py:*: GradientError",
        ]
    )
    for frame in OURS:
        result.stdout.no_fnmatch_line(frame)


def test_a_bare_assert_tells_the_same_as_the_fixture(pytester):
    by_fixture = error_lines(run(pytester, "def test_it(gradcheck):\n    gradcheck(Halved(), x, seed=0)"))
    by_assert = error_lines(run(pytester, "def test_it():\n    assert check(Halved(), x)"))
    by_fixture[0] = by_fixture[0].partition("GradientError: ")[2]
    assert by_fixture[0].startswith("Halved: dW is wrong in 12 of 12 entries")
    assert by_assert == by_fixture


@pytest.mark.parametrize(
    "test",
    [
        "assert check(Halved(), x), 'the layer of page 12'",
        "assert check(Halved(), x).ok, 'the layer of page 12'",
        "report = check(Halved(), x); assert report, 'the layer of page 12'",
        "right, wrong = check(Dense(), x), check(Halved(), x); assert wrong, 'the layer of page 12'",
    ],
)
def test_however_it_is_asserted_the_report_is_told_after_the_users_own_words(pytester, test):
    lines = error_lines(run(pytester, f"def test_it():\n    {test}"))
    assert lines[0] == "the layer of page 12"
    assert lines[1].startswith("Halved: dW is wrong in 12 of 12 entries")


@pytest.mark.parametrize("style", ["short", "line", "native"])
def test_every_style_of_traceback_names_the_tensor(pytester, style):
    result = run(pytester, "def test_it(gradcheck):\n    gradcheck(Halved(), x)", "-q", f"--tb={style}")
    result.stdout.fnmatch_lines([f"*GradientError: {VERDICT}"])


def test_other_failed_assertions_are_left_alone(pytester):
    result = run(pytester, "def test_it():\n    wrong = check(Halved(), x)\n    assert 1 == 2, 'elsewhere'")
    assert error_lines(result) == ["elsewhere", "assert 1 == 2"]


def test_a_gradient_that_cannot_be_decided_fails_too(pytester):
    noisy = "lambda x: np.sum(x) + np.random.default_rng().normal()"
    result = run(pytester, f"def test_it(gradcheck):\n    gradcheck({noisy}, x, grad=lambda x: np.ones_like(x))")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *differs between two runs from the same input*"])


def test_misuse_ends_at_the_users_line(pytester):
    result = run(pytester, "def test_it(gradcheck):\n    gradcheck(object(), x)")
    result.stdout.fnmatch_lines([">       gradcheck(object(), x)", "E *NotUnderstoodError: check does not understand*"])
    for frame in OURS:
        result.stdout.no_fnmatch_line(frame)


def test_an_error_in_the_users_forward_shows_the_users_frames_only(pytester):
    misshapen = "class Misshapen(Dense):\n    def forward(self, x):\n        return x @ self.W.T\n"
    result = run(pytester, f"{misshapen}\ndef test_it(gradcheck):\n    gradcheck(Misshapen(), x)")
    result.stdout.fnmatch_lines([">       gradcheck(Misshapen(), x)", ">       return x @ self.W.T", "*: ValueError"])
    for frame in OURS:
        result.stdout.no_fnmatch_line(frame)


def test_a_mistake_of_the_checker_keeps_its_frames(pytester):
    result = run(
        pytester,
        """
ours = {"__name__": "gradcheck.checking.made_up"}
exec("def stumble():\\n    return None.shape", ours)

def test_it():
    ours["stumble"]()
""",
    )
    result.stdout.fnmatch_lines(["*<string>:2: AttributeError"])


def test_full_trace_shows_all_frames(pytester):
    result = run(pytester, "def test_it(gradcheck):\n    gradcheck(object(), x)", "--full-trace")
    result.stdout.fnmatch_lines(["*checking/check.py:*"])


def test_in_a_unittest_test_case(pytester):
    result = run(
        pytester,
        """
import unittest

class TestLayers(unittest.TestCase):
    def test_right(self):
        self.assertTrue(check(Dense(), x))

    def test_wrong_by_assert(self):
        assert check(Halved(), x)

    def test_wrong_by_method(self):
        self.assertTrue(check(Halved(), x))

    def test_wrong_in_a_subtest(self):
        with self.subTest("second"):
            assert check(Halved(), x)

    def test_wrong_with_words(self):
        self.assertTrue(check(Halved(), x), "as we said")
""",
    )
    assert sum(line.startswith("Halved: dW is wrong in 12 of 12") for line in error_lines(result)) >= 4
    result.stdout.fnmatch_lines(["*of check) : as we said"])
    result.stdout.no_fnmatch_line("*is not true*")


def test_inside_given_without_a_health_check(pytester):
    result = run(
        pytester,
        """
from hypothesis import Phase, given, settings
from gradcheck.testing.strategies import arrays_off_kinks

@settings(max_examples=5, phases=[Phase.generate], database=None)
@given(x=arrays_off_kinks((2, 3)))
def test_right(gradcheck, x):
    gradcheck(Dense(), x)

@settings(max_examples=5, phases=[Phase.generate], database=None)
@given(x=arrays_off_kinks((2, 3)))
def test_wrong(gradcheck, x):
    gradcheck(Halved(), x)

@settings(max_examples=5, phases=[Phase.generate], database=None)
@given(x=arrays_off_kinks((2, 3)))
def test_wrong_by_assert(x):
    assert check(Halved(), x)
""",
    )
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines([f"E *GradientError: {VERDICT}", "E *: test_wrong("])
    result.stdout.fnmatch_lines([f"E *{VERDICT}", "E *: test_wrong_by_assert("])
    result.stdout.no_fnmatch_line("*function_scoped_fixture*")
    for frame in OURS:
        result.stdout.no_fnmatch_line(frame)


def test_with_two_workers(pytester):
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    tests = ["def test_right(gradcheck): gradcheck(Dense(), x)", "def test_wrong(gradcheck): gradcheck(Halved(), x)"]
    tests += ["def test_wrong_by_assert(): assert check(Halved(), x)"]
    pytester.makepyfile("\n".join([HEAD, *tests]))
    result = pytester.runpytest_subprocess("-n", "2", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=2)
    assert sum("Halved: dW is wrong in 12 of 12 entries" in line for line in error_lines(result)) == 2


def test_switched_off_the_fixture_is_gone_and_check_still_works(pytester):
    tests = "def test_fixture(gradcheck): pass\ndef test_check():\n    assert check(Halved(), x)"
    result = run(pytester, tests, "-p", "no:gradcheck")
    result.assert_outcomes(errors=1, failed=1)
    result.stdout.fnmatch_lines(["E *fixture 'gradcheck' not found", "E *assert <Report Halved: *"])


def test_it_is_listed_among_the_fixtures(pytester):
    result = pytester.runpytest("--fixtures")
    result.stdout.fnmatch_lines(["gradcheck [[]session scope[]]*", "*fail the test if it is wrong*"])


RUN_AND_LIST_MODULES = """
import sys, pytest
status = pytest.main(["-v", "-rA", "-p", "no:cacheprovider", "test_unrelated.py", *sys.argv[1:]])
print("modules:", *sorted(sys.modules))
print("status:", int(status))
"""


def modules_after_an_unrelated_run(pytester: pytest.Pytester, *options: str) -> set[str]:
    """What is loaded after a run with header and summary, a passing and a failing test, and no other plugin."""
    pytester.makepyfile(test_unrelated="def test_passes(): pass\ndef test_fails(): assert [] == [1]")
    result = pytester.runpython_c(RUN_AND_LIST_MODULES.replace("*sys.argv[1:]", ", ".join(map(repr, options))))
    result.stdout.fnmatch_lines(["*1 failed, 1 passed*", "status: 1"])
    (line,) = [line for line in result.outlines if line.startswith("modules: ")]
    return set(line.split()[1:])


def test_idle_it_imports_nothing_beyond_pytest_and_the_standard_library(pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    without = modules_after_an_unrelated_run(pytester)
    with_plugin = modules_after_an_unrelated_run(pytester, "-p", "gradcheck.testing.pytest_plugin")
    added = with_plugin - without
    assert {name for name in added if name.partition(".")[0] not in sys.stdlib_module_names} == {
        "gradcheck",
        "gradcheck.testing",
        "gradcheck.testing.pytest_plugin",
        "gradcheck.testing.plugin",
        "gradcheck.testing.plugin.collected",
        "gradcheck.testing.plugin.recorder",
        "gradcheck.testing.plugin.settings",
    }
    assert not {"numpy", "autograd", "hypothesis", "rich"} & with_plugin


def test_the_test_of_idleness_sees_an_import_of_numpy(pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    Path("heavy.py").write_text("def pytest_terminal_summary():\n    import numpy\n", encoding="utf-8")
    assert "numpy" in modules_after_an_unrelated_run(pytester, "-p", "heavy")
