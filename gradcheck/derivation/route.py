"""The ways from the variable to the result, as a picture in text where they are simple enough."""

from __future__ import annotations

from collections.abc import Sequence

Names = tuple[str, ...]
_MOST_LISTED = 8


def picture(paths: Sequence[Names], arrow: str, pieces: Sequence[str], width: int) -> list[str] | None:
    """Paths that part once and meet once, drawn as branches; None if they do not, or do not fit.

    `pieces` open the first, a middle and the last branch, close them, and fill up a short one.
    """
    before, branches, after = _parts(paths)
    inner = [name for branch in branches for name in branch]
    if len(paths) < 2 or len(inner) != len(set(inner)) or not all(branches):
        return None
    head, tail = arrow.join(before), arrow.join(after)
    widest = max(len(arrow.join(branch)) for branch in branches)
    lines = []
    for k, branch in enumerate(branches):
        place = 0 if k == 0 else 2 if k == len(branches) - 1 else 1
        text = arrow.join(branch)
        run = text + " " + pieces[6] * (widest - len(text)) + pieces[3 + place]
        lines.append((" " * len(head) if place else head) + pieces[place] + run + ("" if place else tail))
    return lines if max(map(len, lines)) <= width else None


def listing(paths: Sequence[Names], count: int, arrow: str, more: str = "... and {count} more") -> list[str]:
    """One path a line, from the variable up; the first few of many."""
    lines = [arrow.join(path) for path in paths[:_MOST_LISTED]]
    if count > _MOST_LISTED:
        lines.append(more.format(count=f"{count - _MOST_LISTED:,}"))
    return lines


def _parts(paths: Sequence[Names]) -> tuple[Names, list[Names], Names]:
    """What all paths begin with, where they differ, and what all end in."""
    shortest = min(map(len, paths))
    start = next((k for k in range(shortest) if len({p[k] for p in paths}) > 1), shortest)
    end = next((k for k in range(shortest - start) if len({p[-1 - k] for p in paths}) > 1), shortest - start)
    return paths[0][:start], [p[start : len(p) - end] for p in paths], paths[0][len(paths[0]) - end :]
