"""Which loss a backward starts from that is given targets in place of an upstream gradient.

What the object itself has comes first: a loss of outputs and targets. Where it has only the derivative of one, the
usual loss with that derivative is meant. Where it has neither, the usual loss that most of its gradients fit along one
measured slope each; the report says which it was.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.checking.conventions.common.arguments import required_count
from gradcheck.checking.conventions.common.roles import is_target
from gradcheck.checking.conventions.common.slopes import NEAR, distance
from gradcheck.checking.conventions.layers.methods import VALUES
from gradcheck.checking.subject import Array

_DERIVATIVES = (
    *("cost_derivative", "loss_derivative", "loss_prime", "cost_prime", "loss_grad", "loss_gradient", "d_loss"),
    *("cost_gradient", "cost_grad", "error_derivative", "dloss", "dcost"),
)


@dataclass(frozen=True)
class Loss:
    """A number made of outputs and targets, and what to call it."""

    text: str
    of: Callable[[Any, Any], Any]

    def slope(self, out: Array, targets: Any, change: Array) -> float:
        """How it changes as the outputs change."""
        h = float(np.finfo(float).eps) ** (1 / 3) / max(float(np.max(np.abs(change), initial=0.0)), 1e-300)
        with np.errstate(all="ignore"):
            try:
                return float((self.of(out + h * change, targets) - self.of(out - h * change, targets)) / (2 * h))
            except Exception:  # targets of another kind
                return float("nan")


def _squares(out: Array, t: Array) -> Array:
    return np.asarray((out - _one_hot(out, t)) ** 2)


def _binary(out: Array, t: Array) -> Array:
    t = _one_hot(out, t)
    return np.asarray(-t * np.log(out) - (1 - t) * np.log(1 - out))


def _categorical(out: Array, t: Array) -> Array:
    return np.asarray(-_one_hot(out, t) * np.log(out))


def _from_scores(out: Array, t: Array) -> Array:
    """The cross-entropy of scores, along the axis of the classes."""
    hot = _one_hot(out, t)
    axis = 0 if out.ndim == 2 and np.allclose(hot.sum(axis=0), 1) and not np.allclose(hot.sum(axis=-1), 1) else -1
    return np.asarray(hot * (np.log(np.sum(np.exp(out), axis=axis, keepdims=True)) - out))


def _one_hot(out: Array, t: Array) -> Array:
    """Targets in the shape of the outputs; labels are rows with a single 1."""
    return np.reshape(t, out.shape) if np.size(t) == out.size else np.eye(out.shape[-1])[np.asarray(t, int).ravel()]


_KINDS = {
    "squares": _squares,
    "the binary cross-entropy": _binary,
    "the cross-entropy of probabilities": _categorical,
    "the cross-entropy of scores": _from_scores,
}
_SCALES: tuple[tuple[str, Callable[[Array], float]], ...] = (
    ("half the sum of {}", lambda out: 0.5),
    ("the sum of {}", lambda out: 1.0),
    ("{}, averaged over rows", lambda out: 1.0 / max(len(out), 1)),
    ("half of {}, averaged over rows", lambda out: 0.5 / max(len(out), 1)),
    ("{}, averaged over columns", lambda out: 1.0 / max(out.shape[-1], 1)),
    ("half of {}, averaged over columns", lambda out: 0.5 / max(out.shape[-1], 1)),
    ("{}, averaged over all entries", lambda out: 1.0 / max(out.size, 1)),
)


def usual_losses() -> Iterator[Loss]:
    """Squares, cross-entropies, their sums and means; the more usual first."""
    for kind, entries in _KINDS.items():
        for text, scale in _SCALES if kind == "squares" else _SCALES[1:]:
            if kind == "squares" or not text.startswith("half"):
                yield Loss(text.format(kind), _scaled(entries, scale))


def _scaled(entries: Callable[[Any, Any], Array], scale: Callable[[Array], float]) -> Callable[[Any, Any], Any]:
    def of(out: Any, targets: Any) -> Any:
        out = np.atleast_1d(out)
        return scale(out) * np.sum(entries(out, np.asarray(targets)))

    return of


def own_losses(thing: Any) -> Iterator[Loss]:
    """What an object, or an object or class that it holds, computes of outputs and targets; in the order it takes them.

    Where the names of the two arguments are silent, either order may be meant.
    """
    for holder, path in ((thing, ""), *((value, f"{name}.") for name, value in getattr(thing, "__dict__", {}).items())):
        named = [*VALUES, "__call__"] if path else [n for n in VALUES if "loss" in n or "cost" in n]
        for name in named:
            method = getattr(holder, name, None) if not isinstance(holder, np.ndarray) else None
            if not callable(method) or (name == "__call__" and isinstance(holder, type)) or required_count(method) != 2:
                continue
            first, second = [p.name for p in inspect.signature(method).parameters.values()][:2]
            said = f"its own {path}{name}"
            if not is_target(first):
                yield Loss(said, method)
            if not is_target(second):
                yield Loss(said, _turned(method))


def _turned(method: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda out, targets: method(targets, out)


def by_derivative(thing: Any, out: Array, targets: Any) -> Loss | None:
    """The usual loss whose derivative in the outputs is the one that an object has a method for."""
    name = next((name for name in _DERIVATIVES if callable(getattr(thing, name, None))), "")
    if not name or required_count(getattr(thing, name)) != 2:
        return None
    rng = np.random.default_rng(0)
    change = np.asarray(rng.uniform(0.5, 1.0, out.shape) * rng.choice([-1.0, 1.0], out.shape))
    try:
        claimed = float(np.sum(np.asarray(getattr(thing, name)(out.copy(), targets)) * change))
    except Exception:
        return None
    fits = (loss for loss in usual_losses() if distance(claimed, loss.slope(out, targets, change)) < NEAR)
    found = next(fits, None)
    return None if found is None else Loss(f"{found.text}, as {name} says", found.of)


def fitting(losses: list[Loss], claims: list[tuple[float, Array]], out: Array, targets: Any) -> tuple[Loss, int]:
    """The loss that most gradients fit, the first of several, and how many do.

    Each claim is what a gradient says of a direction, and how the outputs change along it.
    """

    def votes(loss: Loss) -> int:
        return sum(distance(claimed, loss.slope(out, targets, change)) < NEAR for claimed, change in claims)

    counts = [votes(loss) for loss in losses]
    best = int(np.argmax(counts))
    return losses[best], counts[best]
