"""Damaged MNIST files are refused, and the error names the file, what was expected and what was found."""

import gzip
import struct

import numpy as np
import pytest
from mnist_sets import PARTS, TRAIN, arrays, idx, write_folder, write_npz

from gradcheck.training import DataError, load, load_mnist

IMAGES, LABELS = PARTS[0], PARTS[1]
WHOLE = {part: idx(array) for part, array in zip(PARTS, arrays(), strict=True)}
PIXELS = TRAIN * 28 * 28


def header(magic, *shape):
    return bytes.fromhex(magic) + struct.pack(f">{len(shape)}I", *shape)


PLAIN = {
    "truncated": (IMAGES, WHOLE[IMAGES][:-1], "expected 23,520 bytes .* 30 items .*, found 23,519"),
    "truncated header": (IMAGES, WHOLE[IMAGES][:9], "expected a header of 16 bytes, found 9"),
    "trailing bytes": (
        IMAGES,
        WHOLE[IMAGES] + b"\0",
        "expected 23,520 bytes .*, found 23,520 and more after",
    ),
    "empty": (IMAGES, b"", "expected a header of 16 bytes, found an empty file"),
    "labels for images": (IMAGES, WHOLE[LABELS], "the magic number 00 00 08 03, found 00 00 08 01"),
    "float magic": (LABELS, b"\0\0\x0d\1" + WHOLE[LABELS][4:], "number 00 00 08 01, found 00 00 0d 01"),
    "gzip without .gz": (LABELS, gzip.compress(WHOLE[LABELS]), "found 1f 8b .* its name has to end in .gz"),
    "web page": (LABELS, b"<html>not found</html>", "found 3c 68 74 6d, the start of a web page"),
    "wrong size": (
        IMAGES,
        header("00000803", TRAIN, 14, 56) + bytes(PIXELS),
        "28 × 28 pixels, found .*14 × 56",
    ),
    "no items": (LABELS, header("00000801", 0), "expected a count from 1 to 1,000,000, found a count of 0"),
    "huge count": (IMAGES, header("00000803", 2**32 - 1, 28, 28), "found a count of 4,294,967,295"),
    "big count": (
        IMAGES,
        header("00000803", TRAIN + 1, 28, 28) + bytes(PIXELS),
        "24,304 bytes .* found 23,520",
    ),
    "too few labels": (LABELS, idx(np.zeros(TRAIN - 1, np.uint8)), "each of the 30 pictures in .*, found 29"),
    "label 10": (
        LABELS,
        idx(np.r_[np.zeros(TRAIN - 1), 10].astype(np.uint8)),
        "0 to 9, found 10 at position 29",
    ),
}


@pytest.mark.parametrize("case", PLAIN)
def test_a_damaged_plain_file_is_an_error_that_names_it(tmp_path, case):
    part, content, message = PLAIN[case]
    (write_folder(tmp_path) / part).write_bytes(content)
    with pytest.raises(DataError, match=f"{part}: expected .*{message.removeprefix('expected ')}"):
        load_mnist(tmp_path)


SQUEEZED = gzip.compress(WHOLE[IMAGES])
GZIPPED = {
    "cut short": (SQUEEZED[:-200], "expected a whole gzip file, found one that is cut short or damaged"),
    "checksum cut off": (SQUEEZED[:-8], "expected a whole gzip file, found one that is cut short or damaged"),
    "flipped bits": (SQUEEZED[:500] + bytes(200) + SQUEEZED[700:], "expected (a whole gzip file|gzip data)"),
    "wrong checksum": (
        SQUEEZED[:-8] + bytes(4) + SQUEEZED[-4:],
        "expected gzip data from end to end, found CRC",
    ),
    "rubbish after it": (
        SQUEEZED + b"rubbish",
        "expected gzip data from end to end, found Not a gzipped file",
    ),
    "two in one": (SQUEEZED + SQUEEZED, "found 23,520 and more after them"),
    "not compressed": (
        WHOLE[IMAGES],
        r"expected a gzip file \(1f 8b …\), found 00 00 08 03. .* take .gz off",
    ),
    "a web page": (b"<!doctype html>", "found 3c 21 64 6f, the start of a web page"),
    "empty": (b"", "expected a gzip file .*, found nothing"),
    "empty inside": (gzip.compress(b""), "expected a header of 16 bytes, found an empty file"),
}


