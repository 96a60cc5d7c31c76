"""A report as text: first what is wrong and where, then what was compared, then what is right."""

import textwrap
from collections.abc import Iterator

import numpy as np

from gradcheck.checking.report import Comparison, Report
from gradcheck.checking.subject import listed

WIDTH = 100
INDENT = " " * 11
"""What follows a label, as ``worst``, begins in this column, and so do further lines of it."""

SMALL = 1e-3
"""Numbers that differ by less than this share are told apart by their difference, not by a ratio that reads 1."""

CONVINCING = 0.99
"""A diagnosis that explains less of the squared difference is not printed as the cause."""

_SAID = {"agree": "agrees", "disagree": "WRONG", "undecided": "undecided"}
_HEADS = ("tensor", "shape", "verdict", "worst error", "resolution", "kinks")
_RIGHT_ALIGNED = ("worst error", "resolution", "kinks")


def report_text(report: Report) -> str:
    """The whole report, within 100 columns where names allow."""
    first, cost, understood = sentence(report), _cost(report), report.understood
    fits = len(headline(report)) <= WIDTH
    lines = [
        headline(report) if fits else first,
        *blame(report),
        f"  {understood}" if fits else f"  {understood}  {cost}",
        *_table(report),
        *kinks(report),
        *(labelled("warning", warning) for warning in report.warnings),
        *(labelled("ok" if f.ok else "BAD", f.message) for f in sorted(report.conduct, key=lambda f: f.ok)),
    ]
    return "\n".join([*(wrapped(line) for line in lines), *_reproducer(report)])


def _reproducer(report: Report) -> list[str]:
    """The smaller case, not wrapped, since it is to be pasted."""
    if not report.reproducer:
        return []
    return [
        labelled("smaller", "this fails in the same way:"),
        *textwrap.indent(report.reproducer, " " * 6).split("\n"),
    ]


def headline(report: Report) -> str:
    """The sentence, what it cost, and the seed that repeats it."""
    return f"{sentence(report)}  {_cost(report)}"


def _cost(report: Report) -> str:
    return f"({report.evaluations} evaluations, seed {report.seed})"


def sentence(report: Report) -> str:
    """What was checked, and what is wrong in how many entries, or how sure the agreement is."""
    wrong = [comparison for comparison in report.tensors if comparison.verdict == "disagree"]
    if wrong:
        return f"{report.name}: {'; '.join(extent(report, comparison) for comparison in wrong)}"
    bad = [finding for finding in report.conduct if not finding.ok]
    if bad:
        return f"{report.name}: {bad[0].message}"
    undecided = [comparison.name for comparison in report.tensors if comparison.verdict == "undecided"]
    if undecided:
        return f"{report.name}: undecided for {', '.join(f'd{name}' for name in undecided)}"
    if not report.tensors:
        return f"{report.name}: nothing to check, no float input and no parameter"
    resolution = max(comparison.resolution for comparison in report.tensors)
    return f"{report.name} agrees; an error of {resolution:.1g} of a typical entry would have been noticed"


def extent(report: Report, comparison: Comparison) -> str:
    """In how many entries a tensor is wrong, or what is in the place of its gradient."""
    size, wrong = comparison.wrong.size, int(comparison.wrong.sum())
    if comparison.analytic is None:
        said = [f.message for f in report.conduct if not f.ok and f.check == "shape" and f.tensor == comparison.name]
        return said[0] if said else f"d{comparison.name} is not a gradient of {comparison.name}"
    if not wrong:
        return f"d{comparison.name} is wrong somewhere in {size:,} entries"
    least = "" if comparison.complete else "at least "
    return f"d{comparison.name} is wrong in {least}{wrong:,} of {size:,} entr{'y' if size == 1 else 'ies'}"


def blame(report: Report) -> Iterator[str]:
    """Why, where worst, and by which mistake."""
    reasons: dict[str, list[str]] = {}
    for comparison in report.tensors:
        without_gradient = comparison.verdict == "disagree" and comparison.analytic is None  # the headline says it
        if comparison.reason and not without_gradient:
            reasons.setdefault(comparison.reason, []).append(f"d{comparison.name}")
    yield from (f"  {', '.join(names)}: {reason}" for reason, names in reasons.items())
    for comparison in report.tensors:
        if comparison.verdict == "disagree" and comparison.worst is not None:
            yield from _worst(comparison, comparison.worst)
    yield from _note_on_small_differences(report)
    yield from causes(report)


