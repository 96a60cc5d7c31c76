"""Could these inputs have told the right gradient from the usual wrong ones at all?"""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.conduct.evidence import Evidence
from gradcheck.checking.elsewhere import wrong_elsewhere
from gradcheck.checking.report import Comparison
from gradcheck.checking.state.snapshot import same_values
from gradcheck.checking.subject import copies

Array = NDArray[Any]

_NAMED_AS_PARAMETER = re.compile(
    r"(W|w|U|V|b|[Ww]eights?|[Bb]ias(es)?|[Kk]ernels?|[Ff]ilters?|gamma|beta|theta)(\d+|_\w{1,3})?|[WUV][a-z]{1,2}|b[a-z]"
)


def warnings(evidence: Evidence, comparisons: list[Comparison]) -> list[str]:
    """What the inputs cannot tell apart, each with the remedy."""
    found = [*_unclaimed(evidence), *_shapes(evidence), *_branches(evidence, comparisons), *_signals(comparisons)]
    return list(dict.fromkeys(found))


def _unclaimed(evidence: Evidence) -> Iterator[str]:
    """Arrays on which the output depends, but of which nobody claims to know the gradient."""
    runner = evidence.runner
    for name, parameter in runner.subject.unclaimed.items():
        if not _NAMED_AS_PARAMETER.fullmatch(name):  # running statistics, masks and tables are held constant
            continue
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


def _branches(evidence: Evidence, comparisons: list[Comparison]) -> Iterator[str]:
    where = wrong_elsewhere(evidence, comparisons)
    if where:
        remedy = f"mix the signs of {where.replace('−', '')}" if "−" in where else "widen the range of the inputs"
        yield (
            f"the gradient agrees at this point, but is wrong at {where}: a branch of the function that was never "
            f"visited by these inputs; {remedy}"
        )


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
