"""Find inputs on which a candidate runs: guess, read the error, guess better.

Two things are learned from a failed attempt. Lengths in the message say which axes are one; and how far the attempt
got says whether another guess at one argument was better.
"""

import itertools
import math
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from gradcheck.checking.modules.attempt import BACKWARD, CONSTRUCTION, REPORTED, Attempt, How, attempt
from gradcheck.checking.modules.discovery import Candidate
from gradcheck.checking.modules.plan import Key, Plan, alternatives, plans, preparers
from gradcheck.checking.modules.sizes import Sizes
from gradcheck.checking.modules.specs import Fixed, Floats, HotColumns, Labels, Leave, OneHot
from gradcheck.checking.modules.targets import is_target, looks_labels_up
from gradcheck.checking.modules.worlds import COLUMNS, DENSE, FITTED, FITTED_COLUMNS, SINGLES

_ALIKE = {DENSE, COLUMNS, SINGLES, FITTED, FITTED_COLUMNS}
MOST = 240  # attempts at one candidate
_MENDS, _ROUNDS, _AFTER_A_REPORT, _WORDS = 8, 6, 12, 4
_HUGE = 4_000  # entries of an input


@dataclass
class Search:
    """The attempts at one candidate, and the best of them."""

    candidate: Candidate
    how: How
    given: Any = None
    attempts: list[Attempt] = field(default_factory=list)
    _bold: bool = False

    def best(self) -> Attempt | None:
        """The attempt that agrees; else the first that could be compared; else the one that got furthest."""
        return self._pass() or self._pass(bold=True) or self._furthest()

    def _pass(self, *, bold: bool = False) -> Attempt | None:
        """Through all layouts; only the bold look for other values where a default would do."""
        self._bold = bold
        reported: list[Attempt] = []
        for plan in plans(self.candidate, self.given):
            if plan.world.rare and (reported or self._best(lambda a: a.stage == BACKWARD)):
                break
            if reported and not _is_sibling(self.candidate, plan, reported[0]):
                continue
            result = self.climb(plan)
            if result is None:
                break
            if result.verdict == "agree":
                return result
            if result.stage == REPORTED:
                result = self._with_other_inputs(result)
                if result.verdict == "agree":
                    return result
                reported.append(result)
        sound = [a for a in reported if not a.misshapen and a.verdict == "disagree"]
        return max(sound or reported, key=lambda a: a.agreeing, default=None)

    def climb(self, plan: Plan) -> Attempt | None:
        """From a first guess to one that runs, or to the best that was found; None if too much was tried."""
        best = self._mended(plan)
        for _ in range(_ROUNDS):
            if best is None or best.stage == REPORTED:
                return best
            better = self._better(best)
            if better is None:
                return best
            best = better
        return best

    def _better(self, best: Attempt) -> Attempt | None:
        """The first other guess at one argument with which it gets further."""
        for plan in self._others(best):
            result = self._mended(plan)
            if result is None:
                return None
            if result.progress > best.progress:
                return result
        return None

    def _others(self, best: Attempt) -> Iterator[Plan]:
        plan = best.plan
        if not plan.prepared and self.candidate.made and best.stage != CONSTRUCTION and preparers(self.candidate.thing):
            yield Plan(plan.world, plan.specs, plan.options, plan.sizes, plan.order, prepared=True)
        for key, word in _words_for(best):
            yield plan.with_spec(key, Fixed(word))
        places: tuple[str, ...] = ("made",) if best.stage == CONSTRUCTION else ("passed", "made")
        places += ("prepared",) * plan.prepared
        for place in places:
            for key, other in alternatives(plan, (place,)):
                if self._bold or not isinstance(plan.specs[key], Leave):
                    yield other

    def _mended(self, plan: Plan) -> Attempt | None:
        """An attempt, its lengths made to fit as its errors say."""
        result = self.try_(plan)
        for _ in range(_MENDS):
            if result is None or result.stage == REPORTED or result.error is None:
                break
            sizes = result.plan.sizes.mended(str(result.error), result.plan.used(), result.plan.world.data)
            other = next(sizes, None)
            longer = _with_sizes(result.plan, other) if other is not None else None
            if longer is None or _is_huge(longer):
                break
            following = self.try_(longer)
            if following is None or (following.progress < result.progress):
                break
            result = following
        return result

    def _with_other_inputs(self, result: Attempt) -> Attempt:
        """Where a gradient seems wrong, other kinds of targets and predictions: perhaps those were meant."""
        names = [argument.name for argument in result.plan.order]
        labelled = any(isinstance(spec, Labels) for (place, _), spec in result.plan.specs.items() if place == "passed")
        if labelled and looks_labels_up(self.candidate.source.text) and not result.misshapen:
            return result  # no doubt that classes were meant
        if result.misshapen:  # perhaps an array has too many axes, or too few
            others = [plan for _, plan in alternatives(result.plan, ("passed", "made"))]
        elif _has_target(self.candidate, result.plan):
            others = [
                plan
                for key, plan in alternatives(result.plan, ("passed",))
                if key[1] in names[:2] and isinstance(plan.specs[key], Floats | Labels | OneHot | HotColumns)
            ]
        else:
            return result
        for plan in itertools.islice(others, _AFTER_A_REPORT):
            found = self._mended(plan)
            if found is None:
                break
            if found.verdict == "agree" and (result.misshapen or _same_shapes(found, result)):
                return found
        return result

    def try_(self, plan: Plan) -> Attempt | None:
        """One attempt; None once there were too many."""
        if len(self.attempts) >= MOST:
            return None
        self.attempts.append(attempt(self.candidate, plan, self.how))
        return self.attempts[-1]

    def _furthest(self) -> Attempt | None:
        return max(self.attempts, key=lambda a: a.progress, default=None)

    def _best(self, wanted: Callable[[Attempt], bool]) -> bool:
        return any(wanted(a) for a in self.attempts)


