"""How a local derivative comes about, operation by operation: every link is right, and their product is the factor."""

import numpy as np
import pytest

from gradcheck import explain
from gradcheck.derivation.proofs import multiplied
from gradcheck.derivation.worked_example import AT, error

CASES = {
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "gaussian": lambda x: np.exp(-((x - 1) ** 2) / 2),
    "root": lambda x: np.sqrt(1 + x**2),
    "log of log": lambda x: np.log(2 + np.log(3 + x)),
}


@pytest.mark.parametrize("name", CASES)
def test_the_links_multiply_to_the_factor(name):
    derivation = explain(CASES[name], "x", {"x": 0.7})
    (proof,) = derivation.proofs
    assert len(proof.links) > 1
    assert multiplied(proof) == pytest.approx(derivation.value, rel=1e-12)


def test_a_kind_of_step_is_proved_once_and_the_others_are_named():
    proofs = explain(error, "w1", AT).proofs
    assert [(proof.above, proof.below) for proof in proofs] == [("E_o1", "out_o1"), ("out_o1", "net_o1")]
    assert proofs[1].alike == ("∂out_o2/∂net_o2", "∂out_h1/∂net_h1")


def test_no_name_of_a_proof_stays_behind():
    derivation = explain(error, "w5", AT)
    assert not {"u1", "u2", "u3"} & set(derivation.forward)


def test_a_single_operation_needs_no_proof():
    assert explain(lambda x: np.tanh(x), "x", {"x": 0.3}).proofs == ()


def test_a_step_with_two_ways_through_it_has_none():
    assert explain(lambda x: np.exp(x) * np.sin(x), "x", {"x": 0.3}).proofs == ()
