"""A number or array that remembers where it came from.

Read here how plain NumPy code becomes a graph: a :class:`Traced` value answers every operator, ufunc and
NumPy function with a new `Traced` value that keeps the operation and its inputs. Nothing is differentiated
yet; which operations are known stands in :mod:`gradcheck.derivation.rules`.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from gradcheck.derivation import methods
from gradcheck.derivation.indexing import as_tuple, is_position, plain_index
from gradcheck.derivation.rules import RULES, SYNONYMS
from gradcheck.derivation.untraced import leave

_COUNTER = itertools.count()
_NO_POSITION = "a position cannot be differentiated; take it from a constant"
_NO_CHOICE = "write np.where(condition, a, b) for if, np.maximum for max, and leave an assert out"


class Traced(NDArrayOperatorsMixin):
    """A value, the operation that made it, and the values that operation was given.

    `depends` says whether it depends on the variable the derivation is about: what does not is a constant,
    and may leave the traced world (as an index, a loop bound or a condition) without harm.
    """

    __array_priority__ = 1000

    def __init__(
        self,
        value: Any,
        op: str = "constant",
        inputs: tuple[Traced, ...] = (),
        params: Mapping[str, Any] | None = None,
        *,
        depends: bool = False,
        name: str | None = None,
    ) -> None:
        self.value = value
        self.op = op
        self.inputs = inputs
        self.params = dict(params or {})
        self.depends: bool = depends or any(x.depends for x in inputs)
        self.name = name
        self.order = next(_COUNTER)
        self.items: dict[Any, Traced] = {}  # entries taken so far, so that W[0, 1] is one variable, not many

    def __repr__(self) -> str:
        return f"Traced({self.name or self.op} = {self.value!r})"

    def __str__(self) -> str:
        return str(self.value)

    def __format__(self, form: str) -> str:
        return format(self.value, form)  # what code prints on its way

    # What NumPy asks of an array

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        out = options.pop("out", (None,))
        if any(o is not None and o is not self for o in out):
            leave("out=", "writes a traced value into an existing array", "let the operation make a new array")
        if method != "__call__":
            return methods.method(ufunc, method, *inputs, **options)
        if options:
            leave(f"np.{ufunc.__name__}({', '.join(options)}=)", "has no derivative rule", "use np.where")
        return apply(ufunc.__name__, *inputs)

    def __array_function__(self, function: Callable[..., Any], _types: Any, args: Any, kwargs: Any) -> Any:
        from gradcheck.derivation.functions import FUNCTIONS

        name = f"{function.__module__.replace('numpy', 'np', 1)}.{function.__name__}"
        if not args and kwargs:
            args, kwargs = _first_by_position(function, kwargs)
        if function not in FUNCTIONS and not _any_depends((args, kwargs)):
            return function(*_plain(args), **_plain(kwargs))
        if function not in FUNCTIONS:
            leave(name, "has no derivative rule", "write it with operators, np.sum, np.where, @ and ufuncs")
        try:
            return FUNCTIONS[function](*args, **kwargs)
        except TypeError as problem:
            if "unexpected keyword" not in str(problem):
                raise
            return leave(name, f"is traced without this option ({problem})", "leave the option out")

    def __array__(self, *_args: Any, **_kwargs: Any) -> Any:
        remedy = "write np.stack([...]), and leave conversions out"
        self._must_be_constant("np.array or a conversion", remedy, "plain numbers")
        return np.asarray(self.value)

    # What Python asks of a number

    def __float__(self) -> float:
        self._must_be_constant("float(...)", "drop float(), write np.exp for math.exp and np.stack for a[i] = x")
        return float(self.value)

    def __int__(self) -> int:
        self._must_be_constant("int(...)", "its derivative would be lost; keep the value as it is")
        return int(self.value)

    def __index__(self) -> int:
        return int(self.as_position().__index__())

    def __round__(self, digits: int | None = None) -> Any:
        if digits is not None:
            return np.round(self, digits)
        self._must_be_constant("round(...)", "its derivative would be lost; leave it out")
        return round(float(self.value))

    def __bool__(self) -> bool:
        self._must_be_constant("if, while, assert, and, or, min, max on a value", _NO_CHOICE)
        return bool(self.value)

    def __setitem__(self, index: Any, value: Any) -> None:
        remedy = "write into a copy of it, made by np.copy before, or build the array with np.stack or np.where"
        leave("item assignment", f"changes {self._called} in place", remedy)

    def __getitem__(self, index: Any) -> Traced:
        index = plain_index(index)
        if not is_position(index):
            return apply("getitem", self, index=index)
        index = tuple(i % n if -n <= i < n else i for i, n in zip(as_tuple(index), self.shape, strict=False))
        if index not in self.items:
            self.items[index] = apply("getitem", self, index=index)
        return self.items[index]

    def __iter__(self) -> Iterator[Traced]:
        return (self[k] for k in range(len(self)))

    def __len__(self) -> int:
        return len(self.value)

    def __hash__(self) -> int:
        return id(self)

    def _must_be_constant(self, what: str, remedy: str, made: str = "a plain value") -> None:
        if self.depends:
            leave(what, f"turns {self._called} into {made}", remedy)

    @property
    def _called(self) -> str:
        return f"the traced value {self.name}" if self.name else "a traced value"

    # What everyone asks of an array

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return np.shape(self.value)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of entries."""
        return int(np.size(self.value))

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the entries."""
        return np.asarray(self.value).dtype

    @property
    def T(self) -> Traced:  # noqa: N802 - NumPy's own name
        """All axes reversed."""
        return self.transpose()

    def transpose(self, *axes: Any) -> Traced:
        """The axes in another order."""
        return self._call(np.transpose, axes[0] if len(axes) == 1 else (axes or None))

    def reshape(self, *shape: Any) -> Traced:
        """The same entries in another shape."""
        return self._call(np.reshape, shape[0] if len(shape) == 1 else shape)

    def flatten(self) -> Traced:
        """All entries along one axis."""
        return self.reshape(-1)

    def astype(self, dtype: Any) -> Any:
        """The same values as floats, such as the 0 and 1 of a condition."""
        if not self.depends:
            return np.asarray(self.value).astype(dtype)
        if not np.issubdtype(np.dtype(dtype), np.floating):
            leave(f".astype({dtype!r})", f"takes {self._called} off the real numbers", "keep it a float")
        return self * 1.0

    def then(self, op: str, **params: Any) -> Traced:
        """The primitive `op` of this value: what a rule does to a cotangent where NumPy has no function for it."""
        return apply(op, self, **params)

    def identity(self) -> Traced:
        """The identity matrix of this value's size: what taking the trace does to a cotangent."""
        return Traced(np.eye(len(self)), name=f"eye({len(self)})")

    def move(self, index: Any, what: str, fill: float = 0.0, shown: tuple[str, ...] = ()) -> Traced:
        """The entries rearranged, each named by its number in reading order; -1 stands for `fill`.

        It is called `what` in formulas, where `shown` follows as further arguments.
        """
        return apply("move", self, index=index, fill=fill, what=what, shown=shown)

    def gather(self, index: Any, shape: tuple[int, ...], what: str, shown: tuple[str, ...] = ()) -> Traced:
        """What :meth:`move` does to a cotangent: entries go back where they came from, and add up there."""
        return apply("gather", self, index=index, shape=shape, what=what, shown=shown)

    def as_position(self) -> Any:
        """Its value, if it is constant; a position has no derivative."""
        self._must_be_constant("an index", _NO_POSITION)
        return self.value

    def item(self) -> NoReturn:
        """Always an error: a plain number has no derivative."""
        leave(".item()", f"turns {self._called} into a plain number", "leave .item() out")

    def __getattr__(self, name: str) -> Callable[..., Traced]:
        """Array methods (sum, mean, dot, max, ...) are the NumPy functions of the same name."""
        if name.startswith("_") or not hasattr(np.ndarray, name):
            raise AttributeError(f"a traced value has no attribute {name!r}")
        if not hasattr(np, name) or not callable(getattr(np.ndarray, name)):
            leave(f".{name}", f"takes {self._called} out of the trace", "write it with operators and NumPy's functions")
        return lambda *args, **options: self._call(getattr(np, name), *args, **options)

    def _call(self, function: Callable[..., Any], *args: Any, **options: Any) -> Traced:
        result: Traced = self.__array_function__(function, (), (self, *args), options)
        return result


