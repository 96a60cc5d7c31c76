"""Analytic equals numerical for every layer and loss, and `check` lets no plausible wrong backward pass."""

import pytest
from autograd_references import REFERENCES
from hypothesis import given, settings
from hypothesis import strategies as st
from wrong_layers import wrong_cases

from gradcheck import check
from gradcheck.analytic import cases
from gradcheck.testing.strategies import layer_cases

LAYERS = sorted(REFERENCES, key=lambda layer_type: layer_type.__name__)
MISTAKES = list(wrong_cases())


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_every_case_of_the_catalogue_agrees(case):
    assert check(case.subject, *case.inputs, wrt=case.wrt)


@pytest.mark.parametrize("layer_type", LAYERS, ids=lambda layer_type: layer_type.__name__)
@settings(max_examples=5)
@given(data=st.data())
def test_backward_agrees_whatever_the_shape_and_values(layer_type, data):
    case = data.draw(layer_cases(layer_type))
    assert check(case.subject, *case.inputs, wrt=case.wrt)


@pytest.mark.parametrize("case", [case for _, case in MISTAKES], ids=[name for name, _ in MISTAKES])
def test_a_wrong_backward_is_caught(case):
    # So many evaluations do for a verdict, if not for every diagnosis.
    assert check(case.subject, *case.inputs, wrt=case.wrt, max_evaluations=1000).verdict == "disagree"
