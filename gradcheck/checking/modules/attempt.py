"""One attempt: make what a plan says, and check it."""

import inspect
import random
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from gradcheck.checking.check import check
from gradcheck.checking.modules.derivatives import check_derivative
from gradcheck.checking.modules.discovery import Candidate
from gradcheck.checking.modules.hush import hushed
from gradcheck.checking.modules.plan import Plan, preparers
from gradcheck.checking.modules.renewal import renew
from gradcheck.checking.report import Report
from gradcheck.checking.subject import NotUnderstoodError

_NEAR = 0.1
"""Errors above this share of a typical entry come of no constant that was left out."""

_OF_SMALL = 20

CONSTRUCTION, FORWARD, BACKWARD, REPORTED = range(4)


@dataclass(frozen=True)
class How:
    """How to check: the keywords of :func:`gradcheck.check`.

    Attributes
    ----------
    seed : int
    rtol : float
        What a constant left out of backward may amount to, such as the 1e-7 in ``log(y + 1e-7)``.
    exhaustive : bool
    max_evaluations : int or None
        Of each attempt.
    """

    seed: int = 0
    rtol: float = 1e-4
    exhaustive: bool = False
    max_evaluations: int | None = None

    def checker(self, name: str) -> Callable[..., Report]:
        """The check with these keywords, under a name: first without the tolerance, as that costs a fraction."""
        plain = partial(check, name=name, **{key: value for key, value in vars(self).items() if key != "rtol"})

        def checked(*arguments: Any, **keywords: Any) -> Report:
            report = plain(*arguments, **keywords)
            accepted = 0.0 if report.ok else self._accepted(report)
            return plain(*arguments, rtol=accepted, **keywords) if accepted else report

        return checked

    def _accepted(self, report: Report) -> float:
        """The tolerance that could make a difference to a report; 0 for none.

        Of an entry that is small among the others a constant may take a larger share.
        """
        errors = [tensor.worst_error for tensor in report.tensors if tensor.verdict == "disagree"]
        settled = self.max_evaluations is None or report.evaluations < self.max_evaluations
        if not (self.rtol and settled and all(finding.ok for finding in report.conduct)):
            return 0.0
        if all(error is not None and error < self.rtol for error in errors):
            return _OF_SMALL * self.rtol
        return self.rtol if any(error is None or error < _NEAR for error in errors) else 0.0


@dataclass
class Attempt:
    """What came of a plan.

    Attributes
    ----------
    stage : int
        How far it got: construction, forward, backward, or a report.
    line : int
        In which line of the user's code it ended, if it ended there.
    report : Report or None
    error : Exception or None
    """

    plan: Plan
    stage: int
    line: int = 0
    report: Report | None = None
    error: BaseException | None = None

    @property
    def progress(self) -> tuple[int, int]:
        """By which attempts are ordered: how far they got."""
        return self.stage, self.line

    @property
    def misshapen(self) -> bool:
        """Whether a gradient is missing or not in the shape of its tensor, or numbers are not finite."""
        conduct = self.report.conduct if self.report is not None else []
        return any(not finding.ok and finding.check in ("shape", "finite") for finding in conduct)

    @property
    def agreeing(self) -> float:
        """The share of tensors whose gradients agree: what is guessed right shows by them, what is wrong beside."""
        tensors = self.report.tensors if self.report is not None else []
        return sum(tensor.verdict == "agree" for tensor in tensors) / max(len(tensors), 1)

    @property
    def verdict(self) -> str:
        """That of the report; empty without one."""
        return self.report.verdict if self.report is not None else ""


def attempt(candidate: Candidate, plan: Plan, how: How) -> Attempt:
    """Run a plan, whatever comes of it; the global random states are as before."""
    seed = how.seed
    with _global_random_state(seed), hushed():
        stage = CONSTRUCTION
        try:
            thing = make(candidate, plan, seed)
            stage = FORWARD
            inputs = _positional(plan, seed)
            if candidate.kind in ("layer", "network"):
                renew(thing, inputs, seed)
            report = _checked(candidate, thing, inputs, how)
        except (Exception, SystemExit) as error:
            stage, line = _where(candidate, error, stage)
            return Attempt(plan, stage, line, error=error)
    return Attempt(plan, REPORTED, report=report)


