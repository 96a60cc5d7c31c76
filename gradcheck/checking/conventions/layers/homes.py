"""Where the gradients of a layer are after its backward, as far as one run of it shows.

They are looked for in this order: where the caller says; by name beside the parameter or elsewhere in the layer; in
what backward returned, by name or by shape; in what an optimiser was given; in the step that backward took; and, the
last resort, by shape among the arrays that backward wrote.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from gradcheck.checking.conventions.common.arguments import is_variable, variables
from gradcheck.checking.conventions.common.assigning import Returned, by_name
from gradcheck.checking.conventions.common.gradient_names import is_gradient_of, tensor_name, tensors_meant
from gradcheck.checking.conventions.layers.input_homes import input_gradients
from gradcheck.checking.conventions.layers.order import in_order
from gradcheck.checking.conventions.layers.parameters import (
    added_up,
    by_shape,
    gradient_places,
    parts_of_gradient,
    same_array,
    shown_names,
    where_found,
    without_gradients,
)
from gradcheck.checking.conventions.layers.places import Place, Step, container
from gradcheck.checking.conventions.layers.rehearsal import Rehearsal
from gradcheck.checking.conventions.layers.steps import Recorder, rates
from gradcheck.checking.state.snapshot import State
from gradcheck.checking.subject import Array, Parameter

Groups = dict[str, list[Place]]
"""The arrays that forward leaves alone, by what they are called, each with all the places that hold it."""


class Homes:
    """The gradients of a layer: found once, then read after each backward."""

    def __init__(self, layer: Any) -> None:
        self.layer = layer
        self.parameters: dict[str, Parameter] = {}
        self.unclaimed: dict[str, Parameter] = {}
        self.of_inputs: dict[str, Place] = {}
        self.returned: Returned | None = None
        self.phrases: list[str] = []
        self.steps: list[str] = []
        self.rate, self.rate_chosen = 1.0, ""
        self.consumes = self.in_order = self.takes_rate = False
        self._called: Sequence[Sequence[str]] = ()
        self._input_shapes: list[tuple[int, ...]] = []
        self._arrays: Groups = {}
        self._before: dict[str, Array] = {}
        self.recovered: list[str] = []
        self.guessed: dict[str, Place] = {}
        self.left_empty: list[str] = []
        self.steps_taken: dict[str, Array] = {}
        self._recorder = Recorder(layer, {})

    def find(
        self,
        rehearsal: Rehearsal,
        backward: Callable[[], Any],
        inputs: Mapping[str, Any],
        given: Mapping[str, str],
        called: Sequence[Sequence[str]] = (),
    ) -> Returned:
        """Run backward and see where the gradients come to be; `called` is what it calls those that it returns."""
        groups = [without_gradients(group) for group in same_array(rehearsal.kept)]
        self._arrays = dict(zip(shown_names(groups, inputs), groups, strict=True))
        self._recorder = Recorder(self.layer, {name: places[0].read for name, places in self._arrays.items()})
        self._before = {name: np.array(places[0].read()) for name, places in self._arrays.items()}
        self._called = called
        self._input_shapes = [np.shape(value) for value in variables(inputs).values()]
        with self._recorder.listening():
            self.returned = Returned(rehearsal.watch(backward), inputs)
        stepped = {place.steps for place in rehearsal.stepped}
        self.steps = [name for name, places in self._arrays.items() if any(place.steps in stepped for place in places)]
        looks = self._given(given), self._named, self._returned, self._recorded, self._by_shape, self._stepped
        for look in (*looks, self._empty):
            look(rehearsal)
        self.steps = [name for name in self.steps if name in self.parameters and self._is_step(name)]
        if self.returned.is_nothing:
            claimed = {id(parameter.gradient()) for parameter in self.parameters.values()}
            self.of_inputs = input_gradients([p for p in rehearsal.written if id(p.read()) not in claimed], inputs)
        self.parameters = {name: self.parameters[name] for name in self._arrays if name in self.parameters}
        self.unclaimed = {
            name: self._parameter(name, lambda: None)
            for name, places in self._arrays.items()
            if name not in self.parameters and is_variable(places[0].read()) and name.isidentifier()
            if not name.startswith("_") and not self._is_gradient(places)
        }
        return self.returned

    @property
    def restores(self) -> bool:
        """Whether what backward changes is put back after it."""
        return self.consumes or bool(self.steps)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While backward runs and its gradients are read; the step that it takes is taken back."""
        if not self.restores:
            yield
            return
        state = State([self.layer])
        self._before = {name: np.array(places[0].read()) for name, places in self._arrays.items()}
        self._recorder.heard.clear()
        try:
            with self._recorder.listening():
                yield
        finally:
            state.restore()

    @property
    def text(self) -> str:
        """Where everything was found, in one line."""
        phrases = list(self.phrases)
        if self.recovered:
            names = ", ".join(self.recovered)
            phrases.append(f"parameters {names} as attributes, gradients recovered from the step")
            phrases.append(f"learning rate {self.rate:g}{self.rate_chosen}")
        if self.of_inputs:
            where = ", ".join(place.path for place in self.of_inputs.values())
            phrases.append(f"gradient of {', '.join(self.of_inputs)} in {where}")
        phrases += [
            f"gradient of {name} taken to be {place.path}, by its shape" for name, place in self.guessed.items()
        ]
        return "; ".join(phrases)

    def drop(self, name: str) -> None:
        """What turned out to be no parameter."""
        self.parameters.pop(name)
        self.guessed.pop(name, None)
        self.left_empty = [other for other in self.left_empty if other != name]
        self.recovered = [other for other in self.recovered if other != name]
        self.steps = [other for other in self.steps if other != name]

    def include(self, steps: Collection[tuple[Step, ...]]) -> bool:
        """Whether some parameter is in one of these places."""
        return any(place.steps in steps for name in self.parameters for place in self._arrays[name])

    def has_room(self, returned: Returned) -> bool:
        """Whether there are arrays for all that was returned beyond the gradients of the inputs."""
        own = {name: places[0].read() for name, places in self._arrays.items()}
        own |= {name: parameter.read() for name, parameter in self.parameters.items()}
        return by_shape(returned.beyond, own) is not None

    def _open(self) -> Groups:
        """The arrays whose gradient is not found yet."""
        return {name: places for name, places in self._arrays.items() if name not in self.parameters}

    def _parameter(self, name: str, gradient: Callable[[], Any]) -> Parameter:
        place = self._arrays[name][0]
        return Parameter(place.read, place.write, gradient)

    def _given(self, given: Mapping[str, str]) -> Callable[[Rehearsal], None]:
        def look(rehearsal: Rehearsal) -> None:
            where = {place.path: place for place in (*rehearsal.kept, *rehearsal.after)}
            for path, gradient in given.items():
                if path not in where:
                    raise ValueError(f"parameters names {path!r}, but there are the arrays {', '.join(where)}")
                name = next((n for n, places in self._arrays.items() if where[path] in places), path)
                self._arrays.setdefault(name, [where[path]])
                read = where[gradient].read if gradient in where else lambda: None
                self.parameters[name] = self._parameter(name, read)
                self.phrases.append(f"gradient of {name} in {gradient}, as given")

        return look

    def _named(self, rehearsal: Rehearsal) -> None:
        found: dict[str, Place] = {}
        parts: dict[str, list[Place]] = {}
        written = {place.steps for place in rehearsal.written}
        for name, places in self._open().items():
            beside = gradient_places(places, {**dict.fromkeys(rehearsal.after), **dict.fromkeys(rehearsal.kept)})
            if not is_variable(places[0].read()):  # a single float: a learning rate has no gradient
                beside = [place for place in beside if place.steps in written and np.size(place.read()) == 1]
            beside.sort(key=lambda place: place.steps not in written)
            if beside:
                found[name], parts[name] = beside[0], parts_of_gradient(places, beside)
        taken = {place.steps for place in found.values()}
        for name in found:
            if not any(alias.steps in taken for alias in self._arrays[name]):  # dW is no parameter with a ddW
                self.parameters[name] = self._parameter(name, partial(added_up, parts[name]))
        taken |= {place.steps for name in self.parameters for place in parts.get(name, ())}
        self._arrays = {
            name: places
            for name, places in self._arrays.items()
            if name in self.parameters or not any(alias.steps in taken for alias in places)
        }
        self.phrases += where_found(
            {n: (self._arrays[n][0], home) for n, home in found.items() if n in self.parameters}
        )

    def _returned(self, _: Rehearsal) -> None:
        returned = self.returned
        if returned is None:
            return
        arrays = self._values(self._arrays)
        lists = {name: container(places[0]) for name, places in self._arrays.items()}
        numbers = {name: places[0].read() for name, places in self._arrays.items()}
        if found := in_order(returned, arrays, lists, numbers, self._input_shapes, self._called):
            self._take_in_order(returned, *found)
            return
        by_names = [name for name in self._open() if self._in_dictionary(name) is not None]
        for name in by_names:
            self.parameters[name] = self._parameter(name, lambda name=name: self._in_dictionary(name))  # type: ignore[misc]
        where = by_shape(returned.beyond, arrays) or {}
        after = [name for name in where if name not in self.parameters]
        for name in after:
            self.parameters[name] = self._parameter(name, lambda i=where[name]: self._beyond(i))  # type: ignore[misc]
        if by_names or after:
            names = ", ".join(name for name in self._arrays if name in (*by_names, *after))
            self.phrases.append(
                f"parameters {names} as attributes, gradients returned " + ("after the inputs'" if after else "by name")
            )

    def _take_in_order(self, returned: Returned, names: Iterable[str], phrase: str) -> None:
        self.in_order = True
        returned.leave_to_parameters()
        for i, name in enumerate(names):
            self.parameters[name] = self._parameter(name, partial(self._beyond, i))
        self.phrases.append(phrase)

    def _in_dictionary(self, name: str) -> Any:
        if self.returned is None or not self.returned.named:
            return None
        keys = {key for place in self._arrays[name] for key in (tensor_name(place.keys)[-1:] or (name,))}
        return next((g for key in (name, *keys) if (g := by_name(self.returned.named, key)) is not None), None)

    def _beyond(self, i: int) -> Any:
        gradients = self.returned.beyond if self.returned else []
        return gradients[i] if i < len(gradients) else None

    def _recorded(self, _: Rehearsal) -> None:
        heard = [name for name in self._open() if name in self._recorder.heard]
        for name in heard:
            self.parameters[name] = self._parameter(name, lambda name=name: self._recorder.heard.get(name))  # type: ignore[misc]
        if heard:
            self.phrases.append(f"parameters {', '.join(heard)} as attributes, gradients as given to the optimiser")

    def _stepped(self, _: Rehearsal) -> None:
        stepped = [name for name in self._values(self._open()) if name in self.steps]
        self.recovered, self.steps_taken = stepped, {name: self._step(name) for name in stepped}
        for name in stepped:
            self.parameters[name] = self._parameter(name, lambda name=name: self._step(name))  # type: ignore[misc]

    def _empty(self, _: Rehearsal) -> None:
        """Where others have their gradients, one that is still None beside its parameter is missing."""
        if self.parameters:
            rooms = {name: places[0].beside(is_gradient_of) for name, places in self._open().items()}
            self.left_empty = [name for name, room in rooms.items() if room is not None and room.read() is None]
            for name in self.left_empty:
                self.parameters[name] = self._parameter(name, rooms[name].read)  # type: ignore[union-attr] # not None

    def _step(self, name: str) -> Array:
        """The gradient in a step of plain gradient descent: (before − after) / rate."""
        now = np.asarray(self._arrays[name][0].read())
        return np.asarray((self._before[name] - now) / self.rate)

    def _is_step(self, name: str) -> bool:
        """Whether a change of a parameter is one in the direction of its gradient, not a mistake of backward."""
        if name in self._recorder.heard:
            return True
        gradient, change = self.parameters[name].gradient(), self._step(name) * self.rate
        if np.shape(gradient) != change.shape:
            return False
        cosine = np.sum(gradient * change) / max(np.linalg.norm(gradient) * np.linalg.norm(change), 1e-300)
        return bool(cosine > 1 - 1e-9) and (name in self.recovered or bool(rates(self.layer, constants=False)))

    def _by_shape(self, rehearsal: Rehearsal) -> None:
        """By elimination: the only array of the shape of a parameter that backward wrote and nothing else claims."""
        still = {name: read for name, read in self._values(self._open()).items() if name not in self.steps}
        own = (*still, *self.parameters, *(self.steps if self.takes_rate else ()))
        known = {place.steps for name in own for place in self._arrays.get(name, ())}
        claimed = {id(parameter.gradient()) for parameter in self.parameters.values()}
        free = [p for p in rehearsal.written if p.steps not in known and id(p.read()) not in claimed]
        free = [places[0] for places in same_array(free) if is_variable(places[0].read())]
        for name, array in still.items():
            fits = [place for place in free if place.read().shape == array.shape]
            rivals = [other for other in still.values() if other.shape == array.shape]
            if len(fits) == 1 == len(rivals) and array.size > 1:
                self.parameters[name] = self._parameter(name, fits[0].read)
                self.guessed[name] = fits[0]
        taken = {place.steps for place in self.guessed.values()}
        self._arrays = {n: places for n, places in self._arrays.items() if not any(p.steps in taken for p in places)}

    def _values(self, groups: Groups) -> dict[str, Array]:
        return {name: value for name, places in groups.items() if is_variable(value := places[0].read())}

    def _is_gradient(self, places: Sequence[Place]) -> bool:
        names = {tensor_name(p.keys) for n in self.parameters for p in self._arrays[n]}
        return any(tensors_meant(place.keys) & names for place in places)
