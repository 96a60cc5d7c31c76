"""`gradcheck draw` sees a drawing as MNIST would, refuses strangers, measures what it claims, names what is wrong."""

import http.client
import json
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from io import StringIO
from threading import Thread

import numpy as np
import pytest

from gradcheck.analytic import (
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    MaxPooling2D,
    ReLU,
    Sequential,
    Softmax,
    Tanh,
)
from gradcheck.cli import main
from gradcheck.cli.console import Console
from gradcheck.cli.draw import model
from gradcheck.cli.draw.answer import answer, checked
from gradcheck.cli.draw.classifier import Classifier
from gradcheck.cli.draw.picture import centred
from gradcheck.cli.draw.server import SIDE, DrawServer
from gradcheck.training import DataError, load, save
from gradcheck.training.mnist import named


def dense(dtype=np.float64, pixels=784):
    return Sequential(Dense(pixels, 12, rng=0, dtype=dtype), Tanh(), Dense(12, 10, rng=1, dtype=dtype))


@pytest.fixture
def ink():
    """A seven, on paper."""
    paper = np.zeros((SIDE, SIDE), np.uint8)
    paper[20:30, 30:80] = 255
    for row in range(30, 90):
        paper[row, 100 - row // 2 - 20 : 110 - row // 2 - 20] = 200
    return paper


# ---- the picture ----


@pytest.mark.parametrize("size", [(9, 4), (20, 20), (33, 90), (400, 300)])
@pytest.mark.parametrize("place", [(0, 0), (50, 7)])
def test_the_longer_side_is_20_and_the_centre_of_mass_at_pixel_14(size, place):
    paper = np.zeros((500, 500))
    paper[place[0] : place[0] + size[0], place[1] : place[1] + size[1]] = np.random.default_rng(0).uniform(0.2, 1, size)
    picture = centred(paper)
    extent = [np.ptp(np.flatnonzero(picture.any(axis=1 - axis))) + 1 for axis in (0, 1)]
    assert max(extent) == 20
    assert extent == [max(1, round(side * 20 / max(size))) for side in size]
    centre = [np.arange(28) @ picture.sum(axis=1 - axis) / picture.sum() for axis in (0, 1)]
    assert np.abs(np.array(centre) - 14).max() <= 0.5 + 1e-12
    assert picture.max() == 1
    assert picture.min() == 0


def test_mnists_own_digits_stay_where_they_are():
    if not named():
        pytest.skip("MNIST is not here: GRADCHECK_DATA is not set")
    pictures = load("mnist", dtype=np.float32).x_test[:300].reshape(-1, 28, 28)
    assert max(np.abs(centred(picture) - picture).max() for picture in pictures) < 0.01


def test_nothing_drawn_is_an_empty_picture():
    assert not centred(np.zeros((40, 30))).any()


# ---- the answer and its check ----


def test_the_answer_is_the_networks_own(ink):
    network = dense()
    said = answer(Classifier(network), ink)
    scores = network.predict(centred(ink).reshape(1, -1))[0]
    assert said["digit"] == scores.argmax()
    np.testing.assert_allclose(said["probabilities"], np.exp(scores) / np.exp(scores).sum())
    json.dumps(said, allow_nan=False)


NETWORKS = {
    "float32": lambda: dense(np.float32),
    "8 by 8": lambda: dense(pixels=64),
    "dropout": lambda: Sequential(Dense(784, 10, rng=0), Dropout(0.5, rng=1)),
    "softmax": lambda: Sequential(Dense(784, 10, rng=0), Softmax()),
    "images, normalised": lambda: Sequential(
        Conv2D(1, 2, 7, stride=3, rng=0, dtype=np.float32),
        BatchNormalization(2, dtype=np.float32),
        Tanh(),
        Flatten(),
        Dense(128, 10, rng=1, dtype=np.float32),
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_right_gradient_agrees_at_every_pixel(name, ink):
    result = checked(Classifier(NETWORKS[name]()), ink)
    assert result["verdict"] == "agree"
    assert result["pixels"] == result["of"] == (64 if name == "8 by 8" else 784)
    assert 0 < result["difference"] < 1e-7


def test_a_gradient_that_is_wrong_at_one_pixel_is_told(ink):
    class Careless(Dense):
        def _backward(self, dy, cache):
            dx = super()._backward(dy, cache)
            dx[0, 300] *= 1.001
            return dx

    network = Sequential(Careless(784, 10, rng=0))
    assert checked(Classifier(network), ink)["verdict"] == "disagree"


def test_pixels_at_kinks_are_counted_and_the_work_is_limited(ink):
    pooled = Sequential(Conv2D(1, 2, 3, rng=0), ReLU(), MaxPooling2D(2), Flatten(), Dense(338, 10, rng=1))
    result = checked(Classifier(pooled), ink, budget=500)
    assert result["verdict"] == "agree"
    assert result["kinks"] > 0
    assert result["pixels"] + result["kinks"] < result["of"]


def test_a_network_of_other_inputs_or_outputs_is_refused():
    with pytest.raises(DataError, match=r"does not take pictures of 28 × 28 or 8 × 8 pixels to ten scores"):
        Classifier(Sequential(Dense(100, 10, rng=0)))
    with pytest.raises(DataError, match=r"\(1, 784\): it gives \(1, 3\)"):
        Classifier(Sequential(Dense(784, 3, rng=0)))
    with pytest.raises(DataError, match="expected a network such as Sequential"):
        Classifier(Dense(784, 10, rng=0))


# ---- the server ----


@contextmanager
def serving(classifier):
    with DrawServer(classifier) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def server():
    with serving(Classifier(dense())) as running:
        yield running


def request(server, method, path, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    try:
        origin = {"Origin": f"http://127.0.0.1:{server.server_port}"} if method == "POST" else {}
        names = {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
        dropped = {name.replace("_", "-") for name, value in headers.items() if value is None}
        sent = {name: value for name, value in {**origin, **names}.items() if name not in dropped}
        connection.request(method, path, body, sent)
        reply = connection.getresponse()
        return reply.status, reply.read(), reply.headers
    finally:
        connection.close()


@pytest.mark.parametrize("name", ["", "draw.js", "words.js", "draw.css", "icon.svg"])
def test_the_page_and_its_parts_come_from_here_alone(server, name):
    status, body, headers = request(server, "GET", f"/{server.secret}/{name}")
    assert status == 200
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert b"//" not in body.replace(b"http://www.w3.org/2000/svg", b"").replace(b"// ", b"")


def test_a_drawing_is_answered_and_checked(server, ink):
    status, body, _ = request(server, "POST", f"/{server.secret}/answer", ink.tobytes())
    assert (status, json.loads(body)["side"]) == (200, 28)
    status, body, _ = request(server, "POST", f"/{server.secret}/check", ink.tobytes())
    assert (status, json.loads(body)["verdict"]) == (200, "agree")


DRAWING = b"\x00\xff" * (SIDE * SIDE // 2)
REFUSED = {
    "no secret": ("GET", "/", None, {}, 404),
    "a wrong secret": ("GET", "/{secret}x/", None, {}, 404),
    "a secret that is no ASCII": ("GET", "/%C3%A9/", None, {}, 404),
    "another host name": ("GET", "/{secret}/", None, {"Host": "example.org"}, 421),
    "another port": ("GET", "/{secret}/", None, {"Host": "127.0.0.1:1"}, 421),
    "a file beside the page": ("GET", "/{secret}/../server.py", None, {}, 404),
    "another page": ("POST", "/{secret}/answer", DRAWING, {"Origin": "http://example.org"}, 403),
    "a page without a name": ("POST", "/{secret}/answer", DRAWING, {"Origin": "null"}, 403),
    "no page": ("POST", "/{secret}/answer", DRAWING, {"Origin": None}, 403),
    "another question": ("POST", "/{secret}/train", DRAWING, {}, 404),
    "too much": ("POST", "/{secret}/answer", DRAWING + b"x", {}, 413),
    "too little": ("POST", "/{secret}/answer", b"x", {}, 413),
    "no length": ("POST", "/{secret}/answer", None, {"Transfer_Encoding": "chunked", "Content_Length": None}, 413),
    "an empty drawing": ("POST", "/{secret}/answer", bytes(SIDE * SIDE), {}, 422),
    "another method": ("PUT", "/{secret}/answer", DRAWING, {}, 501),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_refuses(server, what):
    method, path, body, headers, status = REFUSED[what]
    assert request(server, method, path.format(secret=server.secret), body, **headers)[0] == status


def test_it_listens_on_this_machine_only_and_every_time_elsewhere(server):
    with DrawServer(server.classifier) as other:
        assert server.server_address[0] == other.server_address[0] == "127.0.0.1"
        assert other.secret != server.secret
        assert len(other.secret) >= 24


# ---- the command ----


def draw(capsys, *arguments):
    status = main(["draw", "--no-browser", *arguments])
    return (status, *capsys.readouterr())


def test_a_model_that_is_missing_damaged_or_of_another_size(capsys, tmp_path):
    path = tmp_path / "model.npz"
    assert draw(capsys, "--model", str(path)) == (2, "", f"gradcheck: {path}: there is no such file\n")
    path.write_bytes(b"PK\x03\x04 and no more")
    status, _, err = draw(capsys, "--model", str(path))
    assert status == 2
    assert err.startswith(f"gradcheck: {path}: it is damaged")
    save(path, Sequential(Dense(100, 10, rng=0)))
    status, _, err = draw(capsys, "--model", str(path))
    assert status == 2
    assert f"{path}: Sequential(Dense(100, 10)) does not take pictures" in err


def test_a_port_that_is_taken_or_is_none(capsys, tmp_path):
    save(tmp_path / "model.npz", dense())
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        status, _, err = draw(capsys, "--model", str(tmp_path / "model.npz"), "--port", str(port))
    assert (status, err.count("\n")) == (2, 1)
    assert f"argument --port: {port} is taken by another program" in err
    assert "whole number from 0 to 65535; it is '70000'" in draw(capsys, "--port", "70000")[2]


def test_ctrl_c_ends_it_well(tmp_path):
    save(tmp_path / "model.npz", dense())
    command = [sys.executable, "-m", "gradcheck", "draw", "--no-browser", "--lang", "zh"]
    with subprocess.Popen(
        [*command, "--model", str(tmp_path / "model.npz")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert "http://127.0.0.1:" in first
    assert first.endswith("/?lang=zh\n")
    assert (process.returncode, err) == (0, "")
    assert out.endswith("Ended.\n")


@pytest.fixture
def cached(tmp_path, monkeypatch):
    """An empty cache, and no data but a few of scikit-learn's digits."""
    pytest.importorskip("sklearn")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("GRADCHECK_DATA", raising=False)
    monkeypatch.setattr(model, "load", lambda *arguments, **options: load("digits", dtype=np.float32))
    monkeypatch.setattr(model, "EPOCHS", {"digits": 1})
    return tmp_path / "gradcheck" / "draw-digits.npz"


def test_without_a_model_one_is_trained_shown_and_kept(cached):
    out = StringIO()
    first = model.usual_classifier(Console(out))
    assert "Training a network on 1,433 pictures of digits" in out.getvalue()
    assert "epoch  1" in out.getvalue()
    again = StringIO()
    second = model.usual_classifier(Console(again))
    assert again.getvalue() == ""
    for name, W in first.network.params.items():
        np.testing.assert_array_equal(W, second.network.params[name])
    cached.write_bytes(b"")
    model.usual_classifier(Console(again))
    assert f"{cached}: it is damaged" in again.getvalue()
    assert "A new network is trained in its place." in again.getvalue()
    assert model.classifier_of(cached).side == 28


def test_a_training_that_is_interrupted_is_not_kept(cached, monkeypatch):
    from gradcheck.training import History

    monkeypatch.setattr(model, "fit", lambda *arguments, **options: History(stopped="interrupted"))
    with pytest.raises(KeyboardInterrupt):
        model.usual_classifier(Console(None))
    assert not cached.exists()


def test_a_cache_that_cannot_be_written_costs_no_more_than_that(cached, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    out = StringIO()
    assert model.usual_classifier(Console(out)).side == 28
    assert "The network could not be kept" in out.getvalue()
