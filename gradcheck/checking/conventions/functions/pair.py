"""Forward/backward pairs: ``forward(x, w, b) -> out`` or ``(out, cache)``, ``backward(dout, cache) -> dx, dw, db``."""

from collections.abc import Callable, Collection, Mapping
from itertools import takewhile
from typing import Any

import numpy as np

from gradcheck.checking.conventions.common.arguments import (
    call,
    name_of,
    named_inputs,
    positional_names,
    required_count,
    takes_any_number,
    variables,
)
from gradcheck.checking.conventions.common.assigning import assign_nested, complaint
from gradcheck.checking.conventions.common.nested import gather, spread
from gradcheck.checking.conventions.common.roles import is_cache
from gradcheck.checking.conventions.functions.reading import (
    READINGS,
    Reading,
    by_names,
    by_numbers,
    fitting,
    has_cotangent_for_each,
)
from gradcheck.checking.conventions.functions.samples import Averaged, averages, in_columns
from gradcheck.checking.conventions.refusals.stub import require_written
from gradcheck.checking.state.snapshot import State
from gradcheck.checking.subject import (
    Array,
    NotUnderstoodError,
    Options,
    Pullback,
    Subject,
    as_outputs,
    copies,
    counted,
    kind_of,
)

_STATIC = ("forward", "backward")
_OTHER_WORDS_IN_D = ("data", "den", "dict", "diff", "dim", "dist", "drop")


class PairSubject(Subject):
    """A forward function and its backward."""

    with_cache = "forward/backward pair; forward returns (out, cache)"

    def __init__(
        self,
        forward: Callable[..., Any],
        backward: Callable[..., Any],
        inputs: tuple[Any, ...],
        name: str | None,
    ) -> None:
        self.run, self.back = forward, backward
        self.wanted, self.names = required_count(backward), positional_names(backward)
        self._named_as_cotangents = list(takewhile(_names_a_cotangent, self.names))
        self.name = name or name_of(forward)
        self.shape = named_inputs(forward, inputs)
        self.inputs = spread(self.shape, deep=True)
        self._expect(self.wanted)
        require_written(self.name, {"forward": forward, "backward": backward}, self.inputs)
        self.parameters = {}
        self.tensors = variables(self.inputs)
        self.understood = "forward/backward pair"
        self.reading: Reading | None = None
        self.averaged: Averaged | None = None
        self._many: bool | None = None
        if in_columns(self.tensors):
            self.averaged = self._averages()

    def account(self, checked: Collection[str]) -> str:
        """How it was understood; that gradients are averages, where they are."""
        said = super().account(checked)
        return f"{said}; {self.averaged.text}" if self.averaged else said

    def forward(self, inputs: Mapping[str, Any]) -> tuple[list[Array], Pullback]:
        """Run forward; what backward wants beside the cotangents is told from its signature."""
        arguments = dict(zip(self.shape, gather(inputs, self.shape), strict=True))
        returned = call("forward", self.run, arguments.values())
        outputs, extra = self._split(returned, arguments)
        self.holds_cache = not extra

        def pullback(cotangents: list[Array]) -> Mapping[str, Any]:
            gradients = call("backward", self.back, [*cotangents, *extra])
            self.surplus = "" if isinstance(gradients, Mapping) else complaint(gradients, self.inputs)
            assigned = assign_nested(gradients, self.shape)
            return self.averaged.summed(assigned) if self.averaged else assigned

        return outputs, pullback

    def _expect(self, wanted: int | None) -> None:
        """Backward is to be given so many arguments; as many as there are if None."""
        self.wanted, names = wanted, self.names[:wanted]
        self._caches = list(filter(_names_a_cache, names))
        self._others = [name for name in names if name not in (*self._caches, *self.shape)]

    def _split(self, returned: Any, inputs: Mapping[str, Any]) -> tuple[list[Array], list[Any]]:
        """The outputs proper, and what backward takes after the cotangents: a cache, the inputs, or nothing."""
        if self._has_optional_cache(returned):
            self._expect(len(self.names))
        split = self._with_a_named_cache(returned, inputs)
        if split is not None:
            self.understood = self.with_cache
            return split
        count = self._count_before_cache(returned, inputs)
        if count:
            self.understood = self.with_cache
            return as_outputs(returned[:count]), list(returned[count:])
        outputs = as_outputs(returned)
        if self.reading is None:
            self.reading = self._choose(returned, len(outputs), inputs)
        return outputs, self.reading.arguments(outputs, inputs.values())

    def _has_optional_cache(self, returned: Any) -> bool:
        """Whether there is something for what backward may do without: ``backward(dout, cache=None)``."""
        if not self.wanted or not isinstance(returned, tuple):
            return False
        optional = self.names[self.wanted :]
        return len(returned) == len(self.names) and bool(optional) and all(map(_names_a_cache, optional))

    def _count_before_cache(self, returned: Any, inputs: Mapping[str, Any]) -> int:
        """How many outputs precede the cache in what forward returned; 0 where there is no cache.

        Backward takes a cotangent for each output, called dout, dy, grad_output or the like, and then the cache.
        """
        if not (isinstance(returned, tuple) and len(returned) >= 2 and self.wanted in (None, len(returned))):
            return 0
        candidates = returned[: len(self._named_as_cotangents)]
        count = sum(1 for _ in takewhile(_is_numeric, candidates))
        if not count and self._each_has_a_cotangent(returned, inputs):
            return 0
        return 0 if count == len(returned) else count or len(returned) - 1

    def _each_has_a_cotangent(self, returned: tuple[Any, ...], inputs: Mapping[str, Any]) -> bool:
        """Whether numbers say so, where the names of backward's arguments say nothing."""
        if self._many is None:
            self._many = self.wanted is not None and not self._caches and all(map(_is_numeric, returned))
            if self._many:
                self._many, runs = has_cotangent_for_each(self.run, self.back, inputs, returned)
                self.trials += runs
        return self._many

    def _with_a_named_cache(self, returned: Any, inputs: Mapping[str, Any]) -> tuple[list[Array], list[Any]] | None:
        """Where an argument is called a cache: backward may take inputs by name as well, or fewer cotangents."""
        caches, others = self._caches, self._others
        if not caches or not others or not isinstance(returned, tuple):
            return None
        wanted = self.names[: self.wanted]
        if len(wanted) == len(others) + len(caches) == len(returned) or len(returned) < len(others) + len(caches):
            return None
        parts = iter(returned[-len(caches) :])
        extra = [next(parts) if name in caches else inputs[name] for name in wanted if name not in others]
        return as_outputs(returned[: len(others)]), extra

    def _averages(self) -> "Averaged | None":
        """Whether the gradients of all but the data are averages over samples in columns."""
        state = State([self.run, self.back, *self.inputs.values()])

        def outputs(changes: Mapping[str, Array]) -> list[Array]:
            self.trials += 1
            try:
                return self.forward({name: changes.get(name, x) for name, x in copies(self.inputs).items()})[0]
            finally:
                state.restore()

        try:
            return averages(outputs, self.forward, self.inputs)
        finally:
            state.restore()

    def _choose(self, returned: Any, outputs: int, inputs: Mapping[str, Any]) -> Reading:
        """How to call a backward that takes no cache."""
        wanted = self.wanted
        if wanted is None:
            reading = READINGS[1] if takes_any_number(self.back) else READINGS[0]
            self.understood = f"forward/backward pair; {reading.text}"
            return reading
        readings = fitting(wanted - outputs, outputs, inputs)
        readings = by_names(readings, self.names[outputs:], outputs, inputs)
        if not readings:
            raise NotUnderstoodError(
                f"backward takes {counted(wanted, 'argument')}; with {counted(outputs, 'output')} and "
                f"{counted(len(inputs), 'input')} it should take (dout, cache) where forward returns (out, cache), "
                "or (dout), (dout, *inputs), (dout, out), (dout, out, *inputs)"
            )
        if len(readings) == 1:
            self.understood = f"forward/backward pair; {readings[0].text}"
            return readings[0]
        self.trials += 2 + len(readings)
        reading = by_numbers(readings, self.run, self.back, inputs, returned)
        others = " or ".join(other.text for other in readings if other is not reading)
        self.understood = f"forward/backward pair; {reading.text}, which fits the numbers better than {others}"
        return reading


