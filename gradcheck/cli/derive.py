"""`gradcheck derive`: the derivation of a gradient, of the worked example or of a function in a file."""

import argparse
import json
import sys
from math import isfinite
from pathlib import Path
from typing import Any

FORMATS = ("text", "latex", "html", "md", "json", "speech")
AT_FAULT = 2
_EXAMPLE = '{"w": 0.5, "x": [1.0, 2.0]}'


def add_derive(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    derive = commands.add_parser(
        "derive",
        help="derive a gradient step by step: of the worked example, or of a function of yours",
        description="Derive gradients step by step, every step beside its own central difference: of weights of the "
        "worked example (w1, w5, ...), or of a function in a file. Exit status 1 if a step is not what was measured.",
        allow_abbrev=False,
    )
    derive.add_argument("target", nargs="*", metavar="WEIGHT | FILE.py:FUNCTION", help="default: w5 w1")
    derive.add_argument("--wrt", action="append", metavar="NAME", help="a variable, or an entry as W[0,1]; repeatable")
    derive.add_argument("--at", metavar="FILE.json", help="the point: a value, or nested lists, for every argument")
    derive.add_argument("--rate", type=_rate, help="a learning rate: end in the update of the variable")
    derive.add_argument("--format", choices=FORMATS, default="text", help="default: text")
    derive.add_argument("--detail", choices=["brief", "normal", "full"], default="normal", help="default: normal")
    derive.add_argument("--ask", action="store_true", help="a worksheet: blanks, and the answers at the end")
    derive.add_argument("--lang", help="en or zh; default: GRADCHECK_LANG, else en")
    derive.add_argument("-o", "--output", metavar="FILE", help="write there; default: standard output")
    derive.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Derive, write, and say by the exit status whether every step agrees."""
    try:
        found = _derived(options)
        text = _rendered(found, options)
    except (ValueError, TypeError) as error:
        print(f"gradcheck: {error}", file=sys.stderr)
        return AT_FAULT
    if options.output is not None:
        try:
            Path(options.output).write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            print(f"gradcheck: argument -o: {options.output} cannot be written ({error.strerror})", file=sys.stderr)
            return AT_FAULT
    elif sys.stdout is not None:
        print(text)
        sys.stdout.flush()
    return 0 if found.ok else 1


def _rate(text: str) -> float:
    """A learning rate from the command line."""
    rate = float(text) if _is_number(text) else float("nan")
    if not isfinite(rate):
        raise argparse.ArgumentTypeError(f"{text!r} is no learning rate; give a number such as 0.5")
    return rate


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _derived(options: argparse.Namespace) -> Any:
    from gradcheck.derivation import Derivations, explain
    from gradcheck.derivation.worked_example import AT, RATE, error

    if any(":" in target or target.endswith(".py") for target in options.target):
        f = _function(options.target)
        at = _point(options.at)
        wrt = options.wrt or _variables(at, options.at)
        return Derivations(tuple(explain(f, name, at, rate=options.rate) for name in wrt))
    if options.at is not None:
        raise ValueError("argument --at: it is for a function in a file; the worked example has its own point")
    names = [*options.target, *(options.wrt or [])] or ["w5", "w1"]
    rate = RATE if options.rate is None else options.rate
    return Derivations(tuple(explain(error, name, AT, rate=rate) for name in names))


def _function(targets: list[str]) -> Any:
    """The function that FILE.py:FUNCTION names."""
    if len(targets) > 1:
        raise ValueError(f"{' '.join(targets)}: give one function, and its variables with --wrt")
    file, _, name = targets[0].rpartition(":") if not targets[0].endswith(".py") else (targets[0], "", "")
    if not Path(file).is_file():
        raise ValueError(f"{file}: no such Python file; write FILE.py:FUNCTION")
    from gradcheck.checking.modules.importing import load

    module = load(Path(file))
    if name and callable(getattr(module, name, None)):
        return getattr(module, name)
    mine = [key for key, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__]
    functions = ", ".join(mine) or "none"
    if not name:
        example = f"{file}:{mine[0] if mine else 'FUNCTION'}"
        raise ValueError(f"{file} names no function; write {example} (it has {functions})")
    raise ValueError(f"{file} has no function {name}; it has {functions}")


def _point(file: str | None) -> dict[str, Any]:
    """The values in a JSON file, lists as arrays."""
    import numpy as np

    if file is None:
        raise ValueError("argument --at: a function in a file needs its point; write --at FILE.json")
    try:
        values = json.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"argument --at: {file} cannot be read ({error.strerror}); it holds {_EXAMPLE}") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{file}: no JSON ({error}); it holds values such as {_EXAMPLE}") from None
    if not isinstance(values, dict):
        raise ValueError(f"{file}: expected an object such as {_EXAMPLE}")
    return {name: np.array(value) if isinstance(value, list) else value for name, value in values.items()}


def _variables(at: dict[str, Any], file: str) -> list[str]:
    """What there is to derive with respect to, where nobody said: all floats."""
    found = [name for name, value in at.items() if _is_float(value)]
    if not found:
        raise ValueError(f"{file} has no float; name a variable with --wrt, or write 1.0 where 1 may vary")
    return found


def _is_float(value: Any) -> bool:
    return isinstance(value, float) or getattr(getattr(value, "dtype", None), "kind", "") == "f"


def _rendered(found: Any, options: argparse.Namespace) -> str:
    """The derivations in the format asked for; one alone is written as such."""
    one = found[0] if len(found) == 1 else found
    words = {"lang": options.lang, "detail": options.detail, "ask": options.ask}
    if options.format == "json":
        return json.dumps(one.to_dict(), allow_nan=False, ensure_ascii=False, indent=2)
    if options.format == "speech":
        return str(one.to_speech(lang=options.lang))
    if options.format == "latex":
        return str(one.latex(form="document", **words))
    if options.format == "html":
        return str(one.to_html(**words))
    if options.format == "md":
        return str(one.markdown(**words))
    return str(one.text(ascii=options.output is None and not _can_write_mathematics(), **words))


def _can_write_mathematics() -> bool:
    from gradcheck.derivation.derivation import can_write_mathematics

    return can_write_mathematics()
