"""Check one candidate: search inputs it runs on, then draw settings."""

import inspect
from typing import Any

import numpy as np

from gradcheck.checking.modules.attempt import BACKWARD, CONSTRUCTION, FORWARD, Attempt, How, attempt
from gradcheck.checking.modules.discovery import Candidate
from gradcheck.checking.modules.hush import described
from gradcheck.checking.modules.importing import ModuleError
from gradcheck.checking.modules.plan import Plan
from gradcheck.checking.modules.result import Result
from gradcheck.checking.modules.search import Search
from gradcheck.checking.modules.settings import Variant, knows_training, pairs, singles
from gradcheck.checking.modules.specs import Leave
from gradcheck.checking.modules.targets import is_target
from gradcheck.checking.modules.worlds import COLUMNS_IN_TURN, ONE_COLUMN
from gradcheck.checking.report import Comparison
from gradcheck.checking.subject import NotUnderstoodError
from gradcheck.checking.verdict.tolerance import SAFETY

_SLOW, _SLOW_IF_WRONG = 4_000, 800  # evaluations, after which no further settings are drawn


def run(candidate: Candidate, how: How | None = None, given: Any = None) -> Result:
    """The result of one candidate.

    Parameters
    ----------
    candidate : Candidate
        As :func:`gradcheck.checking.modules.discover` finds it.
    how : How, optional
        The keywords of the check.
    given : tuple or dict, optional
        Inputs, in order; or inputs and arguments of the constructor by name. What is missing is made up.
    """
    how = how or How()
    result = Result(candidate.name, candidate.kind)
    if candidate.skipped:
        result.skipped = candidate.skipped
        return result
    search = Search(candidate, how, given)
    try:
        best = search.best()
    except ModuleError:
        raise
    except (TypeError, ValueError) as error:  # no signature to go by
        result.skipped = described(error)
        return result
    if best is None or best.report is None:
        return _without_report(result, candidate, search, best)
    if best.misshapen and best.verdict != "agree" and not best.agreeing and not _is_plain(candidate, best.plan):
        faults = [finding.message for finding in best.report.conduct if not finding.ok]
        result.skipped = (
            f"{len(search.attempts)} guesses at its arguments, and none that backward answers as it should; with "
            f"{call_text(candidate, best.plan)} {faults[0]}; give them by cases={{{candidate.name!r}: ...}}"
        )
        return result
    result.report, result.call = best.report, call_text(candidate, best.plan)
    if best.plan.world in (ONE_COLUMN, COLUMNS_IN_TURN):
        result.notes.append("checked with one sample in a column, as it is written; several do not fit its backward")
    _note_constants(result)
    _draw_settings(result, candidate, best, how)
    return result


def _without_report(result: Result, candidate: Candidate, search: Search, best: Attempt | None) -> Result:
    """Skipped, or wrong where backward fails on whatever forward takes."""
    error = best.error if best else None
    if any(isinstance(a.error, NotImplementedError) for a in search.attempts):
        result.skipped = "left to subclasses, or not written yet: it raises NotImplementedError"
    elif isinstance(error, NotUnderstoodError) and "returned None" in str(error):
        result.skipped = "forward is not written yet: it returns None"
    elif best is not None and best.stage == BACKWARD and _is_plain(candidate, best.plan):
        result.raises = f"{call_text(candidate, best.plan)}: backward raises {described(error) if error else ''}"
    else:
        stage = {CONSTRUCTION: "its constructor", FORWARD: "forward"}.get(best.stage if best else 0, "backward")
        tried = f"{len(search.attempts)} guesses at its arguments failed; the best in {stage}"
        with_what = f", {call_text(candidate, best.plan)}" if best else ""
        why = f": {described(error)}" if error else ""
        result.skipped = f"{tried}{with_what}{why}; give them by cases={{{candidate.name!r}: ...}}"
    return result


def _is_plain(candidate: Candidate, plan: Plan) -> bool:
    """Whether a plan is so plain that a backward which fails on it is to blame: defaults as they are, no targets."""
    changed = any(options[0] == Leave() != plan.specs[key] for key, options in plan.options.items())
    targets = any(is_target(argument.name, argument.beside, candidate.source) for argument in plan.order)
    return not (changed or targets or plan.world.rare)


