"""A network as a picture: a box for each layer, with the shape of what it puts out and how many parameters it has."""

import copy
import os
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from gradcheck.analytic.layer import Layer
from gradcheck.analytic.layered import Arrow, layered
from gradcheck.analytic.summary import output_shapes
from gradcheck.analytic.symbol import Symbol

LONGEST = 48  # letters of a line; a longer one is cut off, and whole where the pointer rests on the box
LETTER, LINE, PADDING, BETWEEN, MARGIN = 7.3, 18, 12, 38, 10  # pixels

STYLE = """
.gradcheck-network { --paper: #fff; --ink: #1b1f24; --faint: #57606a; --line: #8c959f; --layer: #f6f8fa;
  --learns: #ddf4ff; --end: #fff8c5; font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
@media (prefers-color-scheme: dark) { .gradcheck-network { --paper: #0d1117; --ink: #e6edf3; --faint: #9aa4ae;
  --line: #6e7681; --layer: #161b22; --learns: #0c2d4a; --end: #3a3000 } }
.gradcheck-network .paper { fill: var(--paper) }
.gradcheck-network rect.box { fill: var(--layer); stroke: var(--line) }
.gradcheck-network rect.learns { fill: var(--learns) }
.gradcheck-network rect.end { fill: var(--end) }
.gradcheck-network text { fill: var(--ink); text-anchor: middle }
.gradcheck-network text.faint { fill: var(--faint) }
.gradcheck-network path { fill: none; stroke: var(--line); stroke-width: 1.5 }
.gradcheck-network path.head { fill: var(--line); stroke: none }
"""


