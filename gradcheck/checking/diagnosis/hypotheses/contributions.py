"""Each entry of a gradient is a sum over outputs; a mistake often leaves some of the summands out, or keeps one.

The summands are known (cotangent times Jacobian), so that a sum over some of them is fitted with one coefficient for
each slice of the output, and what the coefficients say is tested at fresh points.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.diagnosis.clues import Clues
from gradcheck.checking.diagnosis.explanation import Explanation
from gradcheck.checking.diagnosis.trial import Trial

Array = NDArray[Any]
Keep = Callable[[Array], Array]

LONGEST = 64
"""Axes up to this length are taken apart slice by slice."""


def some_slices(clues: Clues) -> Iterator[Explanation]:
    """Only some slices of the output contribute: the first sample, the last step, all but one."""
    if clues.claimed.shape != clues.right.shape:
        return
    ndim = clues.given.cotangent.ndim
    for axis, n in enumerate(clues.given.cotangent.shape):
        if not 2 <= n <= LONGEST:
            continue
        weights = _fitted_weights(clues, axis)
        if weights is None or np.all(weights == 1):
            continue

        def predict(trial: Trial, axis: int = axis, weights: Array = weights) -> Array:
            shape = [1] * ndim
            shape[axis] = -1
            return trial.pulled_back(clues.tensor, trial.cotangent * weights.reshape(shape))

        cause, message, remedy = _said_of_slices(clues, weights, axis)
        # Which slices are left out is fitted: a rule that leaves out the same ones says more.
        doubt = 1 + int(cause == "truncated" or np.any((weights != 0) & (weights != 1)))
        yield Explanation(cause, predict, f"{clues.d} {message}", remedy, doubt)


def _fitted_weights(clues: Clues, axis: int) -> Array | None:
    """One weight for each slice of the output, rounded where it is a simple fraction; None if undetermined."""
    columns, claims = [], []
    for trial in clues.fitting:
        parts = np.moveaxis(trial.contributions(clues.tensor), axis, 0)
        n = len(parts)
        parts = parts.reshape(n, -1, clues.value.size).sum(axis=1)
        known = np.isfinite(parts).all(axis=0)
        columns.append(parts[:, known].T)
        claims.append(trial.claimed(clues.tensor).ravel()[known])
    A, b = np.concatenate(columns), np.concatenate(claims)
    if len(b) < 2 * A.shape[1] or not np.all(np.isfinite(b)):
        return None
    alive = np.linalg.norm(A, axis=0) > 1e-9 * np.linalg.norm(A)
    if alive.sum() < 2 or np.linalg.matrix_rank(A[:, alive]) < alive.sum():
        return None
    weights = np.ones(A.shape[1])
    weights[alive] = np.linalg.lstsq(A[:, alive], b, rcond=None)[0]
    near = np.round(weights * 12) / 12
    return np.where(np.abs(weights - near) < 1e-4, near, weights)


def _said_of_slices(clues: Clues, weights: Array, axis: int) -> tuple[str, str, str]:
    n, used = len(weights), np.flatnonzero(weights)
    kinds = {0: "samples", 1: "steps"} if clues.given.cotangent.ndim >= 3 else {0: "samples", 1: "features"}
    kind = kinds.get(axis, "slices")
    where = f"axis {axis} of the output ({n} {kind})" if axis in kinds else f"axis {axis} of the output"
    everything = "Sum over all of them."
    if len(used) == 1:
        i = int(used[0])
        last, factor = i == n - 1, weights[i]
        times = "" if factor == 1 else f", times {factor:.6g}"
        which = "the last" if last else "the first" if i == 0 else f"number {i}"
        cause = "one-sample" if axis == 0 else "overwritten" if last else "missing-sum" if i == 0 else "truncated"
        why = "each overwrites the one before" if last else "the others are left out"
        return cause, f"is made of {which} slice along {where} alone{times}: {why}.", f"Accumulate (+=). {everything}"
    left_out = np.flatnonzero(weights == 0)
    if len(left_out) and set(weights) <= {0.0, 1.0}:
        return (
            "truncated",
            f"leaves out what comes from {_listed(left_out)} along {where}.",
            f"Go through all of them; a range ends too early or begins too late. {everything}",
        )
    if set(weights) <= {1.0, -1.0}:
        said = _listed(np.flatnonzero(weights < 0))
        return "sign", f"has the wrong sign for what comes from {said} along {where}.", "Negate that part."
    said = ", ".join(f"{w:.4g}" for w in weights[:8]) + (", …" if n > 8 else "")
    weighs = f"weighs the contributions along {where} by {said} instead of 1 each"
    if np.all(weights == np.round(weights)) and weights.min() >= 1:
        return "missing-mean", f"{weighs}: as sums of so many where means belong.", "Divide each by how many it is of."
    return "factor" if np.all(weights) else "missing-term", f"{weighs}.", everything


def _listed(slices: Array) -> str:
    said = ", ".join(map(str, slices[:8])) + (", …" if len(slices) > 8 else "")
    return f"slice {said}" if len(slices) == 1 else f"the slices {said}"


def one_of_several(clues: Clues) -> Iterator[Explanation]:
    """Where several outputs contribute to an entry, only the last (or the first) is kept, or their average."""
    if clues.claimed.shape != clues.right.shape:
        return
    for axis in (None, *range(clues.given.cotangent.ndim)):
        if axis is not None and clues.given.cotangent.ndim == 1:
            continue
        along = "" if axis is None else f" along axis {axis} of the output"
        for cause, rule, how, remedy in (
            ("overwritten", _last, "keeps only the last of the contributions to each entry",
             "Add where several outputs share an entry: use += or np.add.at, not =."),
            ("overwritten", _first, "keeps only the first of the contributions to each entry",
             "Add where several outputs share an entry: use += or np.add.at, not =."),
            ("extra-mean", _average, "is the average of the contributions to each entry, not their sum",
             "Do not divide by how often an entry is used."),
        ):  # fmt: skip

            def predict(trial: Trial, axis: int | None = axis, rule: Keep = rule) -> Array:
                return np.asarray(rule(_listed_contributions(trial, clues, axis)).reshape(clues.value.shape))

            yield Explanation(cause, predict, f"{clues.d} {how}{along}.", remedy, 1)


def _listed_contributions(trial: Trial, clues: Clues, axis: int | None) -> Array:
    """Contributions in rows, in the order in which a loop over this axis (or over all outputs) meets them."""
    parts = trial.contributions(clues.tensor)
    if axis is None:
        return parts.reshape(-1, clues.value.size)
    rows = np.moveaxis(parts, axis, 0)
    return np.asarray(rows.reshape(len(rows), -1, clues.value.size).sum(axis=1))


def _last(rows: Array) -> Array:
    return _first(rows[::-1])


def _first(rows: Array) -> Array:
    return np.asarray(np.take_along_axis(rows, np.argmax(_matters(rows), axis=0)[None], 0)[0])


def _average(rows: Array) -> Array:
    return np.asarray(rows.sum(axis=0) / np.maximum(1, _matters(rows).sum(axis=0)))


def _matters(rows: Array) -> Array:
    size = np.abs(rows)
    return np.asarray(size > 1e-9 * size.max(initial=0.0, where=np.isfinite(rows)))


def near_the_diagonal(clues: Clues) -> Iterator[Explanation]:
    """Entry i is moved by outputs at other places too, and those are left out, or counted otherwise."""
    x, v = clues.value, clues.given.cotangent
    if clues.claimed.shape != clues.right.shape:
        return
    for a, n in enumerate(x.shape):
        for b, m in enumerate(v.shape):
            if n == m > 1 and (x.shape == v.shape) <= (a == b):
                yield from _by_offsets(clues, a, b)


def _by_offsets(clues: Clues, a: int, b: int) -> Iterator[Explanation]:
    """Contributions kept by how far the output's place lies from the entry's along these axes."""
    n = clues.value.shape[a]
    kinds: list[tuple[Callable[[Array], Array], str]] = [
        (lambda k: k == 0, "at its own place"),
        (lambda k: k != 0, "at other places"),
        *((partial(lambda k, w: np.abs(k) <= w, w=w), f"up to {w} places away") for w in range(1, min(n - 1, 12))),
    ]
    offsets = np.arange(n)[:, None] - np.arange(n)[None]  # output's place minus the entry's
    shape = [1] * (clues.given.cotangent.ndim + clues.value.ndim)
    shape[b] = shape[clues.given.cotangent.ndim + a] = n
    for keep, said in kinds:
        mask = keep(offsets).reshape(shape)  # rows are outputs, as their axis comes first

        def predict(trial: Trial, mask: Array = mask) -> Array:
            parts = trial.contributions(clues.tensor) * mask
            return np.asarray(parts.sum(axis=tuple(range(trial.cotangent.ndim))))

        if np.allclose(predict(clues.given), clues.right, equal_nan=True):
            continue
        cause, what, remedy = _said_of_offsets(clues, said, a)
        yield Explanation(cause, predict, f"{clues.d} {what}.", remedy, 1)


def _said_of_offsets(clues: Clues, said: str, axis: int) -> tuple[str, str, str]:
    own = said == "at its own place"
    only = f"entry i along axis {axis} gets only what the outputs {said} contribute"
    if own and _adds_to_one(clues.given.output, axis):
        return (
            "missing-term",
            "has only the diagonal of the Jacobian of the softmax, yᵢ(1 − yᵢ); the off-diagonal −yᵢyⱼ is missing",
            "Use y * (dout − (dout * y).sum(axis, keepdims=True)).",
        )
    if own:
        return (
            "missing-term",
            f"has only the diagonal along axis {axis}: {only}, though the others depend on it too (along a time axis "
            "that is the recurrent path, in a softmax or a normalisation the shared sum)",
            "Add what the entry does to the outputs at other places.",
        )
    if said == "at other places" and _is_triangular(clues, axis):
        return (
            "wrong-mask",
            f"leaves out the diagonal: entry i along axis {axis} gets nothing from the output at its own place, "
            "though forward, which looks one way only, takes its own place too: the mask is off by one",
            "Mask in backward what forward masks: np.triu(…, 1) leaves the diagonal, np.triu(…) takes it.",
        )
    cause = "truncated" if "up to" in said else "missing-term"
    return cause, f"is cut off: {only}", "Let every step back reach all the earlier ones."


def _is_triangular(clues: Clues, axis: int) -> bool:
    """Whether each place along an axis depends on those on one side of it alone."""
    jacobian = np.nan_to_num(clues.given.jacobian(clues.tensor))
    outputs = clues.given.cotangent.ndim
    if clues.given.cotangent.shape[axis : axis + 1] != clues.value.shape[axis : axis + 1]:
        return False
    others = tuple(a for a in range(jacobian.ndim) if a not in (axis, outputs + axis))
    depends = np.abs(jacobian).max(axis=others) > 1e-9
    return not np.any(np.triu(depends, 1)) or not np.any(np.tril(depends, -1))


def _adds_to_one(y: Array, axis: int) -> bool:
    return bool(axis < y.ndim and np.all(y >= 0) and np.allclose(y.sum(axis=axis), 1))


def _summed_over(g: Array, axis: int) -> Array:
    return np.broadcast_to(g.sum(axis, keepdims=True), g.shape)


def _averaged_over(g: Array, axis: int) -> Array:
    return np.broadcast_to(g.mean(axis, keepdims=True), g.shape)


def summed(clues: Clues) -> Iterator[Explanation]:
    """The gradient summed or averaged over an axis that it should keep, or cumulated along it."""
    if clues.claimed.shape != clues.right.shape:
        return
    for axis, n in enumerate(clues.value.shape):
        if n < 2:
            continue
        own = "Keep that axis: each of its entries has a gradient of its own."
        chosen = all(np.all(_matters(t.right(clues.tensor)).sum(axis=axis) <= 1) for t in clues.fresh)
        for cause, rule, how in (
            ("missing-mask" if chosen else "extra-sum", partial(_summed_over, axis=axis), "summed"),
            ("missing-mask" if chosen else "extra-mean", partial(_averaged_over, axis=axis), "averaged"),
        ):

            def onto(_: Trial, gradient: Array, rule: Keep = rule) -> Array:
                return rule(gradient)

            yield Explanation(
                cause,
                partial(lambda trial, rule: rule(trial.right(clues.tensor)), rule=rule),
                f"{clues.d} is the right gradient {how} over axis {axis}, the same for each of its {n} entries"
                + (", though only one of them is chosen by forward: the mask is missing." if chosen else "."),
                own,
                1,
                onto,
            )
