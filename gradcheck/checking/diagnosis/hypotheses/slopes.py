"""Elementwise functions: each entry of the gradient is dout times a slope, and the slope used can be read off.

From the slope that was used and the one that is right, a missing derivative, and one taken at the output instead of the
input, are told.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.diagnosis.clues import Clues
from gradcheck.checking.diagnosis.explanation import Explanation
from gradcheck.checking.diagnosis.trial import Trial

Array = NDArray[Any]


@dataclass(frozen=True)
class Local:
    """Input, output, cotangent and right slope of each entry."""

    x: Array
    y: Array
    v: Array
    slope: Array


Slope = Callable[[Local], Array]


def local(clues: Clues, trial: Trial) -> Local:
    """The entries of an elementwise function at a trial."""
    x = np.asarray(trial.point[clues.tensor], float)
    slope = np.diag(trial.jacobian(clues.tensor).reshape(x.size, x.size)).reshape(x.shape)
    return Local(x, trial.output, trial.cotangent, slope)


def explained_by(clues: Clues, cause: str, slope: Slope, how: str, remedy: str, doubt: int = 0) -> Explanation:
    """The explanation that dout was multiplied by this slope."""

    def predict(trial: Trial) -> Array:
        at = local(clues, trial)
        return np.asarray(at.v * slope(at))

    return Explanation(cause, predict, f"{clues.d} {how}.", remedy, doubt)


def slopes(clues: Clues) -> Iterator[Explanation]:
    """A missing derivative, or one at the wrong point."""
    if not clues.is_elementwise or clues.claimed.shape != clues.right.shape:
        return
    yield from _missing(clues)
    yield from _at_the_wrong_point(clues)


def _is_straight(clues: Clues) -> bool:
    """Whether each slope stays as it is farther out, as that of a function of straight pieces."""
    doubled = clues.given.elsewhere({clues.tensor: 2 * clues.value})
    return _fits(local(clues, clues.given).slope, local(clues, doubled).slope)


def _missing(clues: Clues) -> Iterator[Explanation]:
    if not local(clues, clues.given).slope.any():
        yield explained_by(
            clues, "missing-term", lambda at: np.ones_like(at.x),
            "is dout itself, though the function is flat between its jumps, as rounding is: its derivative is 0, and a "
            "straight-through estimator is none",
            "Return zeros. What is meant to pass dout straight through cannot be checked against differences.",
        )  # fmt: skip
    elif _is_straight(clues):
        yield explained_by(
            clues, "missing-term", lambda at: np.ones_like(at.x),
            f"is dout itself: what {clues.tensor} is multiplied by ({_range_of_slopes(clues)} here) is missing",
            "Multiply dout by it, entry by entry.",
        )  # fmt: skip
    yield explained_by(
        clues,
        "missing-activation-derivative",
        lambda at: np.ones_like(at.x),
        f"is dout itself: the derivative of the function, {_range_of_slopes(clues)} here, is missing",
        "Multiply dout by the derivative f′(x), entry by entry.",
    )


def _range_of_slopes(clues: Clues) -> str:
    slope = local(clues, clues.given).slope
    return f"{np.nanmin(slope):.3g} to {np.nanmax(slope):.3g}"


def _at_the_wrong_point(clues: Clues) -> Iterator[Explanation]:
    """The right formula for the slope, fed with the output, or with the input where it wants the output."""

    def derivative_at(point: Callable[[Local], Array]) -> Callable[[Trial], Array]:
        def predict(trial: Trial) -> Array:
            other = trial.elsewhere({clues.tensor: point(local(clues, trial)).astype(clues.value.dtype)})
            return np.asarray(trial.cotangent * local(clues, other).slope)

        return predict

    for said, point in (
        ("the output y instead of the input x", lambda at: at.y),
        ("−x instead of x", lambda at: -at.x),
        ("|x| instead of x", lambda at: np.abs(at.x)),
        ("2x instead of x", lambda at: 2 * at.x),
        ("x/2 instead of x", lambda at: at.x / 2),
        ("x·dout instead of x", lambda at: at.x * at.v),
    ):
        mirrored = said.startswith("−x") and _is_straight(clues)
        yield Explanation(
            "inverted-mask" if mirrored else "activation-derivative-at-wrong-point",
            derivative_at(point),
            f"{clues.d} has the slopes of the two sides exchanged: for x > 0 that of x < 0, and the reverse."
            if mirrored
            else f"{clues.d} has the derivative taken at {said}.",
            "Turn the condition round."
            if mirrored
            else "Take f′ at x, or write it in terms of y; keep in forward what backward needs.",
            0 if "output" in said else 1,
        )
    for said, formula in OF_THE_OUTPUT.items():
        if all(_fits(formula(at.y), at.slope) for at in (local(clues, trial) for trial in clues.fresh)):
            yield explained_by(
                clues, "activation-derivative-at-wrong-point",
                partial(lambda at, formula: formula(at.x), formula=formula),
                f"has the derivative {said} in terms of the output y, but fed with the input x",
                f"Use the output: {said}.",
            )  # fmt: skip
            again = partial(lambda at, formula: formula(formula(at.y)), formula=formula)
            yield explained_by(
                clues, "activation-derivative-at-wrong-point", again,
                f"has the derivative {said} of the derivative instead of the output", f"Use the output: {said}.", 1,
            )  # fmt: skip


OF_THE_OUTPUT: dict[str, Callable[[Array], Array]] = {
    "y(1 − y)": lambda y: y * (1 - y),
    "1 − y²": lambda y: 1 - y * y,
    "y": lambda y: y,
    "1/(2y)": lambda y: 1 / (2 * y),
    "1 − exp(−y)": lambda y: -np.expm1(-y),
    "−y²": lambda y: -y * y,
}


def _fits(a: Array, b: Array) -> bool:
    known = np.isfinite(a) & np.isfinite(b)
    return bool(known.any() and np.allclose(a[known], b[known], rtol=1e-5, atol=1e-7))


def formulas(clues: Clues) -> Iterator[Explanation]:
    """What else the slope may have been taken for: a factor of it forgotten, or another function's derivative."""
    if not clues.is_elementwise or clues.claimed.shape != clues.right.shape:
        return
    with np.errstate(all="ignore"):
        at = local(clues, clues.given)
        used = clues.claimed / at.v
    for said, formula in FORMULAS.items():
        with np.errstate(all="ignore"):
            if _fits(formula(at), used) and not _fits(formula(at), at.slope):
                yield explained_by(
                    clues, "missing-term", formula,
                    f"is dout·{said}, but the slope of the function is not {said} ({_range_of_slopes(clues)} here)",
                    "Differentiate the function anew: a factor or a term of its derivative is missing or another's.", 2,
                )  # fmt: skip


