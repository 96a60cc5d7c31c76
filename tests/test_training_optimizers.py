"""Optimisers move every parameter, in place, by exactly the step their formula says."""

from functools import partial

import numpy as np
import pytest

from gradcheck.training import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    ClipByGlobalNorm,
    ClipByNorm,
    ClipByValue,
    CosineDecay,
    InverseTimeDecay,
    Nadam,
    ReduceOnPlateau,
    RMSprop,
    StepDecay,
    WarmUp,
)
from gradcheck.training.optimizers import optimizer as optimizer_module


def test_sgd_goes_down_the_gradient_in_place():
    W, b = np.array([[1.0, 2.0]]), np.array(3.0)
    SGD(lr=0.5).update({"W": W, "b": b}, {"W": np.array([[2.0, -4.0]]), "b": np.array(1.0)})
    np.testing.assert_array_equal(W, [[0.0, 4.0]])
    assert b == 2.5


def test_momentum_repeats_a_share_of_the_last_step():
    sgd, W, path = SGD(lr=1.0, momentum=0.5), np.array([0.0]), []
    for gradient in (8.0, 0.0, 0.0, -2.0):
        sgd.update({"W": W}, {"W": np.array([gradient])})
        path.append(W[0])
    assert path == [-8.0, -12.0, -14.0, -13.0]


def test_gradients_are_left_as_they_were():
    gradient = np.array([1.0, 2.0])
    sgd = SGD(lr=0.1, momentum=0.9)
    for _ in range(3):
        sgd.update({"W": np.zeros(2)}, {"W": gradient})
    np.testing.assert_array_equal(gradient, [1.0, 2.0])


def test_single_precision_stays_single():
    W = np.ones(3, np.float32)
    sgd = SGD(lr=0.1, momentum=0.9)
    for _ in range(2):
        sgd.update({"W": W}, {"W": np.ones(3, np.float32)})
    assert W.dtype == sgd.velocity["W"].dtype == np.float32


@pytest.mark.parametrize("lr", [0, -0.1, np.inf, np.nan])
def test_a_learning_rate_that_leads_nowhere_is_refused(lr):
    with pytest.raises(ValueError, match=f"lr has to be a number greater than 0; it is {lr}"):
        SGD(lr=lr)


@pytest.mark.parametrize("momentum", [-0.1, 1.0, np.nan])
def test_a_momentum_that_never_ends_is_refused(momentum):
    with pytest.raises(ValueError, match=f"momentum has to be at least 0 and less than 1; it is {momentum}"):
        SGD(momentum=momentum)


def test_a_missing_or_misshapen_gradient_moves_nothing():
    params = {"b": np.zeros(2), "W": np.zeros((2, 3))}
    with pytest.raises(ValueError, match=r"parameter 'W' has no gradient; there are gradients for \['b', 'w'\]"):
        SGD().update(params, {"b": np.ones(2), "w": np.ones((2, 3))})
    with pytest.raises(ValueError, match=r"the gradient of 'W' has shape \(3,\), the parameter has \(2, 3\)"):
        SGD().update(params, {"b": np.ones(2), "W": np.ones(3)})
    assert not params["b"].any()


def test_whole_numbers_cannot_be_moved():
    params = {"b": np.zeros(2), "W": np.zeros(2, int)}
    with pytest.raises(TypeError, match="parameter 'W' has dtype int64; only floating-point numbers can be moved"):
        SGD().update(params, {"b": np.ones(2), "W": np.ones(2)})
    assert not params["b"].any()


def test_a_number_is_no_clipping():
    with pytest.raises(TypeError, match=r"clip has to be a Clipping such as ClipByGlobalNorm\(1.0\); it is 5"):
        SGD(clip=5)


KINDS = [SGD, Adagrad, RMSprop, Adadelta, Adam, AdamW, Adamax, Nadam]
MAKERS = [
    *KINDS,
    partial(SGD, momentum=0.5),
    partial(SGD, momentum=0.5, nesterov=True, decay=0.1),
    partial(RMSprop, momentum=0.5, centered=True),
]
every = pytest.mark.parametrize("make", MAKERS)


