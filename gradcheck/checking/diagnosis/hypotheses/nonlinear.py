"""Backwards that are not linear in the cotangent: clipped, normalised, a power of it, or the same whatever it is."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.diagnosis.clues import Clues
from gradcheck.checking.diagnosis.explanation import Explanation
from gradcheck.checking.diagnosis.hypotheses.scale import fitted_factor
from gradcheck.checking.diagnosis.trial import Trial

Array = NDArray[Any]


def rescaled(clues: Clues) -> Iterator[Explanation]:
    """The right direction but not the right length, and another factor at each point: clipped by its norm."""
    trials = [clues.given, *clues.fresh]
    if clues.value.size < 2 or any(t.claimed(clues.tensor).shape != clues.right.shape for t in trials):
        return
    factors = [factor for trial in trials if (factor := _times(trial, clues.tensor)) is not None]
    if len(factors) < len(trials) or np.ptp(factors) <= 1e-3 * np.max(np.abs(factors)):
        return
    norms = [float(np.linalg.norm(trial.claimed(clues.tensor))) for trial in trials]
    said = ", ".join(f"{factor:.4g}" for factor in factors)
    cause, how = "factor", f"but is {said} times the right one at {len(trials)} points: a factor that follows the input"
    remedy = "Look for a factor or a divisor that is computed from the input, and is missing or too many."
    if np.ptp(norms) <= 1e-6 * max(norms):
        cause, how = "nonlinear", f"but its norm is {norms[0]:.4g} wherever one looks: it is divided or clipped by it"
        remedy = "Clip in the optimiser, after the check; backward gives the gradient as it is."
    elif clues.bureau.takes_cotangent and all(abs(_growth(trial, clues) - 2) > 1e-6 for trial in trials):
        cause, how = "nonlinear", f"but is {said} times the right one at {len(trials)} points, and not linear in dout"
        remedy = "Look for a division by something that depends on dout or on the gradient itself."
    yield Explanation(
        cause,
        lambda trial: trial.claimed(clues.tensor),  # by how much, follows no rule that is known
        f"{clues.d} has the right direction, {how}.",
        remedy,
        2 if cause == "nonlinear" else 3,
    )


def _times(trial: Trial, tensor: str) -> float | None:
    """The one factor between what is claimed and what is right; None where there is none."""
    claimed, right = trial.claimed(tensor), trial.right(tensor)
    factor = fitted_factor(claimed, right)
    known = np.isfinite(right)
    off = np.linalg.norm((claimed - factor * right)[known])
    return factor if np.any(claimed) and off <= 1e-6 * np.linalg.norm(claimed[known]) else None


def in_the_cotangent(clues: Clues) -> Iterator[Explanation]:
    """What becomes of the gradient where dout is twice as large; for what no other hypothesis explains."""
    if not clues.bureau.takes_cotangent or clues.claimed.shape != clues.right.shape or not np.any(clues.claimed):
        return
    here = [clues.given, *clues.fresh]
    if all(_stays(trial, clues, [_other_sign(v) for v in trial.cotangents]) for trial in here):
        yield Explanation(
            "missing-cotangent",
            lambda trial: trial.claimed(clues.tensor),  # what it is instead follows no rule that is known
            f"{clues.d} does not depend on dout: it stays the same for another dout.",
            "Multiply by the upstream gradient dout.",
            1,
        )
        return
    if all(_is_affine(trial, clues) for trial in here):
        yield Explanation(
            "missing-cotangent",
            lambda trial: trial.claimed(clues.tensor),  # what does not depend on it follows no rule that is known
            f"{clues.d} has a part that does not depend on dout: where dout is 0, it is not 0 but up to "
            f"{np.abs(_at_zero(clues.given, clues)).max():.4g}.",
            "Multiply every term by dout: where a sum of dout was taken for 1, write the sum.",
            1,
        )
        return
    times = [_growth(trial, clues) for trial in here]
    if all(abs(t - 2) > 1e-6 for t in times):
        yield Explanation(
            "nonlinear",
            lambda trial: trial.claimed(clues.tensor),  # what it is instead follows no rule that is known
            f"{clues.d} is not linear in dout: where dout is twice as large, it is {_said(times)}, not 2.",
            "A gradient is Jᵀ·dout: dout enters once, as it is, with no power, clipping, rounding or norm of it.",
            1,
        )


def _other_sign(v: Array) -> Array:
    return np.asarray(-2.0 * v, v.dtype)


def _stays(trial: Trial, clues: Clues, cotangents: list[Array]) -> bool:
    return bool(np.array_equal(trial.again(cotangents).claimed(clues.tensor), trial.claimed(clues.tensor)))


def _at_zero(trial: Trial, clues: Clues) -> Array:
    return trial.again([np.zeros_like(v) for v in trial.cotangents]).claimed(clues.tensor)


def _is_affine(trial: Trial, clues: Clues) -> bool:
    """Whether twice the cotangent adds as much again, but to something that is there without any."""
    none, once = _at_zero(trial, clues), trial.claimed(clues.tensor)
    twice = trial.again([np.asarray(2 * v, v.dtype) for v in trial.cotangents]).claimed(clues.tensor)
    straight = np.linalg.norm((twice - once) - (once - none)) <= 1e-9 * np.linalg.norm(once)
    return bool(straight and np.linalg.norm(none) > 1e-6 * np.linalg.norm(once))


def _growth(trial: Trial, clues: Clues) -> float:
    """How many times as large the gradient is for twice the cotangent."""
    before = trial.claimed(clues.tensor)
    after = trial.again([np.asarray(2 * v, v.dtype) for v in trial.cotangents]).claimed(clues.tensor)
    off = np.linalg.norm(after - 2 * before)
    return 2.0 if off <= 1e-6 * np.linalg.norm(before) else float(np.linalg.norm(after) / np.linalg.norm(before))


def _said(times: list[float]) -> str:
    if np.ptp(times) > 1e-3 * max(times):
        return f"{min(times):.3g} to {max(times):.3g} times as large"
    powers = {1: "the same", 4: "4 times as large, as dout² is", 8: "8 times as large, as dout³ is"}
    return powers.get(round(times[0], 3), f"{times[0]:.3g} times as large")  # type: ignore[call-overload, no-any-return]
