"""Where to draw the boxes of a graph: in rows, every arrow downwards, none through a box.

An arrow that passes a row takes a place of its own there, as if it were a narrow box; so what is connected by long
arrows is drawn like all else. It is the method of Sugiyama, Tagawa and Toda (1981), in its simplest form.
"""

from collections.abc import Sequence
from itertools import pairwise

SWEEPS = 8
NARROW = 16  # pixels of a place that an arrow takes

Arrow = tuple[int, int]
Way = list[int]


def layered(
    widths: Sequence[float], arrows: Sequence[Arrow], gap: float
) -> tuple[list[int], list[float], list[list[tuple[int, float]]]]:
    """The row of each box, the x of its middle, and the way of each arrow as (row, x) from box to box.

    Parameters
    ----------
    widths
        Of the boxes, which are numbered such that every arrow leads to a higher number.
    arrows
        From box to box.
    gap
        The room between two boxes of a row.

    Examples
    --------
    >>> rows, xs, ways = layered([50.0, 50.0, 50.0], [(0, 1), (1, 2), (0, 2)], gap=10)
    >>> rows  # the last arrow goes round the box in row 1
    [0, 1, 2]
    >>> [row for row, _ in ways[2]]
    [0, 1, 2]
    """
    rows = _rows(len(widths), arrows)
    places, ways = _with_places_for_arrows(rows, arrows)
    sizes = [*widths, *[NARROW] * (len(places) - len(widths))]
    lines: list[list[int]] = [[] for _ in range(max(rows) + 1)]
    for item, row in enumerate(places):
        lines[row].append(item)
    neighbours: list[list[int]] = [[] for _ in places]
    for way in ways:
        for a, b in pairwise(way):
            neighbours[a].append(b)
            neighbours[b].append(a)
    xs = [0.0] * len(places)
    for line in lines:
        _set(line, list(range(len(line))), xs, sizes, gap)
    for sweep in range(SWEEPS):
        for line in lines if sweep % 2 == 0 else reversed(lines):
            _arrange(line, neighbours, xs, sizes, gap)
    return rows, xs[: len(widths)], [[(places[item], xs[item]) for item in way] for way in ways]


def _rows(count: int, arrows: Sequence[Arrow]) -> list[int]:
    """As far down as the longest way there; a box that nothing leads to stands right above its first use."""
    rows = [0] * count
    for a, b in sorted(arrows, key=lambda arrow: arrow[1]):
        rows[b] = max(rows[b], rows[a] + 1)
    for first in set(range(count)) - {b for _, b in arrows}:
        rows[first] = min((rows[b] for a, b in arrows if a == first), default=1) - 1
    return rows


def _with_places_for_arrows(rows: list[int], arrows: Sequence[Arrow]) -> tuple[list[int], list[Way]]:
    """The row of every box, then of every place that an arrow takes; and the boxes and places of each arrow."""
    places, ways = list(rows), []
    for a, b in arrows:
        way = [a]
        for row in range(rows[a] + 1, rows[b]):
            way.append(len(places))
            places.append(row)
        ways.append([*way, b])
    return places, ways


def _arrange(line: list[int], neighbours: list[list[int]], xs: list[float], sizes: list[float], gap: float) -> None:
    """Order a row by where its neighbours above and below are, and move it there as far as there is room."""
    wanted = {item: _mean([xs[other] for other in neighbours[item]] or [xs[item]]) for item in line}
    line.sort(key=lambda item: wanted[item])
    _set(line, [wanted[item] for item in line], xs, sizes, gap)


def _set(line: list[int], wanted: Sequence[float], xs: list[float], sizes: list[float], gap: float) -> None:
    """Put the boxes of a row where they are wanted, or to the right of it; then all as far back as is fair."""
    edge = float("-inf")
    for item, x in zip(line, wanted, strict=True):
        xs[item] = max(x, edge + sizes[item] / 2)
        edge = xs[item] + sizes[item] / 2 + gap
    excess = _mean([xs[item] - x for item, x in zip(line, wanted, strict=True)])
    for item in line:
        xs[item] -= excess


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
