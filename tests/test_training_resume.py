"""A training that was interrupted goes on, from its last checkpoint, exactly as if nothing had been."""

import signal
from functools import partial

import numpy as np
import pytest

from gradcheck.analytic import BatchNormalization, Dense, Dropout, ReLU, Sequential, SoftmaxCrossEntropy, TwoLayerNet
from gradcheck.training import (
    SGD,
    Adam,
    Callback,
    Checkpoint,
    CosineDecay,
    DataError,
    EarlyStopping,
    ObservePlateau,
    ReduceOnPlateau,
    RMSprop,
    fit,
    save,
)

RNG = np.random.default_rng(3)
X = RNG.uniform(size=(30, 4))
T = (X[:, 0] > X[:, 1]).astype(int)
EPOCHS = 6


def network():
    layers = Dense(4, 6, rng=0), BatchNormalization(6), ReLU(), Dropout(0.5, rng=1), Dense(6, 2, rng=2)
    return Sequential(*layers, loss=SoftmaxCrossEntropy())


def train(net, optimizer, callbacks=(), epochs=EPOCHS, **options):
    settings = {"epochs": epochs, "batch_size": 8, "validation": (X, T), "verify": False} | options
    return fit(net, X, T, optimizer=optimizer, callbacks=callbacks, **settings)


def everything(net):
    normalization = net.layers[1]
    return [*net.params.values(), normalization.running_mean, normalization.running_variance]


class PressCtrlC(Callback):
    """In the middle of an epoch."""

    def __init__(self, epoch, batch):
        self.at = epoch, batch

    def on_batch(self, run):
        if (run.epoch, run.batch) == self.at:
            signal.raise_signal(signal.SIGINT)


OPTIMIZERS = [
    partial(SGD, 0.5, momentum=0.9, nesterov=True),
    partial(RMSprop, 0.01),
    partial(Adam, CosineDecay(0.02, 30)),
]


@pytest.mark.parametrize("make", OPTIMIZERS)
@pytest.mark.parametrize("verify", [False, True])
def test_resuming_gives_bit_for_bit_the_run_that_was_never_interrupted(make, verify, tmp_path):
    straight = network()
    whole = train(straight, make(), verify=verify)
    checkpoint = Checkpoint(tmp_path)
    broken = train(network(), make(), [checkpoint, PressCtrlC(4, 2)], verify=verify)
    assert len(broken.epochs) == 3
    resumed = network()
    history = train(resumed, make(), [checkpoint], resume=checkpoint.last, verify=verify)
    assert history.epochs == whole.epochs
    for a, b in zip(everything(straight), everything(resumed), strict=True):
        np.testing.assert_array_equal(a, b)


def test_callbacks_go_on_from_where_they_were(tmp_path):
    def parts():
        plateau = ReduceOnPlateau(0.5, factor=0.5, patience=0)
        stopping = EarlyStopping("accuracy", patience=3)
        return SGD(plateau), [ObservePlateau(plateau, "loss"), stopping, Checkpoint(tmp_path, best="loss")]

    optimizer, callbacks = parts()
    whole = train(network(), optimizer, callbacks, epochs=12)
    optimizer, callbacks = parts()
    train(network(), optimizer, callbacks, epochs=2)
    optimizer, callbacks = parts()
    history = train(network(), optimizer, callbacks, epochs=12, resume=tmp_path / "last.npz")
    assert history.epochs == whole.epochs
    assert history.stopped == whole.stopped


def test_what_had_stopped_stays_stopped(tmp_path):
    parts = [EarlyStopping("accuracy", patience=1), Checkpoint(tmp_path)]
    history = train(network(), SGD(1e-9), parts)
    assert history.stopped
    again = train(network(), SGD(1e-9), parts, resume=tmp_path / "last.npz")
    assert (again.epochs, again.stopped) == (history.epochs, history.stopped)


def test_ctrl_c_ends_with_the_history_and_whole_steps():
    class Spy(TwoLayerNet):
        def gradient(self, x, t):
            signal.raise_signal(signal.SIGINT)  # while the step is being taken
            return super().gradient(x, t)

    net, once = Spy(4, 6, 2, rng=0), TwoLayerNet(4, 6, 2, rng=0)
    history = fit(net, X, T, epochs=2, batch_size=30, optimizer=SGD(0.5), verify=False)
    assert history.epochs == []
    assert history.stopped == "interrupted in epoch 1, after batch 1 of 1"
    SGD(0.5).update(once.params, once.gradient(X, T))
    for name, W in net.params.items():
        np.testing.assert_allclose(W, once.params[name])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_whoever_handles_ctrl_c_already_goes_on_doing_so():
    pressed = []
    before = signal.signal(signal.SIGINT, lambda *_: pressed.append(1))
    try:
        history = train(network(), SGD(), [PressCtrlC(1, 1)], epochs=1)
    finally:
        signal.signal(signal.SIGINT, before)
    assert pressed == [1]
    assert len(history.epochs) == 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"seed": 1}, "that training had seed = 0, this one has 1; to continue it, they have to be the same"),
        ({"batch_size": 5}, "that training had batch_size = 8, this one has 5"),
        ({"shuffle": False}, "that training had shuffle = True, this one has False"),
    ],
)
def test_another_training_is_not_continued(options, says, tmp_path):
    train(network(), SGD(), [Checkpoint(tmp_path)], epochs=1)
    with pytest.raises(ValueError, match=says):
        train(network(), SGD(), resume=tmp_path / "last.npz", **options)


def test_a_file_that_does_not_fit_changes_nothing(tmp_path):
    train(network(), SGD(momentum=0.5), [Checkpoint(tmp_path)], epochs=1)
    last, net = tmp_path / "last.npz", network()
    before = [array.copy() for array in everything(net)]
    damaged = tmp_path / "damaged.npz"
    damaged.write_bytes(last.read_bytes()[:-100])
    plain = tmp_path / "plain.npz"
    save(plain, network())
    for path, optimizer, says in [
        (last, Adam(), "it holds the optimiser SGD"),
        (damaged, SGD(), "it is damaged"),
        (plain, SGD(), "it is a saved network, but no checkpoint of a training"),
        (tmp_path / "none.npz", SGD(), "there is no such file"),
    ]:
        with pytest.raises(DataError, match=says):
            train(net, optimizer, resume=path)
    with pytest.raises(DataError, match="which does not fit"):
        fit(TwoLayerNet(4, 6, 2), X, T, epochs=2, batch_size=8, optimizer=SGD(), verify=False, resume=last)
    for a, b in zip(everything(net), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_checkpoint_is_whole_also_when_writing_the_next_one_fails(tmp_path, monkeypatch):
    checkpoint = Checkpoint(tmp_path)
    train(network(), SGD(), [checkpoint], epochs=1)
    before = checkpoint.last.read_bytes()

    def full(*args, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space left"):
        train(network(), SGD(), [checkpoint], resume=checkpoint.last)
    assert checkpoint.last.read_bytes() == before
    assert list(tmp_path.iterdir()) == [checkpoint.last]
