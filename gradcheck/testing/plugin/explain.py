"""The right gradient of the worst entry, derived step by step, and where the given one departs from it."""

import copy
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.bench import Bench
from gradcheck.checking.report import Report
from gradcheck.checking.state.snapshot import State
from gradcheck.checking.subject import Options
from gradcheck.derivation.depart import depart

Array = NDArray[Any]


def derivation(report: Report, subject: Any, inputs: tuple[Any, ...], options: Options) -> str:
    """The derivation as text, or why there is none: code that plain NumPy calls do not make up cannot be followed."""
    wrong = next((c for c in report.tensors if c.verdict == "disagree" and c.analytic is not None), None)
    if wrong is None:
        return f"Nothing to derive: {report.name} has no gradient that is wrong by its numbers."
    state = State([subject, options.backward, options.grad, *inputs])
    try:
        bench = Bench(subject, inputs, options, state, report.seed, None)
        point = {**bench.subject.inputs, **bench.evidence.tensors}
        loss = _loss(subject, bench, list(bench.subject.inputs))
        given = bench.evidence.gradients[wrong.name]
        return str(depart(loss, wrt=wrong.name, at=point, given=given)).rstrip()
    except Exception as error:  # whatever in the user's code cannot be traced
        return f"No derivation of d{wrong.name}: {error}"
    finally:
        state.restore()


def _loss(subject: Any, bench: Bench, inputs: list[str]) -> Callable[..., Any]:
    """``L = Σ dout · forward(...)``, as a function of all tensors by name."""
    cotangents, held = bench.evidence.cotangents, list(bench.subject.parameters)

    def L(**values: Any) -> Any:  # noqa: N802 - the field's name of a loss
        thing = copy.copy(subject) if held else subject
        for name in held:
            setattr(thing, name, values[name])
        forward = getattr(thing, bench.options.forward or "forward", thing)
        returned = forward(*(values[name] for name in inputs))
        output = returned[0] if isinstance(returned, tuple) else returned
        dout = cotangents[0]
        return np.sum(output * dout) if bench.subject.takes_cotangent else output

    names = dict.fromkeys([*inputs, *bench.evidence.tensors, *held])
    parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in names]
    L.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return L
