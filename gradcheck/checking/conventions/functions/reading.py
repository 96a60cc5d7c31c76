"""What a backward wants beside the cotangents: the inputs, the outputs, both or neither.

The count of its arguments tells; where it fits several readings, their names do; where those are silent, the numbers
at the point of the check do: a single directional derivative tells a right reading from any other.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.checking.conventions.common.arguments import is_variable
from gradcheck.checking.conventions.common.assigning import assign_nested
from gradcheck.checking.conventions.common.nested import gather, spread
from gradcheck.checking.state.snapshot import State
from gradcheck.checking.subject import Array, as_outputs, copies

_OUTPUT_NAMES = frozenset(("out", "outs", "output", "outputs", "ans", "result", "results", "probs", "y", "y_hat"))


@dataclass(frozen=True)
class Reading:
    """One way to call backward: its arguments after the cotangents are blocks of inputs (x) and outputs (y)."""

    text: str
    blocks: str

    def names(self, outputs: int, inputs: Iterable[str]) -> list[str]:
        """What the arguments are: an input by its name, an output by the empty name."""
        known = list(inputs)
        return [name for block in self.blocks for name in (known if block == "x" else [""] * outputs)]

    def arguments(self, outputs: Sequence[Any], inputs: Iterable[Any]) -> list[Any]:
        """The arguments after the cotangents."""
        known = list(inputs)
        return [value for block in self.blocks for value in (known if block == "x" else outputs)]


READINGS = (
    Reading("backward(dout)", ""),
    Reading("backward(dout, *inputs)", "x"),
    Reading("backward(dout, out, *inputs)", "yx"),
    Reading("backward(dout, *inputs, out)", "xy"),
    Reading("backward(dout, out)", "y"),
)


def fitting(count: int, outputs: int, inputs: Iterable[str]) -> list[Reading]:
    """The readings in which backward takes `count` arguments beside the cotangents."""
    known = list(inputs)
    return [reading for reading in READINGS if len(reading.names(outputs, known)) == count]


def by_names(readings: list[Reading], arguments: Sequence[str], outputs: int, inputs: Iterable[str]) -> list[Reading]:
    """Those that the names of backward's arguments speak for; all that they do not speak against if they are silent."""
    known = list(inputs)
    told = {reading: _votes(reading.names(outputs, known), arguments, known) for reading in readings}
    best = max(told.values(), default=0)
    return [reading for reading, votes in told.items() if votes == best]


def _votes(roles: Sequence[str], arguments: Sequence[str], inputs: list[str]) -> int:
    """How many names fit their roles, less those that fit another."""
    count = 0
    for role, name in zip(roles, arguments, strict=False):
        if name in inputs:
            count += 1 if role == name else -1
        elif name in _OUTPUT_NAMES:
            count += -1 if role else 1
    return count


def by_numbers(
    readings: list[Reading],
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    inputs: Mapping[str, Any],
    returned: Any,
) -> Reading:
    """The reading whose gradient comes nearest to one central difference; costs two evaluations, and one a reading.

    For a direction ``d`` and a cotangent ``v``, ``Σ g·d`` should be ``v · (f(x + h d) − f(x − h d)) / 2h``.
    """
    trial = _Trial(forward, backward, inputs, returned)
    with np.errstate(all="ignore"):
        try:
            measured = trial.central_difference()
        except Exception:  # no neighbour on one side, say; then the first reading is as good as any
            return readings[0]
        return min(readings, key=lambda reading: trial.distance(reading, measured))


def has_cotangent_for_each(
    forward: Callable[..., Any], backward: Callable[..., Any], inputs: Mapping[str, Any], returned: Sequence[Any]
) -> tuple[bool, int]:
    """Whether backward takes a cotangent for each part that forward returned, rather than the last one as it is.

    And how often forward was run to find out.

    Whatever its mistakes, of −2 times the cotangents a backward makes −2 times its gradients; what is no cotangent,
    taken for one, gives itself away. Where both readings pass, that which is nearer to a central difference is meant.
    """
    trial = _Trial(forward, backward, inputs, returned)
    with np.errstate(all="ignore"):
        each, but_the_last = trial.is_homogeneous(), trial.is_homogeneous(kept=1)
        if each == but_the_last:
            try:
                each = trial.off(0) < trial.off(1)
            except Exception:  # no neighbour on one side, say, or a backward that cannot run so
                each = False
        return each, trial.runs


