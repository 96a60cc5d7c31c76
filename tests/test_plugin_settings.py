"""Markers before the command line before the ini file before the default; what is no value is refused by name."""

import json

import pytest
from plugin_runs import run

ROUGH = "gradcheck(lambda x: np.sum(x**2), x, grad=lambda x: 2 * x * (1 + 1e-4))"


def seeds(pytester, test, *options):
    """The seed of each test by its name, from the JSON report."""
    run(pytester, test, "--gradcheck-report=r.json", *options)
    checks = json.loads((pytester.path / "r.json").read_text(encoding="utf-8"))["checks"]
    return {check["test"].partition("::")[2]: check["report"]["seed"] for check in checks}


TWO = """
@pytest.mark.parametrize("n", [2, 3])
def test_one(gradcheck, n): gradcheck(np.sin, x[:n], backward=lambda dout, x: dout * np.cos(x))
def test_other(gradcheck): gradcheck(np.sin, x, backward=lambda dout, x: dout * np.cos(x))
"""


def test_every_test_has_a_seed_of_its_own_from_the_seed_of_the_run(pytester):
    usual = seeds(pytester, TWO)
    assert len(set(usual.values())) == len(usual) == 3
    assert seeds(pytester, TWO, "-k", "test_other") == {"test_other": usual["test_other"]}
    others = seeds(pytester, TWO, "--gradcheck-seed=7")
    assert others.keys() == usual.keys()
    assert not set(others.values()) & set(usual.values())


def test_what_counts_before_what(pytester):
    pytester.makeini("[pytest]\ngradcheck_seed = 7\ngradcheck_rtol = 1e-3\n")
    default_and_ini = seeds(pytester, TWO)
    assert seeds(pytester, TWO, "--gradcheck-seed=7") == default_and_ini
    assert seeds(pytester, TWO, "--gradcheck-seed=0") != default_and_ini
    test = f"""
def test_ini(gradcheck): {ROUGH}
@pytest.mark.gradcheck(rtol=0)
def test_marker(gradcheck): {ROUGH}
@pytest.mark.gradcheck(rtol=0)
def test_call(gradcheck): {ROUGH.replace("x, grad", "x, rtol=1e-3, grad")}
@pytest.mark.gradcheck(rtol=1e-3)
class TestNearest:
    @pytest.mark.gradcheck(rtol=0)
    def test_nearest(self, gradcheck): {ROUGH}
    @pytest.mark.gradcheck(seed=3)
    def test_both(self, gradcheck): assert {ROUGH}.seed == 3
"""
    by_ini = run(pytester, test, "-rA")
    by_ini.stdout.fnmatch_lines_random(
        [
            "PASSED *::test_ini", "FAILED *::test_marker*", "PASSED *::test_call", "FAILED *::test_nearest*",
            "PASSED *::test_both",
        ]
    )  # fmt: skip
    run(pytester, test, "--gradcheck-rtol=0", "-rA").stdout.fnmatch_lines(["FAILED *::test_ini*"])


def test_the_marker_sets_precision_order_and_limit(pytester):
    result = run(
        pytester,
        """
@pytest.mark.gradcheck(dtype="float32")
def test_dtype(gradcheck):
    def forward(x): raise ValueError(f"it is {x.dtype}")
    gradcheck(forward, x, backward=np.multiply)

@pytest.mark.gradcheck(dtype="float32")
def test_dtype_of_parameters(gradcheck):
    dense = Dense()
    gradcheck(dense, x)
    assert dense.W.dtype == x.dtype == np.float64

@pytest.mark.gradcheck(order=2)
def test_order(gradcheck):
    import autograd.numpy as anp
    assert len(gradcheck(lambda x: anp.sum(anp.sin(x)), x).tensors) > 1

@pytest.mark.gradcheck(max_evaluations=9)
def test_limit(gradcheck):
    gradcheck(Dense(), x)

@pytest.mark.gradcheck(dtype="int8")
def test_integers(gradcheck):
    gradcheck(Dense(), x)
""",
    )
    result.assert_outcomes(passed=2, failed=3)
    result.stdout.fnmatch_lines(
        [
            "E *ValueError: it is float32",
            "E *Dense: undecided for dx, dW, db: max_evaluations=9 was reached before it was settled",
            "E *ValueError: @pytest.mark.gradcheck(dtype='int8') is no floating-point type; pass dtype='float32'",
        ]
    )


