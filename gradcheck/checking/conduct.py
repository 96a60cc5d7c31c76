"""What a backward must do whatever its numbers: checks that need no differences and are therefore exact.

Each check is one function from the evidence to its findings; :data:`CHECKS` lists them in the order of the report.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.report import Finding
from gradcheck.checking.state import same_values
from gradcheck.checking.subject import Pullback, Runner, copies, kind_of

Array = NDArray[Any]
Gradients = Mapping[str, Any]


@dataclass
class Evidence:
    """A subject that can be run, one forward and backward of it, and what came of them."""

    runner: Runner
    rng: np.random.Generator
    outputs: list[Array]
    cotangents: list[Array]
    gradients: Gradients
    names: list[str]
    jitter: dict[str, float] = field(default_factory=dict)
    second_run: tuple[list[Array], Pullback] | None = None

    @property
    def tensors(self) -> dict[str, Array]:
        """The checked tensors at the point."""
        return {name: self.runner.subject.tensors[name] for name in self.names}

    def comparable(self, *gradients: Gradients) -> list[str]:
        """The tensors for which all these have a numeric gradient of the right shape."""
        return [name for name in self.names if all(is_comparable(g.get(name), self.tensors[name]) for g in gradients)]


def is_comparable(gradient: Any, tensor: Array) -> bool:
    """Whether a gradient is an array of real numbers in the tensor's shape."""
    array = as_array(gradient)
    return array is not None and array.shape == tensor.shape


def as_array(gradient: Any) -> Array | None:
    """A gradient as an array of real numbers, if it is one."""
    try:
        array = np.asarray(gradient)
    except ValueError:  # ragged
        return None
    if gradient is None or not (np.issubdtype(array.dtype, np.floating) or np.issubdtype(array.dtype, np.integer)):
        return None
    return array


def deterministic(evidence: Evidence) -> Iterator[Finding]:
    """The same input and the same random state give the same output."""
    evidence.second_run = evidence.runner.start()
    again, _ = evidence.second_run
    for i, (first, second) in enumerate(zip(evidence.outputs, again, strict=False)):
        if first.shape != second.shape or not np.all(same_values(first, second)):
            yield Finding(
                "deterministic",
                False,
                f"output {i} of the forward differs between two runs from the same input, parameters and random state, "
                f"{_first_change(first, second)}; draw randomness from a Generator the subject holds, or fix its seed",
                "nondeterministic",
            )
            return
    yield Finding("deterministic", True, "the forward gives the same output twice")


def present(evidence: Evidence) -> Iterator[Finding]:
    """Every tensor has a gradient, which is an array of numbers in its shape."""
    bad = bool(evidence.runner.subject.surplus)
    if bad:
        yield Finding("shape", False, evidence.runner.subject.surplus, "extra-gradient")
    for name, tensor in evidence.tensors.items():
        gradient = evidence.gradients.get(name)
        array = as_array(gradient)
        if gradient is None:
            message, cause = (
                f"backward gave no gradient for {name}; return it, or store it beside {name}",
                "missing",
            )
        elif array is None:
            message = f"the gradient of {name} is {_kind(gradient)}, not an array of real numbers"
            cause = "wrong-dtype"
        elif array.shape != tensor.shape:
            message = f"d{name} has shape {array.shape}, but {name} has shape {tensor.shape}; they must agree"
            cause = "wrong-shape"
        else:
            continue
        bad = True
        yield Finding("shape", False, message, cause, name)
    if not bad:
        yield Finding("shape", True, "every gradient is there, in the shape of its tensor")


def dtype(evidence: Evidence) -> Iterator[Finding]:
    """No gradient is of a narrower type than its tensor."""
    bad = False
    for name in evidence.comparable(evidence.gradients):
        given, wanted = np.asarray(evidence.gradients[name]).dtype, evidence.tensors[name].dtype
        if np.issubdtype(given, np.floating) and np.finfo(given).nmant < np.finfo(wanted).nmant:
            bad = True
            message = f"d{name} is {given}, but {name} is {wanted}: precision is lost on the way back"
            yield Finding("dtype", False, message, "wrong-dtype", name)
    if not bad:
        yield Finding("dtype", True, "no gradient is of a narrower type than its tensor")


def finite(evidence: Evidence) -> Iterator[Finding]:
    """No NaN or infinity in any gradient."""
    bad = False
    for name in evidence.comparable(evidence.gradients):
        broken = ~np.isfinite(np.asarray(evidence.gradients[name]))
        if broken.any() and all(np.all(np.isfinite(out)) for out in evidence.outputs):
            bad = True
            at = _index(name, np.argwhere(broken)[0])
            message = f"d{at} is {np.asarray(evidence.gradients[name])[tuple(np.argwhere(broken)[0])]}, and so are "
            yield Finding("finite", False, f"{message}{int(broken.sum())} of {broken.size} entries", "not-finite", name)
    if not bad:
        yield Finding("finite", True, "every gradient is finite")