def _note_constants(result: Result) -> None:
    """Say where a gradient is accepted that is off by more than was noticeable without the tolerance."""
    assert result.report is not None, "only what was compared has tensors"
    tensors = [t for t in result.report.tensors if t.verdict == "agree"]
    off = max(map(_surely_off, tensors), default=0.0)
    if off > 1e-8 and not any(t.kinks.any() for t in tensors):
        result.notes.append(
            f"agrees but for {off:.0e} of a typical entry: a constant left out of backward does that, as the 1e-7 "
            "in log(y + 1e-7); rtol=0 refuses it"
        )


def _surely_off(tensor: Comparison) -> float:
    """By how much of a typical entry a gradient is off, beyond what the differences may be off themselves."""
    if tensor.analytic is None or tensor.numerical is None or tensor.error is None or not tensor.typical:
        return 0.0
    distance = np.abs(tensor.analytic - tensor.numerical)
    return float(np.nanmax(np.where(distance > SAFETY * tensor.error, distance, 0), initial=0) / tensor.typical)


def _draw_settings(result: Result, candidate: Candidate, best: Attempt, how: How) -> None:
    """Try other settings; the result becomes that of the first that fails."""
    assert result.report is not None, "settings vary what was checked"
    base_ok, agreed, evaluations = result.report.ok, [], result.report.evaluations
    for variant in singles(candidate, best.plan):
        found = attempt(candidate, variant.plan, how)
        evaluations += found.report.evaluations if found.report is not None else 0
        if _judge(result, candidate, variant, found, base_ok):
            agreed.append(variant)
        if evaluations > (_SLOW if base_ok else _SLOW_IF_WRONG):
            break
    if base_ok and not result.failing:
        for variant in pairs(candidate, best.plan, agreed, how.seed):
            _judge(result, candidate, variant, attempt(candidate, variant.plan, how), base_ok)
            if result.failing:
                break
    result.settings = [v.label for v in agreed]


def _judge(result: Result, candidate: Candidate, variant: Variant, found: Attempt, base_ok: bool) -> bool:
    """Whether it agrees; what fails where the usual settings do not is kept, the first with its report."""
    if found.verdict == "agree":
        return True
    wrong = found.verdict == "disagree" or (found.stage == BACKWARD and found.report is None)
    if not wrong or not base_ok:
        return False
    if variant.training and not knows_training(candidate, variant.training):
        result.notes.append(f"with {variant.label} backward does not fit forward; it is written for training only")
        return False
    if found.report is None:
        result.notes.append(
            f"with {variant.label} forward runs, but backward raises {described(found.error or ValueError())}"
        )
        return False
    if not result.failing:
        result.report = found.report
    result.failing.append(variant.label)
    return False


def call_text(candidate: Candidate, plan: Plan) -> str:
    """How it was made and called, in a few words: ``Pooling(2, 2) on x (3, 2, 7, 5)``."""
    passed = plan.values("passed", 0)
    inputs = ", ".join(f"{name} {_shown(value)}" for name, value in passed.items())
    if not candidate.made:
        return f"{candidate.name} on {inputs}"
    made = [name for (place, name), spec in plan.specs.items() if place == "made" and not isinstance(spec, Leave)]
    values = plan.values("made", 0)
    positional = [p.name for p in inspect.signature(candidate.thing).parameters.values()][: len(made)] == made
    shown = [_shown(values[name]) if positional else f"{name}={_shown(values[name])}" for name in made]
    return f"{candidate.name}({', '.join(shown)}) on {inputs}"


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        shape = "×".join(map(str, value.shape)) or "a number"
        return shape if value.dtype.kind == "f" else f"{shape} {value.dtype.name}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_shown(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list) and value and all(" object at 0x" in repr(part) for part in value):
        return f"[{', '.join(type(part).__name__ for part in value)}]"
    text = getattr(value, "__name__", None) or repr(value)
    return text if len(text) < 24 and " at 0x" not in text else f"a {type(value).__name__}"
