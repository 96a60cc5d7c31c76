"""How a backward behaves, beside being right: linear, repeatable, no side effects, no change of dtype.

Everything here holds for every class of the catalogue, and needs no derivative to be seen.
"""

import copy

import numpy as np
import pytest
from autograd_references import REFERENCES, is_network_with_loss
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck import analytic
from gradcheck.analytic import (
    Add,
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    BatchNormalization,
    Concatenate,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    Layer,
    Loss,
    ReLU,
    Reshape,
    Sigmoid,
    Softmax,
    Step,
    Tanh,
    UpSampling2D,
    cases,
)
from gradcheck.testing.strategies import cotangents, layer_cases

# What a layer keeps between calls (random state, running statistics) must not make one test depend on another,
# so every test works on copies.
CASES = [case for case in cases() if not is_network_with_loss(case.subject)]
# Linear layers without parameters, and the step: their backward needs no x.
INDIFFERENT = (
    Add,
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    Concatenate,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    Reshape,
    Step,
    UpSampling2D,
)
by_name = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def cotangent(case, seed=0):
    shape = np.shape(copy.deepcopy(case.subject).forward(*case.inputs))
    return np.random.default_rng(seed).choice([-1.5, -0.5, 0.5, 2.0], shape)


def after_forward(case, *inputs):
    """A copy of the subject that has seen these inputs, or those of the case."""
    subject = copy.deepcopy(case.subject)
    subject.forward(*(inputs or case.inputs))
    return subject


def input_gradients(subject, dy):
    """What backward returns, one for each input: of a layer with several a tuple."""
    returned = subject.backward(dy)
    return returned if isinstance(returned, tuple) else (returned,)


def gradients(subject, dy):
    """All gradients for this dy, copied, since the next backward overwrites them."""
    of_inputs = {f"input {i}": dx for i, dx in enumerate(input_gradients(subject, dy))}
    return {**of_inputs, **{name: array.copy() for name, array in subject.grads.items()}}


def recast(case, dtype):
    """The same case with parameters and float inputs in another dtype."""
    subject = copy.deepcopy(case.subject)
    for name, array in subject.params.items():
        subject.params[name] = array.astype(dtype)
    return subject, [x.astype(dtype) if np.issubdtype(x.dtype, np.floating) else x for x in case.inputs]


def test_the_catalogue_holds_every_public_layer_and_loss():
    public = {getattr(analytic, name) for name in analytic.__all__}
    classes = {c for c in public if isinstance(c, type) and issubclass(c, (Layer, Loss))} - {Layer, Loss}
    assert {type(case.subject) for case in cases()} == classes == set(REFERENCES)
    assert len({case.name for case in cases()}) == len(cases())


def test_the_catalogue_is_the_same_for_the_same_seed_and_shares_nothing():
    first, second = cases(3), cases(3)
    for one, other in zip(first, second, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one.inputs, other.inputs, strict=True))
        assert one.subject is not other.subject
    assert not np.array_equal(cases(4)[0].inputs[0], first[0].inputs[0])


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_the_inputs_of_the_catalogue_can_tell_right_from_wrong(case):
    x = case.inputs[0]
    assert len(set(x.shape)) == x.ndim
    assert len(x) >= 2
    assert len(np.unique(x)) > 1
    if case.name.startswith(("BinaryCrossEntropy", "CategoricalCrossEntropy")):
        assert 0.01 < x.min() < x.max() < 0.99  # probabilities, away from where they are clipped
    elif np.issubdtype(x.dtype, np.floating):
        assert x.min() < 0 < x.max()
        assert np.abs(x).min() >= 0.25 or "MaxPooling" in case.name
    if "MaxPooling" in case.name:
        assert np.diff(np.sort(x, axis=None)).min() >= 0.25


@by_name
def test_backward_is_linear_in_the_cotangent(case):
    subject, dy, other = after_forward(case), cotangent(case), cotangent(case, seed=1)
    apart, whole = [gradients(subject, d) for d in (dy, other)], gradients(subject, 3 * dy - 2 * other)
    for name, combined in whole.items():
        expected = 3 * apart[0][name] - 2 * apart[1][name]
        np.testing.assert_allclose(combined, expected, rtol=1e-12, atol=1e-14)
    assert not any(np.any(zero) for zero in gradients(subject, 0 * dy).values())


@by_name
def test_twice_the_same_cotangent_gives_twice_the_same_answer(case):
    subject, dy = after_forward(case), cotangent(case)
    first, second = gradients(subject, dy), gradients(subject, dy)
    assert all(np.array_equal(first[name], second[name]) for name in first)


@by_name
def test_backward_belongs_to_the_last_forward(case):
    dy, other = cotangent(case), [x[::-1] for x in case.inputs]
    subject = after_forward(case, *other)
    kept = copy.deepcopy(subject)
    gradients(subject, dy)
    subject.forward(*case.inputs)
    kept.forward(*case.inputs)
    last, only = gradients(subject, dy), gradients(kept, dy)
    assert all(np.array_equal(last[name], only[name]) for name in last)
    reversed_rows = gradients(after_forward(case, *other), dy)
    assert isinstance(case.subject, INDIFFERENT) or any(not np.array_equal(last[n], reversed_rows[n]) for n in last)