def _words_for(failed: Attempt) -> Iterator[tuple[Key, str]]:
    """Where a word was looked up in vain: the keys of the dictionaries at hand where that was."""
    error, frame = failed.error, None
    if not isinstance(error, KeyError) or not error.args:
        return
    keys = [key for key, spec in failed.plan.specs.items() if spec == Fixed(error.args[0])]
    for found, _ in traceback.walk_tb(error.__traceback__):
        frame = found
    for name in frame.f_code.co_names if frame is not None and keys else ():
        table = frame.f_globals.get(name) if frame is not None else None
        words = [word for word in table if isinstance(word, str)] if isinstance(table, dict) else []
        yield from ((key, word) for word in words[:_WORDS] for key in keys)


def _with_sizes(plan: Plan, sizes: Sizes) -> Plan:
    return Plan(plan.world, plan.specs, plan.options, sizes, plan.order, plan.prepared)


def _is_huge(plan: Plan) -> bool:
    """Whether an input has become so large that lengths seem to chase each other."""
    return any(
        math.prod(plan.sizes.shape(spec.axes)) > _HUGE for spec in plan.specs.values() if isinstance(spec, Floats)
    )


def _is_sibling(candidate: Candidate, plan: Plan, reported: Attempt) -> bool:
    """Whether it is the other of two layouts that nothing tells apart: samples in rows or in columns."""
    if reported.misshapen:
        return not plan.world.rare
    if candidate.kind == "network":  # its own parameters say which
        return False
    is_loss = candidate.kind in ("loss", "gradient", "derivative", "methods") or _has_target(candidate, plan)
    alike = _ALIKE if is_loss else {DENSE, COLUMNS}
    return {plan.world, reported.plan.world} <= alike


def _has_target(candidate: Candidate, plan: Plan) -> bool:
    return any(is_target(argument.name, argument.beside, candidate.source) for argument in plan.order)


def _same_shapes(one: Attempt, other: Attempt) -> bool:
    """Whether the predictions are of the same kind of array: only then is it the same thing that agrees."""
    first = [[t.shape for t in a.report.tensors][:1] for a in (one, other) if a.report is not None]
    return len(first) == 2 and first[0] == first[1]
