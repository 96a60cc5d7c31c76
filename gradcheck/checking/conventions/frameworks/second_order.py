"""The second order: the gradient of the checked gradient, and the symmetry of the Hessian.

For a fixed cotangent v the first order is ``g(x, v) = vᵀ ∂f/∂x``; a framework that can differentiate its own
derivative makes of it another subject, with x and v as tensors. ``∂g/∂x`` is then the Hessian of ``v · f``, which is
symmetric: ``uᵀHw = wᵀHu``.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcheck.checking.conduct.evidence import Array, Evidence, pulled, rounding
from gradcheck.checking.report import Finding
from gradcheck.checking.subject import NotUnderstoodError, Subject

if TYPE_CHECKING:
    from gradcheck.checking.report import Comparison, Report

SUFFIX = ", second order"
"""What a tensor is called in the report where the gradient of its gradient is meant."""


def cotangent_names(cotangents: Sequence[Array], taken: Collection[str]) -> dict[str, Array]:
    """The cotangents by what they are called: dout, or dout0, dout1; underlined where an input has that name."""
    names = ["dout"] if len(cotangents) == 1 else [f"dout{i}" for i in range(len(cotangents))]
    free = [name if name not in taken else f"{name}_" for name in names]
    return dict(zip(free, cotangents, strict=True))


def symmetric(evidence: Evidence, names: list[str]) -> Iterator[Finding]:
    """Whether ``uᵀHw = wᵀHu`` for random u and w in the space of the tensors of these names, in the order of outputs.

    A gradient can be wrong in the same way in both its derivatives; that of a gradient is always symmetric.
    """
    u, w = ([evidence.rng.standard_normal(out.shape) for out in evidence.outputs] for _ in range(2))
    pullback = evidence.pullback()
    evidence.pending = None
    h_u, h_w = pulled(pullback, u), pulled(pullback, w)
    if set(evidence.comparable(h_u, h_w)) < set(evidence.names) or not set(names) <= set(evidence.names):
        return
    allowed = rounding(*evidence.outputs, *(np.asarray(h_u[name]) for name in names))
    one, other = _terms(w, h_u, names), _terms(u, h_w, names)
    gap, size = abs(sum(map(np.sum, one)) - sum(map(np.sum, other))), sum(float(np.sum(np.abs(t))) for t in one + other)
    if not np.isfinite(gap) or gap > allowed * size:
        message = f"the Hessian is not symmetric: uᵀHw and wᵀHu differ by {gap:.3g} at a size of {size:.3g}"
        yield Finding("symmetric", False, message, "asymmetric")
    else:
        yield Finding("symmetric", True, "the Hessian is symmetric")


def _terms(left: list[Array], right: Mapping[str, Any], names: list[str]) -> list[Array]:
    return [vector * np.asarray(right[name]) for vector, name in zip(left, names, strict=True)]


def second_order_of(subject: Subject, cotangents: list[Array]) -> Subject:
    """The gradient of a subject as a subject of its own.

    Raises
    ------
    NotUnderstoodError
        If its derivative cannot itself be differentiated.
    """
    second = subject.second_order(cotangents)
    if second is None:
        raise NotUnderstoodError(
            f"order=2 differentiates the derivative itself, and that of {subject.name} ({subject.understood}) is "
            "written by hand; hand it over as a function of its own: check(gradient, x, backward=...), or use "
            "autograd, PyTorch or JAX"
        )
    return second


def add_second_order(report: "Report", second: "Report") -> None:
    """What a check of the second order found, in the report of the first."""
    report.tensors += [_renamed(comparison) for comparison in second.tensors]
    report.conduct += [finding for finding in second.conduct if finding.check == "symmetric" or not finding.ok]
    report.understood += f"; {second.understood}"
    report.evaluations += second.evaluations


def _renamed(comparison: "Comparison") -> "Comparison":
    comparison.name += SUFFIX
    return comparison
