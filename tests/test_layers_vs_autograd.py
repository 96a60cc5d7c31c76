"""Every backward is the derivative that autograd finds from the formula, at any shape and values."""

import numpy as np
import pytest
from autograd_references import REFERENCES, analytic, by_autograd, disagreements, reference_of, value
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck.analytic import cases
from gradcheck.testing.strategies import cotangents, layer_cases

LAYERS = sorted(REFERENCES, key=lambda layer_type: layer_type.__name__)


@pytest.mark.parametrize("layer_type", LAYERS, ids=lambda layer_type: layer_type.__name__)
@settings(max_examples=15)
@given(data=st.data())
def test_backward_is_the_derivative_autograd_finds(layer_type, data):
    case = data.draw(layer_cases(layer_type))
    dy = data.draw(cotangents(np.shape(value(case))))
    assert disagreements(analytic(case, dy), by_autograd(case, dy)) == []


@pytest.mark.parametrize("layer_type", LAYERS, ids=lambda layer_type: layer_type.__name__)
@settings(max_examples=5)
@given(data=st.data())
def test_forward_is_the_plain_formula(layer_type, data):
    case = data.draw(layer_cases(layer_type))
    expected = reference_of(case.subject)(case.subject, case.subject.params, *case.inputs)
    np.testing.assert_allclose(value(case), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_every_case_of_the_catalogue_agrees_with_autograd(case):
    dy = np.random.default_rng(1).normal(size=np.shape(value(case)))
    assert disagreements(analytic(case, dy), by_autograd(case, dy)) == []