class Picture(str):
    """An SVG document as a text, which a notebook shows and ``save`` writes."""

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file, ``network.svg``: any browser shows it."""
        Path(path).write_text(self, encoding="utf-8")

    def _repr_svg_(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Box:
    """One box: what is written in it, and what it is."""

    title: str
    details: str = ""
    kind: str = ""

    @property
    def lines(self) -> list[str]:
        """As they fit into it."""
        return [
            line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…" for line in (self.title, self.details) if line
        ]

    @property
    def width(self) -> float:
        """In pixels."""
        return max(map(len, self.lines)) * LETTER + 2 * PADDING

    @property
    def height(self) -> float:
        """In pixels."""
        return len(self.lines) * LINE + PADDING


def picture_of_row(network: Any, inputs: tuple[Any, ...]) -> Picture:
    """A `Network` as an SVG document, its layers one after the other."""
    return _drawn(network, *_row(network, inputs))


def picture_of_graph(model: Any, inputs: tuple[Any, ...]) -> Picture:
    """A `Model` as an SVG document."""
    return _drawn(model, *_branches(model, inputs))


def _drawn(network: Any, boxes: list[Box], arrows: list[Arrow]) -> Picture:
    rows, xs, ways = layered([box.width for box in boxes], arrows, gap=20)
    middles = [x for way in ways for _, x in way]
    left = min([x - box.width / 2 for x, box in zip(xs, boxes, strict=True)] + middles) - MARGIN
    right = max([x + box.width / 2 for x, box in zip(xs, boxes, strict=True)] + middles) + MARGIN
    heights = [
        max([box.height for box, at in zip(boxes, rows, strict=True) if at == row]) for row in range(max(rows) + 1)
    ]
    tops = [MARGIN + sum(heights[:row]) + row * BETWEEN for row in range(len(heights))]
    drawn = [_arrow([(x - left, tops[row], heights[row]) for row, x in way]) for way in ways]
    drawn += [_box(box, x - left, tops[row], heights[row]) for box, x, row in zip(boxes, xs, rows, strict=True)]
    return _document(right - left, tops[-1] + heights[-1] + MARGIN, network, _spoken(boxes, arrows), drawn)


def _row(network: Any, inputs: tuple[Any, ...]) -> tuple[list[Box], list[Arrow]]:
    """The boxes of layers one after the other."""
    shapes = output_shapes(network, inputs) if inputs else [()] * len(network.layers)
    count = len(inputs[0]) if inputs and np.ndim(inputs[0]) else 0
    boxes = [Box("x", _shape(np.shape(inputs[0]), count) if inputs else "", "end")]
    for name, layer, shape in zip(network._names, network.layers, shapes, strict=True):
        boxes.append(_of_layer(name, layer, _shape(shape, count)))
    boxes.append(Box("y" if network.loss_function is None else repr(network.loss_function), kind="end"))
    return boxes, [(i, i + 1) for i in range(len(boxes) - 1)]


def _branches(model: Any, inputs: tuple[Any, ...]) -> tuple[list[Box], list[Arrow]]:
    """The boxes of a `Model`: its inputs, each use of a layer, and where it ends."""
    shapes = _shapes_of_uses(model, inputs)
    count = len(inputs[0]) if inputs and np.ndim(inputs[0]) else 0
    place = {symbol: i for i, symbol in enumerate((*model.inputs, *model._nodes))}
    given = [np.shape(x) for x in inputs] or [("N", *symbol.shape) if symbol.shape else () for symbol in model.inputs]
    boxes = [
        Box(x.name or _numbered("x", i, model.inputs), _shape(given[i], count), "end")
        for i, x in enumerate(model.inputs)
    ]
    names = dict(zip(model.layers, model._names, strict=True))
    for i, (node, shape) in enumerate(zip(model._nodes, shapes, strict=True)):
        again = node.layer in [earlier.layer for earlier in model._nodes[:i]]
        boxes.append(_of_layer(names[node.layer], node.layer, _shape(shape, count), again))
    arrows = [(place[x], place[node]) for node in model._nodes for x in node.inputs if isinstance(x, Symbol)]
    for i, symbol in enumerate(model.outputs):
        losses = getattr(model.loss_function, "losses", None)
        arrows.append((place[symbol], len(boxes)))
        boxes.append(Box(repr(losses[i]) if losses else _numbered("y", i, model.outputs), kind="end"))
    return boxes, arrows


def _shapes_of_uses(model: Any, inputs: tuple[Any, ...]) -> list[tuple[int, ...]]:
    if not inputs:
        return [()] * len(model._nodes)
    twin = copy.deepcopy(model)
    twin.training = False
    twin.forward(*inputs)
    return [use[0][1][0] for use in twin._uses]


def _of_layer(name: str, layer: Layer, shape: str, again: bool = False) -> Box:
    size = sum(int(np.size(W)) for W in layer.params.values())
    weights = f"{size:,} parameter{'s' if size != 1 else ''}" if not again else "the same weights"
    return Box(
        f"{name} {layer!r}", " · ".join(filter(None, [shape, weights if size else ""])), "learns" if size else ""
    )


def _numbered(letter: str, i: int, of: tuple[Any, ...]) -> str:
    return letter if len(of) == 1 else f"{letter}{i + 1}"


def _shape(shape: tuple[Any, ...], count: int) -> str:
    """As in a docstring, (N, 100), where the first axis is that of the examples."""
    if not shape:
        return ""
    axes = ["N" if count and shape[0] == count else str(shape[0]), *map(str, shape[1:])]
    return f"({', '.join(axes)}{',' if len(axes) == 1 else ''})"


def _spoken(boxes: list[Box], arrows: list[Arrow]) -> str:
    """The picture in words, for who cannot see it."""
    lines = []
    for i, box in enumerate(boxes):
        sources = [boxes[a].title for a, b in arrows if b == i]
        lines.append(
            ", ".join(filter(None, [box.title, box.details, f"from {' and '.join(sources)}" if sources else ""]))
        )
    return "; ".join(lines) + "."


def _document(width: float, height: float, network: Any, spoken: str, drawn: list[str]) -> Picture:
    layers = len(network.layers)
    title = f"{type(network).__name__} of {layers} layer{'s' if layers != 1 else ''}"
    key = f"{crc32((spoken + title).encode()):08x}"  # ids have to be those of this picture alone on a page
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    return Picture(
        f'<svg xmlns="http://www.w3.org/2000/svg" class="gradcheck-network" role="img" {size} '
        f'aria-labelledby="title-{key} desc-{key}" style="max-width: 100%; height: auto">\n'
        f'<title id="title-{key}">{escape(title)}</title>\n<desc id="desc-{key}">{escape(spoken)}</desc>\n'
        f'<style>{STYLE}</style>\n<rect class="paper" width="100%" height="100%"/>\n' + "\n".join(drawn) + "\n</svg>\n"
    )


def _arrow(way: list[tuple[float, float, float]]) -> str:
    """A line from the foot of the first box to the head of the last, straight where it passes a row."""
    (x, top, height), *others = way
    y, line = top + height, f"M{x:.1f} {top + height:.1f}"
    for place, (next_x, next_top, height) in enumerate(others, start=1):
        half = (y + next_top) / 2
        line += f" C{x:.1f} {half:.1f} {next_x:.1f} {half:.1f} {next_x:.1f} {next_top:.1f}"
        x, y = next_x, next_top + height
        if place < len(others):
            line += f" V{y:.1f}"
    return f'<path d="{line}"/><path class="head" d="M{x - 4:.1f} {next_top - 8:.1f} h8 l-4 8 z"/>'


def _box(box: Box, x: float, top: float, room: float) -> str:
    """The box, as high as its row; a line that was cut off is whole in its title."""
    round_as = room / 2 if box.kind == "end" else 6
    frame = (
        f'<rect class="box {box.kind}" x="{x - box.width / 2:.1f}" y="{top:.1f}" '
        f'width="{box.width:.1f}" height="{room:.1f}" rx="{round_as:.0f}"/>'
    )
    first = top + (room - len(box.lines) * LINE) / 2 + 0.72 * LINE
    texts = [
        f'<text class="{style}" x="{x:.1f}" y="{first + i * LINE:.1f}">{escape(line)}</text>'
        for i, (line, style) in enumerate(zip(box.lines, ("title", "faint"), strict=False))
    ]
    return f"<g><title>{escape(box.title)}</title>{frame}{''.join(texts)}</g>"