def test_a_marker_that_says_nothing_is_refused(pytester):
    result = run(
        pytester,
        """
@pytest.mark.gradcheck(rtoll=1)
def test_unknown(gradcheck): pass
@pytest.mark.gradcheck(1e-6)
def test_positional(gradcheck): pass
@pytest.mark.gradcheck(seed=3)
def test_without_fixture(): assert check(Dense(), x)
""",
    )
    result.assert_outcomes(errors=3)
    result.stdout.fnmatch_lines(
        [
            "@pytest.mark.gradcheck has no keyword 'rtoll'; did you mean rtol? it takes rtol, seed, dtype, order, *",
            "@pytest.mark.gradcheck takes keywords only, but got 1e-06; write for example *",
            "@pytest.mark.gradcheck sets keywords of the fixture gradcheck, which this test does not take; *",
        ]
    )


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--gradcheck-seed=-1", "*argument --gradcheck-seed: '-1' is no whole number of 0 or more*"),
        ("--gradcheck-seed=x", "*argument --gradcheck-seed: 'x' is no whole number of 0 or more*"),
        ("--gradcheck-rtol=nan", "*argument --gradcheck-rtol: 'nan' is no number of 0 or more, such as 1e-6*"),
        ("--gradcheck-max-evaluations=0", "*argument --gradcheck-max-evaluations: '0' is no whole number of 1*"),
        ("--gradcheck-report=a.txt", "*argument --gradcheck-report: 'a.txt' ends neither in .html nor in .json*"),
        ("-ogradcheck_seed=x", "*ini option gradcheck_seed: 'x' is no whole number of 0 or more"),
        ("-ogradcheck_rtol=-1", "*ini option gradcheck_rtol: '-1' is no number of 0 or more, such as 1e-6"),
        ("-ogradcheck_max_evaluations=no", "*ini option gradcheck_max_evaluations: 'no' is no whole number*"),
        ("-ogradcheck_report=a", "*ini option gradcheck_report: 'a' ends neither in .html nor in .json"),
    ],
)  # fmt: skip
def test_a_bad_value_is_a_usage_error(pytester, option, told):
    result = pytester.runpytest("-p", "no:cacheprovider", option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([told])


def test_the_header_tells_what_is_not_usual(pytester):
    result = run(pytester, "def test_it(): pass", "--gradcheck-seed=3", "--gradcheck-rtol=1e-5")
    result.stdout.fnmatch_lines(["gradcheck: seed=3, rtol=1e-05"])
    run(pytester, "def test_it(): pass").stdout.no_fnmatch_line("gradcheck: *")


def test_the_command_beneath_a_failure_repeats_it(pytester):
    test = "@pytest.mark.parametrize('n', [1], ids=['a b'])\ndef test_it(gradcheck, n): gradcheck(Halved(), x)"
    result = run(pytester, test, "--gradcheck-seed=5", "--gradcheck-rtol=1e-9")
    (line,) = [line for line in result.outlines if " again " in line]
    command = "pytest 'test_it.py::test_it[a b]' --gradcheck-seed=5 --gradcheck-rtol=1e-09"
    assert line.split("again")[1].strip().startswith(command)
    again = pytester.runpytest("-p", "no:cacheprovider", "test_it.py::test_it[a b]", *command.split()[-2:])
    (worst,) = [line for line in result.outlines if " worst " in line]
    assert worst in again.outlines


def test_options_and_marker_are_listed(pytester):
    pytester.runpytest("--help").stdout.fnmatch_lines(["checks of hand-written gradients:", "*--gradcheck-seed=N*"])
    pytester.runpytest("--markers").stdout.fnmatch_lines(["@pytest.mark.gradcheck(rtol=, seed=, dtype=, order=, *"])
