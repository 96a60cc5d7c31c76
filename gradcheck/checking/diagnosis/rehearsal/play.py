"""One trial whose forward can be run again with changed operations."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.bench import joined
from gradcheck.checking.diagnosis.jacobian import measured_gradient
from gradcheck.checking.diagnosis.rehearsal.stages import Change, Listening, Performance, Rehearsal
from gradcheck.checking.diagnosis.rehearsal.watched import Site, watched
from gradcheck.checking.diagnosis.trial import Trial

Array = NDArray[Any]


class Play:
    """A forward that has been rehearsed at a trial.

    Attributes
    ----------
    trial : Trial
    tensor : str
        The one that moves.
    rehearsal : Rehearsal
        What every operation was given and gave.
    """

    def __init__(self, trial: Trial, tensor: str) -> None:
        self.trial, self.tensor = trial, tensor
        self.rehearsal = Rehearsal()
        with self.rehearsal.on():
            self.run(trial.point[tensor])

    def run(self, value: Array) -> Array:
        """The outputs at another value of the tensor, for whoever is on stage."""
        point = {**self.trial.point, self.tensor: value}
        outputs = self.trial.runner.outputs({name: watched(x) for name, x in point.items()})
        return np.array(joined([np.asarray(out, float) for out in outputs]))

    def moving(self, direction: Array) -> dict[Site, set[int]]:
        """The operations that depend on the tensor, and which of their arguments do."""
        listening = Listening(self.rehearsal)
        with listening.on():
            self.run(self.trial.point[self.tensor] + direction)
        return listening.moved

    def swing(self, changes: Sequence[Change], direction: Array) -> Array:
        """By how much the outputs change along a direction, with these changes."""
        values = []
        for sign in (1, -1):
            with Performance(self.rehearsal, changes).on():
                values.append(self.run(self.trial.point[self.tensor] + sign * direction))
        return np.asarray((values[0] - values[1]) / 2)

    def gradient(self, changes: Sequence[Change], groups: int, first: Array) -> Array:
        """The gradient with these changes."""

        def f(value: Array) -> Array:
            with Performance(self.rehearsal, changes).on():
                return self.run(value)

        return measured_gradient(f, self.trial.point[self.tensor], self.trial.cotangent, groups, first)
