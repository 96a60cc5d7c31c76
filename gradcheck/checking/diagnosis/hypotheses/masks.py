"""Functions of two slopes, as a ReLU, a clip or dropout: which of the two each entry got, and which it should have."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.diagnosis.clues import Clues
from gradcheck.checking.diagnosis.explanation import Explanation
from gradcheck.checking.diagnosis.hypotheses.slopes import Local, explained_by, local

Array = NDArray[Any]


def masks(clues: Clues) -> Iterator[Explanation]:
    """The mask missing, inverted, another one, or without its scale."""
    if not clues.is_elementwise or clues.claimed.shape != clues.right.shape or (values := _two_values(clues)) is None:
        return
    low, high = values
    off, on = sorted(values, key=abs)
    sides = f"{high:.6g} on one side and {low:.6g} on the other" if off else f"{on:.6g} where it lets through, else 0"
    mask = "Multiply by the mask that forward used."
    yield explained_by(
        clues, "missing-mask", lambda at: np.full_like(at.x, on),
        f"passes dout on everywhere{f', times {on:.6g}' if on != 1 else ''}; the slope is {sides}: the mask is missing",
        mask,
    )  # fmt: skip
    yield explained_by(
        clues, "missing-mask", lambda at: np.ones_like(at.x),
        f"is dout itself; the slope is {sides}: mask and scale are missing", mask,
    )  # fmt: skip
    yield explained_by(
        clues, "inverted-mask", lambda at: low + high - at.slope,
        f"has the mask inverted: the slope used is {off:.6g} where it is {on:.6g}, and {on:.6g} where it is {off:.6g}",
        mask,
    )  # fmt: skip
    yield explained_by(
        clues, "inverted-mask+sign", lambda at: at.slope - low - high,
        f"has the mask inverted, and the sign too: the slope used is {-on:.6g} where it is {off:.6g}, and {-off:.6g} "
        f"where it is {on:.6g}".replace("-0 ", "0 "), mask,
    )  # fmt: skip
    if on != 1 and not off:
        yield explained_by(
            clues, "factor", lambda at: (at.slope != 0) * 1.0,
            f"has the mask but not its scale {on:.6g}, as the 1/(1 − p) of dropout", f"Multiply by {on:.6g}.",
        )  # fmt: skip
    if off:
        yield explained_by(
            clues, "missing-term", lambda at: np.where(np.isclose(at.slope, on), on, 0),
            f"is zero where the slope is {off:.6g}", f"There the slope is {off:.6g}, not 0.",
        )  # fmt: skip
        yield explained_by(
            clues, "sign", lambda at: np.where(np.isclose(at.slope, on), on, -off),
            f"has the wrong sign where the slope is {off:.6g}", f"There the slope is {off:.6g}.",
        )  # fmt: skip
    yield from _another_mask(clues, values)
    for name, wrong in _WRONG_MASKS.items():
        yield explained_by(
            clues, "wrong-mask", partial(lambda at, wrong: np.where(wrong(at), on, off), wrong=wrong),
            f"has the wrong mask: it passes dout on where {name}; the slope is {sides}",
            "Take the mask from the input of forward.", 1,
        )  # fmt: skip


def _two_values(clues: Clues) -> tuple[float, float] | None:
    """The two slopes of a function that is straight on either side, as a ReLU or dropout; None for all others."""
    found = np.concatenate([local(clues, trial).slope.ravel() for trial in (clues.given, *clues.fresh)])
    found = found[np.isfinite(found)]
    values = np.unique(np.round(found, 6))
    return (float(values[0]), float(values[-1])) if len(values) == 2 else None


def _another_mask(clues: Clues, values: tuple[float, float]) -> Iterator[Explanation]:
    """The slopes that were used are the two right ones, but in other places, whatever those are."""
    places = 0
    for trial in clues.fresh:
        at, used = local(clues, trial), trial.claimed(clues.tensor) / trial.cotangent
        if not np.all(np.isclose(used, values[0], atol=1e-8) | np.isclose(used, values[1], atol=1e-8)):
            return
        places += int(np.sum(~np.isclose(used, at.slope, atol=1e-8)))
    count = clues.value.size * len(clues.fresh)
    yield Explanation(
        "wrong-mask",
        lambda trial: trial.claimed(clues.tensor),  # where they lie follows no rule that is known
        f"{clues.d} has another mask than forward: it uses the right slopes {values[0]:.6g} and {values[1]:.6g}, but "
        f"in {places} of {count} entries (at fresh points) the wrong one of the two.",
        "Keep the mask of forward; do not draw or compute it anew.",
        2,
    )


_WRONG_MASKS: dict[str, Callable[[Local], Array]] = {
    "dout > 0": lambda at: at.v > 0,
    "dout > 0 and the mask is set": lambda at: (at.v > 0) & (at.slope == at.slope.max()),
    "dout < 0": lambda at: at.v < 0,
    "x > 0": lambda at: at.x > 0,
    "x < 0": lambda at: at.x < 0,
    "y > 0": lambda at: at.y > 0,
    "y < 0": lambda at: at.y < 0,
    "x is above its mean": lambda at: at.x > at.x.mean(),
    "x > 1": lambda at: at.x > 1,
    "|x| < 1": lambda at: np.abs(at.x) < 1,
    "y > 1": lambda at: at.y > 1,
    "x > ½": lambda at: at.x > 0.5,
}
