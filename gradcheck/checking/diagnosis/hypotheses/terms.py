"""Softmax and normalisations: the right gradient is a sum of a few known terms; which of them are wrong?

The terms are proposed by their shape, and believed only where they add up to the right gradient; then the
coefficients that the wrong one has are fitted, and what differs is the mistake.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.diagnosis.clues import Clues
from gradcheck.checking.diagnosis.explanation import Explanation, both
from gradcheck.checking.diagnosis.hypotheses.slices import _placements
from gradcheck.checking.diagnosis.trial import Trial

Array = NDArray[Any]
Axes = tuple[int, ...]


UNDIVIDED = "but not divided by σ"

ENOUGH = 20_000
"""More equations than these are not solved for a few coefficients."""


@dataclass(frozen=True)
class Sum:
    """A gradient as ``Σ coefficient · term``.

    Attributes
    ----------
    name : str
        Of what: ``softmax``.
    terms : callable
        From a trial, the axes of the shared statistics and the axes summed over, to the terms.
    right : tuple of float
        Their coefficients.
    said : tuple of str
        What each is called.
    """

    name: str
    terms: Callable[[Trial, Axes, Axes], list[Array]]
    right: tuple[float, ...]
    said: tuple[str, ...]


def known_sums(clues: Clues) -> Iterator[Sum]:
    """The sums that the gradient by an input may be; a normalisation may have a scale of its own."""
    x = clues.tensor

    def softmax(trial: Trial, _: Axes, over: Axes) -> list[Array]:
        y, v = trial.output, trial.cotangent
        return [y * v, y * _sum(y * v, over)]

    def log_softmax(trial: Trial, _: Axes, over: Axes) -> list[Array]:
        p, v = np.exp(trial.output), trial.cotangent
        return [v, p * _sum(v, over)]

    yield from _cross_entropies(clues)
    yield Sum("softmax", softmax, (1, -1), ("y·dout", "y·Σ(y·dout), the off-diagonal part"))
    yield Sum("log-softmax", log_softmax, (1, -1), ("dout", "exp(y)·Σ dout"))
    for name, place in _scales_of(clues):
        times = "" if name is None else f"{name}·"

        def normalised(trial: Trial, axes: Axes, over: Axes, name: Any = name, place: Any = place) -> list[Array]:
            value = np.asarray(trial.point[x], float)
            s = value.std(axis=axes, keepdims=True)
            normal = (value - value.mean(axis=axes, keepdims=True)) / s
            u = trial.cotangent if name is None else trial.cotangent * trial.point[name].reshape(place)
            return [u / s, _mean(u, over) / s, normal * _mean(u * normal, over) / s]

        yield Sum(
            f"normalisation{f' with scale {name}' if name else ''}", normalised, (1, -1, -1),
            (f"{times}dout/σ", f"mean({times}dout)/σ, the path through the mean",
             f"x̂·mean({times}dout·x̂)/σ, the path through the variance"),
        )  # fmt: skip

        def undivided(trial: Trial, axes: Axes, over: Axes, of: Any = normalised) -> list[Array]:
            s = np.asarray(trial.point[x], float).std(axis=axes, keepdims=True)
            return [term * s for term in of(trial, axes, over)]

        if name is not None:
            yield Sum(f"normalisation with scale {name}, {UNDIVIDED}", undivided, (1, -1, -1), ("", "", ""))

        def by_root_mean_square(
            trial: Trial, axes: Axes, over: Axes, name: Any = name, place: Any = place
        ) -> list[Array]:
            value = np.asarray(trial.point[x], float)
            s = np.sqrt((value**2).mean(axis=axes, keepdims=True))
            u = trial.cotangent if name is None else trial.cotangent * trial.point[name].reshape(place)
            return [u / s, value / s * _mean(u * value / s, over) / s]

        yield Sum(
            f"root-mean-square normalisation{f' with scale {name}' if name else ''}", by_root_mean_square, (1, -1),
            (f"{times}dout/rms", f"x̂·mean({times}dout·x̂)/rms, the path through the root mean square"),
        )  # fmt: skip


def _cross_entropies(clues: Clues) -> Iterator[Sum]:
    """The mean, or the sum, over rows of −log softmax(x)[label]; labels are indices, or rows of probabilities."""
    shape = clues.value.shape
    if clues.given.cotangent.size != 1 or len(shape) != 2:
        return
    for name, t in clues.bureau.runner.inputs.items():
        if name == clues.tensor or not (np.shape(t) == shape or are_labels(t, shape)):
            continue

        def terms_of(trial: Trial, _: Axes, over: Axes, name: str = name) -> list[Array]:
            x = np.asarray(trial.point[clues.tensor], float)
            e = np.exp(x - x.max(axis=tuple(over), keepdims=True))
            labels = np.asarray(trial.point.get(name, clues.bureau.runner.inputs[name]))
            hot = labels if labels.shape == shape else np.eye(shape[1])[labels.astype(int)]
            p = e / e.sum(axis=tuple(over), keepdims=True)
            return [trial.cotangent * part for part in (p, hot, np.ones(shape))]

        for n in (1, shape[0], shape[0] * shape[1]):
            by = "" if n == 1 else f"/{n}"
            said = (f"p{by}", f"the one-hot labels{by}", f"1{by} in every class")
            yield Sum("softmax with cross entropy", terms_of, (1 / n, -1 / n, 0), said)


def are_labels(t: Any, shape: tuple[int, ...]) -> bool:
    """Whether it is the number of a column for each row."""
    if np.shape(t) != shape[:1] or np.asarray(t).dtype.kind not in "iuf":
        return False
    return bool(np.all((np.asarray(t) == np.round(t)) & (np.asarray(t) >= 0) & (np.asarray(t) < shape[1])))


def _scales_of(clues: Clues) -> Iterator[tuple[str | None, Any]]:
    yield None, ()
    for name, value in clues.given.point.items():
        if name != clues.tensor:
            yield from ((name, place) for place in _placements(value, clues.value.shape))


def terms(clues: Clues) -> Iterator[Explanation]:
    """The right sum, with the coefficients or the axes of the wrong one."""
    shape = clues.value.shape
    if clues.claimed.shape != shape or not shape or len(shape) > 4:
        return
    if clues.given.output.shape != shape and clues.given.output.size != 1:
        return
    subsets = [axes for count in range(1, len(shape) + 1) for axes in combinations(range(len(shape)), count)]
    sums = list(known_sums(clues) if clues.given.output.shape == shape else _cross_entropies(clues))
    for known in sums:
        for axes in subsets:
            if not _is_right(clues, known, axes):
                continue
            unscaled = [s for s in sums if s.name.startswith(known.name.split(" with")[0]) and s is not known]
            for other in (known, *unscaled):
                for over in (axes, *(o for o in subsets if o != axes)):
                    explanation = _fitted(clues, known, other, axes, over)
                    if explanation is not None:
                        yield explanation
                        return


def _is_right(clues: Clues, known: Sum, axes: Axes) -> bool:
    with np.errstate(all="ignore"):
        parts = known.terms(clues.given, axes, axes)
    return _close(sum(c * part for c, part in zip(known.right, parts, strict=True)), clues.right)


def _close(a: Any, b: Array) -> bool:
    known = np.isfinite(a) & np.isfinite(b)
    return bool(known.any() and np.linalg.norm((a - b)[known]) < 1e-2 * np.linalg.norm(b[known]))


def _fitted(clues: Clues, known: Sum, other: Sum, axes: Axes, over: Axes) -> Explanation | None:
    """The claimed gradient as a sum of these terms; None where it is not one."""
    with np.errstate(all="ignore"):
        rows = [_side_by_side(other.terms(trial, axes, over)) for trial in clues.fitting]
    A, b = np.concatenate(rows), np.concatenate([trial.claimed(clues.tensor).ravel() for trial in clues.fitting])
    some = slice(None, None, len(b) // ENOUGH + 1)  # of millions of equations for a few unknowns
    A, b = A[some], b[some]
    if not np.all(np.isfinite(A)) or not np.all(np.isfinite(b)) or len(b) < 2 * A.shape[1]:
        return None
    found = np.linalg.lstsq(A, b, rcond=None)[0]
    if np.linalg.norm(A @ found - b) > 2e-3 * np.linalg.norm(b):
        return None
    near = np.round(found / known.right[0]) * known.right[0]
    coefficients = np.where(np.abs(found - near) < 2e-3 * abs(known.right[0]), near, found)
    if known is other and over == axes and np.array_equal(coefficients, known.right):
        return None

    def predict(trial: Trial) -> Array:
        parts = other.terms(trial, axes, over)
        return np.asarray(sum(c * part for c, part in zip(coefficients, parts, strict=True)))

    negated = coefficients[0] == -known.right[0]
    seen = -coefficients if negated else coefficients
    cause, message, remedy = _said(clues.value.shape, known, other, axes, over, seen)
    if negated:
        cause, message = both(cause, "sign"), f"has the wrong sign, and besides {message}"
    return Explanation(cause, predict, f"{clues.d} {message}", remedy)


def _side_by_side(terms: Sequence[Array]) -> Array:
    return np.stack([term.ravel() for term in np.broadcast_arrays(*terms)], 1)


def _said(shape: tuple[int, ...], known: Sum, other: Sum, axes: Axes, over: Axes, found: Array) -> tuple[str, str, str]:
    whole = " ".join(
        f"{'−' if c < 0 else '+'} {said.split(',')[0]}" for c, said in zip(known.right, known.said, strict=True) if c
    )
    formula = f"the gradient of this {known.name} is {whole.removeprefix('+ ')}"
    remedy = f"Write out all the terms: {formula}."
    off = [i for i, (c, right) in enumerate(zip(found, known.right, strict=True)) if c != right]
    if known is not other:
        return (
            ("factor", f"is not divided by the deviation σ; {formula}.", remedy)
            if other.name.endswith(UNDIVIDED)
            else ("missing-term", f"is that of a {other.name}, but this is a {known.name}.", remedy)
        )
    if over != axes and not off:
        wrong, right = (f"{'axis' if len(a) == 1 else 'axes'} {', '.join(map(str, a))}" for a in (over, axes))
        return (
            "extra-sum" if len(over) > len(axes) else "permuted",
            f"sums over {wrong} where it should sum over {right}; {formula}.",
            remedy,
        )
    if extra := [i for i in off if known.right[i] == 0]:
        cause, message = _said_of_extra(known, extra, off, found)
        return cause, f"{message}; {formula}.", remedy
    missing = [known.said[i] for i in off if found[i] == 0]
    if missing and len(missing) == len(off):
        return "missing-term", f"lacks {' and '.join(f'the term {said}' for said in missing)}; {formula}.", remedy
    if all(found[i] == -known.right[i] for i in off):
        return "sign", f"has the wrong sign at {' and '.join(known.said[i] for i in off)}; {formula}.", remedy
    said = " and ".join(f"{found[i]:.4g} times {known.said[i]} (right: {known.right[i]:g})" for i in off)
    times = abs(found[off[0]] / known.right[off[0]])
    cause = "missing-term" if missing else "factor"
    count = int(np.prod([shape[a] for a in axes]))  # of what the mean is taken of
    if not missing and count > 1 and abs(times - count) < 1e-2:
        cause = "missing-mean"
    if not missing and count > 1 and abs(times * count - 1) < 1e-2:
        cause = "extra-mean"
    if cause.endswith("-mean"):
        said += f"; {count} is how many entries each mean is taken of"
    return cause, f"has {said}; {formula}.", remedy


def _said_of_extra(known: Sum, extra: list[int], off: list[int], found: Array) -> tuple[str, str]:
    """A term that does not belong there, alone or in the place of one that does."""
    lost = [i for i in off if i not in extra and found[i] == 0]
    if len(extra) == len(lost) == 1 and found[extra[0]] == known.right[lost[0]]:
        return "missing-mask", f"has {known.said[extra[0]]} in the place of {known.said[lost[0]]}"
    said = " and ".join(f"{found[i]:.4g} times {known.said[i]}" for i in extra)
    return "missing-term", f"has a term that does not belong there: {said}"


def _sum(a: Array, axes: Sequence[int]) -> Array:
    return np.asarray(a.sum(axis=tuple(axes), keepdims=True))


def _mean(a: Array, axes: Sequence[int]) -> Array:
    return np.asarray(a.mean(axis=tuple(axes), keepdims=True))
