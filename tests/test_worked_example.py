"""The worked example comes out to the published digits, by the general mechanism."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from gradcheck import explain
from gradcheck.derivation import worked_example
from gradcheck.derivation.worked_example import AT, RATE, error

SCRIPT = Path(__file__).parent.parent / "worked_examples" / "03_chain_rule_w5_w1.py"


@pytest.fixture(scope="module")
def w5():
    return explain(error, wrt="w5", at=AT, rate=RATE)


@pytest.fixture(scope="module")
def w1():
    return explain(error, wrt="w1", at=AT, rate=RATE)


@pytest.fixture(scope="module")
def script():
    """The worked example's script, run as a module."""
    spec = importlib.util.spec_from_file_location("chain_rule", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_forward_pass_has_the_published_values(w1):
    published = {
        "net_h1": 0.3775,
        "out_h1": 0.593269992,
        "out_h2": 0.596884378,
        "net_o1": 1.105905967,
        "out_o1": 0.751365070,
        "out_o2": 0.772928465,
        "E_o1": 0.274811083,
        "E_o2": 0.023560026,
        "E": 0.298371109,
    }
    assert {name: round(float(w1.forward[name]), 9) for name in published} == published
    assert list(w1.forward)[-1] == "E"


def test_w5_has_one_path_with_the_textbook_factors(w5):
    (path,) = w5.paths
    assert path.names == ("w5", "net_o1", "out_o1", "E_o1", "E")
    assert [(factor.symbol, factor.rule) for factor in path.factors] == [
        ("∂E/∂E_o1", "1"),
        ("∂E_o1/∂out_o1", "-(t1 - out_o1)"),
        ("∂out_o1/∂net_o1", "out_o1 * (1 - out_o1)"),
        ("∂net_o1/∂w5", "out_h1"),
    ]
    assert [round(factor.value, 9) for factor in path.factors] == [1, 0.741365070, 0.186815602, 0.593269992]
    assert round(w5.value, 9) == round(path.value, 9) == 0.082167041
    assert round(w5.updated, 9) == 0.358916480


def test_w1_has_two_paths_that_add_up(w1):
    assert [path.names[3] for path in w1.paths] == ["net_o1", "net_o2"]
    assert [round(path.value, 9) for path in w1.paths] == [0.000668396, -0.000229828]
    assert w1.value == pytest.approx(sum(path.value for path in w1.paths), rel=1e-14)
    assert round(w1.value, 9) == 0.000438568
    assert round(w1.updated, 9) == 0.149780716
    rules = [factor.rule for factor in w1.paths[1].factors]
    assert rules == ["1", "-(t2 - out_o2)", "out_o2 * (1 - out_o2)", "w7", "out_h1 * (1 - out_h1)", "i1"]


def test_the_shared_part_is_computed_once_and_named(w1):
    delta = [row for row in w1.rows if row.delta]
    assert [(row.delta, row.above, row.below, row.kind) for row in delta] == [("δ", "E", "out_h1", "sum")]
    assert round(delta[0].value, 9) == 0.036350306
    subtotals = [round(w1.rows[k - 1].value, 9) for k in delta[0].cites]
    assert subtotals == [0.055399425, -0.019049118]
    factors = [(row.above, row.below) for row in w1.rows if row.kind == "factor"]
    assert len(factors) == len(set(factors)) == 10


@pytest.mark.parametrize("weight", [f"w{k}" for k in range(1, 9)] + ["b1", "b2", "i1", "t2"])
def test_every_factor_agrees_with_its_own_central_difference(weight):
    derivation = explain(error, wrt=weight, at=AT)
    for path in derivation.paths:
        for factor in path.factors:
            assert factor.agrees, factor
            assert factor.value == pytest.approx(factor.numerical, rel=1e-10, abs=1e-12)
    assert derivation.ok
    assert derivation.error < 1e-8


def test_old_value_is_said_of_weights_only_and_only_with_a_rate(w1):
    assert [row.text for row in w1.rows if row.note == "old value"] == ["w5", "w7"]
    assert not any(row.note for row in explain(error, wrt="w1", at=AT).rows)


def test_the_published_value_is_compared_in_all_its_decimals():
    right = explain(error, wrt="w1", at=AT, published=0.000438568)
    wrong = explain(error, wrt="w1", at=AT, published=0.000438569)
    assert right.ok
    assert not wrong.ok
    assert "all 9 decimals" in str(right)


def test_the_script_has_the_same_network(script):
    assert script.AT == AT
    assert script.RATE == RATE
    assert script.error(**AT) == error(**AT)
    for weight in ("w1", "w5"):
        assert explain(script.error, weight, AT).text() == explain(error, weight, AT).text()


def test_all_weights_updated_together_give_the_published_errors(script):
    assert round(script.train(script.simultaneous, 0), 9) == 0.298371109
    assert round(script.train(script.simultaneous, 1), 9) == 0.291027774
    assert f"{script.train(script.simultaneous, 9_999):.5e}" == "3.51085e-05"
    assert f"{script.train(script.simultaneous, 10_000):.5e}" == "3.51019e-05"


def test_the_other_published_error_comes_from_updating_the_output_layer_first(script):
    assert round(script.train(script.sequential, 1), 9) == 0.291027924


def test_the_matrices_of_the_script_are_the_derivations_of_the_eight_weights(script):
    delta_o, dW2 = script.output_gradient(*script.START)
    dW1 = script.hidden_gradient(*script.START, delta_o)
    derived = [explain(error, wrt=f"w{k}", at=AT).value for k in range(1, 9)]
    np.testing.assert_allclose(np.concatenate([dW1.ravel(), dW2.ravel()]), derived, rtol=1e-12)


def test_the_network_is_importable_where_the_documentation_says():
    assert worked_example.error.__doc__