def _names_a_cotangent(name: str) -> bool:
    """Whether an argument is called as upstream gradients are, dout, dy, grad_output, g; diff, data and d are not."""
    if name == "d" or name.startswith(_OTHER_WORDS_IN_D):
        return False
    return name.startswith(("d", "grad")) or name in ("g", "v", "cotangent", "upstream")


def _names_a_cache(name: str) -> bool:
    return is_cache(name) or name.endswith(("cache", "caches"))


def _is_numeric(part: Any) -> bool:
    """Whether a part of what forward returned can be an output, with a cotangent of its own: no cache, no mask."""
    return isinstance(part, float | np.floating) or (isinstance(part, np.ndarray) and part.dtype.kind == "f")


def has_static_pair(thing: Any) -> bool:
    """Whether it is a class, or one of its instances, whose forward and backward are functions without a self."""
    cls = thing if isinstance(thing, type) else type(thing)
    found = [next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), None) for name in _STATIC]
    return all(isinstance(method, staticmethod | classmethod) for method in found)


def recognise(thing: Any, inputs: tuple[Any, ...], options: Options) -> Subject | None:
    """Anything callable, where ``backward=`` is given; a class whose forward and backward are static."""
    if options.backward is None and options.grad is None and has_static_pair(thing):
        name = options.name or (thing if isinstance(thing, type) else type(thing)).__name__
        return PairSubject(thing.forward, thing.backward, inputs, name)
    if options.backward is None or isinstance(options.backward, str):
        return None
    if not callable(thing) or not callable(options.backward):
        raise NotUnderstoodError(
            f"check(forward, *inputs, backward=...) takes two functions, but got {kind_of(thing)} and "
            f"backward={type(options.backward).__name__}"
        )
    return PairSubject(thing, options.backward, inputs, options.name)