def apply(op: str, *inputs: Any, **params: Any) -> Traced:
    """A new traced value: the primitive `op` of `inputs`."""
    op = SYNONYMS.get(op, op)
    if op not in RULES:
        leave(
            f"np.{op}",
            "has no derivative rule",
            "write it with arithmetic, np.exp, np.tanh, np.where and the like",
        )
    nodes = tuple(getattr(x, "held", x) if isinstance(x, Traced) else Traced(_plain_array(x)) for x in inputs)
    value = RULES[op].forward(*(x.value for x in nodes), **params)
    if np.iscomplexobj(value):
        leave(f"np.{op}", "gives a complex number here", "take the real and the imaginary part apart")
    return Traced(value, op, nodes, params)


def _plain_array(x: Any) -> Any:
    return np.asarray(x) if isinstance(x, list | tuple) else x


def _any_depends(thing: Any) -> bool:
    if isinstance(thing, list | tuple | dict):
        return any(map(_any_depends, thing.values() if isinstance(thing, dict) else thing))
    return isinstance(thing, Traced) and thing.depends


def _plain(thing: Any) -> Any:
    """The same with plain numbers in the place of constants."""
    if isinstance(thing, dict):
        return {key: _plain(item) for key, item in thing.items()}
    if isinstance(thing, list | tuple):
        return type(thing)(map(_plain, thing))
    return thing.value if isinstance(thing, Traced) else thing


def _first_by_position(function: Callable[..., Any], options: dict[str, Any]) -> tuple[tuple[Any, ...], Any]:
    """``np.sum(a=x, axis=0)`` as ``np.sum(x, axis=0)``: the first argument, by whatever name NumPy has for it."""
    try:
        first = next(iter(inspect.signature(function).parameters))
    except (ValueError, StopIteration):  # not written in Python
        return (), options
    return ((options[first],) if first in options else ()), {k: v for k, v in options.items() if k != first}
