"""The one verb: check a hand-written gradient."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking import adequacy, keywords
from gradcheck.checking.bench import AsFunctionOf, Bench, joined
from gradcheck.checking.conduct.evidence import as_array, is_comparable
from gradcheck.checking.conventions.second_order import add_second_order, second_order_of
from gradcheck.checking.conventions.stub import stub_report
from gradcheck.checking.diagnosis import diagnose, from_conduct
from gradcheck.checking.precision import is_narrow
from gradcheck.checking.report import Comparison, Report
from gradcheck.checking.reproducer import reproducer
from gradcheck.checking.state.snapshot import State
from gradcheck.checking.subject import LimitReached, Options
from gradcheck.checking.verdict.compare import compare, natural_size
from gradcheck.checking.verdict.second_opinion import joint_subgradients
from gradcheck.checking.verdict.tolerance import Tolerance
from gradcheck.numerical.entries import Entries, EntryMeter
from gradcheck.numerical.evaluation import Neighbourhood
from gradcheck.numerical.noise import measured_noise

Array = NDArray[Any]

listeners: list[Callable[[Report], None]] = []
"""Each is told every report before it is returned; test suites keep count in this way."""


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
        network (``loss(x, t)``, ``gradient(x, t)``, ``params``, or a ``loss`` that returns both); a function of
        ``autograd.numpy``.
    *inputs
        What forward is called with. Float arrays and every parameter are checked; integers and booleans (labels,
        indices, masks) are held constant. Nothing of it is changed, not even the random state.
    backward : callable, optional
        ``backward(dout, cache)`` if forward returns ``(out, cache)``, else ``backward(dout)``, with the inputs, the
        output or both after ``dout``: names tell, or else the numbers; returns a gradient for each float input. Of an
        object the name of the method, where it is an unusual one.
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
    how = _How(
        keywords.whole_seed(seed), keywords.accepted_error(rtol), keywords.wanted_names(wrt),
        exhaustive, executor, order, allowed,
    )  # fmt: skip
    options = Options(backward, grad, name, forward, parameters)
    report = _checked(subject, inputs, options, how)
    if report.verdict == "disagree" and max_evaluations is None:
        here = replace(how, executor=None)  # small cases are not worth sending anywhere
        report.reproducer = reproducer(
            subject, inputs, options, report, lambda smaller: _checked(subject, smaller, options, here)
        )
    for listener in listeners:
        listener(report)
    return report


@dataclass(frozen=True)
class _How:
    """The keywords of :func:`check` that say how to check, whatever the subject."""

    seed: int
    rtol: float
    wanted: list[str] | None
    exhaustive: bool
    executor: Executor | None
    order: int
    allowed: float


def _checked(subject: Any, inputs: tuple[Any, ...], options: Options, how: _How) -> Report:
    """The report, without a reproducer; everything is put back."""
    state = State([subject, options.backward, options.grad, *inputs])
    try:
        bench = Bench(subject, inputs, options, state, how.seed, how.wanted)
        bench.allow(how.allowed)
        report = bench.report()
        if all(finding.ok for finding in report.conduct if finding.check == "deterministic"):
            _compare_all(bench, report, how)
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


def _compare_all(bench: Bench, report: Report, how: _How) -> None:
    evidence, precise = bench.evidence, bench
    narrow = any(is_narrow(value) for value in (*evidence.tensors.values(), *evidence.outputs))
    if narrow:
        precise = bench.in_double() or bench
    report.tensors = [_within_limit(precise, tensor, how) for tensor in evidence.names]
    with suppress(LimitReached):
        _kinks_shared_by_tensors(precise, report.tensors)
        report.diagnoses, report.patterns = diagnose(precise, report.tensors, report.conduct)
    if precise is not bench:
        precise.runner.state.restore()
        bench.elsewhere = precise.evaluations - bench.runner.evaluations
        bench.allow(bench.allowed)
    with suppress(LimitReached):
        report.warnings = adequacy.warnings(evidence, report.tensors)


def _within_limit(bench: Bench, tensor: str, how: _How) -> Comparison:
    try:
        return _compare_one(bench, tensor, how)
    except LimitReached:
        return bench.undecided(tensor)
    finally:
        bench.allow(bench.allowed)


def _compare_one(bench: Bench, tensor: str, how: _How) -> Comparison:
    evidence = bench.evidence
    value, gradient = evidence.tensors[tensor], evidence.gradients.get(tensor)
    if not is_comparable(gradient, value):
        return Comparison.unmeasured(
            tensor, value, "disagree", "there is no gradient to compare; see the conduct below"
        )
    analytic = np.asarray(as_array(gradient))
    analytic = analytic if analytic.dtype.kind == "f" else analytic.astype(value.dtype)
    rng = np.random.default_rng([bench.seed, len(evidence.names), evidence.names.index(tensor)])
    function = AsFunctionOf(bench, tensor)
    near = Neighbourhood(function, value, how.executor, base=joined(evidence.outputs))
    meter = EntryMeter(near, joined(evidence.cotangents), measured_noise(near, rng), rng)
    tolerance = Tolerance(analytic, _jitter(evidence.jitter.get(tensor, np.zeros(())), analytic, meter), how.rtol)
    with np.errstate(all="ignore"):
        comparison = compare(tensor, meter, tolerance, exhaustive=how.exhaustive)
    bench.elsewhere += near.evaluations_elsewhere
    return comparison


def _jitter(seen: Array, analytic: Array, meter: EntryMeter) -> Array:
    """By how much each entry of the gradient under test varies; what varies more than rounding can is a mistake."""
    eps = float(np.finfo(analytic.dtype).eps)
    size = float(np.max(np.abs(analytic), initial=0.0, where=np.isfinite(analytic)))
    if np.all(seen <= eps**0.6 * size):
        return seen
    return np.asarray(np.minimum(seen, eps**0.6 * size + 64 * eps * natural_size(meter)))


def _kinks_shared_by_tensors(bench: Bench, comparisons: list[Comparison]) -> None:
    """What each tensor may claim by itself at a kink, several may not claim together: ``maximum(x, y)`` at a tie."""
    kinked = [c for c in comparisons if c.entries is not None and c.verdict == "agree" and c.kinks.any()]
    if len(kinked) < 2:
        return
    entries = Entries.joined([c.entries for c in kinked if c.entries is not None])
    analytic = np.concatenate([np.ravel(np.asarray(c.analytic)) for c in kinked])
    near = Neighbourhood(
        AsFunctionOf(bench, *(c.name for c in kinked)),
        np.concatenate([bench.evidence.tensors[c.name].ravel() for c in kinked]),
        base=joined(bench.evidence.outputs),
    )
    rng = np.random.default_rng(bench.seed)
    try:
        meter = EntryMeter(near, joined(bench.evidence.cotangents), measured_noise(near, rng), rng)
        wrong = joint_subgradients(meter, Tolerance(analytic, 0.0, 0.0), entries)
    except LimitReached:
        for c in kinked:
            c.verdict, c.reason = "undecided", bench.undecided(c.name).reason
        raise
    for c, part in zip(kinked, np.split(wrong, np.cumsum([c.wrong.size for c in kinked])[:-1]), strict=True):
        if part.any():
            c.wrong, c.verdict = part.reshape(c.shape), "disagree"
            c.worst = tuple(int(i) for i in np.argwhere(c.wrong)[0])
            c.reason = "at a tie the gradients of the tensors that share it must add up to the whole, once"
