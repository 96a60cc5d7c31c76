"""A step of forward of which backward got the derivative wrong: held constant, not applied, of another size or sign.

Each operation of forward is tried. Along two random directions the slope with the operation changed is compared with
the one claimed; what fits becomes an explanation, and is tested at fresh points as all others are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.bench import joined
from gradcheck.checking.diagnosis.clues import Clues
from gradcheck.checking.diagnosis.explanation import Explanation, both
from gradcheck.checking.diagnosis.hypotheses.scale import said_of
from gradcheck.checking.diagnosis.jacobian import measured_gradient
from gradcheck.checking.diagnosis.rehearsal.changes import (
    Change,
    Listening,
    LostError,
    Performance,
    Rehearsal,
    changes_of,
    constant,
)
from gradcheck.checking.diagnosis.rehearsal.watched import Site, watched
from gradcheck.checking.diagnosis.trial import Trial
from gradcheck.numerical.steps import scales

Array = NDArray[Any]

LARGEST = 20_000
"""Tensors with more entries than this are not watched."""

EVALUATIONS = 900
"""So many evaluations may be spent on finding the operation."""

DIRECTIONS = 3
PAIRED = 14
"""So many operations are tried two at a time."""


class Play:
    """One trial whose forward can be run with changed operations."""

    def __init__(self, trial: Trial, tensor: str) -> None:
        self.trial, self.tensor = trial, tensor
        self.rehearsal = Rehearsal()
        with self.rehearsal.on():
            self.run(trial.point[tensor])

    def run(self, value: Array) -> Array:
        """The outputs at another value of the tensor, for whoever is on stage."""
        point = {**self.trial.point, self.tensor: value}
        outputs = self.trial.runner.outputs({name: watched(x) for name, x in point.items()})
        return np.array(joined([np.asarray(out, float) for out in outputs]))

    def moving(self, direction: Array) -> dict[Site, set[int]]:
        """The operations that depend on the tensor, and which of their arguments do."""
        listening = Listening(self.rehearsal)
        with listening.on():
            self.run(self.trial.point[self.tensor] + direction)
        return listening.moved

    def slope(self, changes: Sequence[Change], direction: Array) -> float:
        """The slope of ``⟨cotangent, outputs⟩`` along a direction with these changes."""
        values = []
        for sign in (1, -1):
            with Performance(self.rehearsal, changes).on():
                values.append(self.run(self.trial.point[self.tensor] + sign * direction))
        return float(np.sum(self.trial.cotangent * (values[0] - values[1]))) / 2

    def gradient(self, changes: Sequence[Change], groups: int, first: Array) -> Array:
        """The gradient with these changes."""

        def f(value: Array) -> Array:
            with Performance(self.rehearsal, changes).on():
                return self.run(value)

        return measured_gradient(f, self.trial.point[self.tensor], self.trial.cotangent, groups, first)


@dataclass(frozen=True)
class Fit:
    """A change, and the shares of the right gradient, of the one with the path cut, and of the changed one."""

    changes: tuple[Change, ...]
    factor: float
    inverted: bool = False


def paths(clues: Clues) -> Iterator[Explanation]:
    """One operation of forward, or two, whose derivative is wrong or missing."""
    if clues.claimed.shape != clues.right.shape or clues.value.size > LARGEST:
        return
    search = _Search(clues)
    fits = list(search.single())
    if not fits:
        fits = list(search.pairs())
    order = {site: i for i, site in enumerate(search.play.rehearsal.calls)}
    fits.sort(key=lambda fit: -order[fit.changes[0].site])  # of a chain the last, which is the whole expression
    for fit in fits[:5]:
        yield _explanation(clues, fit)


class _Search:
    """Slopes along a few directions, for as many changes as may be tried."""

    def __init__(self, clues: Clues) -> None:
        self.clues, self.play = clues, Play(clues.given, clues.tensor)
        self.start = clues.bureau.runner.evaluations
        rng = np.random.default_rng(clues.value.size)
        unit = 2.0**-15 * scales(clues.value) * (clues.comparison.wrong | (rng.random(clues.value.shape) < 0.3))
        self.directions = [
            rng.choice([-1.0, 1.0], unit.shape) * rng.uniform(0.5, 1.5, unit.shape) * unit for _ in range(DIRECTIONS)
        ]
        self.claimed = np.array([float(np.sum(clues.claimed * d)) for d in self.directions])
        self.right = self.slopes([])
        self.cut: dict[Site, Array] = {}

    def slopes(self, changes: Sequence[Change]) -> Array:
        """Along each direction; NaN if the code goes another way."""
        try:
            return np.array([self.play.slope(changes, d) for d in self.directions])
        except LostError:
            return np.full(DIRECTIONS, np.nan)

    def exhausted(self) -> bool:
        """Whether enough has been spent."""
        runner = self.clues.bureau.runner
        return runner.evaluations - self.start > min(EVALUATIONS, (runner.limit - self.start) / 2)

    def single(self) -> Iterator[Fit]:
        """The operations one by one; first held constant, which tells whether they matter, then all else."""
        moving = self.play.moving(self.directions[0])
        every = {site: list(changes_of(site, self.play.rehearsal.calls[site], moving[site])) for site in moving}
        for site, changes in every.items():
            if not self.exhausted():
                self.cut[site] = self.slopes(changes[:1])
                yield from self._fitted(changes[0], self.right, self.cut[site])
        for site, changes in every.items():
            for change in changes[1:]:
                if not self.exhausted() and site in self.cut and not _same(self.cut[site], self.right):
                    yield from self._tried(change)

    def _tried(self, change: Change) -> Iterator[Fit]:
        slopes = self.slopes([change])
        if change.kind in ("constant", "argument"):
            yield from self._fitted(change, self.right, slopes)
        else:
            cut = self.cut[change.site]
            yield from self._fitted(change, slopes, cut)
            if not _same(slopes, self.right) and _same(cut + slopes - self.right, self.claimed):
                yield Fit((change,), 1.0, inverted=True)

    def _fitted(self, change: Change, whole: Array, cut: Array) -> Iterator[Fit]:
        """Whether the claim is what is left of this path cut, plus a multiple of what passes through it."""
        passing, rest = whole - cut, self.claimed - cut
        size = float(np.sum(passing**2))
        if not np.isfinite(size) or size < 1e-16 * float(np.sum(self.right**2) + np.sum(cut**2)):
            return
        factor = float(np.sum(passing * rest)) / size
        if abs(factor) < 1e-4 and whole is not self.right:
            return  # the path is cut, which has been tried
        if _same(factor * passing + cut, self.claimed) and not (whole is self.right and abs(factor - 1) < 1e-6):
            near = round(factor * 12) / 12
            yield Fit((change,), near if abs(near - factor) < 1e-4 else factor)

    def pairs(self) -> Iterator[Fit]:
        """Two operations held constant at once."""
        matter = [site for site, cut in self.cut.items() if np.all(np.isfinite(cut)) and not _same(cut, self.right)]
        for two in combinations(matter[:PAIRED], 2):
            if self.exhausted():
                return
            if _same(self.slopes(both_cut := tuple(Change(site, "constant", constant) for site in two)), self.claimed):
                yield Fit(both_cut, 0.0)


def _same(a: Array, b: Array) -> bool:
    return bool(np.linalg.norm(a - b) <= 1e-5 * (np.linalg.norm(a) + np.linalg.norm(b)))


def _explanation(clues: Clues, fit: Fit) -> Explanation:
    effort = clues.bureau.effort

    def predict(trial: Trial) -> Array:
        play = Play(trial, clues.tensor)
        first = effort.first[clues.tensor]
        change = fit.changes[0]
        if change.kind in ("constant", "argument"):
            whole, cut = trial.right(clues.tensor), play.gradient(fit.changes, effort.groups, first)
        else:
            whole = play.gradient(fit.changes, effort.groups, first)
            cut = play.gradient([Change(change.site, "constant", constant)], effort.groups, first)
            whole = cut + whole - trial.right(clues.tensor) if fit.inverted else whole
        return np.asarray(cut + fit.factor * (whole - cut))

    cause, message, remedy = _said(clues, fit)
    if fit.changes[0].kind in ("straight", "elsewhere", "transposed") and fit.factor != 1 and cause != "factor":
        other, besides, also = said_of(clues, fit.factor)
        cause, message = both(cause, other), f"{message.rstrip('.')}; besides, it {besides}"
        remedy = f"{remedy} {also}"
    doubt = 2 * len(fit.changes) + (fit.factor not in (0.0, 1.0, -1.0))
    return Explanation(cause, predict, f"{clues.d} {message}", remedy, doubt)


def _said(clues: Clues, fit: Fit) -> tuple[str, str, str]:
    change, factor = fit.changes[0], fit.factor
    where = " and ".join(dict.fromkeys(f"`{c.site.text}` (line {c.site.line})" for c in fit.changes))
    if change.kind in ("constant", "argument"):
        return _of_a_path(clues, change, where, factor)
    if fit.inverted:
        return (
            "inverted-mask",
            f"passes {where} just where forward does not: the mask is inverted.",
            "Let through where forward let through.",
        )
    if change.kind == "elsewhere":
        return (
            "activation-derivative-at-wrong-point",
            f"takes the derivative of {where} at its result, not at its argument.",
            "Take it at the argument, or write it in terms of the result.",
        )
    if change.kind == "spread":
        times = "" if factor == 1 else f", times {factor:.6g}"
        return (
            "missing-mask" if factor == 1 else "wrong-mask",
            f"gives every entry that {where} compares what only the chosen one should get{times}: the mask is missing.",
            "Give it to the chosen entry alone.",
        )
    if change.kind == "transposed":
        rounds = f", in {change.said}" if change.said else ""
        return "transposed", f"has the other factor of {where} transposed{rounds}.", "Transpose it the other way."
    return _said_of_straight(clues, change, where, factor)


def _said_of_straight(clues: Clues, change: Change, where: str, factor: float) -> tuple[str, str, str]:
    """An operation that was passed as if it were not there."""
    masking = change.site.operation in ("maximum", "minimum", "where", "clip", "fmax", "fmin")
    cause, what = "missing-activation-derivative", "its derivative"
    if masking or _is_mask(clues, change):
        cause, what = "missing-mask", "its mask"
    elif change.site.operation in ("absolute", "abs", "fabs"):
        cause, what = "sign", "its derivative, the sign of the argument,"
    elif change.site.operation == "multiply":
        cause, what = "missing-term", "the other factor"
    elif "divide" in change.site.operation and factor != 1:
        return (
            "factor",
            f"divides by {1 / factor:.6g} at {where}, always, which is not what forward divides by.",
            "Divide by what forward divides by.",
        )
    elif "divide" in change.site.operation:
        cause, what = "missing-mean" if _is_count(clues, change) else "factor", "the division"
    return (
        cause,
        f"passes {where} as if it were not there: {what} is missing.",
        f"Multiply (or divide) dout by what {where} does to it: its derivative.",
    )


def _is_count(clues: Clues, change: Change) -> bool:
    """Whether the operation divides by whole numbers."""
    by = np.asarray(Play(clues.given, clues.tensor).rehearsal.calls[change.site][0].arguments[-1])
    return bool(np.all(by == np.round(by)) and np.all(by >= 1) and np.any(by > 1))


def _is_mask(clues: Clues, change: Change) -> bool:
    """Whether the operation multiplies by zeros and one other number."""
    call = Play(clues.given, clues.tensor).rehearsal.calls[change.site][0]
    others = [np.asarray(a) for i, a in enumerate(call.arguments) if i != change.argument]
    return change.site.operation == "multiply" and any(len(np.unique(a)) == 2 and np.any(a == 0) for a in others)


def _of_a_path(clues: Clues, change: Change, where: str, factor: float) -> tuple[str, str, str]:
    through = where
    if change.kind == "argument":
        which = ("first", "second", "third")[min(change.argument, 2)]
        through = f"the {which} operand of {where}"
    if change.said:
        through += f", in {change.said},"
    if factor == 0:
        kept_last = change.kind == "argument" and change.said.startswith("all its rounds")
        cause = "overwritten" if kept_last else "truncated" if change.said else "missing-term"
        return (
            cause,
            f"is right but for one path: what flows back through {through} is missing, as if it were constant.",
            "Add that path: differentiate that step by every operand, and add what comes through each.",
        )
    if factor == -1:
        return "sign", f"has the wrong sign for what flows back through {through}.", "Negate that part."
    times, size = (factor, "large") if abs(factor) > 1 else (1 / factor, "small")
    return (
        "factor",
        f"is right but for what flows back through {through}, which is {times:.6g} times too {size}.",
        "Look at the derivative of that step: a factor is missing or too many.",
    )
