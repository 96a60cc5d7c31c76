"""A report as text: first what is wrong, then where, then what is right."""

from collections.abc import Iterator

import numpy as np

from gradcheck.checking.report import Comparison, Report

_SAID = {"agree": "agrees", "disagree": "WRONG", "undecided": "undecided"}


def report_text(report: Report) -> str:
    """The whole report, within 100 columns where names allow."""
    lines = [headline(report), *_blame(report), f"  {report.understood}", *_table(report), *_conduct(report)]
    lines += [f"  warning  {warning}" for warning in report.warnings]
    return "\n".join(lines)


def headline(report: Report) -> str:
    """One line: what was checked, what is wrong in how many entries, or how sure the agreement is."""
    again = f"{report.evaluations} evaluations, seed {report.seed}"
    wrong = [comparison for comparison in report.tensors if comparison.verdict == "disagree"]
    if wrong:
        return f"{report.name}: {'; '.join(_extent(report, comparison) for comparison in wrong)}  ({again})"
    bad = [finding for finding in report.conduct if not finding.ok]
    if bad:
        return f"{report.name}: {bad[0].message}  ({again})"
    undecided = [comparison.name for comparison in report.tensors if comparison.verdict == "undecided"]
    if undecided:
        return f"{report.name}: undecided for {', '.join(f'd{name}' for name in undecided)}  ({again})"
    if not report.tensors:
        return f"{report.name}: nothing to check, no float input and no parameter  ({again})"
    resolution = max(comparison.resolution for comparison in report.tensors)
    return f"{report.name} agrees; an error of {resolution:.1g} of a typical entry would have been noticed  ({again})"


def _extent(report: Report, comparison: Comparison) -> str:
    size, wrong = comparison.wrong.size, int(comparison.wrong.sum())
    if comparison.analytic is None:
        said = [f.message for f in report.conduct if not f.ok and f.check == "shape" and f.tensor == comparison.name]
        return said[0] if said else f"d{comparison.name} is not a gradient of {comparison.name}"
    if not wrong:
        return f"d{comparison.name} is wrong somewhere in {size:,} entries"
    least = "" if comparison.complete else "at least "
    return f"d{comparison.name} is wrong in {least}{wrong:,} of {size:,} entr{'y' if size == 1 else 'ies'}"


def _blame(report: Report) -> Iterator[str]:
    for comparison in report.tensors:
        if comparison.verdict == "agree":
            continue
        if comparison.reason:
            yield f"  d{comparison.name}: {comparison.reason}"
        if comparison.verdict == "disagree" and comparison.worst is not None:
            yield from _worst(comparison)
    for diagnosis in report.diagnoses:
        yield f"  cause    {diagnosis.message} {diagnosis.remedy}"


def _worst(comparison: Comparison) -> Iterator[str]:
    at, name = comparison.worst, f"d{comparison.name}"
    assert at is not None
    if comparison.analytic is None or comparison.numerical is None or comparison.error is None:
        return
    where = f"{name}[{', '.join(map(str, at))}]" if at else name
    analytic, numerical = comparison.analytic[at], comparison.numerical[at]
    ratio = "" if comparison.kinks[at] else _ratio(analytic, numerical)
    yield f"  worst    {where}  analytic {analytic:.9g}   {_numerical(comparison, at)}{ratio}"


def _numerical(comparison: Comparison, at: tuple[int, ...]) -> str:
    if comparison.kinks[at] and comparison.low is not None and comparison.high is not None:
        return f"slopes {comparison.low[at]:.9g} to {comparison.high[at]:.9g} on either side of a kink"
    assert comparison.numerical is not None
    assert comparison.error is not None
    return f"numerical {comparison.numerical[at]:.9g} ± {comparison.error[at]:.1g}"


def _ratio(analytic: float, numerical: float) -> str:
    return f"   ratio {analytic / numerical:.6g}" if np.isfinite(numerical) and numerical != 0 else ""


def _table(report: Report) -> Iterator[str]:
    if not report.tensors:
        return
    rows = [("tensor", "shape", "verdict", "worst error", "resolution", "kinks")]
    for c in report.tensors:
        worst = "" if c.worst_error is None else f"{c.worst_error:.1e}"
        kinks = _kinks(c)
        rows.append((c.name, str(c.shape), _SAID[c.verdict], worst, f"{c.resolution:.1e}", kinks))
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    for row in rows:
        yield ("  " + "  ".join(cell.ljust(w) for cell, w in zip(row, [*widths, 0], strict=True))).rstrip()


def _kinks(comparison: Comparison) -> str:
    """How many there are, and for one of them which slope was chosen between which."""
    count = int(comparison.kinks.sum())
    if not count:
        return "0"
    if comparison.analytic is None or comparison.low is None or comparison.high is None:
        return str(count)
    at = tuple(int(i) for i in np.argwhere(comparison.kinks)[0])
    chosen, low, high = comparison.analytic[at], comparison.low[at], comparison.high[at]
    return f"{count}; at {list(at)} {chosen:.6g} was chosen between the slopes {low:.6g} and {high:.6g}"


def _conduct(report: Report) -> Iterator[str]:
    """One line each."""
    for finding in report.conduct:
        yield f"  {'ok ' if finding.ok else 'BAD'}      {finding.message}"
