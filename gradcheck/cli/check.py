"""What ``gradcheck check layers.py`` does: a line for each subject, then the reports of what is wrong."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gradcheck.checking.check import listeners
from gradcheck.checking.modules import ModuleError, ModuleReport, Result, check_module
from gradcheck.checking.report import Report
from gradcheck.checking.subject import Options
from gradcheck.cli.console import Console

_Checked = tuple[Report, Any, tuple[Any, ...], Options]
AGREES, WRONG, UNSETTLED = 0, 1, 2


def check(console: Console, target: str, *, seed: int, exhaustive: bool, as_json: bool, verbose: bool) -> int:
    """Check a file or module, or with ``:Name`` one thing in it.

    Returns
    -------
    int
        0 if something was checked and all of it agrees, 1 if something is wrong, 2 if nothing was found or could be
        settled.

    Raises
    ------
    ModuleError
        If there is no such file, module or name, or it cannot be imported.
    """
    module, only = _split(target)

    with console.progress() as show:
        done = 0

        def tell(result: Result) -> None:
            nonlocal done
            done += 1
            show(f"{result.name} {result.word}", done, 0)

        with _remembered() as subjects:
            report = check_module(module, only=only, seed=seed, exhaustive=exhaustive, progress=tell)
    if as_json:
        console.write(json.dumps(report.to_dict(), indent=1, default=str))
    else:
        _tell(console, report, subjects, verbose)
    return {"agree": AGREES, "disagree": WRONG, "undecided": UNSETTLED}[report.verdict]


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
    console.write()
    console.write(report.summary())
    if not report.results:
        console.write("Looked for: classes with forward and backward, x_forward with x_backward, f with f_derivative, ")
        console.write("functions that return loss and gradient, networks with loss and gradient.")
