"""What ``gradcheck check layers.py`` does: a line for each subject, then the reports of what is wrong."""

import json
import re

from gradcheck.checking.modules import ModuleError, ModuleReport, Result, check_module
from gradcheck.cli.console import Console

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

        report = check_module(module, only=only, seed=seed, exhaustive=exhaustive, progress=tell)
    if as_json:
        console.write(json.dumps(report.to_dict(), indent=1, default=str))
    else:
        _tell(console, report, verbose)
    return {"agree": AGREES, "disagree": WRONG, "undecided": UNSETTLED}[report.verdict]


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


def _tell(console: Console, report: ModuleReport, verbose: bool) -> None:
    if report.results:
        console.write("\n".join(report.table(console.width)))
    details = list(report.details(everything=verbose))
    if details:
        console.write()
        console.write("\n".join(details).rstrip())
    console.write()
    console.write(report.summary())
    if not report.results:
        console.write("Looked for: classes with forward and backward, x_forward with x_backward, f with f_derivative, ")
        console.write("functions that return loss and gradient, networks with loss and gradient.")
