"""What ``gradcheck check layers.py`` does: a line for each subject, then the reports of what is wrong."""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from typing import Any

from gradcheck.checking.check import listeners
from gradcheck.checking.modules import ModuleError, ModuleReport, Result, check_module
from gradcheck.checking.report import Report
from gradcheck.checking.subject import Options
from gradcheck.cli.console import Console, Show

_Checked = tuple[Report, Any, tuple[Any, ...], Options]
AGREES, WRONG, UNSETTLED = 0, 1, 2


def check(
    console: Console, targets: Sequence[str], *, seed: int, exhaustive: bool, as_json: bool, verbose: bool
) -> int:
    """Check files or modules, or with ``:Name`` one thing in them; a file that cannot be imported does not end it.

    Returns
    -------
    int
        0 if something was checked and all of it agrees, 1 if something is wrong, 2 if nothing was found, or something
        could not be imported or settled.
    """
    reports: list[ModuleReport] = []
    broken = False
    for target in targets:
        try:
            with _remembered() as subjects, console.progress() as show:
                report = _checked(target, seed, exhaustive, show)
        except ModuleError as error:
            print(f"gradcheck: {error}", file=sys.stderr, flush=True)
            broken = True
            continue
        reports.append(report)
        if not as_json:
            if len(reports) > 1:
                console.write()
            _tell(console, report, subjects, verbose)
    if as_json and reports:
        data = [report.to_dict() for report in reports]
        console.write(json.dumps(data if len(targets) > 1 else data[0], indent=1, default=str))
    return _status({result.verdict for report in reports for result in report.results} - {"skipped"}, broken)


def _checked(target: str, seed: int, exhaustive: bool, show: Show) -> ModuleReport:
    module, only = _split(target)
    done = 0

    def tell(result: Result) -> None:
        nonlocal done
        done += 1
        show(f"{result.name} {result.word}", done, 0)

    return check_module(module, only=only, seed=seed, exhaustive=exhaustive, progress=tell)


def _status(verdicts: AbstractSet[str], broken: bool) -> int:
    if "disagree" in verdicts:
        return WRONG
    return UNSETTLED if broken or "undecided" in verdicts or not verdicts else AGREES


@contextmanager
def _remembered() -> Iterator[dict[int, _Checked]]:
    """What each report that says no is about, by the identity of the report."""
    found: dict[int, _Checked] = {}

    def remember(report: Report, subject: Any, inputs: tuple[Any, ...], options: Options) -> None:
        if report.verdict == "disagree":
            found[id(report)] = report, subject, inputs, options

    listeners.append(remember)
    try:
        yield found
    finally:
        listeners.remove(remember)


def _teach(console: Console, module: ModuleReport, subjects: dict[int, _Checked]) -> None:
    """For each wrong gradient whose code can be followed, its derivation up to the step that is wrong."""
    from gradcheck.derivation.derivation import can_write_mathematics
    from gradcheck.derivation.lesson import lesson

    for result in module.results:
        if id(result.report) not in subjects:
            continue
        report, subject, inputs, options = subjects[id(result.report)]
        wrong = [tensor.name for tensor in report.tensors if tensor.verdict == "disagree"]
        backward = options.backward if callable(options.backward) else None
        found = lesson(subject, *inputs, wrt=wrong, backward=backward, grad=options.grad)
        if found is not None:
            console.write(f"\n{result.name}\n{found.text(ascii=not can_write_mathematics())}")


def _split(target: str) -> tuple[str, str | None]:
    """The module and the name in it; the colon of a Windows drive is none.

    Raises
    ------
    ModuleError
        If the module's name is empty.
    """
    match = re.fullmatch(r"(.+?):([A-Za-z_]\w*)", target)
    module, only = (match[1], match[2]) if match else (target, None)
    if not module.strip() or module.startswith(":"):
        raise ModuleError(f"{target!r} names no file or module; give layers.py, layers.py:Name, or a module's name")
    return module, only


def _tell(console: Console, report: ModuleReport, subjects: dict[int, _Checked], verbose: bool) -> None:
    if report.results:
        console.write("\n".join(report.table(console.width)))
    details = list(report.details(everything=verbose))
    if details:
        console.write()
        console.write("\n".join(details).rstrip())
    if verbose:
        _teach(console, report, subjects)
    if report.results:
        console.write()
    console.write(report.summary())
    if not report.results:
        console.write("Looked for: classes with forward and backward, x_forward with x_backward, f with f_derivative, ")
        console.write("functions that return loss and gradient, networks with loss and gradient.")
