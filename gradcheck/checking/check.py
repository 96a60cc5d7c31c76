"""The one verb: check a hand-written gradient."""

import sys
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any

from gradcheck.checking import keywords
from gradcheck.checking.bench import Bench
from gradcheck.checking.conventions.frameworks.second_order import add_second_order, second_order_of
from gradcheck.checking.conventions.refusals.stub import stub_report
from gradcheck.checking.diagnosis import from_conduct
from gradcheck.checking.report import Report
from gradcheck.checking.reproducer import reproducer
from gradcheck.checking.state.snapshot import State
from gradcheck.checking.subject import Options
from gradcheck.checking.tensors import How, compare_all

listeners: list[Callable[[Report, Any, tuple[Any, ...], Options], None]] = []
"""Each is told every report before it is returned, and of what it is; test suites keep count in this way."""


def check(
    subject: Any,
    *inputs: Any,
    backward: Callable[..., Any] | str | None = None,
    grad: Callable[..., Any] | bool | None = None,
    wrt: str | Iterable[str] | None = None,
    seed: int = 0,
    rtol: float | None = None,
    name: str | None = None,
    exhaustive: bool = False,
    executor: Executor | None = None,
    order: int = 1,
    forward: str | None = None,
    parameters: Mapping[str, str] | None = None,
    max_evaluations: int | None = None,
) -> Report:
    """Whether a hand-written gradient is right, how small an error would have been noticed, and where it is wrong.

    For a random cotangent v the gradient under test claims ``g = vᵀ ∂f/∂x``. It agrees if it lies within the
    error bound of the numerical derivative, estimated for every value; no fixed tolerance decides anything.

    Parameters
    ----------
    subject : object
        One of: a layer object (``forward`` or ``__call__``, ``backward``, parameters and gradients in ``params`` and
        ``grads`` or as ``W`` and ``dW``); a forward function, with ``backward=``; a scalar function, with ``grad=``; a
        network (``loss(x, t)``, ``gradient(x, t)``, ``params``, or a ``loss`` that returns both); a function that
        returns ``(value, gradient)``, or outputs and their ``pullback``; a function of ``autograd.numpy``.
    *inputs
        What forward is called with. Float arrays and every parameter are checked; integers and booleans (labels,
        indices, masks) are held constant. Arrays in lists and dictionaries, nested as they are, are checked one by
        one, as ``p[0]['W']``, and their gradients come alike. Nothing of it is changed, not even the random state.
    backward : callable, optional
        ``backward(dout, cache)`` if forward returns ``(out, cache)``, else ``backward(dout)``, with the inputs, the
        output or both after ``dout``, or a cotangent for each of several outputs: names tell, or else the numbers;
        returns a gradient for each float input. Of an object the name of the method, where it is an unusual one.
    grad : callable or True, optional
        The gradient of a scalar function; True if it returns ``(value, gradient)`` itself.
    wrt : str or iterable of str, optional
        Only these tensors.
    seed : int
        Of the cotangents and directions.
    rtol : float, optional
        A relative error that is accepted in any entry; by default none.
    name : str, optional
        What to call the subject in the report.
    exhaustive : bool
        Measure every entry, also where two directions have settled the matter.
    executor : concurrent.futures.Executor, optional
        Where to evaluate; the subject must then be picklable.
    order : {1, 2}
        With 2 the gradient of the gradient is checked too, and that the Hessian is symmetric; for what can
        differentiate its own derivative: autograd, PyTorch, JAX.
    forward : str, optional
        The name of the forward of an object, where it is an unusual one.
    parameters : dict of str, optional
        Where an object keeps its parameters and their gradients, where that is not seen: ``{"theta": "slope"}``,
        ``{"layers[0].p": "cache['dp']"}``.
    max_evaluations : int, optional
        After so many forward evaluations nothing more is measured: what is not settled by then is undecided. An
        executor's are counted after each tensor.

    Returns
    -------
    Report
        True if all is right; printed, it says what is wrong.

    Raises
    ------
    TypeError
        If the subject is not understood; the text says what was looked for and what would do. If a keyword is of the
        wrong type.
    ValueError
        If there is nothing to check, no floats in inputs or parameters; if `wrt` names no tensor of the subject, both
        `backward` and `grad` are given, or `rtol` or `seed` is negative, or `max_evaluations` not positive.

    Examples
    --------
    >>> import numpy as np
    >>> from gradcheck import check
    >>> x = np.array([1.0, 2.0, 3.0])
    >>> bool(check(lambda x: np.sum(x**2), x, grad=lambda x: 2 * x))
    True
    >>> report = check(lambda x: np.sum(x**2), x, grad=lambda x: 3 * x, name="square")
    >>> report.ok, report["x"].wrong.tolist()
    (False, [True, True, True])

    References
    ----------
    Griewank and Walther, Evaluating Derivatives, 2nd edition, 2008, chapters 3 and 8.
    """
    keywords.require_one_derivative(backward, grad)
    keywords.require_executor(executor)
    keywords.require_order(order)
    keywords.require_readings(forward, parameters)
    allowed = keywords.most_evaluations(max_evaluations)
    how = How(
        keywords.whole_seed(seed), keywords.accepted_error(rtol), keywords.wanted_names(wrt),
        exhaustive, executor, order, allowed,
    )  # fmt: skip
    options = Options(backward, grad, name, forward, parameters)
    report = _checked(subject, inputs, options, how)
    if report.verdict == "disagree" and max_evaluations is None and not _shrinks_anyway():
        sure = [d for d in report.diagnoses if d.explains >= 0.99]
        here = replace(
            how, executor=None,  # small cases are not worth sending anywhere
            explained=frozenset(d.tensor for d in sure), reading=any(d.quotes for d in sure),
        )  # fmt: skip
        report.reproducer = reproducer(
            subject, inputs, options, report, lambda smaller: _checked(subject, smaller, options, here),
            {"wrt": how.wanted, "rtol": how.rtol, "exhaustive": exhaustive},
        )  # fmt: skip
    for listener in listeners:
        listener(report, subject, inputs, options)
    return report


def _shrinks_anyway() -> bool:
    """Within ``@given`` Hypothesis looks for the smallest case, and asks for a report of each that it tries."""
    hypothesis = sys.modules.get("hypothesis")
    return bool(hypothesis and hypothesis.currently_in_test_context())


def _checked(subject: Any, inputs: tuple[Any, ...], options: Options, how: How) -> Report:
    """The report, without a reproducer; everything is put back."""
    state = State([subject, options.backward, options.grad, *inputs])
    try:
        bench = Bench(subject, inputs, options, state, how.seed, how.wanted)
        bench.allow(how.allowed)
        report = bench.report()
        if all(finding.ok for finding in report.conduct if finding.check == "deterministic"):
            compare_all(bench, report, how)
        else:
            report.diagnoses = list(from_conduct(bench, report.conduct))
        report.evaluations = bench.evaluations
        if how.order == 2 and report.verdict != "disagree":
            bench.runner.reset()
            second = second_order_of(bench.subject, bench.evidence.cotangents)
            rest = replace(how, wanted=None, order=1, allowed=max(1, how.allowed - report.evaluations))
            add_second_order(report, _checked(second, (), Options(), rest))
        return report
    except NotImplementedError as stub:
        name = options.name or str(getattr(subject, "__name__", type(subject).__name__))
        return stub_report(stub, name, inputs, how.seed)
    finally:
        state.restore()
