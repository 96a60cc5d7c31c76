"""The one verb: check a hand-written gradient."""

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking import adequacy
from gradcheck.checking.compare import compare
from gradcheck.checking.conduct import Evidence, as_array, examine, is_comparable
from gradcheck.checking.conventions import understand
from gradcheck.checking.precision import in_double, is_narrow
from gradcheck.checking.report import Comparison, Report
from gradcheck.checking.state import State
from gradcheck.checking.subject import Options, Runner, Subject, copies
from gradcheck.checking.tolerance import Tolerance
from gradcheck.numerical.entries import EntryMeter
from gradcheck.numerical.evaluation import Neighbourhood, require_floats
from gradcheck.numerical.jacobian import measured_noise

Array = NDArray[Any]


def check(
    subject: Any,
    *inputs: Any,
    backward: Callable[..., Any] | None = None,
    grad: Callable[..., Any] | bool | None = None,
    wrt: str | Iterable[str] | None = None,
    seed: int = 0,
    rtol: float | None = None,
    name: str | None = None,
    exhaustive: bool = False,
    executor: Executor | None = None,
) -> Report:
    """Whether a hand-written gradient is right, how small an error would have been noticed, and where it is wrong.

    For a random cotangent v the gradient under test claims ``g = vᵀ ∂f/∂x``. It agrees if it lies within the
    error bound of the numerical derivative, estimated for every value; no fixed tolerance decides anything.

    Parameters
    ----------
    subject : object
        One of: a layer object (``forward``, ``backward``, parameters and gradients in ``params`` and ``grads`` or as
        ``W`` and ``dW``); a forward function, with ``backward=``; a scalar function, with ``grad=``; a network
        (``loss(x, t)``, ``gradient(x, t)``, ``params``); a function of ``autograd.numpy``.
    *inputs
        What forward is called with. Float arrays and every parameter are checked; integers and booleans (labels,
        indices, masks) are held constant. Nothing of it is changed, not even the random state.
    backward : callable, optional
        ``backward(dout, cache)`` if forward returns ``(out, cache)``, else ``backward(dout)``,
        ``backward(dout, *inputs)`` or ``backward(dout, out, *inputs)``; returns a gradient for each float input.
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

    Returns
    -------
    Report
        True if all is right; printed, it says what is wrong.

    Raises
    ------
    TypeError
        If the subject is not understood; the text says what was looked for and what would do.
    ValueError
        If `wrt` names no tensor of the subject, or `rtol` or `seed` is negative.

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
    if seed < 0 or (rtol is not None and not rtol >= 0):
        raise ValueError(f"seed is {seed} and rtol is {rtol}; both must be 0 or more")
    options = Options(backward, grad, name)
    wanted = [wrt] if isinstance(wrt, str) else None if wrt is None else list(wrt)
    roots = [subject, backward, grad, *inputs]
    state = State(roots)
    try:
        bench = _Bench(subject, inputs, options, state, seed, wanted)
        report = bench.report()
        if all(finding.ok for finding in report.conduct if finding.check == "deterministic"):
            report.tensors = _compare_all(bench, rtol or 0.0, exhaustive, executor)
            report.warnings = adequacy.warnings(bench.evidence, report.tensors)
        report.evaluations = bench.evaluations
        return report
    finally:
        state.restore()


class _Bench:
    """A subject set up for checking: run once, its conduct examined."""

    def __init__(
        self,
        thing: Any,
        inputs: tuple[Any, ...],
        options: Options,
        state: State,
        seed: int,
        wanted: list[str] | None,
    ) -> None:
        self.thing, self.inputs, self.options, self.seed, self.wanted = thing, inputs, options, seed, wanted
        self.subject = understand(thing, inputs, options)
        self.runner = Runner(self.subject, state, self.subject.inputs)
        self.rng = np.random.default_rng(seed)
        returned, pullback = self.runner.start()
        outputs = [out.copy() for out in returned]
        cotangents = [_cotangent(out, self.rng, self.subject.takes_cotangent) for out in outputs]
        gradients = copies(pullback([cotangent.copy() for cotangent in cotangents]))
        self.runner.learn_what_changes()
        names = _names(self.subject, gradients, wanted)
        self.evidence = Evidence(self.runner, self.rng, outputs, cotangents, gradients, names)
        self.elsewhere = 0

    @property
    def evaluations(self) -> int:
        """Forward evaluations so far, here and in other processes."""
        return self.runner.evaluations + self.elsewhere

    def report(self) -> Report:
        """The conduct; no tensor compared yet."""
        conduct = examine(self.evidence)
        nothing = np.zeros(0)
        undecided = [
            Comparison(
                tensor, value.shape, "undecided", None, None, None, nothing > 0, nothing > 0, nothing,
                reason="the forward is not deterministic, so no difference of its values means anything",
            )
            for tensor, value in self.evidence.tensors.items()
        ]  # fmt: skip
        return Report(self.subject.name, self.subject.understood, undecided, conduct, seed=self.seed)

    def in_double(self) -> "_Bench | None":
        """The same in double precision, if the subject can be cast and then computes the same."""
        cast = in_double(self.thing, self.inputs)
        if cast is None:
            return None
        thing, inputs = cast
        state = State([thing, self.options.backward, self.options.grad, *inputs])
        try:
            bench = _Bench(thing, inputs, self.options, state, self.seed, self.wanted)
        except Exception:
            return None
        same = len(bench.evidence.outputs) == len(self.evidence.outputs) and all(
            a.dtype == np.float64
            and a.shape == b.shape
            and np.allclose(a, b, rtol=1e-2, atol=1e-2 * np.abs(b).max(initial=0))
            for a, b in zip(bench.evidence.outputs, self.evidence.outputs, strict=False)
        )
        return bench if same and list(bench.evidence.names) == list(self.evidence.names) else None


def _compare_all(bench: _Bench, rtol: float, exhaustive: bool, executor: Executor | None) -> list[Comparison]:
    evidence, precise = bench.evidence, bench
    narrow = any(is_narrow(value) for value in (*evidence.tensors.values(), *evidence.outputs))
    if narrow:
        precise = bench.in_double() or bench
    comparisons = [_compare_one(precise, tensor, rtol, exhaustive, executor) for tensor in evidence.names]
    if precise is not bench:
        precise.runner.state.restore()
        bench.elsewhere += precise.evaluations
    return comparisons


def _compare_one(bench: _Bench, tensor: str, rtol: float, exhaustive: bool, executor: Executor | None) -> Comparison:
    evidence = bench.evidence
    value, gradient = evidence.tensors[tensor], evidence.gradients.get(tensor)
    if not is_comparable(gradient, value):
        return _without_gradient(tensor, value)
    analytic = np.asarray(as_array(gradient))
    analytic = analytic if np.issubdtype(analytic.dtype, np.floating) else analytic.astype(value.dtype)
    rng = np.random.default_rng([bench.seed, len(evidence.names), evidence.names.index(tensor)])
    function = _AsFunctionOfOne(bench, tensor)
    near = Neighbourhood(function, value, executor)
    meter = EntryMeter(near, _joined(evidence.cotangents), measured_noise(near, rng), rng)
    comparison = compare(
        tensor, meter, Tolerance(analytic, evidence.jitter.get(tensor, 0.0), rtol), exhaustive=exhaustive
    )
    bench.elsewhere += near.evaluations_elsewhere
    return comparison


class _AsFunctionOfOne:
    """The outputs as a function of one tensor, all else held at the point; several outputs are joined."""

    def __init__(self, bench: _Bench, tensor: str) -> None:
        self.bench, self.tensor = bench, tensor

    def __call__(self, value: Array) -> Array:
        return _joined(self.bench.runner.outputs({self.tensor: np.asarray(value)}))

    def __reduce__(self) -> Any:
        bench = self.bench
        bench.runner.reset()
        recipe = (bench.thing, bench.inputs, bench.options, bench.seed, bench.wanted)
        return _rebuilt, (recipe, self.tensor, np.random.get_state())  # noqa: NPY002 - the caller's, sent along


def _rebuilt(recipe: tuple[Any, ...], tensor: str, random_state: Any) -> _AsFunctionOfOne:
    np.random.set_state(random_state)  # noqa: NPY002 - a worker draws what the caller's process would have drawn
    thing, inputs, options, seed, wanted = recipe
    state = State([thing, options.backward, options.grad, *inputs])
    return _AsFunctionOfOne(_Bench(thing, inputs, options, state, seed, wanted), tensor)


def _names(subject: Subject, gradients: Any, wanted: list[str] | None) -> list[str]:
    """The tensors to check: those asked for, or every one for which a gradient is claimed."""
    if wanted is None:
        return [name for name in subject.tensors if name in gradients]
    for name in wanted:
        if name not in subject.tensors:
            raise ValueError(
                f"wrt names {name!r}, but {subject.name} has the tensors {', '.join(subject.tensors) or '(none)'}"
            )
    return [name for name in subject.tensors if name in wanted]


def _cotangent(output: Array, rng: np.random.Generator, wanted: bool) -> Array:
    """Random, signed, never constant; 1 where backward takes none."""
    if np.issubdtype(output.dtype, np.complexfloating):
        require_floats("the output of forward", output)
    dtype = output.dtype if np.issubdtype(output.dtype, np.floating) else np.dtype(float)
    if not wanted:
        return np.ones(output.shape, dtype)
    return np.asarray(rng.choice([-1.0, 1.0], output.shape) * rng.uniform(0.5, 1.5, output.shape)).astype(dtype)


def _joined(parts: list[Array]) -> Array:
    return parts[0] if len(parts) == 1 else np.concatenate([part.ravel() for part in parts])


def _without_gradient(tensor: str, value: Array) -> Comparison:
    everywhere = np.ones(value.shape, bool)
    return Comparison(
        tensor, value.shape, "disagree", None, None, None, everywhere, ~everywhere, np.full(value.shape, np.inf),
        reason="there is no gradient to compare; see the conduct below",
    )  # fmt: skip
