"""What may be set, and what counts: the marker before the command line, before the ini file, before the default.

What a test hands to the fixture itself, ``gradcheck(layer, x, seed=3)``, counts before all of these.
"""

import argparse
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

SETTINGS = pytest.StashKey["Settings"]()
MARKER = "gradcheck"
MARKER_KEYWORDS = ("rtol", "seed", "dtype", "order", "max_evaluations")
SUFFIXES = (".html", ".json")


class Option(NamedTuple):
    """An option of the command line with its twin in the ini file: ``--gradcheck-rtol`` and ``gradcheck_rtol``."""

    name: str
    metavar: str
    parse: Callable[[str], Any]
    default: Any
    help: str

    @property
    def flag(self) -> str:
        """As on the command line."""
        return f"--gradcheck-{self.name.replace('_', '-')}"

    @property
    def key(self) -> str:
        """As in the ini file."""
        return f"gradcheck_{self.name}"


def _whole(least: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.strip().isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number of {least} or more")
        return int(text)

    return parse


def _relative_error(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of 0 or more, such as 1e-6")
    return value


def _report_file(text: str) -> str:
    if Path(text).suffix not in SUFFIXES:
        raise argparse.ArgumentTypeError(f"{text!r} ends neither in .html nor in .json")
    return text


VALUES = (
    Option("seed", "N", _whole(0), 0, "each test draws from this and its own name; default 0"),
    Option("rtol", "R", _relative_error, None, "a relative error that is accepted in any entry; default none"),
    Option("max_evaluations", "N", _whole(1), None, "forward evaluations a check may take; default as many as needed"),
)
SWITCHES = (
    Option("summary", "", str, False, "sum up at the end of the run, also when nothing failed"),
    Option("explain", "", str, False, "derive, step by step, the right gradient of the worst entry of what is wrong"),
)


def add_options(parser: pytest.Parser) -> None:
    """The options and their twins."""
    group = parser.getgroup("gradcheck", "checks of hand-written gradients")
    for option in VALUES:
        group.addoption(option.flag, metavar=option.metavar, type=option.parse, dest=option.key, help=option.help)
        parser.addini(option.key, option.help)
    for option in SWITCHES:
        group.addoption(option.flag, action="store_true", default=None, dest=option.key, help=option.help)
        parser.addini(option.key, option.help, type="bool", default=False)
    report = "write a report, FILE.html or FILE.json; may be given twice"
    group.addoption(
        "--gradcheck-report", action="append", metavar="FILE", type=_report_file, dest="gradcheck_report", help=report
    )
    parser.addini("gradcheck_report", report, type="args", default=[])
    modules = "collect the layers and gradients of modules as tests"
    group.addoption(
        "--gradcheck-modules", action="store_true", default=False, dest="gradcheck_modules",
        help=f"{modules}: of every .py file that is no test file",
    )  # fmt: skip
    parser.addini("gradcheck_modules", f"{modules}: of these, such as src/layers.py or net.layers", "args", default=[])


class Settings:
    """The settings of a run.

    Raises
    ------
    UsageError
        If a value in the ini file is none.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.seed: int = _value(config, VALUES[0])
        self.rtol: float | None = _value(config, VALUES[1])
        self.max_evaluations: int | None = _value(config, VALUES[2])
        self.summary, self.explain = (_switch(config, option) for option in SWITCHES)
        given: list[str] = config.getoption("gradcheck_report")
        self.reports = [config.invocation_params.dir / name for name in given or ()]
        if not given:
            self.reports = [config.rootpath / _parsed(_report_file, "gradcheck_report", name)
                            for name in config.getini("gradcheck_report")]  # fmt: skip
        self.all_modules: bool = config.getoption("gradcheck_modules")
        self.modules: list[str] = list(config.getini("gradcheck_modules"))
        options = {option.flag: config.getoption(option.key) for option in VALUES}
        self.on_command_line = [f"{flag}={value}" for flag, value in options.items() if value is not None]

    def header(self, verbose: bool) -> str | None:
        """The line at the start of the run, where something is not as usual."""
        usual = (self.seed, self.rtol, self.max_evaluations) == (0, None, None)
        if usual and not verbose:
            return None
        limit = "" if self.max_evaluations is None else f", max-evaluations={self.max_evaluations}"
        rtol = "" if self.rtol is None else f", rtol={self.rtol:g}"
        return f"gradcheck: seed={self.seed}{rtol}{limit}"

    def keywords(self, item: pytest.Item | None) -> dict[str, Any]:
        """The keywords of `check` for a test, and ``dtype``; its seed comes from the seed of the run and its name."""
        marked = marked_keywords(item) if item is not None else {}
        nodeid = item.nodeid if item is not None else ""
        chosen = {"seed": self.seed_of(nodeid), "rtol": self.rtol, "max_evaluations": self.max_evaluations, **marked}
        return {name: value for name, value in chosen.items() if value is not None}

    def seed_of(self, nodeid: str) -> int:
        """The same under ``-k``, ``-n`` and in any order."""
        return zlib.crc32(f"{self.seed}:{nodeid}".encode()) % 1_000_000  # six digits are easily copied


def _value(config: pytest.Config, option: Option) -> Any:
    given = config.getoption(option.key)
    if given is not None:
        return given
    text = config.getini(option.key)
    return _parsed(option.parse, option.key, text) if text else option.default


def _switch(config: pytest.Config, option: Option) -> bool:
    given = config.getoption(option.key)
    return bool(config.getini(option.key) if given is None else given)


def _parsed(parse: Callable[[str], Any], key: str, text: str) -> Any:
    try:
        return parse(text)
    except argparse.ArgumentTypeError as error:
        raise pytest.UsageError(f"ini option {key}: {error}") from None


def marked_keywords(item: pytest.Item) -> dict[str, Any]:
    """What the markers of a test say, the nearest one first."""
    keywords: dict[str, Any] = {}
    for mark in item.iter_markers(MARKER):
        keywords = {**mark.kwargs, **keywords}
    return keywords


def misuse(item: pytest.Item) -> str:
    """What is wrong with the markers of a test; empty if nothing is."""
    for mark in item.iter_markers(MARKER):
        if wrong := _misuse(mark.args, mark.kwargs):
            return f"@pytest.mark.gradcheck {wrong}"
    fixtures = getattr(item, "fixturenames", (MARKER,))
    if any(mark.name == MARKER for mark in item.own_markers) and not {MARKER, "request"} & set(fixtures):
        return (
            "@pytest.mark.gradcheck sets keywords of the fixture gradcheck, which this test does not take; "
            "pass them to check itself, check(..., rtol=1e-6), or take the fixture"
        )
    return ""


def _misuse(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    if args:
        return f"takes keywords only, but got {args[0]!r}; write for example @pytest.mark.gradcheck(rtol={args[0]!r})"
    unknown = next((name for name in kwargs if name not in MARKER_KEYWORDS), None)
    if unknown is None:
        return ""
    import difflib

    meant = difflib.get_close_matches(unknown, MARKER_KEYWORDS, 1)
    guess = f"; did you mean {meant[0]}?" if meant else ";"
    return f"has no keyword {unknown!r}{guess} it takes {', '.join(MARKER_KEYWORDS)}"
