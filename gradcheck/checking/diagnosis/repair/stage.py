"""The backward at one point, run with one change after another."""

import contextlib
import io
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import compress, islice
from operator import not_
from typing import Any

import numpy as np

from gradcheck.checking.bench import Bench
from gradcheck.checking.conduct.evidence import pulled
from gradcheck.checking.diagnosis.repair.rewritten import Rewritten
from gradcheck.checking.diagnosis.repair.running import Run, functions_run
from gradcheck.checking.diagnosis.trial import Trial
from gradcheck.checking.state.snapshot import State
from gradcheck.checking.subject import Pullback, Runner

Gradients = Mapping[str, Any]

TOGETHER = 16
"""So many changes are run before it is asked whether one of them spoilt what forward had kept."""


class Stage:
    """A trial whose backward is run again, changed; forward runs anew only where a change spoilt what it had kept.

    Attributes
    ----------
    functions : list of Run
        What runs in the backward and may be changed.
    is_within : bool
        Whether the gradients come with the forward itself, so that it is the forward that has to be changed and run.
    """

    def __init__(self, bench: Bench, trial: Trial) -> None:
        self.runner, self.trial = bench.runner, trial
        in_forward, _ = self._lasting(self._fresh)
        known = {ran.code for ran in in_forward}
        lasting, passing = self._lasting(lambda: self._pulled(self.pullback))
        in_backward = [ran for ran in lasting if ran.code not in known]
        makers = [maker for ran in in_forward if (maker := ran.with_inner([*lasting, *passing])) is not None]
        in_backward = [ran for ran in in_backward if not any(maker.makes(ran) for maker in makers)]
        self.is_within = bool(makers) or not in_backward
        self.functions = [*makers, *in_backward] or in_forward
        self.roots = [bench.thing, bench.options.backward, bench.options.grad, *bench.inputs]
        self.kept = State(self.roots)

    def gradients(self, changes: Iterable[Rewritten]) -> Iterator[tuple[Rewritten, Gradients]]:
        """What comes with each change; nothing where it does not run, as most of what is written otherwise does not."""
        changes = iter(changes)
        while several := list(islice(changes, TOGETHER)):
            with quietly():
                found = self._of_several(several)
            yield from zip(several, found, strict=True)

    def _of_several(self, several: Sequence[Rewritten]) -> list[Gradients]:
        """Forward is as good as run: what it left behind is put back first. In the end all is as it was at first."""
        self.kept.restore()
        try:
            found = [self._changed(change) for change in several]
            self.kept.restore()
            if not self.is_within and not self._is_as_before():
                found = [self._changed(change, anew=True) for change in several]
                self.pullback, self.kept = self._fresh(), State(self.roots)
            return found
        finally:
            restored(self.runner)

    def _changed(self, change: Rewritten, anew: bool = False) -> Gradients:
        if anew:
            self.pullback = self._fresh()
        try:
            with change.in_place():
                return self._anew() if self.is_within else self._pulled(self.pullback)
        except Exception:
            return {}

    def _fresh(self) -> Pullback:
        return self.runner.start(self.trial.point)[1]

    def _pulled(self, pullback: Pullback) -> Gradients:
        return pulled(pullback, self.trial.cotangents)

    def _anew(self) -> Gradients:
        """The gradients of a forward that is changed itself; nothing where that changes its outputs, too."""
        outputs, pullback = self.runner.start(self.trial.point)
        same = all(map(np.array_equal, outputs, self.trial.outputs))
        return self._pulled(pullback) if same else {}

    def _lasting(self, run: Callable[[], Any]) -> tuple[list[Run], list[Run]]:
        """The functions that run, and apart from them those that each forward makes for itself."""
        self.pullback = self._fresh()
        once = functions_run(run)
        self.pullback = self._fresh()
        again = {ran.code: ran.functions for ran in functions_run(run)}
        lasting = [ran.code in again and all(f in ran.functions for f in again[ran.code]) for ran in once]
        return list(compress(once, lasting)), list(compress(once, map(not_, lasting)))

    def _is_as_before(self) -> bool:
        """Whether the backward itself still gives what it gave."""
        try:
            gradients, was = self._pulled(self.pullback), self.trial.gradients
            return all(np.array_equal(gradients[name], was[name], equal_nan=True) for name in was)
        except Exception:  # what it needs is no longer there, or is no number
            return False


def restored(runner: Runner) -> None:
    """All is put back: a backward that is written otherwise may have written anywhere."""
    runner.reset()
    runner.state.restore()


@contextmanager
def quietly() -> Iterator[None]:
    """Nothing that is tried out warns or prints."""
    with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