def linear(evidence: Evidence) -> Iterator[Finding]:
    """Backward is linear in the cotangent: additive, homogeneous, and zero gives zero.

    What remains by rounding is noted for each tensor: so much the gradient under test jitters by itself.
    """
    if not evidence.runner.subject.takes_cotangent:
        return
    run, v, g = evidence.runner.gradients, evidence.cotangents, evidence.gradients
    other = [(c * evidence.rng.permutation(np.linspace(-1.5, 0.5, max(2, c.size)))[: c.size].reshape(c.shape)).astype(
        c.dtype) for c in v]  # fmt: skip
    g_other, g_sum = run(other), run([a + b for a, b in zip(v, other, strict=True)])
    g_scaled, g_zero = run([-3 * c for c in v]), run([0 * c for c in v])
    bad = False
    for name in evidence.comparable(g, g_other, g_sum, g_scaled, g_zero):
        one, two, both, scaled, zero = (np.asarray(grads[name]) for grads in (g, g_other, g_sum, g_scaled, g_zero))
        size = float(np.max(np.abs(one) + np.abs(two), initial=0.0))
        if not np.isfinite(size) or not np.issubdtype(one.dtype, np.floating):
            continue
        additive, homogeneous = _largest(both - one - two), _largest(scaled + 3 * one) / 3
        allowed = float(np.finfo(one.dtype).eps) ** 0.6 * size
        for residual, text in (
            (homogeneous, f"d{name}(−3·dout) is not −3·d{name}(dout)"),
            (additive, f"d{name}(u + v) is not d{name}(u) + d{name}(v)"),
            (_largest(zero), f"d{name} is not zero for a zero cotangent"),
        ):
            if residual > allowed:
                bad = True
                yield Finding(
                    "linear",
                    False,
                    f"backward is not linear in the cotangent: {text}, off by {residual:.3g} at a size of {size:.3g}",
                    "nonlinear",
                    name,
                )
                break
        else:
            evidence.jitter[name] = max(additive, homogeneous)
    if not bad:
        yield Finding("linear", True, "backward is linear in the cotangent")


def repeatable(evidence: Evidence) -> Iterator[Finding]:
    """A second backward gives the same again, or for parameters twice as much; which of the two is said."""
    _, pullback = evidence.second_run or evidence.runner.start()
    first = copies(pullback(_copies(evidence.cotangents)))
    try:
        second = pullback(_copies(evidence.cotangents))
    except Exception as problem:
        yield Finding("repeatable", True, f"backward works once per forward ({type(problem).__name__} the second time)")
        return
    accumulated, bad = set(), False
    for name in evidence.comparable(first, second):
        a, b = np.asarray(first[name]), np.asarray(second[name])
        if np.all(same_values(a, b)):
            continue
        if name in evidence.runner.subject.parameters and _close(b, 2 * a):
            accumulated.add(name)
            continue
        bad = True
        message = f"a second backward with the same cotangent gives another d{name}, {_first_change(a, b)}"
        yield Finding("repeatable", False, message, "stale-cache", name)
    if not bad:
        how = f"accumulates into {', '.join(sorted(accumulated))}" if accumulated else "overwrites its gradients"
        how = f"; it {how}" if evidence.runner.subject.parameters else ""
        yield Finding("repeatable", True, f"a second backward gives the same{how}")


def interleaved(evidence: Evidence) -> Iterator[Finding]:
    """Of two forwards, backward belongs to the one it was asked for, not to what another left behind."""
    runner, subject = evidence.runner, evidence.runner.subject
    elsewhere = {
        name: (value * np.asarray(0.75, value.dtype))
        for name, value in evidence.tensors.items()
        if name not in subject.parameters
    }
    if not elsewhere:
        return
    inputs = {**runner.inputs, **elsewhere}
    try:
        outputs, pullback = runner.start(elsewhere)
    except (ArithmeticError, ValueError):
        return
    outputs, expected = _copies(outputs), copies(pullback(_copies(evidence.cotangents)))
    runner.start()
    runner.state.rewind()
    again, pullback = runner.forward(copies(inputs))
    # Where the output itself depends on how often the forward ran, a gradient that does too is no mistake.
    if all(a.shape == b.shape and _close(a, b) for a, b in zip(outputs, again, strict=True)):
        got = pullback(_copies(evidence.cotangents))
        yield from _belongs(evidence, expected, got, "its own, after another forward")
    if subject.takes_cotangent or subject.keeps_input:
        yield from _undisturbed(evidence, inputs)


def _undisturbed(evidence: Evidence, inputs: Mapping[str, Any]) -> Iterator[Finding]:
    """Another instance's forward (or, of a function, another call) must not disturb a pending backward."""
    runner = evidence.runner
    twin = runner.subject.twin()
    disturber = twin if twin is not None else (runner.subject if not runner.subject.parameters else None)
    if disturber is None or (twin is None and runner.subject.holds_cache):
        return
    _, pullback = runner.start()
    runner.forward(copies(inputs), disturber)
    whose = "another instance's forward" if twin is not None else "another call of forward"
    yield from _belongs(evidence, evidence.gradients, pullback(_copies(evidence.cotangents)), f"its own, after {whose}")


