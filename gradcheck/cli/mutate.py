"""``gradcheck mutate FILE``: would your tests notice the usual mistakes?"""

import argparse
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NOTICED, SURVIVED, AT_FAULT = 0, 1, 2


def add_mutate(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Say what the command takes."""
    mutate = commands.add_parser(
        "mutate",
        help="make the usual mistakes in your backward, one at a time, and list those your tests do not notice",
        description="Make plausible mistakes in the backwards of FILE, one at a time and in a copy of the project, and "
        "run its tests against each: those whose files name the module, those given by --test, or else `gradcheck "
        "check`. Exit status 0 if every mistake was noticed, 1 if some survived, 2 if the trial could not be held.",
        allow_abbrev=False,
    )
    mutate.add_argument("target", metavar="FILE[:NAME]", help="a Python file; only one function or class of it")
    mutate.add_argument(
        "--test",
        metavar="PATH",
        type=Path,
        action="append",
        default=[],
        help="a test file or folder for pytest; repeatable",
    )
    cores = os.cpu_count() or 1
    mutate.add_argument(
        "--jobs", metavar="N", type=_jobs, default=cores, help="so many at the same time; default: all cores"
    )
    mutate.add_argument("--json", action="store_true", help="print the outcomes as JSON")
    mutate.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Hold the trial and print what became of each mistake."""
    import sys

    from gradcheck.checking.mutation.trial import TrialError, trial_of

    file, _, name = options.target.partition(":")
    try:
        path = _python_file(file)
        trial = trial_of(path, name or None, [_existing(test) for test in options.test])
        with _counting() as count:
            outcomes = trial.run(options.jobs, count)
    except (TrialError, SyntaxError) as error:
        print(f"gradcheck: {error}", file=sys.stderr)
        return AT_FAULT
    print(json.dumps(_plain(file, outcomes), indent=2) if options.json else _text(file, trial, outcomes))
    return NOTICED if all(outcome.noticed for outcome in outcomes) else SURVIVED


@contextmanager
def _counting() -> Iterator[Callable[[Any], None]]:
    """How many mistakes have been tried, on a line of a terminal that is cleared in the end."""
    import sys

    tried = []

    def count(outcome: Any) -> None:
        tried.append(outcome.noticed)
        if sys.stderr.isatty():
            said = f"{len(tried)} mistakes tried, {tried.count(False)} survived"
            print(f"\r  {said}", end="", file=sys.stderr, flush=True)

    try:
        yield count
    finally:
        if tried and sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr)


def _text(file: str, trial: Any, outcomes: list[Any]) -> str:
    """A summary, and each survivor with the reason why it survived."""
    survivors = [outcome for outcome in outcomes if not outcome.noticed]
    functions = list(dict.fromkeys(outcome.place.function for outcome in outcomes))
    lines = [
        f"{file}: {len(outcomes)} plausible mistakes in {', '.join(functions)}; "
        f"{len(outcomes) - len(survivors)} noticed, {len(survivors)} survived",
        f"  tested by {' '.join(trial.command[1:])}",
    ]
    for outcome in survivors:
        place = outcome.place
        lines += [
            "",
            f"{place.function}, line {place.line}  ({place.cause})",
            f"  -  {place.before()}",
            f"  +  {place.after() or '(left out)'}",
            f"  {outcome.why}",
        ]
    return "\n".join(lines)


def _plain(file: str, outcomes: list[Any]) -> dict[str, Any]:
    return {
        "schema": 1,
        "file": file,
        "mistakes": [
            {
                "function": outcome.place.function,
                "line": outcome.place.line,
                "cause": outcome.place.cause,
                "before": outcome.place.before(),
                "after": outcome.place.after(),
                "noticed": outcome.noticed,
                "why": outcome.why,
            }
            for outcome in outcomes
        ],
    }


def _python_file(text: str) -> Path:
    from gradcheck.checking.mutation.trial import TrialError

    path = Path(text)
    if not path.is_file():
        raise TrialError(
            f"there is no file {text!r}; name a Python file with a backward in it, my_layers.py or my_layers.py:Dense"
        )
    return path


def _existing(path: Path) -> Path:
    from gradcheck.checking.mutation.trial import TrialError

    if not path.exists():
        raise TrialError(f"argument --test: there is no {str(path)!r}")
    return path


def _jobs(text: str) -> int:
    try:
        if (jobs := int(text)) >= 1:
            return jobs
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"it has to be a whole number of at least 1; it is {text!r}")
