"""Could these inputs have told the right gradient from the usual wrong ones at all?"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.evidence import Evidence
from gradcheck.checking.report import Comparison
from gradcheck.checking.state import same_values
from gradcheck.checking.subject import copies

Array = NDArray[Any]


def warnings(evidence: Evidence, comparisons: list[Comparison]) -> list[str]:
    """What the inputs cannot tell apart, each with the remedy."""
    found = [*_unclaimed(evidence), *_shapes(evidence), *_signs(evidence), *_signals(comparisons)]
    return list(dict.fromkeys(found))


def _unclaimed(evidence: Evidence) -> Iterator[str]:
    """Arrays on which the output depends, but of which nobody claims to know the gradient."""
    runner = evidence.runner
    for name, parameter in runner.subject.unclaimed.items():
        runner.reset()
        kept = np.array(parameter.read())
        parameter.write(kept * np.asarray(1.5, kept.dtype) + np.asarray(0.5, kept.dtype))
        outputs, _ = runner.forward(copies(runner.inputs))
        if any(not np.all(same_values(a, b)) for a, b in zip(outputs, evidence.outputs, strict=False)):
            yield (
                f"{name} is an array the output depends on, but no gradient was found for it (d{name}, "
                f"grads[{name!r}]): it was not checked"
            )
        parameter.write(kept)


def _shapes(evidence: Evidence) -> Iterator[str]:
    for name, tensor in evidence.tensors.items():
        square = tensor.ndim == 2 and tensor.shape[0] == tensor.shape[1] > 1
        if square and np.array_equal(tensor, tensor.T):
            yield f"{name} is symmetric: with and without a transpose the numbers are the same; use a non-square {name}"
        elif square:
            n = tensor.shape[0]
            yield f"{name} is square ({n}×{n}): a transposed gradient keeps its shape; prefer a non-square {name}"
        if name not in evidence.runner.subject.parameters and tensor.ndim >= 2 and tensor.shape[0] == 1:
            yield (
                f"the first axis of {name} has length 1: a mean and a sum over a batch of one are the same; "
                "use a batch of 2 or more"
            )


def _signs(evidence: Evidence) -> Iterator[str]:
    """An elementwise function that is straight here, and straight but different on the other side of 0."""
    if len(evidence.names) != 1 or len(evidence.outputs) != 1:
        return
    (name,) = evidence.names
    x, y = evidence.tensors[name], evidence.outputs[0]
    if x.shape != y.shape or not x.size or not (np.all(x > 0) or np.all(x < 0)):
        return
    try:
        here = _slope(evidence, name, x, y)
        if here is None:
            return
        mirrored = evidence.runner.outputs({name: -x})[0].copy()
        there = _slope(evidence, name, -x, mirrored)
    except (ArithmeticError, ValueError):
        return
    if there is not None and not np.allclose(here, there):
        kind = "positive" if np.all(x > 0) else "negative"
        yield (
            f"every entry of {name} is {kind}, and the function has another slope on the other side of 0, "
            f"a branch that was never visited; mix the signs of {name}"
        )


def _slope(evidence: Evidence, name: str, x: Array, y: Array) -> Array | None:
    """The slope of each entry between x, where the output is y, and 1.5 x, if the function is straight there."""
    with np.errstate(all="ignore"):
        b, c = (evidence.runner.outputs({name: x * np.asarray(t, x.dtype)})[0].copy() for t in (1.25, 1.5))
        straight = np.all(np.abs(y - 2 * b + c) <= 1e-6 * (np.abs(y) + np.abs(c)))
        return (c - y) / (0.5 * x) if straight else None


def _signals(comparisons: list[Comparison]) -> Iterator[str]:
    for comparison in comparisons:
        gradient = comparison.analytic
        if gradient is None or not gradient.size or comparison.verdict == "disagree":
            continue
        if not np.any(gradient):
            yield (
                f"the gradient of {comparison.name} is zero in every entry: a saturated or dead signal, through which "
                "no mistake can be seen; choose smaller or other inputs"
            )
