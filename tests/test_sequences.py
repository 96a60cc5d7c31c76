"""Layers of sequences at their ends: lengths, masks, extremes, and what they say to a wrong call."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck.analytic import (
    GRU,
    LSTM,
    Bidirectional,
    MultiHeadAttention,
    ScaledDotProductAttention,
    SimpleRNN,
    softmax,
)

RECURRENT = [SimpleRNN, LSTM, GRU]
each = pytest.mark.parametrize("kind", RECURRENT)
rng = np.random.default_rng(0)
x = rng.normal(size=(3, 5, 2))


def says(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


@each
def test_the_last_state_is_the_last_of_all_states(kind):
    last, every = kind(2, 4, rng=1), kind(2, 4, rng=1, return_sequences=True)
    lengths = np.array([5, 2, 4])
    y = every.forward(x, lengths)
    np.testing.assert_array_equal(last.forward(x, lengths), y[range(3), lengths - 1])
    assert y.shape == (3, 5, 4)
    assert not y[1, 2:].any()
    assert not y[2, 4:].any()
    dy = rng.normal(size=(3, 4))
    spread = np.zeros_like(y)
    spread[range(3), lengths - 1] = dy
    np.testing.assert_allclose(last.backward(dy), every.backward(spread), rtol=1e-13)
    for name, gradient in last.grads.items():
        np.testing.assert_allclose(gradient, every.grads[name], rtol=1e-12)


@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("make", [*RECURRENT, lambda D, H, **o: Bidirectional(LSTM(D, H, **o), GRU(D, H, **o))])
@pytest.mark.parametrize("rubbish", [1e30, np.nan])
def test_a_sequence_with_a_length_is_the_shorter_sequence(make, return_sequences, rubbish):
    layer = make(2, 4, rng=1, return_sequences=return_sequences)
    padded = x.copy()
    padded[:, 3:] = rubbish
    y = layer.forward(padded, [3, 3, 3])
    dy = rng.normal(size=y.shape)
    dx, grads = layer.backward(dy), {name: gradient.copy() for name, gradient in layer.grads.items()}
    short = layer.forward(x[:, :3])
    np.testing.assert_allclose(y[:, :3] if return_sequences else y, short, rtol=1e-13)
    np.testing.assert_allclose(dx[:, :3], layer.backward(dy[:, :3] if return_sequences else dy), rtol=1e-12)
    assert not dx[:, 3:].any()
    for name, gradient in layer.grads.items():
        np.testing.assert_allclose(grads[name], gradient, rtol=1e-12)


@each
def test_an_empty_sequence_leaves_the_state_at_nothing(kind):
    layer = kind(2, 4, rng=1)
    assert not layer.forward(x[:, :0]).any()
    assert layer.backward(np.ones((3, 4))).shape == (3, 0, 2)
    assert not layer.grads["W"].any()
    assert not layer.forward(x, [0, 5, 0])[[0, 2]].any()


@each
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_enormous_inputs_saturate_the_gates_and_nothing_overflows(kind, dtype):
    layer = kind(2, 4, rng=1, return_sequences=True, dtype=dtype)
    y = layer.forward(np.where(x > 0, 1e4, -1e4).astype(dtype))
    assert np.all(np.abs(y) <= 5)
    dx = layer.backward(np.ones_like(y))
    assert dx.dtype == dtype
    assert np.all(np.isfinite(dx))


def test_an_lstm_with_open_gates_carries_a_gradient_over_a_thousand_steps():
    """Its cell passes the gradient on as it is; the simple layer multiplies it by U each time."""
    silence = np.zeros((1, 1000, 1))
    lstm, simple = LSTM(1, 1), SimpleRNN(1, 1)
    lstm.W[...], lstm.U[...], lstm.b[...] = [0, 0, 1, 0], 0, [0, 20, 0, 20]
    simple.W[...], simple.U[...] = 1, 0.5
    lstm.forward(silence)
    simple.forward(silence)
    assert lstm.backward([[1.0]])[0, 0, 0] == pytest.approx(0.5, rel=1e-5)  # its input gate is half open
    assert simple.backward([[1.0]])[0, 0, 0] < 1e-300


def test_both_directions_are_the_two_layers_by_themselves():
    onward, back = GRU(2, 3, rng=0, return_sequences=True), GRU(2, 4, rng=1, return_sequences=True)
    y = Bidirectional(onward, back).forward(x)
    np.testing.assert_array_equal(y[..., :3], onward.forward(x))
    np.testing.assert_array_equal(y[:, ::-1, 3:], back.forward(x[:, ::-1]))


def test_parameters_of_both_directions_are_live():
    layer = Bidirectional(LSTM(2, 3, rng=0), LSTM(2, 3, rng=1))
    before = layer.forward(x)
    layer.params["back.W"] = np.zeros_like(layer.params["back.W"])
    after = layer.forward(x)
    assert np.array_equal(before[:, :3], after[:, :3])
    assert not np.array_equal(before[:, 3:], after[:, 3:])
    assert layer.back.W is layer.params["back.W"]


def test_what_makes_no_sequence():
    layer = LSTM(2, 4)
    with says(ValueError, "LSTM(2, 4): x has shape (3, 2), expected (N, T, D) with D = 2"):
        layer.forward(x[:, 0])
    with says(ValueError, "LSTM(2, 4): x has 1 features on its last axis, expected D = 2"):
        layer.forward(x[..., :1])
    with says(ValueError, "LSTM(2, 4): lengths has shape (2,), expected (3,), one for each sequence"):
        layer.forward(x, [1, 2])
    with says(ValueError, "LSTM(2, 4): lengths holds 6, expected 0 to 5, as x has T = 5 steps"):
        layer.forward(x, [1, 6, 2])
    with says(TypeError, "LSTM(2, 4): lengths has dtype float64, expected integers"):
        layer.forward(x, [1.0, 2.0, 3.0])
    with says(TypeError, "LSTM(2, 4): x has dtype float32, expected float64; cast it with x.astype(np.float64)"):
        layer.forward(x.astype(np.float32))
    with says(RuntimeError, "LSTM(2, 4): backward was called before forward; call forward(x) first"):
        layer.backward(np.ones((3, 4)))
    with says(ValueError, "SimpleRNN: H = 0, expected at least 1"):
        SimpleRNN(2, 0)


def test_what_makes_no_two_directions():
    layer = LSTM(2, 4)
    with says(ValueError, "Bidirectional: onward and back are one object, which can remember only one x; build two"):
        Bidirectional(layer, layer)
    with says(
        ValueError,
        "Bidirectional: LSTM(2, 4) and GRU(2, 4, return_sequences=True) differ in D or in return_sequences",
    ):
        Bidirectional(layer, GRU(2, 4, return_sequences=True))
    with says(TypeError, "Bidirectional: back is 'lstm', expected a recurrent layer such as LSTM(3, 4)"):
        Bidirectional(layer, "lstm")


# Attention


def test_attention_is_the_formula():
    q, k, v = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 5, 3)), rng.normal(size=(2, 5, 6))
    expected = softmax(q @ k.swapaxes(1, 2) / np.sqrt(3)) @ v
    np.testing.assert_allclose(ScaledDotProductAttention().forward(q, k, v), expected, rtol=1e-13)


@settings(max_examples=20)
@given(st.integers(0, 999))
def test_what_is_masked_has_no_part(seed):
    rng = np.random.default_rng(seed)
    q, k, v = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 5, 3)), rng.normal(size=(2, 5, 6))
    mask = rng.random((2, 4, 5)) < 0.5
    layer = ScaledDotProductAttention()
    y = layer.forward(q, k, v, mask)
    dq, dk, dv = layer.backward(rng.normal(size=y.shape))
    blind, unseen = ~mask.any(axis=2), ~mask.any(axis=1)
    assert not y[blind].any()
    assert not dq[blind].any()
    assert not dk[unseen].any()
    assert not dv[unseen].any()


def test_the_past_does_not_see_the_future():
    layer = MultiHeadAttention(4, 2, causal=True, rng=0)
    x = rng.normal(size=(2, 5, 4))
    y = layer.forward(x)
    changed = x.copy()
    changed[:, 3:] += 1
    np.testing.assert_array_equal(layer.forward(changed)[:, :3], y[:, :3])
    dy = np.zeros_like(y)
    dy[:, :3] = 1
    assert not layer.backward(dy)[:, 3:].any()


def test_enormous_scores_pick_one_value():
    layer = ScaledDotProductAttention()
    y = layer.forward([[1e4]], [[1e4], [-1e4], [0.0]], [[1.0], [2.0], [3.0]])
    assert y.tolist() == [[1.0]]
    assert [gradient.tolist() for gradient in layer.backward([[1.0]])] == [[[0.0]], [[0.0]] * 3, [[1.0], [0.0], [0.0]]]


def test_one_head_without_weights_is_plain_attention():
    layer = MultiHeadAttention(4, 1, rng=0)
    for name in "qkvo":
        layer.params[f"W_{name}"] = np.eye(4)
    q, k, v = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 5, 4)), rng.normal(size=(2, 5, 4))
    plain = ScaledDotProductAttention()
    np.testing.assert_allclose(layer.forward(q, k, v), plain.forward(q, k, v), rtol=1e-13)
    dy = rng.normal(size=(2, 3, 4))
    for ours, theirs in zip(layer.backward(dy), plain.backward(dy), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_what_makes_no_attention():
    layer, q, k, v = ScaledDotProductAttention(), np.ones((2, 4, 3)), np.ones((2, 5, 3)), np.ones((2, 5, 6))
    name = "ScaledDotProductAttention()"
    with says(ValueError, f"{name}: k has 2 features on its last axis, expected D = 3 as in q"):
        layer.forward(q, k[..., :2], v)
    with says(ValueError, f"{name}: v has shape (2, 4, 6), expected a value for each key, (2, 5)"):
        layer.forward(q, k, v[:, :4])
    with says(ValueError, f"{name}: q has shape (1, 4, 3) and k (2, 5, 3), expected the same leading axes"):
        layer.forward(q[:1], k, v)
    with says(TypeError, f"{name}: mask has dtype int64, expected bool, True where a query may look"):
        layer.forward(q, k, v, np.ones((2, 4, 5), np.int64))
    with says(ValueError, f"{name}: mask has shape (5, 4), expected (2, 4, 5) or what broadcasts to it"):
        layer.forward(q, k, v, np.ones((5, 4), bool))
    with says(TypeError, f"{name}: v has dtype float32, expected float64; cast it with v.astype(np.float64)"):
        layer.forward(q, k, v.astype(np.float32))
    with says(
        ValueError,
        f"{name}: q, k, v have shapes (3,), (2, 5, 3), (2, 5, 6), expected (..., T, D), (..., S, D), (..., S, H)",
    ):
        layer.forward(q[0, 0], k, v)


def test_what_makes_no_multi_head_attention():
    with says(ValueError, "MultiHeadAttention: heads = 4 does not divide D = 6"):
        MultiHeadAttention(6, 4)
    layer = MultiHeadAttention(6, 2)
    with says(ValueError, "MultiHeadAttention(6, heads=2): k has shape (2, 5, 3), expected (N, T, D) with D = 6"):
        layer.forward(np.ones((2, 4, 6)), np.ones((2, 5, 3)))
    with says(ValueError, "MultiHeadAttention(6, heads=2): v was given without k; give both, or k alone"):
        layer.forward(np.ones((2, 4, 6)), v=np.ones((2, 4, 6)))
