"""The digits that need no files, and the one door to all data sets."""

import os
import sys

import numpy as np
import pytest

from gradcheck.training import DataError, load, load_digits, load_mnist


def test_digits_are_rows_in_0_to_1_with_a_fifth_of_every_class_held_out():
    data = load_digits()
    assert len(data.x_train) + len(data.x_test) == 1797
    for x, t in ((data.x_train, data.t_train), (data.x_test, data.t_test)):
        assert x.dtype == np.float64
        assert x.shape == (len(t), 64)
        assert x.min() == 0
        assert x.max() == 1
    everyone = np.bincount(data.t_train) + np.bincount(data.t_test)
    np.testing.assert_allclose(np.bincount(data.t_test) / everyone, 0.2, atol=0.005)


def test_no_picture_is_both_trained_on_and_held_out():
    data = load_digits()
    together = np.vstack([data.x_train, data.x_test])
    assert len(np.unique(together, axis=0)) == len(together)


def test_digits_by_name_come_without_a_note_and_whatever_the_variable_says(monkeypatch):
    monkeypatch.setenv("GRADCHECK_DATA", "/nowhere")
    assert (load("digits").name, load("digits").note) == ("digits", "")


def test_misuse_is_told_what_is_right():
    with pytest.raises(ValueError, match="one of auto, mnist, digits; it is 'cifar'"):
        load("cifar")
    with pytest.raises(ValueError, match="data='here' is for MNIST; digits come with scikit-learn"):
        load("digits", "here")


def test_without_scikit_learn_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(DataError, match=r'Run pip install "gradcheck\[examples\]"'):
        load_digits()


@pytest.mark.skipif(not os.environ.get("GRADCHECK_DATA"), reason="GRADCHECK_DATA does not name the MNIST files")
def test_the_real_mnist_is_recognised():
    data = load_mnist()
    assert data.name == "MNIST"
    assert data.x_train.shape == (60_000, 784)
    assert data.x_test.shape == (10_000, 784)
    assert np.bincount(data.t_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