def make(candidate: Candidate, plan: Plan, seed: int) -> Any:
    """The function itself, or an instance of the class, its weights set up."""
    if not candidate.made:
        return candidate.thing
    named = plan.values("made", seed)
    thing = call_by_name(candidate.thing, named)
    if plan.prepared:
        rest = plan.values("prepared", seed)
        for name in preparers(candidate.thing):
            chosen = {key.partition(".")[2]: value for key, value in rest.items() if key.partition(".")[0] == name}
            call_by_name(getattr(thing, name), chosen)
    return thing


def call_by_name(function: Callable[..., Any], named: dict[str, Any]) -> Any:
    """Call with arguments by name, the positional-only ones in order."""
    only = [p.name for p in inspect.signature(function).parameters.values() if p.kind is p.POSITIONAL_ONLY]
    rest = {name: value for name, value in named.items() if name not in only}
    return function(*[named[name] for name in only if name in named], **rest)


def _positional(plan: Plan, seed: int) -> list[Any]:
    """The inputs in order; a default where one is left out before one that is given."""
    values = plan.values("passed", seed)
    names = [argument.name for argument in plan.order]
    last = max((i for i, name in enumerate(names) if name in values), default=-1)
    return [values.get(argument.name, argument.default) for argument in plan.order[: last + 1]]


def _checked(candidate: Candidate, thing: Any, inputs: list[Any], how: How) -> Report:
    check = how.checker(candidate.name)
    if candidate.kind == "pair":
        back = _with_shared(candidate.backward, thing, inputs)
        return check(thing, *inputs, backward=back)
    if candidate.kind == "loss":
        return check(thing, *inputs, grad=True)
    if candidate.kind == "gradient":
        return check(thing, *inputs, grad=candidate.backward)
    if candidate.kind == "methods":
        value, slope = (getattr(thing, method) for method in candidate.methods)
        return check_derivative(value, slope, inputs, check)
    if candidate.kind == "derivative":
        assert candidate.backward is not None, "a derivative is found together with its function"
        return check_derivative(thing, candidate.backward, inputs, check)
    return check(thing, *inputs)


def _with_shared(back: Any, forward: Any, inputs: list[Any]) -> Any:
    """Backward with the settings that it shares with forward by name, such as an activation's, filled in."""
    names = list(inspect.signature(forward).parameters)
    values = dict(zip(names, inputs, strict=False))
    wanted = list(inspect.signature(back).parameters.values())
    shared = {
        p.name: values[p.name]
        for p in wanted[2:]
        if p.name in values and not isinstance(values[p.name], np.ndarray | dict)
    }
    if not shared:
        return back

    def backward(*arguments: Any) -> Any:
        return back(*arguments, **shared)

    rest = [p for p in wanted if p.name not in shared]
    backward.__signature__ = inspect.Signature(rest)  # type: ignore[attr-defined]
    return backward


def _where(candidate: Candidate, error: BaseException, stage: int) -> tuple[int, int]:
    """In which stage and line of the candidate's own code an error arose."""
    if isinstance(error, NotUnderstoodError) or stage == CONSTRUCTION:
        return stage, 0
    back = candidate.backward if not candidate.made else getattr(candidate.thing, candidate.methods[1] or "_", None)
    code = getattr(inspect.unwrap(back) if back is not None else None, "__code__", None)
    line = 0
    for frame, number in traceback.walk_tb(error.__traceback__):
        if frame.f_code is code:
            stage = BACKWARD
        if frame.f_code.co_filename == inspect.getsourcefile(candidate.code):
            line = number if not line or stage == BACKWARD else line
    return stage, line


@contextmanager
def _global_random_state(seed: int) -> Iterator[None]:
    """The global generators seeded meanwhile, as constructors draw their weights from them."""
    kept, plain = np.random.get_state(), random.getstate()  # noqa: NPY002 - the global state is what users' code uses
    np.random.seed(seed)  # noqa: NPY002 - see above
    random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(kept)  # noqa: NPY002 - see above
        random.setstate(plain)
