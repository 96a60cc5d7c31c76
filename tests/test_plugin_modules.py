"""Modules are collected as tests, one for each tensor; what cannot be checked is skipped with a reason."""

import pytest
from plugin_runs import LAYERS, QUIET

MODULE = f"""
{LAYERS}
class Base:
    def forward(self, x): raise NotImplementedError
    def backward(self, dout): raise NotImplementedError

class Doubled:
    def forward(self, x): return 2 * x
    def backward(self, dout): return dout

def relu_forward(x): return np.maximum(x, 0), x
def relu_backward(dout, x): return dout * (x > 0)

def kept_forward(x): return x * 2, x
def kept_backward(dout, x):
    x[...] = 0
    return dout * 2
"""
VERDICTS = {
    "Dense::x": "PASSED", "Dense::W": "PASSED", "Dense::b": "PASSED", "Dense::conduct": "PASSED",
    "Halved::x": "PASSED", "Halved::W": "FAILED", "Halved::b": "PASSED", "Halved::conduct": "PASSED",
    "Doubled::x": "FAILED", "Doubled::conduct": "PASSED",
    "Base::gradient": "SKIPPED", "relu_forward::x": "PASSED", "relu_forward::conduct": "PASSED",
    "kept_forward::x": "PASSED", "kept_forward::conduct": "FAILED",
}  # fmt: skip


def verdicts(result):
    """What became of each test, as ``-v`` prints it, with workers or without."""
    found = {}
    for line in result.outlines:
        words = [word for word in line.split() if word.startswith("my_layers.py::") or word.isupper()]
        if len(words) == 2 and line.split()[0] not in ("FAILED", "SKIPPED"):
            name, verdict = sorted(words, key=str.isupper)
            found[name.partition("::")[2]] = verdict
    return {name: verdict for name, verdict in found.items() if name}


@pytest.fixture
def module(pytester):
    pytester.makepyfile(my_layers=MODULE)
    return pytester


def test_every_tensor_of_a_module_is_a_test(module):
    result = module.runpytest(*QUIET, "--gradcheck-modules", "-v", "-rs")
    assert verdicts(result) == VERDICTS
    result.stdout.fnmatch_lines(
        [
            "Halved: dW is wrong in 12 of 12 entries: factor. Multiply by 2.",
            "  again    pytest my_layers.py::Halved::W --gradcheck-seed=0 --gradcheck-modules  (seed * of check)",
            "5 checks in 5 tests: 2 agree, 3 wrong",
            "SKIPPED * a base class, or not written yet*",
        ]
    )


def test_two_workers_find_the_same(module):
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    result = module.runpytest_subprocess(*QUIET, "--gradcheck-modules", "-v", "-n", "2")
    found = {line.split()[-1].partition("::")[2]: line.split()[-2] for line in result.outlines if line[:3] == "[gw"}
    assert {name: word for name, word in found.items() if name} == VERDICTS
    result.stdout.fnmatch_lines(["5 checks in 5 tests: 2 agree, 3 wrong"])


def test_one_test_by_its_name(module):
    result = module.runpytest(*QUIET, "--gradcheck-modules", "--tb=line", "my_layers.py::Halved::W")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*my_layers.py:17: *GradientError: Halved: dW is wrong in 12 of 12 entries*"])


def test_the_ini_file_names_modules_that_lie_elsewhere(module):
    package = module.mkdir("src") / "net"
    package.mkdir()
    (package / "layers.py").write_text(LAYERS, encoding="utf-8")
    module.mkdir("tests")
    module.makeini("[pytest]\ntestpaths = tests\ngradcheck_modules = net.layers\n")
    result = module.runpytest(*QUIET, "--collect-only", "-q")
    assert [line for line in result.outlines if "::" in line] == [
        f"src/net/layers.py::{name}" for name in VERDICTS if name.startswith(("Dense", "Halved"))
    ]


def test_without_being_asked_nothing_is_collected(module):
    assert module.runpytest(*QUIET).ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_files_of_tests_and_of_settings_are_no_modules(pytester):
    for name in ("test_some", "conftest", "setup"):
        (pytester.path / f"{name}.py").write_text(LAYERS, encoding="utf-8")
    assert pytester.runpytest(*QUIET, "--gradcheck-modules").ret == pytest.ExitCode.NO_TESTS_COLLECTED


@pytest.mark.parametrize(("pattern", "named"), [("*.py", "."), ("my_*.py", "my_layers.py"), ("test_*.py", ".")])
def test_a_pattern_that_every_file_fits_and_a_file_asked_for_by_name_leave_its_layers_in(module, pattern, named):
    module.makeini(f"[pytest]\npython_files = {pattern}")
    assert "Halved::W" in verdicts(module.runpytest(*QUIET, "--gradcheck-modules", "-v", named))


def test_a_pattern_of_test_files_leaves_their_layers_out(module):
    module.makeini("[pytest]\npython_files = my_*.py")
    assert verdicts(module.runpytest(*QUIET, "--gradcheck-modules", "-v")) == {}


def test_a_module_that_cannot_be_imported_is_skipped_or_an_error_where_it_was_named(pytester):
    pytester.makepyfile(broken="1 / 0")
    pytester.mkdir("below").joinpath("other.py").write_text("", encoding="utf-8")
    skipped = pytester.runpytest(*QUIET, "--gradcheck-modules", "-rs")
    skipped.assert_outcomes(skipped=1)
    skipped.stdout.fnmatch_lines(["SKIPPED * broken.py:1: cannot be imported: ZeroDivisionError*"])
    named = pytester.runpytest(*QUIET, "--gradcheck-modules", "broken.py")
    named.stdout.fnmatch_lines(["*ERROR collecting broken.py*", "*broken.py cannot be imported: ZeroDivisionError*"])


def test_settings_hold_for_modules_too(module):
    slightly = "class Slightly(Dense):\n    def backward(self, dout):\n        dx = super().backward(dout)\n"
    module.makepyfile(slightly=f"{LAYERS}\n{slightly}        self.dW *= 1.01\n        return dx\n")
    for rtol, passed in ((0.1, 1), (0, 0)):
        result = module.runpytest(*QUIET, "--gradcheck-modules", f"--gradcheck-rtol={rtol}", "slightly.py::Slightly::W")
        result.assert_outcomes(passed=passed, failed=1 - passed)
    few = module.runpytest(
        *QUIET, "--gradcheck-modules", "-k", "layers and Dense and W", "--gradcheck-max-evaluations=9"
    )
    few.stdout.fnmatch_lines(["Dense: undecided for dW*max_evaluations=9 was reached*"])