@pytest.mark.parametrize("case", GZIPPED)
def test_a_damaged_gzip_file_is_an_error_that_names_it(tmp_path, case):
    content, message = GZIPPED[case]
    (write_folder(tmp_path, suffix=".gz") / f"{IMAGES}.gz").write_bytes(content)
    with pytest.raises(DataError, match=f"{IMAGES}.gz: .*{message}"):
        load_mnist(tmp_path)


def test_images_without_labels_are_an_error_that_names_what_is_missing(tmp_path):
    for part in (LABELS, PARTS[3]):
        (write_folder(tmp_path) / part).unlink()
    (tmp_path / LABELS).unlink()
    with pytest.raises(DataError, match=f"expected all four MNIST files, found no {LABELS} and no {PARTS[3]}"):
        load_mnist(tmp_path)


def test_a_directory_in_place_of_a_file_is_an_error(tmp_path):
    (write_folder(tmp_path) / LABELS).unlink()
    (tmp_path / LABELS).mkdir()
    with pytest.raises(DataError, match=f"{LABELS}: expected a file, found a directory"):
        load_mnist(tmp_path)


def test_a_link_to_nowhere_is_an_error(tmp_path):
    (write_folder(tmp_path) / LABELS).unlink()
    (tmp_path / LABELS).symlink_to(tmp_path / "gone")
    with pytest.raises(DataError, match=f"{LABELS}: expected a file, found none that can be read"):
        load_mnist(tmp_path)


def test_a_directory_beside_the_file_of_the_other_spelling_does_no_harm(tmp_path):
    write_folder(tmp_path, dot=".")
    (tmp_path / LABELS).mkdir()
    assert len(load_mnist(tmp_path).t_train) == TRAIN


@pytest.mark.parametrize(("place", "found"), [("nowhere", "nothing there"), ("file", "a file"), (".", "none of them")])
def test_a_place_without_the_files_is_an_error_that_says_which_files_to_put_where(tmp_path, place, found):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataError, match=f"found {found}. Put the four files .*t10k-labels-idx1-ubyte.gz"):
        load_mnist(tmp_path / place)


def test_an_empty_argument_is_an_error():
    with pytest.raises(ValueError, match="data is empty"):
        load_mnist("")


def test_a_damaged_archive_is_an_error_that_names_it(tmp_path):
    path = write_npz(tmp_path / "mnist.npz")
    whole = path.read_bytes()
    for content in (b"", b"rubbish", whole[:-100], whole[:300] + bytes(300) + whole[600:]):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"mnist\.npz: expected an archive"):
            load_mnist(path)


def test_an_archive_that_would_be_unpickled_is_refused(tmp_path):
    names = ("x_train", "y_train", "x_test", "y_test")
    np.savez(tmp_path / "mnist.npz", **{name: np.array([{}, {}]) for name in names})
    with pytest.raises(DataError, match="allow_pickle=False"):
        load_mnist(tmp_path)


def test_an_archive_without_labels_or_with_other_arrays_is_an_error(tmp_path):
    x_train, y_train, x_test, y_test = arrays()
    np.savez(tmp_path / "mnist.npz", x_train=x_train, x_test=x_test, y_test=y_test)
    with pytest.raises(DataError, match="expected the arrays x_train, y_train, x_test, y_test, found y_train"):
        load_mnist(tmp_path)
    np.savez(tmp_path / "mnist.npz", x_train=x_train / 255, y_train=y_train, x_test=x_test, y_test=y_test)
    with pytest.raises(DataError, match=r"bytes of shape \(N, 28, 28\), found float64 of shape \(30, 28, 28\)"):
        load_mnist(tmp_path)


@pytest.mark.parametrize("dataset", ["auto", "mnist"])
def test_damaged_files_that_were_named_are_never_passed_over(tmp_path, monkeypatch, dataset):
    (write_folder(tmp_path) / LABELS).write_bytes(b"")
    monkeypatch.setenv("GRADCHECK_DATA", str(tmp_path))
    with pytest.raises(DataError, match=LABELS):
        load(dataset)
    monkeypatch.delenv("GRADCHECK_DATA")
    with pytest.raises(DataError, match=LABELS):
        load(dataset, tmp_path)