def _sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


FORMULAS: dict[str, Slope] = {
    "y": lambda at: at.y,
    "x": lambda at: at.x,
    "(1 − y)": lambda at: 1 - at.y,
    "(1 − y²)": lambda at: 1 - at.y**2,
    "(1 + y²)": lambda at: 1 + at.y**2,
    "(1 − y)²": lambda at: (1 - at.y) ** 2,
    "y²": lambda at: at.y**2,
    "y(1 − y)": lambda at: at.y * (1 - at.y),
    "y(1 + y)": lambda at: at.y * (1 + at.y),
    "(1 − x²)": lambda at: 1 - at.x**2,
    "x(1 − x)": lambda at: at.x * (1 - at.x),
    "1/x": lambda at: 1 / at.x,
    "1/y": lambda at: 1 / at.y,
    "x²": lambda at: at.x**2,
    "y/x": lambda at: at.y / at.x,
    "sign(x)": lambda at: np.sign(at.x),
    "exp(x)": lambda at: np.exp(at.x),
    "exp(y)": lambda at: np.exp(at.y),
    "σ(x)": lambda at: _sigmoid(at.x),
    "σ(x)(1 − σ(x))": lambda at: _sigmoid(at.x) * (1 - _sigmoid(at.x)),
    "(1 − tanh²(x))": lambda at: 1 - np.tanh(at.x) ** 2,
    "tanh(x)": lambda at: np.tanh(at.x),
    "[x > 0]": lambda at: (at.x > 0) * 1.0,
    "f′²": lambda at: at.slope**2,
    "1/f′": lambda at: 1 / at.slope,
    "(1 − f′)": lambda at: 1 - at.slope,
}
