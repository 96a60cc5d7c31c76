"""Plausible wrong backwards, three or more for each layer and loss: the comparison with autograd sees all."""

import numpy as np
import pytest
from autograd_references import REFERENCES, analytic, by_autograd, disagreements, value
from wrong_layers import WRONG, shows, wrong_cases

from gradcheck.analytic import cases

MISTAKES = list(wrong_cases())


@pytest.mark.parametrize("case", [case for _, case in MISTAKES], ids=[name for name, _ in MISTAKES])
def test_a_wrong_backward_disagrees_with_autograd(case):
    dy = np.random.default_rng(1).normal(size=np.shape(value(case)))
    assert disagreements(analytic(case, dy), by_autograd(case, dy)) != []


def test_each_class_has_three_mistakes_and_each_mistake_a_case():
    assert set(WRONG) == set(REFERENCES)
    assert min(len(mistakes) for mistakes in WRONG.values()) >= 3
    for right, mistakes in WRONG.items():
        for mistake in mistakes:
            assert any(shows(mistake, case) for case in cases() if type(case.subject) is right)
