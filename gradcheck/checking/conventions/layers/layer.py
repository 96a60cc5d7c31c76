"""Layer objects: ``forward(x)`` and ``backward(dout)`` under any of their names, parameters and gradients inside.

What stands in ``params`` and ``grads`` needs no looking for. Else the layer is run once: the arrays that forward leaves
alone and that have a gradient are its parameters; where gradients are looked for stands in
:mod:`~gradcheck.checking.conventions.layers.homes`.
"""

import copy
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from gradcheck.checking.conventions.common.arguments import call, required_count
from gradcheck.checking.conventions.common.assigning import Returned
from gradcheck.checking.conventions.common.nested import gather
from gradcheck.checking.conventions.common.returned_names import returned_names
from gradcheck.checking.conventions.common.roles import predicted
from gradcheck.checking.conventions.common.slopes import NEAR, Slope, distance, measure
from gradcheck.checking.conventions.layers.awaiting import prepared
from gradcheck.checking.conventions.layers.homes import Homes
from gradcheck.checking.conventions.layers.layer_subject import LayerSubject
from gradcheck.checking.conventions.layers.methods import Methods, find_methods
from gradcheck.checking.conventions.layers.parameters import kept_together
from gradcheck.checking.conventions.layers.reduction import choose, unfitting
from gradcheck.checking.conventions.layers.rehearsal import Rehearsal
from gradcheck.checking.conventions.layers.steps import rates
from gradcheck.checking.state.snapshot import State
from gradcheck.checking.subject import Array, Options, Subject, copies

_SMALL = 2.0**-10
_MOST_DISTANT = 2.0
"""Of a gradient of the wrong sign."""