def _belongs(evidence: Evidence, expected: Gradients, got: Gradients, what: str) -> Iterator[Finding]:
    for name in evidence.comparable(expected, got):
        a, b = np.asarray(expected[name]), np.asarray(got[name])
        if not _close(a, b):
            message = f"backward does not use {what}: d{name} differs, {_first_change(a, b)}; keep the cache by forward"
            yield Finding("interleaved", False, message, "stale-cache", name)
            return
    yield Finding("interleaved", True, f"backward uses {what}")


def pure(evidence: Evidence) -> Iterator[Finding]:
    """Neither forward nor backward changes inputs, cotangents or parameters, or hands out an input as a gradient."""
    runner, subject = evidence.runner, evidence.runner.subject
    runner.reset()
    inputs, kept = copies(runner.inputs), copies(runner.inputs)
    cotangents = _copies(evidence.cotangents)
    _, pullback = runner.forward(inputs)
    findings = list(_mutations("forward", inputs, kept, "mutates-input"))
    kept = copies(inputs)
    gradients = pullback(cotangents)
    findings += _mutations("backward", inputs, kept, "mutates-input")
    names = [f"cotangent {i}" for i in range(len(cotangents))] if len(cotangents) > 1 else ["the cotangent (dout)"]
    before = dict(zip(names, evidence.cotangents, strict=True))
    findings += _mutations("backward", dict(zip(names, cotangents, strict=True)), before, "mutates-cotangent")
    held = {name: np.asarray(parameter.read()) for name, parameter in subject.parameters.items()}
    original = {name: subject.tensors[name] for name in held}
    findings += _mutations("forward or backward", held, original, "mutates-parameter")
    yield from findings or [Finding("mutation", True, "inputs, cotangents and parameters are left as they were")]
    yield from _aliases(evidence, gradients, inputs, held)


def _mutations(who: str, now: Mapping[str, Any], before: Mapping[str, Any], cause: str) -> Iterator[Finding]:
    for name, value in now.items():
        if not isinstance(value, np.ndarray):
            continue
        if value.shape != before[name].shape or not np.all(same_values(value, before[name])):
            change = _first_change(before[name], value)
            yield Finding("mutation", False, f"{who} changes {name} in place, {change}; work on a copy", cause, name)


def _aliases(
    evidence: Evidence, gradients: Gradients, inputs: Mapping[str, Any], held: Mapping[str, Array]
) -> Iterator[Finding]:
    if evidence.runner.subject.keeps_input:
        return
    arrays = {**{name: value for name, value in inputs.items() if isinstance(value, np.ndarray)}, **held}
    for name in evidence.names:
        gradient = gradients.get(name)
        for other, array in arrays.items():
            if isinstance(gradient, np.ndarray) and gradient.size and np.may_share_memory(gradient, array):
                message = f"d{name} shares its memory with {other}: updating one would change the other; return a copy"
                yield Finding("aliasing", False, message, "aliases-input", name)
                return
    yield Finding("aliasing", True, "no gradient shares memory with an input or a parameter")


CHECKS = (repeatable, present, dtype, finite, linear, interleaved, pure)
"""In the order of the report, after :func:`deterministic`, without which nothing else can be said.

Repeatability comes first, as it goes on with the forward that :func:`deterministic` ran.
"""


def examine(evidence: Evidence) -> list[Finding]:
    """Every check of conduct, in order; nothing but the first where the forward is not deterministic."""
    findings = list(deterministic(evidence))
    if all(finding.ok for finding in findings):
        findings += [finding for check in CHECKS for finding in check(evidence)]
    return findings


def _kind(value: Any) -> str:
    """What a gradient is that is no array of real numbers."""
    return f"an array of {value.dtype}" if isinstance(value, np.ndarray | np.generic) else kind_of(value)


def _largest(array: Array) -> float:
    return float(np.max(np.abs(array), initial=0.0))


def _close(a: Array, b: Array) -> bool:
    if not np.issubdtype(np.result_type(a, b), np.floating):
        return bool(np.array_equal(a, b))
    allowed = float(np.finfo(np.result_type(a, b)).eps) ** 0.6 * max(_largest(a), _largest(b))
    return bool(np.all(same_values(a, b) | (np.abs(a - b) <= allowed)))


def _copies(arrays: list[Array]) -> list[Array]:
    return [array.copy() for array in arrays]


def _index(name: str, index: Any) -> str:
    return f"{name}[{', '.join(str(int(i)) for i in index)}]" if len(index) else name


def _first_change(before: Array, after: Array) -> str:
    if before.shape != after.shape:
        return f"from shape {before.shape} to {after.shape}"
    where = np.argwhere(~same_values(before, after))
    if not len(where):
        return "by rounding"
    i = tuple(where[0])
    return f"first at {_index('', i) or 'its only entry'}: {before[i]:.6g} became {after[i]:.6g}"
