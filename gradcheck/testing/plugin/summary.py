"""The section at the end of the run: how much was checked, how sharply, and what to look at."""

from collections.abc import Iterator
from typing import Any

WORDS = {"agree": "agree", "disagree": "wrong", "undecided": "undecided"}
MOST = 5
"""So many undecided checks and checks with kinks are named."""


def figures(checks: list[dict[str, Any]]) -> dict[str, Any]:
    """The totals over all checks."""
    tensors = [tensor for check in checks for tensor in check["tensors"]]
    return {
        "tests": len({check["test"] for check in checks}),
        "checks": sum(check["checks"] for check in checks),
        "tensors": len(tensors),
        "entries": sum(tensor["entries"] for tensor in tensors),
        "evaluations": sum(check["evaluations"] for check in checks),
        "kinks": sum(tensor["kinks"] for tensor in tensors),
        **{verdict: sum(check["verdict"] == verdict for check in checks) for verdict in WORDS},
    }


def lines(checks: list[dict[str, Any]]) -> Iterator[str]:
    """The section, line by line."""
    total = figures(checks)
    verdicts = ", ".join(f"{total[verdict]} {word}" for verdict, word in WORDS.items() if total[verdict])
    yield f"{_counted(total['checks'], 'check')} in {_counted(total['tests'], 'test')}: {verdicts}"
    kinks = f", {_counted(total['kinks'], 'kink')}" if total["kinks"] else ""
    yield (
        f"{_counted(total['tensors'], 'tensor')}, {_counted(total['entries'], 'entry')}{kinks}, "
        f"{_counted(total['evaluations'], 'evaluation')}"
    )
    yield from _coarsest(checks)
    slowest = max(checks, key=lambda check: check["duration"])
    cost = _counted(slowest["evaluations"], "evaluation")
    yield f"slowest     {slowest['duration']:.2f} s  {slowest['test']}  {cost}"
    doubtful = [(check["test"], check["message"]) for check in checks if check["verdict"] == "undecided"]
    yield from _some("undecided", doubtful)
    kinked = [
        (check["test"], f"d{tensor['name']} has {_counted(tensor['kinks'], 'kink')}")
        for check in checks
        for tensor in check["tensors"]
        if tensor["kinks"]
    ]
    yield from _some("kinks", kinked)


def _coarsest(checks: list[dict[str, Any]]) -> Iterator[str]:
    """The check that would have noticed least."""
    known = [
        (tensor["resolution"], check["test"], tensor["name"])
        for check in checks
        for tensor in check["tensors"]
        if tensor["verdict"] == "agree" and tensor["resolution"] is not None
    ]
    if known:
        resolution, test, name = max(known)
        yield f"resolution  {resolution:.1e} of a typical entry at worst: d{name} in {test}"


def _some(label: str, named: list[tuple[str, str]]) -> Iterator[str]:
    for test, said in named[:MOST]:
        yield f"{label:<11} {test}  {said}"
    if len(named) > MOST:
        yield f"{'':<11} and {len(named) - MOST} more"


def _counted(count: int, noun: str) -> str:
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{count:,} {noun if count == 1 else plural}"