class _Trial:
    """One direction and one cotangent at the point; whatever is run, the state is as before."""

    def __init__(
        self, forward: Callable[..., Any], backward: Callable[..., Any], inputs: Mapping[str, Any], returned: Any
    ) -> None:
        rng = np.random.default_rng(0)
        self.forward, self.backward, self.shape, self.runs = forward, backward, inputs, 0
        self.inputs = copies(spread(inputs, deep=True))
        shapes = [output.shape for output in as_outputs(returned)]
        self.cotangents = [rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape) for shape in shapes]
        self.directions = {name: _direction(x, rng) for name, x in self.inputs.items() if is_variable(x)}
        self.state = State([forward, backward, *inputs.values(), returned])

    def central_difference(self, kept: int = 0) -> float:
        """The derivative in the direction, weighted by the cotangents, of all outputs but the last that are kept."""
        h: float = max(float(np.finfo(d.dtype).eps) for d in self.directions.values()) ** (1 / 3)
        pairs = [*zip(self.cotangents, self._outputs(h), self._outputs(-h), strict=True)]
        return sum(float(np.sum(v * (ahead - behind))) / (2 * h) for v, ahead, behind in pairs[: len(pairs) - kept])

    def distance(self, reading: Reading, measured: float) -> float:
        """How far the directional derivative of this reading is off; infinitely, where backward cannot even run."""
        try:
            return self._distance(self._gradients(self.cotangents, reading.arguments), measured)
        except Exception:
            return float("inf")

    def off(self, kept: int) -> float:
        """The same, where the last of what forward returned are handed to backward as they are."""
        return self._distance(self._handed_back(1.0, kept), self.central_difference(kept))

    def is_homogeneous(self, kept: int = 0) -> bool:
        """Whether a multiple of the cotangents makes the same multiple of the gradients; false where nothing runs."""
        try:
            one, other = (self._handed_back(factor, kept) for factor in (1.0, -2.0))
            return all(np.allclose(other[name], -2 * np.asarray(one[name]), rtol=1e-6, atol=0) for name in one)
        except Exception:
            return False

    def _handed_back(self, factor: float, kept: int) -> dict[str, Any]:
        given = len(self.cotangents) - kept
        return self._gradients([factor * v for v in self.cotangents[:given]], lambda outputs, _: outputs[given:])

    def _gradients(
        self, cotangents: list[Array], beside: Callable[[Sequence[Any], Iterable[Any]], Sequence[Any]]
    ) -> dict[str, Any]:
        """Of a forward anew, as what backward rests on may be random."""
        arguments = gather(copies(self.inputs), self.shape)
        try:
            extra = beside(self._run(arguments), arguments)
            return assign_nested(self.backward(*[v.copy() for v in cotangents], *extra), self.shape)
        finally:
            self.state.restore()

    def _distance(self, gradients: Mapping[str, Any], measured: float) -> float:
        off = measured - sum(float(np.sum(g * self.directions[name])) for name, g in gradients.items())
        return abs(off) if np.isfinite(off) else float("inf")

    def _outputs(self, h: float) -> list[Array]:
        moved = {name: np.asarray(self.inputs[name] + h * d, d.dtype) for name, d in self.directions.items()}
        try:
            return [y.copy() for y in self._run(gather(copies({**self.inputs, **moved}), self.shape))]
        finally:
            self.state.restore()

    def _run(self, arguments: Iterable[Any]) -> list[Array]:
        self.runs += 1
        return as_outputs(self.forward(*arguments))


def _direction(x: Array, rng: np.random.Generator) -> Array:
    """Random signs, each entry in its own scale, so that x keeps its signs."""
    scale = np.where(x == 0, np.max(np.abs(x), initial=0.0) or 1.0, np.abs(x))
    return np.asarray(rng.choice([-1.0, 1.0], x.shape) * scale).astype(x.dtype)