@by_name
def test_nothing_of_the_callers_changes(case):
    subject, dy = copy.deepcopy(case.subject), cotangent(case)
    kept = [array.copy() for array in (*case.inputs, dy, *subject.params.values())]
    subject.forward(*case.inputs)
    subject.backward(dy)
    arrays = (*case.inputs, dy, *subject.params.values())
    assert all(np.array_equal(old, new) for old, new in zip(kept, arrays, strict=True))


@by_name
def test_results_share_no_memory_with_what_went_in(case):
    subject, dy = copy.deepcopy(case.subject), cotangent(case)
    y = np.asarray(subject.forward(*case.inputs))
    given_arrays = [*case.inputs, dy, *subject.params.values()]
    results = [y, *input_gradients(subject, dy), *subject.grads.values()]
    assert not any(np.shares_memory(a, b) for a in results for b in given_arrays)
    assert not any(np.shares_memory(y, gradient) for gradient in results[1:])


@by_name
def test_read_only_fortran_ordered_and_strided_arrays_will_do(case):
    dy = cotangent(case)
    expected = gradients(after_forward(case), dy)
    x, *rest = case.inputs
    fortran = np.asfortranarray(x)
    fortran.flags.writeable = False
    strided = np.repeat(x, 2, axis=-1)[..., ::2]
    for same_x in (fortran, strided):
        for name, gradient in gradients(after_forward(case, same_x, *rest), dy).items():
            np.testing.assert_allclose(gradient, expected[name], rtol=1e-12, atol=1e-15)


@by_name
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_the_dtype_stays_what_it_is(case, dtype):
    subject, inputs = recast(case, dtype)
    y = subject.forward(*inputs)
    of_inputs = input_gradients(subject, np.ones(np.shape(y), dtype))
    assert np.asarray(y).dtype == dtype
    assert all(gradient.dtype == dtype for gradient in (*of_inputs, *subject.grads.values()))
    if isinstance(subject, BatchNormalization) and subject.training:
        subject.training = False
        assert subject.forward(*inputs).dtype == dtype


@by_name
def test_gradients_have_the_shapes_of_what_they_belong_to(case):
    subject = after_forward(case)
    for dx, x in zip(input_gradients(subject, cotangent(case)), case.inputs, strict=False):  # none for targets, masks
        assert isinstance(dx, np.ndarray)
        assert dx.shape == x.shape
    assert list(subject.grads) == list(subject.params)
    for name, W in subject.params.items():
        assert subject.grads[name].shape == W.shape


@by_name
def test_calling_is_forward_and_the_name_is_readable(case):
    called, forward = copy.deepcopy(case.subject), copy.deepcopy(case.subject)
    assert np.array_equal(called(*case.inputs), forward.forward(*case.inputs))
    assert repr(case.subject).startswith(f"{type(case.subject).__name__}(")
    assert case.name.startswith(type(case.subject).__name__)


@pytest.mark.parametrize("layer_type", [Dense, Sigmoid, ReLU, Tanh, Softmax])
@settings(max_examples=20)
@given(data=st.data())
def test_each_row_of_the_batch_stands_alone(layer_type, data):
    """What a row gives does not depend on the rows beside it, neither forward nor backward."""
    case = data.draw(layer_cases(layer_type))
    layer, x = case.subject, np.atleast_2d(case.inputs[0])
    y = layer.forward(x)
    dy = data.draw(cotangents(y.shape))
    dx = layer.backward(dy)
    np.testing.assert_allclose(layer.forward(x[:1]), y[:1], rtol=1e-12)
    np.testing.assert_allclose(layer.backward(dy[:1]), dx[:1], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("layer", [Sigmoid(), ReLU(), Tanh()], ids=repr)
def test_a_single_number_and_an_empty_array_are_arrays_too(layer):
    for shape in [(), (0,), (0, 3)]:
        y = layer.forward(np.full(shape, -0.5))
        dx = layer.backward(np.ones(shape))
        assert isinstance(y, np.ndarray)
        assert isinstance(dx, np.ndarray)
        assert y.shape == dx.shape == shape


def test_a_dense_layer_takes_an_empty_batch():
    dense = Dense(3, 4, rng=0)
    assert dense.forward(np.zeros((0, 3))).shape == (0, 4)
    assert dense.backward(np.zeros((0, 4))).shape == (0, 3)
    assert not dense.grads["W"].any()


def test_parameters_have_one_home():
    dense = Dense(3, 4, rng=0)
    assert dense.W is dense.params["W"]
    dense.W = np.ones((3, 4))
    assert dense.params["W"] is dense.W
    dense.params["b"] = np.full(4, 2.0)
    assert dense.forward(np.ones((1, 3))).tolist() == [[5.0, 5.0, 5.0, 5.0]]


def test_the_same_seed_gives_the_same_weights_and_scale_their_size():
    assert np.array_equal(Dense(3, 4, rng=7).W, Dense(3, 4, np.random.default_rng(7)).W)
    assert not np.array_equal(Dense(3, 4, rng=7).W, Dense(3, 4, rng=8).W)
    assert np.std(Dense(400, 300, rng=0).W) == pytest.approx(1 / 20, rel=0.01)
    assert np.std(Dense(400, 300, rng=0, scale=0.01).W) == pytest.approx(0.01, rel=0.01)
    assert Dense(3, 4, rng=0, dtype=np.float32).W.dtype == np.float32