def gradients(steps, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return [{"W": rng.normal(size=(3, 4)).astype(dtype), "b": rng.normal(size=4).astype(dtype)} for _ in range(steps)]


def parameters(dtype=np.float64):
    return {"W": np.ones((3, 4), dtype), "b": np.zeros(4, dtype)}


def run(optimizer, params, grads):
    for gradient in grads:
        optimizer.update(params, gradient)
    return params


@every
def test_all_bring_a_bowl_down(make):
    optimizer, params = make(), {"x": np.array([1.0, -2.0])}
    optimizer.lr = 0.1
    start = np.sum(params["x"] ** 2)
    for _ in range(50):
        optimizer.update(params, {"x": 2 * params["x"]})
    assert np.sum(params["x"] ** 2) < start


@every
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parameters_are_moved_in_place_in_their_own_dtype_and_gradients_are_left(make, dtype):
    params, grads = parameters(dtype), gradients(3, dtype=dtype)
    arrays, kept = dict(params), [{name: dW.copy() for name, dW in gradient.items()} for gradient in grads]
    optimizer = make()
    run(optimizer, params, grads)
    assert all(params[name] is arrays[name] and params[name].dtype == dtype for name in arrays)
    assert all(array.dtype == dtype for group in optimizer.state.values() for array in group.values())
    assert all(np.array_equal(a[name], b[name]) for a, b in zip(kept, grads, strict=True) for name in a)


@every
def test_blocks_do_not_show(make, monkeypatch):
    whole = run(make(), parameters(), gradients(4))
    monkeypatch.setattr(optimizer_module, "BLOCK", 5)
    in_blocks = run(make(), parameters(), gradients(4))
    for name in whole:
        np.testing.assert_array_equal(whole[name], in_blocks[name])


@every
def test_how_the_arrays_lie_in_memory_does_not_show(make):
    grads = gradients(3)
    expected = run(make(), parameters(), grads)
    for odd in (np.asfortranarray, lambda a: np.repeat(a, 2, axis=-1)[..., ::2]):
        params = {name: odd(W) for name, W in parameters().items()}
        run(make(), params, [{name: odd(dW) for name, dW in gradient.items()} for gradient in grads])
        for name in expected:
            np.testing.assert_array_equal(params[name], expected[name])


def remembered_of_a_weight_without_gradient(optimizer):
    params, once = {"W": np.ones(2, np.float32)}, np.full(2, 1e-3, np.float32)
    run(optimizer, params, [{"W": once}, *[{"W": once * [0, 1]}] * 1_000])
    assert np.isfinite(params["W"]).all()
    return np.abs([array for kept in optimizer.state.values() for array in kept.values()])


def subnormal(sizes):
    return bool(((sizes > 0) & (sizes < np.finfo(np.float32).tiny)).any())


@every
def test_what_is_remembered_fades_to_nothing_and_not_to_subnormal_numbers(make):
    assert not subnormal(remembered_of_a_weight_without_gradient(make()))


@pytest.mark.parametrize("make", [Adam, RMSprop, partial(SGD, momentum=0.9)])
def test_left_alone_it_would_become_subnormal_and_stay_so(make):
    optimizer = make()
    optimizer.fades = False
    assert subnormal(remembered_of_a_weight_without_gradient(optimizer))


@pytest.mark.parametrize("make", [Adam, RMSprop])
def test_with_nothing_to_keep_it_from_dividing_by_0_all_is_remembered(make):
    assert subnormal(remembered_of_a_weight_without_gradient(make(epsilon=0.0)))


@every
def test_what_is_saved_and_loaded_goes_on_as_if_nothing_had_been(make):
    grads = gradients(6)
    straight = run(make(), parameters(), grads)
    first = make()
    params = run(first, parameters(), grads[:3])
    state = first.state_dict()
    assert all(type(array) is np.ndarray for array in state.values())
    run(first, parameters(), grads[3:])  # what was saved does not follow
    second = make()
    second.load_state_dict(state)
    run(second, params, grads[3:])
    for name in straight:
        np.testing.assert_array_equal(params[name], straight[name])


def test_a_state_of_another_kind_changes_nothing():
    adam, sgd = Adam(), SGD(momentum=0.5)
    for optimizer in (adam, sgd):
        run(optimizer, parameters(), gradients(2))
    with pytest.raises(ValueError, match="SGD keeps no 'm/W'; it keeps steps, v"):
        sgd.load_state_dict(adam.state_dict())
    with pytest.raises(ValueError, match="the state lacks 'steps'"):
        sgd.load_state_dict({"v/W": np.zeros(3)})
    assert sgd.steps == 2
    assert sorted(sgd.velocity) == ["W", "b"]


def test_another_network_needs_another_optimiser():
    adam, other = Adam(), {"W": np.zeros(2)}
    run(adam, parameters(), gradients(1))
    says = r"parameter 'W' has shape \(2,\), but what is kept of it \(m\) has \(3, 4\); an optimiser serves one network"
    with pytest.raises(ValueError, match=says):
        adam.update(other, {"W": np.ones(2)})
    assert adam.steps == 1
    assert not other["W"].any()


def test_a_schedule_sets_the_rate_of_each_step_and_goes_on_after_loading():
    sgd, W, path = SGD(StepDecay(1.0, every=2, factor=0.5)), np.array([0.0]), []
    for _ in range(5):
        path.append(sgd.lr)
        sgd.update({"W": W}, {"W": np.array([-1.0])})
    assert path == [1.0, 1.0, 0.5, 0.5, 0.25]
    assert W[0] == 3.25
    other = SGD(StepDecay(1.0, every=2, factor=0.5))
    other.load_state_dict(sgd.state_dict())
    assert other.lr == sgd.lr == 0.25
    other.lr = 0.125
    assert other.lr == 0.125


def test_a_plateau_is_remembered():
    plateau = WarmUp(2, then=ReduceOnPlateau(1.0, factor=0.5, patience=0))
    for loss in (2.0, 3.0):
        plateau.then.observe(loss)
    sgd = SGD(plateau)
    other = SGD(WarmUp(2, then=ReduceOnPlateau(1.0, factor=0.5, patience=0)))
    other.load_state_dict(sgd.state_dict())
    assert other.schedule.then(0) == 0.5
    other.schedule.then.observe(1.9)
    assert other.schedule.then(0) == 0.5
    with pytest.raises(ValueError, match="the state lacks 'schedule/best', 'schedule/rate', 'schedule/waited'"):
        other.load_state_dict(SGD().state_dict())


def test_decay_is_one_over_time():
    sgd, W = SGD(lr=1.0, decay=1.0), np.array([0.0])
    for _ in range(3):
        sgd.update({"W": W}, {"W": np.array([-1.0])})
    assert W[0] == 1 + 1 / 2 + 1 / 3


def test_clipping_is_of_all_gradients_together_of_each_or_of_each_entry():
    grads = {"W": np.array([3.0, 0.0]), "b": np.array([-4.0])}
    for clip, W, b in [(ClipByGlobalNorm(1.0), 0.6, 0.8), (ClipByNorm(2.0), 2.0, 2.0), (ClipByValue(3.5), 3.0, 3.5)]:
        params = {"W": np.zeros(2), "b": np.zeros(1)}
        SGD(lr=1.0, clip=clip).update(params, grads)
        np.testing.assert_allclose(params["W"], [-W, 0])
        np.testing.assert_allclose(params["b"], [b])
    assert grads["W"].tolist() == [3, 0]


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_lengths_neither_overflow_nor_vanish(size):
    grads = {"W": np.array([3.0, 4.0], np.float32) * np.float32(size)}
    (clipped,) = ClipByGlobalNorm(size)(grads).values()
    np.testing.assert_allclose(clipped, np.array([0.6, 0.8]) * size, rtol=1e-6)
    assert clipped.dtype == np.float32


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_gradient_without_length_moves_nothing(wrong):
    params = {"b": np.zeros(2), "W": np.zeros(1)}
    with pytest.raises(FloatingPointError, match=f"the gradient of 'W' holds {wrong}, so it has no length to clip"):
        SGD(clip=ClipByGlobalNorm(1.0)).update(params, {"b": np.ones(2), "W": np.array([wrong])})
    assert not params["b"].any()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Adam(beta_1=1.0), "beta_1 has to be at least 0 and less than 1; it is 1.0"),
        (lambda: RMSprop(rho=-0.1), "rho has to be at least 0 and less than 1; it is -0.1"),
        (lambda: AdamW(weight_decay=-1), "weight_decay has to be at least 0; it is -1"),
        (lambda: Adam(epsilon=np.nan), "epsilon has to be at least 0; it is nan"),
        (lambda: SGD(nesterov=True), "nesterov=True needs a momentum greater than 0, such as 0.9"),
        (
            lambda: SGD(StepDecay(1.0, 2), decay=0.1),
            r"decay = 0.1 is for a constant rate; lr is the schedule StepDecay\(initial=1, every=2, factor=0.1\)",
        ),
        (lambda: ClipByNorm(0), "most has to be a number greater than 0; it is 0"),
        (lambda: StepDecay(1.0, 0), "every has to be a whole number of at least 1; it is 0"),
        (lambda: StepDecay(1.0, 2.5), "every has to be a whole number of at least 1; it is 2.5"),
        (lambda: StepDecay(1.0, 2, 1.5), "factor has to be greater than 0 and at most 1; it is 1.5"),
        (lambda: CosineDecay(1.0, 5, least=2.0), "least has to be from 0 to lr = 1.0; it is 2.0"),
        (lambda: InverseTimeDecay(1.0, -1), "decay has to be a number of at least 0; it is -1"),
        (lambda: ReduceOnPlateau(1.0, better="up"), "better has to be 'lower' or 'higher'; it is 'up'"),
        (lambda: WarmUp(0, then=1.0), "steps has to be a whole number of at least 1; it is 0"),
    ],
)
def test_what_makes_no_optimiser(make, says):
    with pytest.raises(ValueError, match=says):
        make()
