"""Callbacks see a training as it goes, write it down, and may end it; each at the epoch it says."""

import csv
import io

import numpy as np
import pytest

from gradcheck.analytic import Dense, MeanSquaredError, ReLU, Sequential, TwoLayerNet
from gradcheck.training import (
    SGD,
    Callback,
    Checkpoint,
    CSVLog,
    Curves,
    EarlyStopping,
    Epoch,
    History,
    ObservePlateau,
    Progress,
    ReduceOnPlateau,
    ScheduleRate,
    fit,
    load_network,
)

RNG = np.random.default_rng(3)
X = RNG.uniform(size=(30, 4))
T = (X[:, 0] > X[:, 1]).astype(int)


def train(*callbacks, **options):
    settings = {"epochs": 3, "batch_size": 10, "optimizer": SGD(0.5), "verify": False, "validation": (X, T)} | options
    return fit(TwoLayerNet(4, 6, 2, rng=0, weight_scale=0.5), X, T, callbacks=callbacks, **settings)


class Scripted(Callback):
    """Replaces what was measured by what the test wants."""

    def __init__(self, losses):
        self.losses = losses

    def on_epoch(self, run):
        run.history.epochs[-1] = Epoch(run.epoch, loss=1.0, validation_loss=self.losses[run.epoch - 1])


def test_a_callback_sees_every_batch_and_epoch_and_the_end():
    seen = []

    class Spy(Callback):
        def on_start(self, run):
            seen.append("start")

        def on_batch(self, run):
            seen.append((run.epoch, run.batch, run.batches))

        def on_epoch(self, run):
            seen.append(run.history.epochs[-1].number)

        def on_end(self, run):
            seen.append("end")

    train(Spy(), epochs=2)
    assert seen == ["start", (1, 1, 3), (1, 2, 3), (1, 3, 3), 1, (2, 1, 3), (2, 2, 3), (2, 3, 3), 2, "end"]


def test_the_end_is_told_also_when_the_training_fails():
    ended = []

    class Fails(Callback):
        def on_batch(self, run):
            raise OSError("no")

        def on_end(self, run):
            ended.append(run.epoch)

    with pytest.raises(OSError, match="no"):
        train(Fails())
    assert ended == [1]


def test_early_stopping_waits_as_long_as_it_was_told_and_no_longer():
    history = train(Scripted([3.0, 2.0, 2.5, 2.0, 1.0]), EarlyStopping(patience=2), epochs=5)
    assert len(history.epochs) == 4
    assert history.stopped == (
        "stopped after epoch 4: validation_loss has not improved for 2 epochs; the best was 2.0000 in epoch 2"
    )
    assert train(Scripted([3.0, 2.0, 2.5, 1.9, 2.0]), EarlyStopping(patience=2), epochs=5).stopped == ""


def test_an_accuracy_is_better_when_it_is_higher():
    epochs = [Epoch(1, 1.0, accuracy=0.5), Epoch(2, 0.5, accuracy=0.9), Epoch(3, 0.7, accuracy=0.8)]
    history = History(epochs=epochs)
    assert history.best("accuracy").number == history.best("loss").number == 2
    assert history["accuracy"] == [0.5, 0.9, 0.8]


def test_what_was_not_measured_is_told_by_name():
    with pytest.raises(
        ValueError, match=r"validation_loss was not measured in epoch 1; pass validation=\(x, t\) to fit"
    ):
        train(EarlyStopping(), validation=None)
    with pytest.raises(ValueError, match="'acuracy' is no figure of an epoch; there are loss, accuracy"):
        train(EarlyStopping("acuracy"))
    with pytest.raises(KeyError, match="'acuracy' is no figure of an epoch"):
        train()["acuracy"]


def test_the_rate_is_that_of_the_schedule_in_every_epoch():
    assert train(ScheduleRate(lambda epoch: 1 / epoch))["lr"] == [1, 1 / 2, 1 / 3]


