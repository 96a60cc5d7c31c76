"""``gradcheck draw``: start the server, open the page, and wait until Ctrl-C."""

import argparse
import errno
import os
import sys
from contextlib import suppress

AT_FAULT = 2
VARIABLE = "GRADCHECK_LANG"
LANGUAGES = ("en", "zh")


def add_draw(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    draw = commands.add_parser(
        "draw",
        help="draw a digit in the browser and see what a network says, and why",
        description="Open a page on this machine on which to draw a digit: what a network takes it for, and which "
        "pixels speak for it, by a gradient that is checked on the spot. Without a model one is trained first, and "
        "kept. Ctrl-C ends it.",
        allow_abbrev=False,
    )
    draw.add_argument("--model", metavar="FILE.npz", help="a network as save() writes it; default: one of its own")
    draw.add_argument("--port", type=_port, default=0, help="default: any that is free")
    draw.add_argument("--no-browser", action="store_true", help="only print the address")
    draw.add_argument("--lang", choices=LANGUAGES, help=f"of the page; default: {VARIABLE}, else the browser's")
    draw.add_argument("--retrain", action="store_true", help="train its own network anew")
    draw.add_argument("--plain", action="store_true", help="no colour, no progress bars")
    draw.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C, which is how it is meant to end: 0; 2 if it could not begin."""
    from gradcheck.cli.console import console
    from gradcheck.cli.draw.model import classifier_of, usual_classifier
    from gradcheck.cli.draw.server import DrawServer
    from gradcheck.training import DataError

    out = console(sys.stdout, plain=options.plain)
    try:
        if options.model is not None:
            classifier = classifier_of(options.model)
        else:
            classifier = usual_classifier(out, retrain=options.retrain)
        server = DrawServer(classifier, options.port)
    except DataError as error:
        print(f"gradcheck: {error}", file=sys.stderr)
        return AT_FAULT
    except OSError as error:
        print(f"gradcheck: {_explained(error, options.port)}", file=sys.stderr)
        return AT_FAULT

    language = options.lang or _language()
    address = server.address + (f"?lang={language}" if language else "")
    with server, suppress(KeyboardInterrupt):
        out.write(f"Draw a digit at {address}\nCtrl-C ends it.")
        if not options.no_browser:
            _open(address)
        server.serve_forever()
    out.write("\nEnded.")
    return 0


def _port(text: str) -> int:
    with suppress(ValueError):
        if 0 <= (port := int(text)) < 1 << 16:
            return port
    raise argparse.ArgumentTypeError(f"it has to be a whole number from 0 to 65535; it is {text!r}")


def _language() -> str | None:
    """What the environment asks for, if the page knows it."""
    code = os.environ.get(VARIABLE, "").replace("-", "_").partition("_")[0].partition(".")[0].lower()
    return code if code in LANGUAGES else None


def _explained(error: OSError, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"argument --port: {port} is taken by another program; choose another, or leave it out for a free one"
    if error.errno == errno.EACCES:
        return f"argument --port: {port} is not for every user; choose one above 1023, or leave it out"
    return str(error)


def _open(address: str) -> None:
    import webbrowser

    with suppress(webbrowser.Error):  # the address is on the screen
        webbrowser.open(address)