class Layer(LayerSubject):
    """A layer that is run, where that is needed, to find out about it."""

    def __init__(self, layer: Any, methods: Methods, inputs: tuple[Any, ...], options: Options) -> None:
        super().__init__(layer, methods, inputs, options)
        found = self._understand()
        self._look_for_clips()
        self.settle(found)

    def twin(self) -> Subject | None:
        """A deep copy of the layer, where it can be copied."""
        try:
            double = copy.deepcopy(self.layer)
            self.history.of(double).forget()
            methods = find_methods(double, *names_of(self.options))
        except Exception:
            return None
        if methods is None:
            return None
        twin = Layer(double, methods, tuple(self.shape.values()), self.options)
        self.trials += twin.trials
        return twin

    def _understand(self) -> str:
        """Find the parameters, by running the layer where that is needed; a phrase on where they are."""
        together = kept_together(self.layer)
        if together is not None and len(self.plans) == 1 and self.plan.takes_cotangent and not self.options.parameters:
            self.parameters, where = together
            return where
        state = State([self.layer, *self.inputs.values()])
        setting_up = prepared(self.layer, self._run_once, self.inputs.values())
        if setting_up:
            state = State([self.layer, *self.inputs.values()])
        else:
            state.restore()
        try:
            rehearsal = Rehearsal(self.layer, self._count_outputs, self.inputs.values())
            untouched, self.history = state, rehearsal.history
            if rehearsal.outputs > 1 or not self.plans:
                self.plan_for(rehearsal.outputs)
            if rehearsal.made:
                self.history.forget()
                state = State([self.layer, *self.inputs.values()])
            self._choose_plan(rehearsal, state)
            state.restore()
            gradients, outputs = self._look(rehearsal)
            self.homes.consumes = self.history.grows  # its backward may use up what forward remembered
            self._drop_what_does_not_matter(outputs, state)
            self._choose_rate(state)
            self._reduce(gradients, outputs, state)
            if not self.homes.include(rehearsal.made):
                state = untouched
        finally:
            state.restore()
        found = self.homes.text or "no parameters"
        if state is untouched and not setting_up:
            return found
        self.state = state
        return f"{found}; {setting_up or 'initialised by the first forward'}"

    def _run_once(self) -> None:
        self.trials += 1
        call("forward", self.methods.run, gather(copies(self.inputs), self.shape), self.switches)

    def _once(self) -> tuple[dict[str, Any], list[Array], Sequence[Any]]:
        self.trials += 1
        inputs = copies(self.inputs)
        return inputs, *self.run(inputs)

    def _count_outputs(self) -> int:
        """How many outputs a forward has."""
        self.trials += 1
        self.history.forget()
        returned = call("forward", self.methods.run, gather(copies(self.inputs), self.shape), self.switches)
        return len(returned) if isinstance(returned, tuple | list) else 1

    def _look(self, rehearsal: Rehearsal) -> tuple[dict[str, Any], list[Array]]:
        """Forward and backward once; what comes of it tells where everything is."""
        inputs, outputs, caches = self._once()
        kept = [output.copy() for output in outputs]
        backward = partial(self.back, _cotangents(outputs), inputs, outputs, caches)
        self.homes.takes_rate = self.plan.takes_rate
        returned = self.homes.find(
            rehearsal, backward, self.inputs, self.options.parameters or {}, returned_names(self.methods.back)
        )
        self.parameters, self.unclaimed = self.homes.parameters, self.homes.unclaimed
        return copies(self.of_inputs(returned)), kept

    def moved(self, state: State, changes: Mapping[str, Array]) -> list[Array]:
        """The outputs with other inputs or parameters."""
        state.restore()
        self.trials += 1
        for name in changes:
            if name in self.parameters:
                self.parameters[name].write(changes[name])
        inputs = {name: changes.get(name, value) for name, value in copies(self.inputs).items()}
        try:
            return [output.copy() for output in self.run(inputs)[0]]
        finally:
            state.restore()

    def _choose_plan(self, rehearsal: Rehearsal, state: State) -> None:
        """Of several ways to call backward, the one whose gradient comes nearest to a measured slope."""
        state.restore()
        name = predicted(self.inputs)
        if len(self.plans) == 1 or name is None:
            return
        slopes: dict[int, Slope | None] = {}
        distances = []
        for plan in self.plans:
            self.plan, count = plan, plan.roles.count("dout")
            if count not in slopes:
                slopes[count] = measure(partial(self.moved, state), name, self.inputs[name])
            distances.append(self._distance(rehearsal, name, slopes[count]))
            if rehearsal.outputs > 1 and NEAR < distances[-1] < np.inf:
                distances[-1] += 0 if self._is_homogeneous(name, state) else _MOST_DISTANT
            self.homes = Homes(self.layer)
            self.parameters = {}
            state.restore()
            if distances[-1] <= NEAR:
                break
        self.plan = self.plans[int(np.argmin(distances))]

    def _distance(self, rehearsal: Rehearsal, name: str, slope: Slope | None) -> float:
        try:
            gradients, outputs = self._look(rehearsal)
            gradient = gradients.get(name)
        except Exception:  # a plan that cannot even run
            return float("inf")
        if len(outputs) > 1 and any(output.dtype.kind != "f" for output in outputs):  # a mask has no cotangent
            return float("inf")
        if slope is None or gradient is None:
            return 1.0
        if self.plan.takes_cotangent:
            return distance(slope.along(gradient), slope.weighted(_cotangents(outputs)))
        if np.size(outputs[0]) == 1:
            return distance(slope.along(gradient), float(np.sum(slope.changes[0])))
        return 0.0 if choose(slope, np.asarray(gradient)) else 1.0

    def _is_homogeneous(self, name: str, state: State) -> bool:
        """Whether twice the cotangents give twice the gradient: only what is none makes a backward fail this."""
        gradients = []
        for factor in (1, 2):
            state.restore()
            inputs, outputs, caches = self._once()
            given = [np.asarray(factor * v) for v in _cotangents(outputs)]
            returned = self.of_inputs(Returned(self.back(given, inputs, outputs, caches), inputs))
            gradients.append(np.array(returned.get(name), dtype=float))
        return np.allclose(gradients[1], 2 * gradients[0], rtol=1e-6, atol=0, equal_nan=True)

    def _drop_what_does_not_matter(self, outputs: list[Array], state: State) -> None:
        """Velocities and other memories of an optimiser change in backward as well; the output tells them apart."""
        for name in (*self.homes.recovered, *self.homes.guessed, *self.homes.left_empty):
            value = np.array(self.parameters[name].read())
            moved = self.moved(state, {name: value * 1.5 + 0.5})
            if all(np.array_equal(a, b, equal_nan=True) for a, b in zip(moved, outputs, strict=True)):
                self.homes.drop(name)
        state.restore()

    def _choose_rate(self, state: State) -> None:
        """The learning rate of a step, where several numbers could be it: the one that fits a measured slope."""
        names = self.homes.recovered
        candidates = rates(self.layer)
        if not names or self.plan.takes_rate:
            return
        self.homes.rate = candidates[0]
        if len(candidates) > 1:
            steps = self.homes.steps_taken
            slope = measure(partial(self.moved, state), names[0], np.array(self.parameters[names[0]].read()))
            if slope is not None:
                wanted = slope.weighted(_cotangents(slope.changes))
                self.homes.rate = min(candidates, key=lambda r: distance(slope.along(steps[names[0]] / r), wanted))
            self.homes.rate_chosen = f", which fits {names[0]} best of {', '.join(f'{r:g}' for r in candidates)}"

    def _look_for_clips(self) -> None:
        """Gradients that are clipped before the step that backward takes are those of the function while small."""
        code = getattr(self.methods.back, "__code__", None)
        if not self.homes.steps or not self.takes_cotangent:
            return
        if code is None or not any("clip" in name for name in code.co_names):
            return
        state = self.state or State([self.layer, *self.inputs.values()])
        usual, small = self._pulled(state, 1.0), self._pulled(state, _SMALL)
        if any(not np.allclose(usual[name], small[name], rtol=1e-6, atol=0) for name in usual):
            self.scale = _SMALL

    def _pulled(self, state: State, scale: float) -> dict[str, Any]:
        """The gradients for a cotangent that is made smaller on the way in, and they larger on the way out."""
        self.scale, self.trials = scale, self.trials + 1
        state.restore()
        try:
            outputs, pullback = self.forward(copies(self.inputs))
            return {name: g for name, g in copies(pullback(_cotangents(outputs))).items() if g is not None}
        finally:
            state.restore()
            self.scale = 1.0

    def _reduce(self, gradients: Mapping[str, Any], outputs: list[Array], state: State) -> None:
        """What an array of values has to do with a gradient that takes no cotangent."""
        name = predicted(self.inputs)
        if self.plan.takes_cotangent or len(outputs) != 1 or np.size(outputs[0]) == 1 or name is None:
            return
        gradient = np.asarray(gradients.get(name))
        slope = measure(partial(self.moved, state), name, self.inputs[name])
        fits = None
        if slope is not None and gradient.dtype != object:
            fits = choose(slope, gradient) or choose(slope, -gradient)  # of the wrong sign, still that of the mean
        self.reduction = fits or unfitting(outputs[0], gradient)


def _cotangents(outputs: list[Array]) -> list[Array]:
    """Of both signs and never constant, the same each time."""
    rng = np.random.default_rng(0)
    return [np.asarray(rng.choice([-1.0, 1.0], y.shape) * rng.uniform(0.5, 1.5, y.shape)) for y in outputs]


def names_of(options: Options) -> tuple[str | None, str | None]:
    """The names of the two methods, where the caller gives them."""
    backward = options.backward if isinstance(options.backward, str) else None
    return options.forward, backward


def recognise(thing: Any, inputs: tuple[Any, ...], options: Options) -> Subject | None:
    """An object with both methods."""
    if options.grad is not None or callable(options.backward):
        return None
    methods = find_methods(thing, *names_of(options))
    if methods is None or (not methods.is_backward and len(inputs) < (required_count(methods.run) or 0)):
        return None
    return Layer(thing, methods, inputs, options)
