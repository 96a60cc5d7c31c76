"""MNIST is found where it is: what the user names first, then what other libraries left, then a mirror."""

import gzip
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from mnist_sets import PARTS, TEST, TRAIN, arrays, write_folder, write_npz

from gradcheck.training import DataError, download, load, load_mnist, mnist_files
from gradcheck.training.idx import fingerprint


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """An empty home on a machine without a network, where set 0 is the genuine MNIST."""
    for name in ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    for name in ("GRADCHECK_DATA", "KERAS_HOME", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr(download, "MIRRORS", ())
    genuine = dict(zip(PARTS, map(fingerprint, arrays(0)), strict=True))
    for module in (mnist_files, "gradcheck.training.mnist"):
        target = module if isinstance(module, str) else module.__name__
        monkeypatch.setattr(f"{target}.CHECKSUMS", genuine)
    return tmp_path / "home"


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("dot", ["-", "."])
@pytest.mark.parametrize("below", ["", "MNIST/raw"])
def test_the_files_are_read_in_every_shape_they_come_in(tmp_path, suffix, dot, below):
    write_folder(tmp_path / "set" / below, suffix=suffix, dot=dot)
    data = load_mnist(tmp_path / "set")
    x_train, t_train, x_test, t_test = arrays()
    assert data.x_train.shape == (TRAIN, 784)
    assert data.x_test.shape == (TEST, 784)
    np.testing.assert_allclose(data.x_train, x_train.reshape(TRAIN, 784) / 255, rtol=1e-6)
    np.testing.assert_allclose(data.x_test, x_test.reshape(TEST, 784) / 255, rtol=1e-6)
    np.testing.assert_array_equal(data.t_train, t_train)
    np.testing.assert_array_equal(data.t_test, t_test)


def test_keras_archive_is_read(tmp_path):
    path = write_npz(tmp_path / "set" / "mnist.npz")
    for place in (path, path.parent):
        assert load_mnist(place).x_train.shape == (TRAIN, 784)


def test_pictures_come_in_the_dtype_asked_for(tmp_path):
    write_folder(tmp_path / "set")
    for dtype in (np.float64, np.float32):
        data = load_mnist(tmp_path / "set", dtype=dtype)
        assert data.x_train.dtype == data.x_test.dtype == dtype
        assert data.x_train.max() == 1
    assert load_mnist(tmp_path / "set").x_train.dtype == np.float64


def test_only_the_genuine_set_is_called_mnist(tmp_path):
    assert load_mnist(write_folder(tmp_path / "genuine")).name == "MNIST"
    assert load_mnist(write_folder(tmp_path / "other", seed=1)).name == "data in MNIST's format"


def test_an_argument_comes_before_the_variable_and_the_variable_before_the_usual_places(tmp_path, monkeypatch, home):
    write_npz(home / ".keras/datasets/mnist.npz")
    assert load_mnist().source == str(home / ".keras/datasets/mnist.npz")
    monkeypatch.setenv("GRADCHECK_DATA", str(write_folder(tmp_path / "variable", seed=1)))
    assert load_mnist().source == str(tmp_path / "variable")
    assert load_mnist(write_folder(tmp_path / "argument", seed=2)).source == str(tmp_path / "argument")


def test_a_tilde_means_the_home_and_an_empty_variable_means_none(monkeypatch, home):
    write_folder(home / "mine")
    assert load_mnist("~/mine").name == "MNIST"
    monkeypatch.setenv("GRADCHECK_DATA", "")
    with pytest.raises(DataError, match="not on this disk"):
        load_mnist()


@pytest.mark.parametrize(
    "root", ["work", "work/data", "work/datasets", "home/data", "home/datasets", "home/.cache/torch"]
)
def test_what_torchvision_left_is_found(tmp_path, root):
    write_folder(tmp_path / root / "MNIST" / "raw")
    assert load_mnist().name == "MNIST"


def test_keras_home_is_respected(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "k"))
    write_npz(tmp_path / "k/datasets/mnist.npz")
    assert load_mnist().source == str(tmp_path / "k/datasets/mnist.npz")


def test_in_the_usual_places_what_is_damaged_or_something_else_is_passed_over(tmp_path, home):
    write_npz(home / ".keras/datasets/mnist.npz").write_bytes(b"rubbish")
    write_folder(tmp_path / "work/MNIST/raw", seed=1)
    with pytest.raises(DataError, match="not on this disk"):
        load_mnist()
    write_folder(tmp_path / "home/data/MNIST/raw")
    assert load_mnist().source == str(tmp_path / "home/data/MNIST/raw")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A web server that offers a folder; ``mirror.folder``, ``mirror.url``."""
    folder = tmp_path / "mirror"
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    server.folder, server.url = folder, f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setattr(download, "MIRRORS", ("http://127.0.0.1:1/", server.url))
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_mirrors_are_tried_in_turn_and_what_they_send_is_checked_and_kept(mirror, monkeypatch):
    write_folder(mirror.folder, suffix=".gz")
    seen = []
    data = load_mnist(progress=lambda name, done, total: seen.append((name, done, total)))
    assert data.name == "MNIST"
    assert data.source.startswith(mirror.url)
    assert {name for name, _, _ in seen} == set(PARTS)
    assert seen[-1][1] == seen[-1][2] == (mirror.folder / f"{PARTS[-1]}.gz").stat().st_size
    monkeypatch.setattr(download, "MIRRORS", ())
    np.testing.assert_array_equal(load_mnist().x_train, data.x_train)


def test_a_kept_file_that_was_damaged_since_is_downloaded_again(mirror):
    write_folder(mirror.folder, suffix=".gz")
    kept = load_mnist().source.split("(kept in ")[1].rstrip(")")
    with open(f"{kept}/{PARTS[0]}", "r+b") as file:
        file.truncate(1000)
    assert len(load_mnist().x_train) == TRAIN


WRONG = {
    "other content": gzip.compress(b"something else"),
    "a web page": b"<html>please log in</html>",
    "cut short": gzip.compress(bytes(9999))[:-9],
}


@pytest.mark.parametrize("case", WRONG)
def test_what_a_mirror_sends_instead_is_refused_and_not_kept(mirror, home, case):
    write_folder(mirror.folder, suffix=".gz")
    (mirror.folder / f"{PARTS[2]}.gz").write_bytes(WRONG[case])
    with pytest.raises(DataError, match=f"{PARTS[2]} could not be downloaded .*{mirror.url}.* Put the four files"):
        load_mnist()
    assert not list(home.rglob(f"{PARTS[2]}*"))


def test_a_mirror_that_lacks_the_files_does_not_count(mirror):
    with pytest.raises(DataError, match="no mirror answers within 4 seconds"):
        load_mnist()


def test_without_pooch_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pooch", None)
    with pytest.raises(DataError, match=r'Run pip install "gradcheck\[examples\]"'):
        load_mnist()


def test_auto_is_mnist_where_it_can_be_had_and_otherwise_digits_with_the_reason(home):
    data = load("auto")
    assert (data.name, data.pixels) == ("digits", 64)
    assert "MNIST is not on this disk, and no mirror answers" in data.note
    write_folder(home / "data/MNIST/raw")
    data = load("auto")
    assert (data.name, data.note) == ("MNIST", "")


def test_mnist_asked_for_by_name_is_never_replaced():
    with pytest.raises(DataError, match="not on this disk"):
        load("mnist")
