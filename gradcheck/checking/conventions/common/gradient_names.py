"""What gradients are called: ``dW``, ``grads['W']``, ``grad_weights``, ``w.grad`` and ``dLdW`` all are those of a W.

Names are compared without capitals and underscores; ``weights`` counts as ``w`` and ``bias`` as ``b``; words for the
containers of parameters (``params``, ``data``) do not count. What is left of the path to a gradient, when its mark is
taken away, is the path to its tensor.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence

_CONTAINERS = frozenset(("param", "params", "parameter", "parameters", "data", "value", "values", "val", "tensor"))
_PREFIXES = (
    *("gradients", "gradient", "grads", "grad", "derivative", "deriv", "partial", "nabla", "delta", "del"),
    *("dlossd", "dcostd", "djd", "dld", "dcd", "dloss", "dcost", "dl", "dj", "d"),
)
_SUFFIXES = ("gradients", "gradient", "grads", "grad", "derivative", "deriv", "delta", "diff")
_WHOLE = frozenset(("grad", "grads", "gradient", "gradients", "g", "d", "deriv", "derivative", "derivatives", "diff"))
_ABBREVIATIONS = (
    (re.compile(r"^(weights?|wts|wgts?|kernels?|ws)(?=\d*$|[a-z]*$)"), "w"),
    (re.compile(r"^(bias(es)?|bs)(?=\d*$|[a-z]*$)"), "b"),
)


def tensor_name(keys: Sequence[str]) -> tuple[str, ...]:
    """What distinguishes a tensor, of the keys on the path to it.

    Examples
    --------
    >>> tensor_name(["params", "W"]), tensor_name(["weights"]), tensor_name(["layers", "0", "w", "data"])
    (('w',), ('w',), ('layers', '0', 'w'))
    """
    return tuple(key for key in map(_plain, keys) if key not in _CONTAINERS)


def tensors_meant(keys: Sequence[str]) -> set[tuple[str, ...]]:
    """The tensors whose gradient may be found on this path; none, where nothing marks a gradient.

    Examples
    --------
    >>> ("w",) in tensors_meant(["grads", "dW"]), tensors_meant(["w", "grad"]), tensors_meant(["mask"])
    (True, {('w',)}, set())
    """
    meant = set()
    for choice in itertools.product(*(_readings(key) for key in keys)):
        if any(marked for _, marked in choice):
            meant.add(tuple(name for name, _ in choice if name and name not in _CONTAINERS))
    return meant


def _readings(key: str) -> set[tuple[str, bool]]:
    """A name as it is, and as that of a gradient: of what, and whether it is marked as one."""
    return {(_plain(key), False)} | {(name, True) for name in gradient_of(key)}


def gradient_of(name: str) -> Iterator[str]:
    """What a gradient of this name would be the gradient of; empty for ``grads`` itself."""
    return map(_abbreviated, _without_mark(_squeezed(name)))


def _without_mark(bare: str) -> Iterator[str]:
    if bare in _WHOLE:
        yield ""
    for prefix in _PREFIXES:
        if bare.startswith(prefix) and bare != prefix:
            yield bare.removeprefix(prefix)
    for suffix in _SUFFIXES:
        if bare.endswith(suffix) and bare != suffix:
            yield bare.removesuffix(suffix)


def is_gradient_of(name: str, tensor: str) -> bool:
    """Whether one name is that of the gradient of the other."""
    return _plain(tensor) in gradient_of(name)


def is_spelled_like(name: str, tensor: str) -> bool:
    """Whether the name of a gradient has that of its tensor in full: ``dWs`` is of Ws before it is of W.

    Examples
    --------
    >>> is_spelled_like("dWs", "Ws"), is_spelled_like("dW", "Ws"), is_gradient_of("dW", "Ws")
    (True, False, True)
    """
    bare = _squeezed(name)
    return _squeezed(tensor) in (bare, *_without_mark(bare))


def find(gradients: Iterable[str], tensor: str) -> str | None:
    """The name among these that is that of the gradient of a tensor."""
    fits = (name for name in gradients if is_gradient_of(name, tensor))
    return max(fits, key=lambda name: is_spelled_like(name, tensor), default=None)


def _plain(name: str) -> str:
    return _abbreviated(_squeezed(name))


def _squeezed(name: str) -> str:
    """Without capitals, underscores, and what Python puts before private names."""
    return re.sub(r"^_[A-Z]\w*?__", "", name).replace("_", "").lower()


def _abbreviated(name: str) -> str:
    for pattern, short in _ABBREVIATIONS:
        name = pattern.sub(short, name)
    return name
