"""The command line: what was asked for, and the exit status.

0 all is well; 1 a gradient disagrees; 2 the command line, the data or the machine is at fault, or nothing could be
settled; 130 interrupted; 141 nobody reads the output any more. Nothing slow is imported before it is needed.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from gradcheck import __version__
from gradcheck.cli.derive import add_derive
from gradcheck.cli.draw.command import add_draw
from gradcheck.cli.mutate import add_mutate
from gradcheck.cli.train import DATASETS, add_train, folder

AT_FAULT, INTERRUPTED, UNREAD = 2, 130, 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these arguments, by default the process's own; returns the exit status."""
    try:
        options = _parser().parse_args(argv)
        _calm_blas()
        return int(options.run(options))
    except SystemExit as exit_:  # argparse leaves this way, having said why
        return int(exit_.code or 0)
    except KeyboardInterrupt as stop:
        for note in getattr(stop, "__notes__", ()):
            print(f"gradcheck: interrupted {note}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        _discard_output()
        return UNREAD
    except OSError as error:  # a full disk, for one
        _discard_output()
        print(f"gradcheck: {error}", file=sys.stderr)
        return AT_FAULT


def _tour(options: argparse.Namespace) -> int:
    if options.dataset == "digits" and options.data is not None:
        options.refuse("argument --data: it is for MNIST; the digits come with scikit-learn and have no files")
    from gradcheck.cli.console import console
    from gradcheck.cli.tour import tour
    from gradcheck.training import DataError

    try:
        status = tour(console(sys.stdout, plain=options.plain), options.dataset, options.data, options.seed)
        if sys.stdout is not None:
            sys.stdout.flush()  # here, where a closed pipe is still told from success
    except (DataError, FloatingPointError) as error:
        print(f"gradcheck: {error}", file=sys.stderr)
        return AT_FAULT
    return status


def _check(options: argparse.Namespace) -> int:
    from gradcheck.cli.check import check
    from gradcheck.cli.console import console

    status = check(
        console(sys.stdout, plain=options.plain or options.json),
        options.targets,
        seed=options.seed,
        exhaustive=options.exhaustive,
        as_json=options.json,
        verbose=options.verbose,
    )
    if sys.stdout is not None:
        sys.stdout.flush()
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gradcheck", description="Check hand-written gradients.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"gradcheck {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_check(commands)
    add_mutate(commands)
    add_train(commands)
    add_derive(commands)
    _add_tour(commands)
    add_draw(commands)
    return parser


def _add_check(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    check = commands.add_parser(
        "check",
        help="check every layer, loss and pair of forward and backward in files or modules",
        description="Check every layer, loss and pair of forward and backward in files or modules, on inputs that are "
        "made up for them. Importing a file runs it; keep scripts under if __name__ == '__main__'. Exit status 0 if "
        "all agree, 1 if a gradient is wrong, 2 if nothing was found or settled.",
        allow_abbrev=False,
    )
    check.add_argument(
        "targets", nargs="+", metavar="FILE[:NAME]", help="layers.py, layers.py:Affine, or a module's dotted name"
    )
    check.add_argument("--seed", type=_seed, default=0, help="of everything random; default: 0")
    check.add_argument("--exhaustive", action="store_true", help="measure every entry, also where directions suffice")
    check.add_argument("--json", action="store_true", help="the reports as JSON")
    check.add_argument(
        "-v", "--verbose", action="store_true", help="also reports of what agrees, lessons of what is wrong"
    )
    check.add_argument("--plain", action="store_true", help="no colour")
    check.set_defaults(run=_check)


def _add_tour(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    tour = commands.add_parser(
        "tour",
        help="derive two gradients, verify every layer, then train a network on handwritten digits",
        description="Derive two gradients step by step, verify every layer and loss, and only if all agree "
        "train a two-layer network on handwritten digits. Exit status 1 if a gradient disagrees.",
        allow_abbrev=False,
    )
    tour.add_argument(
        "--dataset",
        choices=DATASETS,
        default="auto",
        help="what to train on; auto is MNIST where it can be had, else scikit-learn's digits",
    )
    tour.add_argument(
        "--data",
        metavar="DIR",
        type=folder,
        help="where MNIST's files are; default: GRADCHECK_DATA, else the usual places, else a download",
    )
    tour.add_argument("--seed", type=_seed, default=0, help="of everything random; default: 0")
    tour.add_argument("--plain", action="store_true", help="no colour, no progress bars")
    tour.set_defaults(run=_tour, refuse=tour.error)


def _seed(text: str) -> int:
    with suppress(ValueError):
        if (seed := int(text)) >= 0:
            return seed
    raise argparse.ArgumentTypeError(f"it has to be a whole number of at least 0; it is {text!r}")


def _calm_blas() -> None:
    """Let matrix products use one thread, unless the user says otherwise.

    Those of a small network are over before threads have met; on a busy machine they wait for each other
    seven times longer than they work. It has to be said before NumPy is imported.
    """
    if "numpy" not in sys.modules:
        os.environ.setdefault("OMP_NUM_THREADS", "1")


def _discard_output() -> None:
    """Let what is still buffered go nowhere, or the interpreter complains about the closed pipe at its exit."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