def test_a_plateau_is_told_how_it_goes():
    plateau = ReduceOnPlateau(0.5, factor=0.1, patience=0)
    history = train(Scripted([1.0, 1.0, 1.0]), ObservePlateau(plateau), Copies(), optimizer=SGD(plateau))
    assert history.rates == [0.5, 0.05, 0.005]
    with pytest.raises(TypeError, match=r"schedule has to be a ReduceOnPlateau, which observes; it is 0\.5"):
        ObservePlateau(0.5)


class Copies(Callback):
    """Keeps the rate after each epoch."""

    def on_epoch(self, run):
        run.history.rates = [*getattr(run.history, "rates", []), round(run.optimizer.lr, 12)]


def test_the_log_holds_what_was_measured_and_leaves_the_rest_empty(tmp_path):
    path = tmp_path / "new" / "log.csv"
    history = train(CSVLog(path), validation=None)
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3]
    assert [float(row["loss"]) for row in rows] == history["loss"]
    assert {row["validation_loss"] for row in rows} == {""}


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_curves_are_drawn_to_a_file(tmp_path, ending):
    pytest.importorskip("matplotlib", reason="curves are drawn with matplotlib")
    path = tmp_path / f"curves.{ending}"
    train(Curves(path))
    assert path.stat().st_size > 1000
    assert list(tmp_path.iterdir()) == [path]


def test_progress_in_a_file_is_a_line_for_each_epoch():
    stream = io.StringIO()
    history = train(Progress(stream))
    header, *lines = stream.getvalue().splitlines()
    assert header.split() == ["epoch", "loss", "accuracy", "held-out", "loss", "held-out", "accuracy"]
    assert [line.split()[:2] for line in lines] == [[str(e.number), f"{e.loss:.4f}"] for e in history.epochs]


def test_progress_in_a_terminal_is_a_bar_with_loss_accuracy_and_the_time_left(monkeypatch):
    pytest.importorskip("rich", reason="the bar is rich's")

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    stream = Terminal()
    train(Progress(stream), epochs=2)
    assert "epoch 2 of 2, loss" in stream.getvalue()
    assert "accuracy" in stream.getvalue()
    assert ":" in stream.getvalue()
    plain = Terminal()
    train(Progress(plain, plain=True), epochs=2)
    assert "\x1b" not in plain.getvalue()


def test_a_network_that_tells_no_classes_is_trained_without_accuracies():
    network = Sequential(Dense(4, 5, rng=0), ReLU(), Dense(5, 4, rng=1), loss=MeanSquaredError())
    history = fit(network, X, X, epochs=2, batch_size=10, optimizer=SGD(0.1), validation=(X, X))
    assert np.isnan(history["accuracy"]).all()
    assert history["loss"] == pytest.approx(history["validation_loss"])
    assert "accuracy" not in str(history)


def test_the_history_says_whether_the_gradients_were_checked():
    assert str(train()).startswith("gradients not checked (verify=False)\nepoch")
    assert str(train(verify=True)).startswith("TwoLayerNet agrees")


def test_the_best_is_kept_and_so_many_of_the_last(tmp_path):
    losses = [3.0, 1.0, 2.0, 2.0]
    train(Scripted(losses), Checkpoint(tmp_path, best="validation_loss", keep=2), epochs=4)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "best.npz",
        "epoch-0003.npz",
        "epoch-0004.npz",
        "last.npz",
    ]
    assert len(load_network(tmp_path / "best.npz").extra["training"]["epochs"]) == 2
    assert len(load_network(tmp_path / "last.npz").extra["training"]["epochs"]) == 4


def test_misuse_is_told_at_once(tmp_path):
    with pytest.raises(ValueError, match="patience has to be at least 1; it is 0"):
        EarlyStopping(patience=0)
    with pytest.raises(ValueError, match="keep has to be at least 0; it is -1"):
        Checkpoint(tmp_path, keep=-1)

    class Foreign:
        pass

    with pytest.raises(TypeError, match="a checkpoint holds networks of this library's layers"):
        fit(Foreign(), X, T, epochs=1, batch_size=5, optimizer=SGD(), verify=False, callbacks=[Checkpoint(tmp_path)])
