"""The command: what it accepts, what it says to misuse, and its exit statuses."""

import os
import subprocess
import sys

import pytest

import gradcheck
from gradcheck.cli import main


def status_and_output(capsys, *arguments):
    status = main(list(arguments))
    return (status, *capsys.readouterr())


def test_the_version_is_that_of_the_package(capsys):
    assert status_and_output(capsys, "--version") == (0, f"gradcheck {gradcheck.__version__}\n", "")


def test_help_names_the_tour_and_its_options(capsys):
    status, out, _ = status_and_output(capsys, "--help")
    assert status == 0
    assert "tour" in out
    _, out, _ = status_and_output(capsys, "tour", "--help")
    assert all(option in out for option in ("--data DIR", "--dataset {auto,mnist,digits}", "--seed", "--plain"))


MISUSE = {
    (): "the following arguments are required: COMMAND",
    ("torn",): "invalid choice: 'torn'",
    ("tour", "--dataset", "cifar"): "argument --dataset: invalid choice: 'cifar'",
    ("tour", "--seed", "-1"): "argument --seed: it has to be a whole number of at least 0; it is '-1'",
    ("tour", "--seed", "1.5"): "argument --seed: it has to be a whole number of at least 0; it is '1.5'",
    ("tour", "--data", ""): "argument --data: it is empty; it has to name a folder",
    (
        "train",
        "--data",
        "digits",
    ): "argument --data: it has to name a folder with MNIST's files; write --dataset digits",
    ("tour", "--dataset", "digits", "--data", "x"): "argument --data: it is for MNIST; the digits come with",
    ("tour", "--pla"): "unrecognized arguments: --pla",
}


@pytest.mark.parametrize("arguments", MISUSE, ids=" ".join)
def test_misuse_is_told_what_is_right_and_ends_with_status_2(capsys, arguments):
    status, out, err = status_and_output(capsys, *arguments)
    assert (status, out) == (2, "")
    assert err.startswith("usage: gradcheck")
    assert MISUSE[arguments] in err


def test_missing_data_is_one_line_before_all_else(capsys, tmp_path, monkeypatch):
    status, out, err = status_and_output(capsys, "tour", "--data", str(tmp_path / "nowhere"))
    assert (status, out) == (2, "")
    assert err.startswith(f"gradcheck: {tmp_path / 'nowhere'}: expected a folder with the MNIST files, found nothing")
    assert err.count("\n") == 1
    monkeypatch.setenv("GRADCHECK_DATA", str(tmp_path))
    status, out, err = status_and_output(capsys, "tour")
    assert (status, out) == (2, "")
    assert "expected the MNIST files, found none of them" in err


def raising(error):
    def tour(*_):
        raise error

    return tour


def test_an_interruption_is_quiet_and_has_the_usual_status(capsys, monkeypatch):
    monkeypatch.setattr("gradcheck.cli.tour.tour", raising(KeyboardInterrupt()))
    assert status_and_output(capsys, "tour") == (130, "", "")


def test_a_loss_that_is_no_number_is_one_line(capsys, monkeypatch):
    monkeypatch.setattr("gradcheck.cli.tour.tour", raising(FloatingPointError("the loss is nan")))
    assert status_and_output(capsys, "tour") == (2, "", "gradcheck: the loss is nan\n")


def test_a_disk_that_is_full_is_one_line(capsys, monkeypatch):
    monkeypatch.setattr("gradcheck.cli.tour.tour", raising(OSError(28, "No space left on device")))
    assert status_and_output(capsys, "tour") == (2, "", "gradcheck: [Errno 28] No space left on device\n")


def test_an_error_of_the_program_itself_is_not_hidden(monkeypatch):
    monkeypatch.setattr("gradcheck.cli.tour.tour", raising(ZeroDivisionError("bug")))
    with pytest.raises(ZeroDivisionError, match="bug"):
        main(["tour"])


def test_the_module_is_the_command_and_hands_on_its_status():
    def module(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "gradcheck", *arguments], capture_output=True, text=True, check=False
        )

    assert module("--version").stdout == f"gradcheck {gradcheck.__version__}\n"
    assert module("--version").returncode == 0
    assert module("torn").returncode == 2


def test_asking_for_the_version_imports_nothing_slow():
    code = (
        "import sys; from gradcheck.cli import main; main(['--version']); "
        "print({'numpy', 'rich', 'autograd'} & set(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.endswith("set()\n")


@pytest.mark.skipif(os.name != "posix", reason="what a closed pipe does is told here as POSIX systems do it")
def test_a_reader_that_has_enough_ends_the_command_quietly():
    command = [sys.executable, "-m", "gradcheck", "tour", "--dataset", "digits"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().startswith("gradcheck ")
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == 141
