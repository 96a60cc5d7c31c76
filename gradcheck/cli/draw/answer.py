"""What is said of a drawing: the ten probabilities, the pixels behind the best, and whether that gradient is right."""

from typing import Any

import numpy as np

from gradcheck.checking.verdict.tolerance import MEANINGLESS, SAFETY
from gradcheck.cli.draw.classifier import Classifier
from gradcheck.cli.draw.picture import Array
from gradcheck.numerical import numerical_vjp

CHUNK = 112  # pixels measured at a time
BUDGET = 8000  # evaluations after which no further chunk is begun; all pixels of a dense network take about 5,000


def answer(classifier: Classifier, ink: Array) -> dict[str, Any]:
    """The answer to a drawing (H, W), as plain JSON.

    Returns
    -------
    answer
        ``digit``, the ten ``probabilities``, the ``side`` of the ``picture`` that the network sees, its pixels
        in rows, and the ``gradient`` ∂score/∂pixel of the digit's score.
    """
    pixels = classifier.picture_of(ink)
    scores = classifier.scores(pixels)
    digit = int(scores.argmax())
    return {
        "digit": digit,
        "probabilities": classifier.probabilities(scores).tolist(),
        "side": classifier.side,
        "picture": pixels.round(3).tolist(),
        "gradient": classifier.gradient(pixels, digit).tolist(),
    }


def checked(classifier: Classifier, ink: Array, budget: int = BUDGET) -> dict[str, Any]:
    """Whether backpropagation's ∂score/∂pixel is what central differences measure, pixel by pixel.

    The pixels with ink come first. Where a network is all kinks, as max pooling is on empty paper, each costs
    much: once the budget of evaluations is used up the rest is left out, and ``pixels`` says how many were measured.

    Returns
    -------
    result
        ``verdict`` (``"agree"``, ``"disagree"`` or ``"undecided"``) on the ``pixels`` that were measured and have no
        kink; ``difference``, the largest there, relative to the largest entry of the gradient; ``kinks``, how many
        have one, where backpropagation takes one slope of several; ``of``, how many pixels there are.
    """
    pixels = classifier.picture_of(ink)
    digit = int(classifier.scores(pixels).argmax())
    gradient = classifier.gradient(pixels, digit)
    numerical, error = np.zeros_like(pixels), np.zeros_like(pixels)
    measured, kinks = np.zeros(pixels.size, bool), np.zeros(pixels.size, bool)
    evaluations = 0
    for chunk in _chunks(np.argsort(-pixels, kind="stable")):
        if evaluations >= budget:
            break

        def score(paper: Array, chunk: Array = chunk) -> Any:
            changed = pixels.copy()
            changed[chunk] = paper - 1
            return classifier.scores(changed)[digit]

        # Steps are relative to the values: one more of everything makes them the same for ink and for none.
        estimate = numerical_vjp(score, pixels[chunk] + 1)
        numerical[chunk], error[chunk], kinks[chunk] = estimate.value, estimate.error, estimate.kinks
        measured[chunk] = True
        evaluations += estimate.evaluations
    smooth = measured & ~kinks
    largest = float(np.abs(gradient).max()) or 1.0
    gap = np.abs(gradient - numerical)[smooth]
    return {
        "digit": digit,
        "verdict": _verdict(gap, error[smooth], largest),
        "difference": float(gap.max(initial=0.0) / largest),
        "pixels": int(smooth.sum()),
        "kinks": int(kinks.sum()),
        "of": pixels.size,
        "evaluations": evaluations,
    }


def _chunks(order: Array) -> list[Array]:
    return [order[start : start + CHUNK] for start in range(0, order.size, CHUNK)]


def _verdict(gap: Array, error: Array, largest: float) -> str:
    """By the rule of the library: a difference counts when it is outside what the numerical error allows."""
    if (gap > SAFETY * error + 1e-14 * largest).any():
        return "disagree"
    return "agree" if gap.size and (error <= MEANINGLESS * largest).all() else "undecided"
