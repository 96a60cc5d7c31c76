"""Does the checker ever accuse a right gradient, and does it ever miss a small error it claims to see?

Random compositions of NumPy functions (benchmarks/expressions.py), at random shapes and scales from 1e-8 to 1e8. The
gradient is autograd's; then one random entry of it is made wrong by a relative 1e-5. Such an error is *excused* where
the report says that it was too small to be noticed there: ``noticeable`` of that entry is larger.

    python benchmarks/false_alarms.py --cases 10000 --seed 0
    python benchmarks/false_alarms.py --case 17           # one of them: the function and its reports
"""

import argparse
import os
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial, wraps
from typing import Any

import numpy as np
from autograd import make_vjp
from expressions import Array, Program, draw

from gradcheck import Report, check

ERROR = 1e-5
"""The relative error of the one entry that is made wrong."""


def pair(program: Program) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The program as a forward that caches its inputs, and autograd's gradients as its backward."""
    f = program.function()

    @wraps(f)  # for the names of the inputs
    def forward(*inputs: Array) -> tuple[Array, Any]:
        return f(*inputs), inputs

    def backward(dout: Array, inputs: tuple[Array, ...]) -> tuple[Array, ...]:
        with np.errstate(all="ignore"):
            return tuple(np.array(make_vjp(f, i)(*inputs)[0](dout)) for i in range(len(inputs)))

    return forward, backward


def check_right(program: Program) -> Report:
    """What `check` says of autograd's gradients."""
    forward, backward = pair(program)
    return check(forward, *program.inputs.values(), backward=backward)


def check_wrong(program: Program, name: str, at: int) -> Report:
    """What `check` says when one entry is wrong."""
    forward, right = pair(program)
    position = list(program.inputs).index(name)

    def backward(dout: Array, inputs: tuple[Array, ...]) -> tuple[Array, ...]:
        gradients = right(dout, inputs)
        gradients[position].flat[at] *= 1 + ERROR
        return gradients

    return check(forward, *program.inputs.values(), backward=backward)


def choose_entry(report: Report, rng: np.random.Generator) -> tuple[str, int] | None:
    """A random entry of the gradients that is not zero."""
    candidates = [
        (c.name, int(i)) for c in report.tensors if c.analytic is not None for i in np.flatnonzero(c.analytic)
    ]
    return candidates[int(rng.integers(len(candidates)))] if candidates else None


def judge(report: Report, name: str, at: int) -> str:
    """Whether a wrong entry was noticed, excused by the stated resolution, or missed."""
    comparison = report[name]
    if comparison.verdict == "disagree":
        blamed = comparison.wrong.ravel()
        return "noticed" if blamed[at] or not blamed.any() else "blamed elsewhere"
    error = abs(float(comparison.analytic.ravel()[at])) * ERROR  # type: ignore[union-attr]  # there is one
    return "excused" if comparison.noticeable.ravel()[at] >= 0.99 * error else "missed"


def run(seed: int, number: int) -> tuple[int, str, str, str]:
    """One case: its number, the verdict on the right gradient, the judgement on the wrong one, and a reason."""
    warnings.simplefilter("error")
    try:
        program = draw(seed, number)
        report = check_right(program)
        entry = choose_entry(report, np.random.default_rng([seed, number, 1]))
        outcome = judge(check_wrong(program, *entry), *entry) if entry else "nothing to spoil"
        return number, report.verdict, outcome, _reason(report)
    except Exception as problem:  # a crash is a result too, and must not end the others
        return number, "crashed", "crashed", f"{type(problem).__name__}: {problem}"


def _reason(report: Report) -> str:
    reasons = [f.message for f in report.conduct if not f.ok] + [
        c.reason for c in report.tensors if c.verdict != "agree"
    ]
    return "; ".join(filter(None, reasons))[:150]


def run_all(
    seed: int, cases: int, processes: int
) -> tuple[Counter[str], Counter[str], list[tuple[int, str, str, str]]]:
    """Verdicts, judgements, and the cases that ask for a look."""
    verdicts, outcomes, odd = Counter[str](), Counter[str](), []
    with ProcessPoolExecutor(processes, initializer=partial(os.nice, 10)) as pool:
        for result in pool.map(partial(run, seed), range(cases), chunksize=20):
            verdicts[result[1]] += 1
            outcomes[result[2]] += 1
            if result[1] != "agree" or result[2] in ("missed", "blamed elsewhere"):
                odd.append(result)
    return verdicts, outcomes, odd


def show(seed: int, number: int) -> None:
    """One case in full, with autograd's rounding beside it: its gradients in double and in long double."""
    program = draw(seed, number)
    print(program.source, "\n")
    for name, value in program.inputs.items():
        print(f"{name} {value.shape}: sizes {np.min(np.abs(value)):.1e} to {np.max(np.abs(value)):.1e}")
    report = check_right(program)
    print("\nRight:", report, sep="\n")
    _show_rounding(program)
    entry = choose_entry(report, np.random.default_rng([seed, number, 1]))
    if entry:
        wrong = check_wrong(program, *entry)
        print(f"\nWith entry {entry[1]} of d{entry[0]} wrong by {ERROR:g}: {judge(wrong, *entry)}", wrong, sep="\n")


def _show_rounding(program: Program) -> None:
    inputs, backward = tuple(program.inputs.values()), pair(program)[1]
    dout = np.random.default_rng(0).normal(size=np.shape(program.values[program.last]))
    double = backward(dout, inputs)
    wide = backward(dout.astype(np.longdouble), tuple(x.astype(np.longdouble) for x in inputs))
    for name, a, b in zip(program.inputs, double, wide, strict=True):
        away = float(np.max(np.abs(a - b), initial=0.0))
        print(f"d{name}: entries up to {np.max(np.abs(b)):.1e}, autograd's rounding up to {away:.1e}")


def table(title: str, counts: Counter[str], goals: dict[str, str]) -> str:
    """Counts and shares in Markdown."""
    total = counts.total() or 1
    names = [*goals, *(name for name in counts if name not in goals)]
    lines = [f"| {name} | {counts[name]:,} | {counts[name] / total:.2%} | {goals.get(name, '')} |" for name in names]
    return "\n".join([f"| {title} | cases | share | goal |", "|:--|--:|--:|:--|", *lines])


def main() -> int:
    """Print both tables and the cases that ask for a look."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--case", type=int, help="show this case only")
    arguments = parser.parse_args()
    if arguments.case is not None:
        show(arguments.seed, arguments.case)
        return 0
    start = time.perf_counter()
    verdicts, outcomes, odd = run_all(arguments.seed, arguments.cases, arguments.processes)
    print(table("right gradient", verdicts, {"agree": "", "disagree": "0", "undecided": "≤ 1 %", "crashed": "0"}), "\n")
    print(table("one entry wrong by 1e-5", outcomes, {"noticed": "", "excused": "", "missed": "0", "crashed": "0"}))
    for number, verdict, outcome, reason in odd:
        print(f"case {number}: {verdict}, {outcome}. {reason}")
    print(f"{arguments.cases:,} cases, seed {arguments.seed}, {time.perf_counter() - start:.0f} s")
    return 1 if verdicts["disagree"] or verdicts["crashed"] or outcomes["missed"] else 0


if __name__ == "__main__":
    sys.exit(main())
