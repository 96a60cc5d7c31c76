"""A subject set up for checking: run once, its conduct examined, each tensor a function to difference."""

from collections.abc import Iterable
from itertools import accumulate, pairwise, starmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.conduct.evidence import Evidence
from gradcheck.checking.conduct.examine import examine
from gradcheck.checking.conventions import understand
from gradcheck.checking.precision import in_double
from gradcheck.checking.report import Comparison, Report
from gradcheck.checking.state.snapshot import State
from gradcheck.checking.subject import LimitReached, Options, Runner, Subject, copies
from gradcheck.numerical.evaluation import require_floats
from gradcheck.numerical.steps import random_direction

Array = NDArray[Any]

NOT_DETERMINISTIC = "the forward is not deterministic, so no difference of its values means anything"


LIMIT_REACHED = "max_evaluations={:.0f} was reached before it was settled; allow more, or check fewer tensors by wrt="


class Bench:
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
        self.runner = Runner(self.subject, self.subject.state or state, self.subject.inputs)
        self.rng = np.random.default_rng(seed)
        returned, pullback = self.runner.start()
        outputs = [out.copy() for out in returned]
        cotangents = [_cotangent(out, self.rng, self.subject.takes_cotangent) for out in outputs]
        gradients = copies(pullback([cotangent.copy() for cotangent in cotangents]))
        self.runner.learn_what_changes()
        names = _names(self.subject, gradients, wanted)
        self.evidence = Evidence(self.runner, self.rng, outputs, cotangents, gradients, names)
        self.elsewhere = 0
        self.allowed = float("inf")

    @property
    def evaluations(self) -> int:
        """Forward evaluations so far, here and in other processes."""
        return self.runner.evaluations + self.elsewhere

    def allow(self, evaluations: float) -> None:
        """Run no more than so many, in whatever process."""
        self.allowed, self.runner.limit = evaluations, evaluations - self.elsewhere

    def undecided(self, tensor: str, reason: str = "") -> Comparison:
        """A tensor of which nothing is known, for this reason or because nothing more may be evaluated."""
        value = self.evidence.tensors[tensor]
        return Comparison.unmeasured(tensor, value, "undecided", reason or LIMIT_REACHED.format(self.allowed))

    def report(self) -> Report:
        """The conduct; no tensor compared yet."""
        try:
            conduct = examine(self.evidence)
        except LimitReached:
            conduct = []
        claimed = self.subject.tensors if self.wanted else self.evidence.gradients
        undecided = [self.undecided(tensor, NOT_DETERMINISTIC) for tensor in self.evidence.tensors]
        return Report(self.subject.name, self.subject.account(claimed), undecided, conduct, seed=self.seed)

    def in_double(self) -> "Bench | None":
        """The same in double precision, if the subject can be cast and then computes the same."""
        if self.evaluations >= self.allowed:
            return None
        self.runner.reset()  # the copy is to draw what the first run drew
        cast = in_double(self.thing, self.inputs)
        if cast is None:
            return None
        thing, inputs = cast
        state = State([thing, self.options.backward, self.options.grad, *inputs])
        try:
            bench = Bench(thing, inputs, self.options, state, self.seed, self.wanted)
        except Exception:
            return None
        same = len(bench.evidence.outputs) == len(self.evidence.outputs) and all(
            a.dtype == np.float64 and a.shape == b.shape and (self.runner.draws or _similar(a, b))
            for a, b in zip(bench.evidence.outputs, self.evidence.outputs, strict=False)
        )
        bench.elsewhere = self.evaluations
        bench.allow(self.allowed)
        return bench if same and list(bench.evidence.names) == list(self.evidence.names) else None


def _similar(double: Array, narrow: Array) -> bool:
    """Whether a copy in double precision computes the same."""
    return np.allclose(double, narrow, rtol=1e-2, atol=1e-2 * np.abs(narrow).max(initial=0))


class AsFunctionOf:
    """The outputs as a function of one tensor, all else held at the point; several outputs are joined.

    Of several tensors, as a function of all their entries in one row.
    """

    def __init__(self, bench: Bench, *tensors: str) -> None:
        self.bench, self.tensors = bench, tensors
        self._held = {name: bench.evidence.tensors[name] for name in tensors}
        self._rows = dict(zip(tensors, consecutive(x.size for x in self._held.values()), strict=True))

    def __call__(self, value: Array) -> Array:
        """Run forward with these tensors replaced."""
        if len(self.tensors) == 1:
            point = {self.tensors[0]: np.asarray(value)}
        else:
            point = {name: _shaped(value[row], self._held[name]) for name, row in self._rows.items()}
        return joined(self.bench.runner.outputs_at(point))

    def __reduce__(self) -> Any:
        bench = self.bench
        bench.runner.reset()
        recipe = (bench.thing, bench.inputs, bench.options, bench.seed, bench.wanted)
        return _rebuilt, (recipe, self.tensors, np.random.get_state())  # noqa: NPY002 - the caller's, sent along


def _shaped(row: Array, like: Array) -> Array:
    """In the shape, the dtype and the memory order of another array, by which sums are rounded."""
    array = np.empty_like(like, subok=False)
    array[...] = row.reshape(like.shape)
    return array


def _rebuilt(recipe: tuple[Any, ...], tensors: tuple[str, ...], random_state: Any) -> AsFunctionOf:
    np.random.set_state(random_state)  # noqa: NPY002 - a worker draws what the caller's process would have drawn
    thing, inputs, options, seed, wanted = recipe
    state = State([thing, options.backward, options.grad, *inputs])
    return AsFunctionOf(Bench(thing, inputs, options, state, seed, wanted), *tensors)


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
    return random_direction(np.empty(output.shape, dtype), rng)


def joined(parts: list[Array]) -> Array:
    """One array as it is, several in one row."""
    return parts[0] if len(parts) == 1 else np.concatenate([part.ravel() for part in parts])


def consecutive(sizes: Iterable[int]) -> list[slice]:
    """Where in one row each part lies."""
    return list(starmap(slice, pairwise(accumulate(sizes, initial=0))))
