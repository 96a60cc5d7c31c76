"""``gradcheck train``, ``evaluate`` and ``predict`` do what they say, from the data to the digit on a picture."""

import numpy as np
import pytest

from gradcheck.analytic import TwoLayerNet
from gradcheck.cli.main import main
from gradcheck.training import load_digits, load_network

TRAIN = ["train", "--dataset", "digits", "--plain"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.npz"
    assert main([*TRAIN, "--network", "dropout-512", "--epochs", "6", "--batch-size", "64", "--save", str(path)]) == 0
    return path


def test_training_shows_data_network_epochs_verdict_and_result(capsys, tmp_path):
    log, curves = tmp_path / "log.csv", tmp_path / "curves.png"
    options = ["--network", "two-layer", "--epochs", "2", "--log", str(log), "--curves", str(curves)]
    assert main([*TRAIN, *options]) == 0
    out = capsys.readouterr().out
    for words in (
        "Dataset(digits: 1,433 pictures to train on",
        "0 Dense(64, 100) (1, 100)",
        "SGD(lr=0.1), batches of 10\n",
        "epoch    loss  accuracy  held-out loss  held-out accuracy\n    1  2.",
        "Gradients: TwoLayerNet agrees; an error of",
        "Held out:  ",
    ):
        assert words in out
    assert log.read_text(encoding="utf-8").count("\n") == 3
    assert curves.exists()


def test_the_saved_network_is_evaluated_and_told_what_it_confuses(model, capsys):
    assert main(["evaluate", str(model), "--dataset", "digits"]) == 0
    out = capsys.readouterr().out
    digits = load_digits(dtype=np.float32)
    right = load_network(model).network.accuracy(digits.x_test, digits.t_test)
    assert right > 0.9
    assert f"{right:.2%} of those held out told right, loss 0." in out
    assert " taken for " in out


@pytest.mark.parametrize("light", [True, False], ids=["dark on light", "light on dark"])
def test_a_picture_is_read_prepared_and_told(model, capsys, tmp_path, light):
    image = pytest.importorskip("matplotlib.image", reason="pictures are read with matplotlib")
    digits = load_digits()
    sure = np.abs(digits.x_test[:, :]).sum(axis=1).argsort()[-1]
    picture = np.pad(np.kron(digits.x_test[sure].reshape(8, 8), np.ones((9, 9))), 20)
    path = tmp_path / "digit.png"
    image.imsave(path, 1 - picture if light else picture, cmap="gray", vmin=0, vmax=1)
    assert main(["predict", str(model), str(path)]) == 0
    assert capsys.readouterr().out.startswith(f"{path}: {digits.t_test[sure]} (")


def test_an_interrupted_training_is_resumed(capsys, tmp_path):
    folder = tmp_path / "checkpoints"
    options = [*TRAIN, "--network", "plain-512"]
    assert main([*options, "--epochs", "2", "--checkpoints", str(folder)]) == 0
    assert sorted(path.name for path in folder.iterdir()) == ["best.npz", "last.npz"]
    capsys.readouterr()
    assert main([*options, "--epochs", "3", "--resume", str(folder / "last.npz")]) == 0
    resumed = capsys.readouterr().out.splitlines()
    assert "2 epochs done already; going on to 3" in resumed
    assert main([*options, "--epochs", "2", "--resume", str(folder / "last.npz")]) == 0
    assert "2 epochs done already; nothing is left of 2\n" in capsys.readouterr().out
    assert main([*options, "--epochs", "3"]) == 0
    straight = capsys.readouterr().out.splitlines()
    assert [line for line in resumed if line.startswith("    3 ")] == [
        line for line in straight if line[:6] == "    3 "
    ]
    assert not [line for line in resumed if line.startswith("    2 ")]
    assert resumed[-1] == straight[-1]


def test_a_wrong_gradient_is_shown_and_nothing_trained(capsys, tmp_path, monkeypatch):
    right = TwoLayerNet.gradient

    def wrong(network, x, t):
        return {name: -dW if name == "b2" else dW for name, dW in right(network, x, t).items()}

    monkeypatch.setattr(TwoLayerNet, "gradient", wrong)
    path = tmp_path / "model.npz"
    assert main([*TRAIN, "--network", "two-layer", "--save", str(path)]) == 1
    out = capsys.readouterr().out
    assert "db2 is wrong" in out or "b2" in out
    assert "The gradients were not found right, so nothing is trained." in out
    assert not path.exists()
    assert main([*TRAIN, "--network", "two-layer", "--epochs", "1", "--no-verify"]) == 0
    assert "Gradients: not checked (--no-verify)" in capsys.readouterr().out


def test_where_it_cannot_be_kept_is_told_before_the_work(capsys, tmp_path):
    path = tmp_path / "model.npz"
    path.touch()
    for option, place, says in (
        ("--save", tmp_path, f"that is a folder; name a file in it, {path}"),
        ("--checkpoints", path, "that is a file; a folder is wanted, for last.npz and best.npz"),
    ):
        assert main([*TRAIN, option, str(place)]) == 2
        printed = capsys.readouterr()
        assert (printed.out, printed.err) == ("", f"gradcheck: {option} {place}: {says}\n")


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["train", "--epochs", "0"], "argument --epochs: it has to be a whole number of at least 1; it is '0'"),
        (["train", "--network", "huge"], "argument --network: invalid choice: 'huge'"),
        ([*TRAIN, "--save", "/nowhere/model.npz"], "gradcheck: --save /nowhere/model.npz: there is no folder /nowhere"),
        ([*TRAIN, "--resume", "none.npz"], "gradcheck: none.npz: there is no such file"),
        (["evaluate", "none.npz", "--dataset", "digits"], "gradcheck: none.npz: there is no such file"),
        (["predict", "none.npz", "none.png"], "gradcheck: none.npz: there is no such file"),
    ],
)
def test_misuse_is_told_in_a_line_and_gives_status_two(argv, says, capsys):
    assert main(argv) == 2
    assert says in capsys.readouterr().err


def test_pictures_that_are_none_are_told(model, capsys, tmp_path):
    image = pytest.importorskip("matplotlib.image", reason="pictures are read with matplotlib")
    empty, text = tmp_path / "empty.png", tmp_path / "text.png"
    image.imsave(empty, np.ones((30, 30)), cmap="gray", vmin=0, vmax=1)
    text.write_text("no picture", encoding="utf-8")
    for path, says in ((empty, "there is nothing on it"), (text, "it cannot be read as a picture")):
        assert main(["predict", str(model), str(path)]) == 2
        assert f"gradcheck: {path}: {says}" in capsys.readouterr().err
