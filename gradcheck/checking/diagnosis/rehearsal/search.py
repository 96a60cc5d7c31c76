"""Which operation of forward, taken otherwise, gives the slopes that backward claims.

Along a random direction the slope with an operation changed is compared with the one claimed, with several
cotangents: one evaluation on either side serves them all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.diagnosis.clues import Clues
from gradcheck.checking.diagnosis.rehearsal.changes import changes_of
from gradcheck.checking.diagnosis.rehearsal.play import Play
from gradcheck.checking.diagnosis.rehearsal.rules import argument_constant, constant
from gradcheck.checking.diagnosis.rehearsal.stages import Change, LostError
from gradcheck.checking.diagnosis.rehearsal.watched import Site
from gradcheck.numerical.steps import scales

Array = NDArray[Any]

EVALUATIONS = 900
"""So many evaluations may be spent on finding the operation."""

PAIRED = 14
"""So many operations are tried two at a time."""

ROUNDS = 16
"""Loops of more rounds are not taken apart round by round."""


@dataclass(frozen=True)
class Fit:
    """Changes that give what is claimed.

    Attributes
    ----------
    changes : tuple of Change
        Of one operation, or of two.
    factors : tuple of float
        By how much what passes is multiplied: one number, or one for each change.
    inverted : bool
        Whether what passes is just what should not.
    """

    changes: tuple[Change, ...]
    factors: tuple[float, ...]
    inverted: bool = False

    @property
    def factor(self) -> float:
        """The only one, or the first."""
        return self.factors[0]


class Search:
    """Slopes along a few directions, for as many changes as may be tried."""

    def __init__(self, clues: Clues) -> None:
        self.clues, self.play = clues, Play(clues.given, clues.tensor)
        self.start = clues.bureau.runner.evaluations
        self.cotangents = [trial.cotangent for trial in clues.fitting]
        different = min(len(self.cotangents), clues.given.cotangent.size)  # of a single number all are alike
        self.directions = self._directions({1: 3 if len(self.cotangents) == 1 else 2}.get(different, 1))
        claims = [trial.claimed(clues.tensor) for trial in clues.fitting]
        self.claimed = np.array([float(np.sum(claim * d)) for d in self.directions for claim in claims])
        self.right = self.slopes([])
        self.moving = self.play.moving(self.directions[0])
        self.cut: dict[Site, Array] = {}
        self.cut_argument: dict[tuple[Site, int], Array] = {}

    def _directions(self, count: int) -> list[Array]:
        """Random ones, in which the wrong entries weigh no less than the right ones together."""
        rng = np.random.default_rng(self.clues.value.size)
        wrong = self.clues.comparison.wrong
        share = min(1.0, (max(1, wrong.sum()) / max(1, (~wrong).sum())) ** 0.5)
        unit = 2.0**-15 * scales(self.clues.value) * np.where(wrong, 1, share)
        return [rng.choice([-1.0, 1.0], unit.shape) * rng.uniform(0.5, 1.5, unit.shape) * unit for _ in range(count)]

    def slopes(self, changes: Sequence[Change]) -> Array:
        """Along each direction for each cotangent; NaN if the code goes another way."""
        try:
            swings = [self.play.swing(changes, d) for d in self.directions]
        except LostError:
            return np.full(len(self.claimed), np.nan)
        return np.array([float(np.sum(v * swing)) for swing in swings for v in self.cotangents])

    def exhausted(self) -> bool:
        """Whether enough has been spent."""
        runner = self.clues.bureau.runner
        return runner.evaluations - self.start > min(EVALUATIONS, (runner.limit - self.start) / 2)

    def again(self, fits: Sequence[Fit]) -> Iterator[Fit]:
        """Those that were found for another tensor and hold for this one."""
        for fit in fits:
            change = fit.changes[0]
            if len(fit.factors) > 1 or not any(c.site in self.moving for c in fit.changes):
                continue
            slopes = self.slopes(fit.changes)
            if change.kind in ("constant", "argument"):
                yield from self._fitted(fit.changes, self.right, slopes)
            else:
                yield from self._tried(change, slopes, self.slopes([Change(change.site, "constant", constant)]))

    def single(self) -> Iterator[Fit]:
        """The operations one by one; first held constant, which tells whether they matter, then all else."""
        rounds = self.play.rehearsal.calls
        every = {site: list(changes_of(site, rounds[site], moved)) for site, moved in self.moving.items()}
        for site, changes in every.items():
            if not self.exhausted():
                self.cut[site] = self.slopes(changes[:1])
                yield from self._fitted(changes[:1], self.right, self.cut[site])
        for site, changes in every.items():
            for change in changes[1:]:
                if not self.exhausted() and site in self.cut and not _same(self.cut[site], self.right):
                    slopes = self.slopes([change])
                    if change.kind == "argument" and not change.said:
                        self.cut_argument[site, change.argument] = slopes
                    if change.kind in ("constant", "argument"):
                        yield from self._fitted([change], self.right, slopes)
                    else:
                        yield from self._tried(change, slopes, self.cut[site])

    def _tried(self, change: Change, slopes: Array, cut: Array) -> Iterator[Fit]:
        if change.kind in ("neighbour", "slice"):
            if _same(slopes, self.claimed) and not _same(slopes, self.right):
                yield Fit((change,), (1.0,))
            return
        yield from self._fitted([change], slopes, cut)
        if not _same(slopes, self.right) and _same(cut + slopes - self.right, self.claimed):
            yield Fit((change,), (1.0,), inverted=True)

    def _fitted(self, changes: Sequence[Change], whole: Array, cut: Array) -> Iterator[Fit]:
        """Whether the claim is what is left of this path cut, plus a multiple of what passes through it."""
        passing, rest = whole - cut, self.claimed - cut
        size = float(np.sum(passing**2))
        if not np.isfinite(size) or size <= 1e-16 * float(np.sum(self.right**2) + np.sum(cut**2)):
            return
        factor = float(np.sum(passing * rest)) / size
        if abs(factor) < 1e-4 and whole is not self.right:
            return  # the path is cut, which has been tried
        if _same(factor * passing + cut, self.claimed) and not (whole is self.right and abs(factor - 1) < 1e-6):
            yield Fit(tuple(changes), (_rounded(factor),))

    def operands(self) -> Iterator[Fit]:
        """What comes through the two operands of an operation, each with a factor of its own: one twice, one not."""
        for site in {site for site, _ in self.cut_argument}:
            which = [j for (s, j) in self.cut_argument if s == site]
            passing = np.array([self.right - self.cut_argument[site, j] for j in which]).T
            if len(which) != 2 or not np.all(np.isfinite(passing)):
                continue
            extra = np.linalg.lstsq(passing, self.claimed - self.right, rcond=None)[0]
            factors = tuple(_rounded(float(w)) for w in 1 + extra)
            simple = all(w == _rounded(w) and abs(w) <= 4 and (2 * w) % 1 == 0 for w in factors)
            if simple and 1.0 not in factors and _same(self.right + passing @ extra, self.claimed):
                yield Fit(tuple(Change(site, "argument", argument_constant(j), j) for j in which), factors)

    def rounds(self) -> Iterator[Fit]:
        """Some rounds of a loop whose share in the gradient is left out: the first ones, the last ones, all but one."""
        for (site, j), cut in self.cut_argument.items():
            n = len(self.play.rehearsal.calls[site])
            if not 2 < n <= ROUNDS or self.exhausted():
                continue
            shares = np.array([self.right - self.slopes([_in_rounds(site, j, [i], n)]) for i in range(n)])
            if not _same(shares.sum(axis=0), self.right - cut):
                continue  # what passes in one round passes through the others too
            kept = [*(range(k, n) for k in range(1, n)), *(range(k) for k in range(1, n)), *([i] for i in range(n))]
            for some in kept:
                if _same(cut + shares[list(some)].sum(axis=0), self.claimed):
                    yield Fit((_in_rounds(site, j, sorted({*range(n)} - {*some}), n),), (0.0,))

    def pairs(self) -> Iterator[Fit]:
        """Two operations held constant at once."""
        matter = [site for site, cut in self.cut.items() if np.all(np.isfinite(cut)) and not _same(cut, self.right)]
        for two in combinations(matter[:PAIRED], 2):
            if self.exhausted():
                return
            if _same(self.slopes(both_cut := tuple(Change(site, "constant", constant) for site in two)), self.claimed):
                yield Fit(both_cut, (0.0,))


def _in_rounds(site: Site, j: int, dropped: Sequence[int], n: int) -> Change:
    """Nothing passes through this argument in some rounds."""
    few = frozenset(dropped)
    first, last = min(few), max(few)
    said = f"rounds {first} to {last} (of {n}, counted from 0)" if len(few) > 1 else f"round {first} (of {n}, from 0)"
    if len(few) == n - 1:
        said = f"all its rounds but number {min({*range(n)} - few)} (of {n}, counted from 0)"
    return Change(site, "argument", argument_constant(j), j, lambda i, _: i in few, said)


def _rounded(factor: float) -> float:
    near = round(factor * 12) / 12
    return near if abs(near - factor) < 1e-4 else factor


def _same(a: Array, b: Array) -> bool:
    return bool(np.linalg.norm(a - b) <= 1e-5 * (np.linalg.norm(a) + np.linalg.norm(b)))
