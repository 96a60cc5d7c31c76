"""The list of checks: every one passes for a right layer, and the one a layer fails says by its name what is wrong."""

import copy
import re

import numpy as np
import pytest

from gradcheck.analytic import Dense, ReLU, Tanh, cases
from gradcheck.testing import layer_checks, parametrize_with_layer_checks
from gradcheck.testing.checklist import CHECKS

x = np.array([[0.7, -1.3, 2.1], [-0.4, 0.9, 1.1]])
CHOSEN = [case for case in cases() if case.name in ("Dense", "BatchNormalization", "MaxPooling1D", "Add", "Dropout")]


@parametrize_with_layer_checks([*CHOSEN, (ReLU(), x)])
def test_the_layers_of_the_library_pass(case, check):
    check(case)


class NotLinear(Tanh):
    def backward(self, dy):
        return super().backward(dy) * np.abs(dy)


class Wrong(Tanh):
    def _backward(self, dy, y):
        return dy * (1 - y)


class Overwrites(Tanh):
    def backward(self, dy):
        dx = super().backward(dy)
        dy[...] = 0
        return dx


class Forgets(Tanh):
    first = None

    def _forward(self, x):
        y = np.tanh(x)
        self.first = y if self.first is None else self.first
        return y, self.first


class OfAnotherDtype(Tanh):
    def backward(self, dy):
        return super().backward(dy).astype(np.float32)


class NotFinite(Tanh):
    def backward(self, dy):
        return super().backward(dy) * np.inf


class WritesToItsInput(Tanh):
    def _forward(self, x):
        x += 0
        return super()._forward(x)


@pytest.mark.parametrize(
    ("layer", "failed"),
    [
        (Wrong(), "gradients_are_right"),
        (Wrong(), "gradients_are_right_entry_by_entry"),
        (Wrong(), "gradients_are_right_for_other_cotangents"),
        (NotLinear(), "backward_is_linear"),
        (Overwrites(), "nothing_of_the_callers_changes"),
        (Forgets(), "backward_belongs_to_the_last_forward"),
        (OfAnotherDtype(), "gradients_have_the_dtypes_of_their_arrays"),
        (NotFinite(), "gradients_are_finite"),
        (WritesToItsInput(), "read_only_and_strided_inputs_will_do"),
    ],
    ids=lambda thing: thing if isinstance(thing, str) else type(thing).__name__,
)
def test_a_layer_that_does_not_fails_the_check_of_that_name(layer, failed):
    checks = dict(layer_checks(layer, x.copy()))
    with pytest.raises((AssertionError, ValueError)):
        checks[failed]()


@pytest.mark.parametrize("layer", [Overwrites(), OfAnotherDtype()], ids=lambda layer: type(layer).__name__)
def test_right_gradients_pass_their_checks_whatever_else_is_wrong(layer):
    failed = []
    for name, run in layer_checks(layer, x.copy()):
        try:
            run()
        except AssertionError:
            failed.append(name)
    assert len(failed) == 1


def test_the_plain_list_holds_all_checks_and_leaves_the_layer_as_it_was():
    layer = Dense(3, 4, rng=0)
    kept = copy.deepcopy(layer.params)
    checks = layer_checks(layer, x)
    assert [name for name, _ in checks] == list(CHECKS)
    for _, run in checks:
        run()
    assert all(np.array_equal(kept[name], W) for name, W in layer.params.items())


def test_ids_can_be_read_and_known_failures_have_reasons(pytester):
    pytester.makepyfile(
        """
        import numpy as np
        from gradcheck.analytic import Tanh
        from gradcheck.testing import parametrize_with_layer_checks

        x = np.array([[0.7, -1.3, 2.1], [-0.4, 0.9, 1.1]])

        class Plain:  # without a repr of its own
            def forward(self, x):
                return 2 * x

            def backward(self, dy):
                return 2 * dy

        class Loud(Tanh):
            def backward(self, dy):
                return super().backward(dy) * np.abs(dy)

        def known(layer):
            wrong = ["gradients_are_right", "gradients_are_right_entry_by_entry",
                     "gradients_are_right_for_other_cotangents", "backward_is_linear"]
            return {name: "it multiplies by |dy|" for name in wrong} if isinstance(layer, Loud) else {}

        @parametrize_with_layer_checks([(Loud(), x), (Tanh(), x), (Plain(), x)], expected_failures=known)
        def test_layers(case, check):
            check(case)
        """
    )
    result = pytester.runpytest_subprocess("-v", "-rx", "-p", "no:cacheprovider")
    result.assert_outcomes(xfailed=4, passed=3 * len(CHECKS) - 4)
    result.stdout.fnmatch_lines(["*test_layers[[]Plain-backward_is_linear] PASSED*"])
    result.stdout.fnmatch_lines(["*test_layers[[]Tanh()-backward_is_linear] PASSED*"])
    result.stdout.fnmatch_lines(["XFAIL *test_layers[[]Loud()-backward_is_linear] - it multiplies by |dy|"])


def test_a_failure_that_no_check_could_show_and_a_case_that_is_none():
    with pytest.raises(ValueError, match=re.escape("there is no check 'backward_is_fast' that ReLU() could fail")):
        parametrize_with_layer_checks([(ReLU(), x)], expected_failures=lambda layer: {"backward_is_fast": "no"})
    with pytest.raises(TypeError, match=re.escape("ReLU() is no case; expected a tuple (layer, x, ...)")):
        parametrize_with_layer_checks([ReLU()])