def causes(report: Report) -> Iterator[str]:
    """The mistakes that explain the numbers; where none does, what the wrong entries have in common."""
    told: dict[tuple[str, str], list[str]] = {}
    for diagnosis in report.diagnoses:
        if diagnosis.explains >= CONVINCING:
            same = diagnosis.cause, diagnosis.message.replace(f"d{diagnosis.tensor} ", "", 1)
            told.setdefault(same, []).append(f"d{diagnosis.tensor}")
            if len(told[same]) == 1:
                yield labelled("cause", f"{diagnosis.message} ({diagnosis.cause})")
                yield labelled("remedy", diagnosis.remedy)
    for names in told.values():
        if len(names) > 1:
            yield labelled("likewise", f"{', '.join(names[1:])}: the same as {names[0]}")
    yield from (labelled("pattern", pattern) for pattern in report.patterns)
    explained = {diagnosis.tensor for diagnosis in report.diagnoses if diagnosis.explains >= CONVINCING}
    unknown = [c.name for c in report.tensors if c.verdict == "disagree" and c.name not in explained]
    if unknown:
        yield labelled("cause", f"not known for {', '.join(f'd{name}' for name in unknown)}")


def _worst(comparison: Comparison, at: tuple[int, ...]) -> Iterator[str]:
    """The worst entry, both numbers side by side, and what their ratio is or how little they differ."""
    if comparison.analytic is None or comparison.numerical is None or comparison.error is None:
        return
    entry = f"d{comparison.name}[{', '.join(map(str, at))}]" if at else f"d{comparison.name}"
    analytic, numerical = comparison.analytic[at], comparison.numerical[at]
    found = f"numerical {numerical:.9g} ± {comparison.error[at]:.1g}{_ratio(analytic, numerical)}"
    if comparison.kinks[at] and comparison.low is not None and comparison.high is not None:
        found = f"slopes {comparison.low[at]:.9g} to {comparison.high[at]:.9g} on either side of a kink"
    yield labelled("worst", f"{entry}  analytic {analytic:.9g}   {found}")


def _ratio(analytic: float, numerical: float) -> str:
    if not np.isfinite(numerical) or numerical == 0:
        return ""
    off = abs(analytic / numerical - 1)
    return f"   off by {off:.2g} of it" if off < SMALL else f"   ratio {analytic / numerical:.6g}"


def _note_on_small_differences(report: Report) -> Iterator[str]:
    """Where no entry is off by much: what does that, and what accepts it."""
    wrong = [comparison for comparison in report.tensors if comparison.verdict == "disagree"]
    shares = {c.name: share for c in wrong if 0 < (share := _largest_share(c)) < SMALL}
    if shares:
        of_which = f" of {listed(f'd{name}' for name in shares)}" if len(wrong) > 1 else ""
        share = max(shares.values())
        yield labelled(
            "note",
            f"no entry{of_which} is off by more than {share:.1g} of itself: a constant left out of backward does that, "
            f"as the 1e-7 in log(y + 1e-7); rtol={10 ** np.ceil(np.log10(share)):.0e} accepts it",
        )


def _largest_share(comparison: Comparison) -> float:
    """By how much of itself an entry is off at most; 0 where that is not known."""
    analytic, low, high, wrong = comparison.analytic, comparison.low, comparison.high, comparison.wrong
    if analytic is None or low is None or high is None or not comparison.complete or not np.all(analytic[wrong]):
        return 0.0
    outside = np.maximum(low - analytic, analytic - high)[wrong]
    return float(np.max(outside / np.abs(analytic[wrong]), initial=0.0))


def _table(report: Report) -> Iterator[str]:
    """A row for each tensor; no columns of which nothing is to be said."""
    rows = [dict(zip(_HEADS, _cells(comparison), strict=True)) for comparison in report.tensors]
    heads = [head for head in _HEADS if any(row[head] for row in rows)]
    table = [{head: head for head in heads}, *rows]
    widths = {head: max(len(row[head]) for row in table) for head in heads}
    for row in table if rows else ():
        cells = (row[h].rjust(widths[h]) if h in _RIGHT_ALIGNED else row[h].ljust(widths[h]) for h in heads)
        yield ("  " + "  ".join(cells)).rstrip()


def _cells(comparison: Comparison) -> tuple[str, ...]:
    c, kinks = comparison, int(comparison.kinks.sum())
    worst = "" if c.worst_error is None else f"{c.worst_error:.1e}"
    resolution = f"{c.resolution:.1e}" if np.isfinite(c.resolution) else ""
    return c.name, str(c.shape), _SAID[c.verdict], worst, resolution, f"{kinks:,}" if kinks else ""


def kinks(report: Report) -> Iterator[str]:
    """How many each tensor has, and for one of them which slope was chosen between which."""
    for c in report.tensors:
        if not c.kinks.any() or c.analytic is None or c.low is None or c.high is None:
            continue
        at = tuple(int(i) for i in np.argwhere(c.kinks)[0])
        slopes = f"{c.analytic[at]:.6g} was chosen between the slopes {c.low[at]:.6g} and {c.high[at]:.6g}"
        yield labelled("kinks", f"d{c.name} has {int(c.kinks.sum()):,}; at {list(at)} {slopes}")


def labelled(label: str, text: str) -> str:
    """A line of the report under its label."""
    return f"  {label:<8} {text}"


def wrapped(line: str) -> str:
    """The line, or several within the width."""
    if len(line) <= WIDTH:
        return line
    indent = INDENT if line.startswith("  ") else "  "
    lines = textwrap.wrap(line, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines)
