"""Wrong backwards with their causes, and right ones at hard points: what a gradient checker is measured by.

One file a family of layers; each holds right forwards and backwards, and beneath them the same with one thing wrong.
:mod:`~bug_corpus.case` says how to read them, and lists the causes. The right ones are written for this corpus and
share nothing with :mod:`gradcheck.analytic`.
"""

from bug_corpus import (  # they enter themselves
    activations,
    algebra,
    attention,
    combined,
    conduct,
    convolution,
    dense,
    dropout,
    embedding,
    gates,
    hard_points,
    in_loops,
    losses,
    measured_elsewhere,
    normalization,
    pooling,
    recurrent,
    softmax,
)
from bug_corpus.case import CAUSES, LAYERS, Case, Layer

__all__ = ["CAUSES", "LAYERS", "RIGHT", "WRONG", "Case", "Layer"]

FAMILIES = (
    dense, activations, softmax, losses, normalization, convolution, pooling, recurrent, attention, embedding, dropout,
    algebra, gates, in_loops, conduct, combined, measured_elsewhere, hard_points,
)  # fmt: skip
"""The files, in the order to read them."""

WRONG: list[Case] = [case for layer in LAYERS for case in layer.cases if case.wrong]
"""Every wrong backward."""

RIGHT: list[Case] = [case for layer in LAYERS for case in [layer.right_case(), *layer.cases] if not case.wrong]
"""Every right one: each layer at its usual inputs, and the hard points."""
