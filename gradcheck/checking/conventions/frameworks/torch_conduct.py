"""What ``torch.autograd`` may ask of a backward, and one random cotangent for everything does not.

Each gradient without the others (``ctx.needs_input_grad``), the gradient of one output without the others, and a
cotangent that does not lie in one piece, as a transpose sends one back.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcheck.checking.conduct.evidence import Array, Evidence, Gradients, close
from gradcheck.checking.conventions.frameworks.torch_values import plain, torch_module
from gradcheck.checking.report import Finding

if TYPE_CHECKING:
    from gradcheck.checking.conventions.frameworks.torch_function import Graph, TorchSubject

FEW = 4
"""So many tensors are asked for one by one; of more, every other one."""


def examine(subject: "TorchSubject", evidence: Evidence) -> Iterator[Finding]:
    """The three checks, where they say something."""
    yield from _alone(subject, evidence)
    evidence.runner.reset()
    graph = subject.graph(evidence.runner.inputs)
    subject.trials += 1
    if len(graph.outputs) > 1:
        yield _one_output(subject, graph, evidence)
    yield _scattered(subject, graph, evidence)


def _alone(subject: "TorchSubject", evidence: Evidence) -> Iterator[Finding]:
    names = evidence.comparable(evidence.gradients)
    if len(names) < 2:
        return
    groups = [[name] for name in names] if len(names) <= FEW else [names[::2], names[1::2]]
    for group in groups:
        evidence.runner.reset()
        graph = subject.graph(evidence.runner.inputs, group)
        subject.trials += 1
        got = subject.pulled(graph, [cotangent.copy() for cotangent in evidence.cotangents])
        name = _differing(evidence.gradients, got, evidence.comparable(evidence.gradients, got), group)
        if name:
            message = (
                f"backward gives another d{name} when the gradients of the other tensors are not asked for; look at "
                "ctx.needs_input_grad, whose entries are in the order of forward's arguments"
            )
            yield Finding("alone", False, message, "needs-input-grad", name)
            return
    yield Finding("alone", True, "each gradient is the same when the others are not asked for")


def _one_output(subject: "TorchSubject", graph: "Graph", evidence: Evidence) -> Finding:
    for i, cotangent in enumerate(evidence.cotangents):
        padded = [cotangent.copy() if i == j else np.zeros_like(c) for j, c in enumerate(evidence.cotangents)]
        expected = subject.pulled(graph, padded)
        try:
            got = subject.pulled(type(graph)(graph.outputs[i : i + 1], graph.variables), [cotangent.copy()])
        except Exception as problem:
            return Finding("one output", False, _about_one(i, f"fails, {type(problem).__name__}: {problem}"), "missing")
        name = _differing(expected, got, evidence.comparable(expected, got), got)
        if name:
            return Finding("one output", False, _about_one(i, f"gives another d{name}"), "missing-term", name)
    return Finding("one output", True, "the gradient of one output is the same when the others are not used")


def _about_one(i: int, what: str) -> str:
    return f"backward {what} when only output {i} is used: the cotangents of the others are then None, or zero"


def _scattered(subject: "TorchSubject", graph: "Graph", evidence: Evidence) -> Finding:
    """The same cotangents, but so laid out in memory that they can be neither viewed nor read in one piece."""
    expected = subject.pulled(graph, [cotangent.copy() for cotangent in evidence.cotangents])
    remedy = "in backward, use reshape for view, and grad.contiguous() before reading memory"
    scattered = [_in_pieces(cotangent) for cotangent in evidence.cotangents]
    try:
        found = subject.differentiated(graph, scattered)
    except Exception as problem:
        message = f"backward fails for a cotangent that is not contiguous, as a transpose sends it back; {remedy}"
        return Finding("contiguity", False, f"{message} ({type(problem).__name__}: {problem})", "contiguity")
    got = {name: plain(gradient) for name, gradient in found.items()}
    name = _differing(expected, got, evidence.comparable(expected, got), got)
    if name:
        message = f"backward gives another d{name} for a cotangent that is not contiguous; {remedy}"
        return Finding("contiguity", False, message, "contiguity", name)
    return Finding("contiguity", True, "a cotangent that is not contiguous gives the same")


def _in_pieces(cotangent: Array) -> Any:
    """A tensor with the numbers of an array in reversed order of axes, and gaps between them."""
    spread = np.repeat(np.array(cotangent.T, order="C")[..., np.newaxis], 2, axis=-1)
    return torch_module().from_numpy(spread)[..., 0].permute(tuple(reversed(range(cotangent.ndim))))


def _differing(expected: Gradients, got: Gradients, comparable: list[str], wanted: Any) -> str:
    """The first tensor of which two gradients differ; empty if there is none."""
    return next(
        (n for n in comparable if n in wanted and not close(np.asarray(expected[n]), np.asarray(got[n]))),
        "",
    )
