"""What every gradient must be, before its numbers are looked at: there, of its tensor's shape, wide enough, finite."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcheck.checking.conduct.evidence import Array, Evidence, as_array, index
from gradcheck.checking.report import Finding
from gradcheck.checking.subject import kind_of


def present(evidence: Evidence) -> Iterator[Finding]:
    """Every tensor has a gradient, which is an array of numbers in its shape, and there are no others."""
    surplus = evidence.runner.subject.surplus
    good = not surplus
    if surplus:
        yield Finding("shape", False, surplus, "extra-gradient")
    for name, tensor in evidence.tensors.items():
        objection = _objection(name, tensor, evidence.gradients.get(name))
        if objection is not None:
            good = False
            cause, message = objection
            yield Finding("shape", False, message, cause, name)
    if good:
        yield Finding("shape", True, "every gradient is there, in the shape of its tensor")


def _objection(name: str, tensor: Array, gradient: Any) -> tuple[str, str] | None:
    """Cause and message, where something is no gradient of a tensor."""
    array = as_array(gradient)
    if gradient is None:
        return "missing", f"backward gave no gradient for {name}; return it, or store it beside {name}"
    if array is None:
        return "wrong-dtype", f"the gradient of {name} is {_kind(gradient)}, not an array of real numbers"
    if array.shape != tensor.shape:
        shapes = f"d{name} has shape {array.shape}, but {name} has shape {tensor.shape}"
        return "wrong-shape", f"{shapes}; they must agree"
    return None


def _kind(thing: Any) -> str:
    return f"an array of {thing.dtype}" if isinstance(thing, np.ndarray | np.generic) else kind_of(thing)


def dtype(evidence: Evidence) -> Iterator[Finding]:
    """No gradient is of a narrower type than its tensor, unless forward went over to that type already."""
    good = True
    outputs = [out.dtype for out in evidence.outputs if out.dtype.kind == "f"]
    for name in evidence.comparable(evidence.gradients):
        given, wanted = np.asarray(evidence.gradients[name]).dtype, evidence.tensors[name].dtype
        narrowest = min([wanted, *outputs], key=lambda dtype: np.finfo(dtype).nmant)
        if given.kind == "f" and np.finfo(given).nmant < np.finfo(narrowest).nmant:
            good = False
            message = f"d{name} is {given}, but {name} is {wanted}: precision is lost on the way back"
            yield Finding("dtype", False, message, "wrong-dtype", name)
    if good:
        yield Finding("dtype", True, "no gradient is of a narrower type than its tensor")


def finite(evidence: Evidence) -> Iterator[Finding]:
    """No NaN or infinity in any gradient, unless the outputs have them too."""
    good = True
    for name in evidence.comparable(evidence.gradients):
        gradient = np.asarray(evidence.gradients[name])
        broken = np.argwhere(~np.isfinite(gradient))
        if len(broken) and all(np.all(np.isfinite(out)) for out in evidence.outputs):
            good = False
            first = f"{index(f'd{name}', broken[0])} = {gradient[tuple(broken[0])]}"
            message = f"d{name} is not finite in {len(broken):,} of {gradient.size:,} entries, first {first}"
            yield Finding("finite", False, message, "not-finite", name)
    if good:
        yield Finding("finite", True, "every gradient is finite")
