"""All there is to go by for one wrong tensor: the given point, fresh ones, names of axes and of numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.bench import Bench
from gradcheck.checking.diagnosis.fresh import fresh_cotangent, fresh_tensor, with_the_same_ties
from gradcheck.checking.diagnosis.trial import Effort, Point, Trial
from gradcheck.checking.report import Comparison

Array = NDArray[Any]

FRESH = (0.25, 4.0)
"""At as many fresh points an explanation has to hold, with cotangents of these sizes, as what is clipped tells."""


class Bureau:
    """The trials that the diagnoses of all tensors of a subject share.

    Attributes
    ----------
    given : Trial
        The point and the cotangents of the check.
    fresh : list of Trial
        Other points with other cotangents, for nothing but testing.
    failures : list of str
        Hypotheses that could not be carried through here, and why.
    notes : dict
        What a hypothesis found for all tensors at once.
    reading : bool
        Whether the code of the backward may be read.
    believed : list
        Edits of the code that put a tensor right, as explanations hold them.
    """

    def __init__(self, bench: Bench, comparisons: Mapping[str, Comparison], groups: int, reading: bool = True) -> None:
        self.bench, self.comparisons, self.reading = bench, comparisons, reading
        self.effort = Effort(groups, {name: c.wrong for name, c in comparisons.items()})
        self.failures: list[str] = []
        self.notes: dict[str, Any] = {}
        self.believed: list[Any] = []
        self.rng = np.random.default_rng([bench.seed, 5])
        evidence = bench.evidence
        self.runner = evidence.runner
        self.given = self.trial(evidence.tensors, evidence.cotangents)
        for name, c in comparisons.items():
            if c.numerical is not None and c.complete and np.all(np.isfinite(c.numerical)):
                self.given.knows(name, c.numerical)

    def trial(self, point: Point, cotangents: list[Array]) -> Trial:
        """A forward and a backward at any point."""
        return Trial(self.runner, point, cotangents, self.effort)

    @cached_property
    def fresh(self) -> list[Trial]:
        """Fresh points; where the subject has no values there, points closer by."""
        return [self._fresh_trial(size) for size in FRESH]

    @cached_property
    def tied(self) -> Trial | None:
        """A fresh point with the ties and zeros of the given one."""
        point = {name: with_the_same_ties(x, self.rng) for name, x in self.given.point.items()}
        return self._attempt(point)

    def _fresh_trial(self, size: float) -> Trial:
        for share in (1.0, 0.1, 0.01):
            point = {}
            for name, x in self.given.point.items():
                other = fresh_tensor(x, self.rng)
                point[name] = np.asarray(x + np.asarray(share, x.dtype) * (other - x), x.dtype)
            trial = self._attempt({**point, **self._held(share)}, size) or self._attempt(point, size)
            if trial is not None:
                return trial
        return self.given.again(self.fresh_cotangents(size))

    def _held(self, share: float) -> dict[str, Array]:
        """Inputs that are held constant, targets and indices, in another order."""
        held = {n: x for n, x in self.runner.inputs.items() if isinstance(x, np.ndarray) and n not in self.given.point}
        floats = {n: fresh_tensor(x, self.rng) for n, x in held.items() if np.issubdtype(x.dtype, np.floating)}
        whole = {n: self.rng.permutation(x.ravel()).reshape(x.shape) for n, x in held.items() if x.dtype.kind in "iub"}
        return {**floats, **whole} if share == 1 else {}

    def _attempt(self, point: Point, size: float = 1) -> Trial | None:
        try:
            with np.errstate(all="ignore"):
                trial = self.trial(point, self.fresh_cotangents(size))
        except Exception:  # nobody but us chose this point, and a subject need not have values there
            return None
        return trial if trial.is_sound(self.given) else None

    def fresh_cotangents(self, size: float = 1) -> list[Array]:
        """Others than the given ones; ones where backward takes none."""
        given = self.given.cotangents
        return [fresh_cotangent(v, self.rng) * v.dtype.type(size) for v in given] if self.takes_cotangent else given

    @property
    def takes_cotangent(self) -> bool:
        """Whether backward is given the upstream gradient."""
        return self.runner.subject.takes_cotangent

    @cached_property
    def more_cotangents(self) -> list[Trial]:
        """The given point with a few other cotangents: more equations, no more differences."""
        return [self.given.again(self.fresh_cotangents()) for _ in range(3)] if self.takes_cotangent else []


@dataclass
class Clues:
    """One wrong tensor.

    Attributes
    ----------
    bureau : Bureau
    tensor : str
        Its name.
    comparison : Comparison
    """

    bureau: Bureau
    tensor: str
    comparison: Comparison
    notes: dict[Any, Any] = field(default_factory=dict)

    @property
    def given(self) -> Trial:
        """The point and the cotangents of the check."""
        return self.bureau.given

    @property
    def fresh(self) -> list[Trial]:
        """Points for testing what was fitted elsewhere."""
        return self.bureau.fresh

    @property
    def fitting(self) -> list[Trial]:
        """Trials on which numbers may be fitted: the given point with a few cotangents."""
        return [self.given, *self.bureau.more_cotangents]

    @cached_property
    def claimed(self) -> Array:
        """The gradient under test at the given point."""
        return self.given.claimed(self.tensor)

    @cached_property
    def right(self) -> Array:
        """The numerical gradient at the given point; NaN where it was not measured."""
        return self.given.right(self.tensor)

    @cached_property
    def value(self) -> Array:
        """The tensor itself."""
        return self.given.point[self.tensor]

    @property
    def d(self) -> str:
        """What the gradient is called."""
        return f"d{self.tensor}"

    @property
    def is_input(self) -> bool:
        """Whether it is an input rather than a parameter; of a pair all are, and the first is the input."""
        subject = self.bureau.runner.subject
        return self.tensor in subject.inputs and self.tensor == next(iter(subject.inputs))

    @cached_property
    def is_elementwise(self) -> bool:
        """Whether each output depends on the input in its own place alone."""
        out, x = self.given.output, self.value
        if out.shape != x.shape or x.size < 2:
            return False
        jacobian = self.given.jacobian(self.tensor).reshape(x.size, x.size)
        return not np.any(np.nan_to_num(jacobian - np.diag(np.diag(jacobian))))
