"""The tour derives, verifies, and trains only what has been verified."""

import re

import numpy as np
import pytest
from mnist_sets import PARTS, write_folder

from gradcheck.analytic import Dense, Sigmoid, TwoLayerNet
from gradcheck.analytic.catalogue import Case
from gradcheck.cli import main
from gradcheck.cli import tour as tour_module
from gradcheck.training import DataError

X = np.random.default_rng(0).uniform(0.5, 1.5, (5, 3))


class HalfSigmoid(Sigmoid):
    def _backward(self, dy, cache):
        return super()._backward(dy, cache) / 2


class BrokenSigmoid(Sigmoid):
    def _backward(self, dy, cache):
        raise IndexError("off by one")


def few(*subjects):
    return lambda rng: [Case(type(subject).__name__, subject, (X,)) for subject in subjects]


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """A short tour: two layers, two epochs, no data of the user's."""
    monkeypatch.setattr(tour_module, "cases", few(Dense(3, 4, rng=0), Sigmoid()))
    monkeypatch.setattr(tour_module, "PACES", {"digits": tour_module.Pace(batch_size=32, epochs=2)})
    monkeypatch.setattr(tour_module, "USUAL", tour_module.Pace(batch_size=10, epochs=2))
    monkeypatch.delenv("GRADCHECK_DATA", raising=False)


def tour(capsys, *arguments):
    status = main(["tour", *arguments])
    return (status, *capsys.readouterr())


def test_it_derives_verifies_trains_and_sums_up_in_this_order(capsys):
    status, out, err = tour(capsys, "--dataset", "digits")
    assert (status, err) == (0, "")
    marks = ["∂E/∂w5 at", "0.082167041", "0.358916480", "∂E/∂w1 at", "0.000438568", "0.149780716"]
    marks += ["verdict", "Dense", "Sigmoid", "64-100-10", "epoch", "Derived  ", "tensors of", "Trained  "]
    places = [out.index(mark) for mark in marks]
    assert places == sorted(places)


def test_there_is_a_row_for_each_subject_with_its_tensors_and_verdict(capsys):
    _, out, _ = tour(capsys, "--dataset", "digits")
    number = r"(0|\d(\.\d)?e-\d\d)"
    assert re.search(rf"^Dense +x W b +{number} +{number} +\d+  agrees$", out, re.M)
    assert re.search(rf"^Sigmoid +x +{number} +{number} +\d+  agrees$", out, re.M)


def test_accuracy_is_printed_for_every_epoch(capsys):
    _, out, _ = tour(capsys, "--dataset", "digits")
    epochs = re.findall(r"^ +(\d+)  \d\.\d{4} +(\d+\.\d\d)% +(\d+\.\d\d)%$", out, re.M)
    assert [int(number) for number, _, _ in epochs] == [1, 2]
    assert f"{epochs[-1][2]}% of the held-out pictures" in out


def without_training(monkeypatch):
    def fit(*_, **__):
        raise AssertionError("it was trained all the same")

    monkeypatch.setattr(tour_module, "fit", fit)


def test_a_wrong_layer_stops_it_with_the_report_and_status_1(capsys, monkeypatch):
    without_training(monkeypatch)
    monkeypatch.setattr(tour_module, "cases", few(HalfSigmoid(), Dense(3, 4, rng=0)))
    status, out, _ = tour(capsys, "--dataset", "digits")
    assert status == 1
    assert re.search(r"^HalfSigmoid .* WRONG$", out, re.M)
    assert re.search(r"^Dense .* agrees$", out, re.M)
    assert "HalfSigmoid: dx is wrong in 15 of 15 entries" in out
    assert out.endswith("Not every gradient agrees, so nothing is trained.\n")


def test_a_layer_that_raises_stops_it_with_the_traceback_and_status_1(capsys, monkeypatch):
    without_training(monkeypatch)
    monkeypatch.setattr(tour_module, "cases", few(BrokenSigmoid(), Dense(3, 4, rng=0)))
    status, out, _ = tour(capsys, "--dataset", "digits")
    assert status == 1
    assert re.search(r"^BrokenSigmoid +raises$", out, re.M)
    assert re.search(r"^Dense .* agrees$", out, re.M)
    assert "IndexError: off by one" in out
    assert "test_tour.py" in out


def test_a_wrong_network_stops_it_with_the_report_and_status_1(capsys, monkeypatch):
    class Wrong(TwoLayerNet):
        def gradient(self, x, t):
            grads = super().gradient(x, t)
            return {**grads, "b2": 2 * grads["b2"]}

    without_training(monkeypatch)
    monkeypatch.setattr(tour_module, "TwoLayerNet", Wrong)
    status, out, _ = tour(capsys, "--dataset", "digits")
    assert status == 1
    assert "the 64-100-10 network: db2 is wrong in 10 of 10 entries" in out


def test_the_same_seed_gives_the_same_tour_and_another_seed_another(capsys):
    def words(seed):
        return [
            line for line in tour(capsys, "--dataset", "digits", "--seed", seed)[1].splitlines() if "Time" not in line
        ]

    assert words("1") == words("1") != words("2")


def test_data_in_mnist_format_is_used_and_named(capsys, tmp_path):
    status, out, _ = tour(capsys, "--data", str(write_folder(tmp_path)))
    assert status == 0
    assert "data in MNIST's format: 30 pictures, and 20 held out" in out
    assert f"From      {tmp_path}" in out
    assert "784-100-10" in out


@pytest.mark.parametrize("dataset", ["auto", "mnist"])
def test_damaged_data_is_an_error_before_all_else(capsys, tmp_path, dataset):
    (write_folder(tmp_path) / PARTS[2]).write_bytes(b"rubbish")
    status, out, err = tour(capsys, "--data", str(tmp_path), "--dataset", dataset)
    assert (status, out) == (2, "")
    assert err.startswith(f"gradcheck: {tmp_path / PARTS[2]}: expected the magic number")


def no_mnist(*_, **__):
    raise DataError("MNIST is nowhere.")


def test_digits_stand_in_for_mnist_and_it_is_said_why(capsys, monkeypatch):
    monkeypatch.setattr("gradcheck.training.datasets.load_mnist", no_mnist)
    status, out, _ = tour(capsys)
    assert status == 0
    assert "Note      MNIST is nowhere." in out
    assert "Data      digits" in out
    status, _, err = tour(capsys, "--dataset", "mnist")
    assert (status, err) == (2, "gradcheck: MNIST is nowhere.\n")


def test_without_scikit_learn_it_says_what_to_install(capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearn", None)
    status, _, err = tour(capsys, "--dataset", "digits")
    assert status == 2
    assert 'Run pip install "gradcheck[examples]"' in err
