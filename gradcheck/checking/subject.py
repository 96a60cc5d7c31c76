"""One normal form for anything that can be checked: named tensors, a forward, and a pullback."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.state.pieces import RandomPiece
from gradcheck.checking.state.snapshot import State

if TYPE_CHECKING:
    from gradcheck.checking.conduct.evidence import Evidence
    from gradcheck.checking.report import Finding

Array = NDArray[Any]
Pullback = Callable[[list[Array]], Mapping[str, Any]]


class LimitReached(BaseException):
    """As many forward evaluations were run as were allowed.

    It is not an Exception, so that whoever tries out whether a subject runs at some point lets it pass.
    """


class NotUnderstoodError(TypeError):
    """What was handed over cannot be checked as it is; the text says what was looked for and what would do."""


@dataclass
class Options:
    """The keywords of :func:`gradcheck.check` that say how to understand a subject."""

    backward: Callable[..., Any] | str | None = None
    grad: Callable[..., Any] | bool | None = None
    name: str | None = None
    forward: str | None = None
    parameters: Mapping[str, str] | None = None


class Subject(ABC):
    """Something with a forward and a backward, as one convention understands it.

    Attributes
    ----------
    name : str
        What to call it.
    understood : str
        One line on how it was understood.
    inputs : dict
        What forward is called with, by name.
    tensors : dict
        The arrays to differentiate with respect to, by name, at the point of the check.
    parameters : dict
        Those of them that the subject holds itself; the others are its inputs.
    unclaimed : dict
        Float arrays that the subject holds, for which no gradient was found.
    surplus : str
        What backward returned beyond what there are inputs for, in one sentence; else empty.
    trials : int
        How often forward was run to understand the subject.
    state : State or None
        Where to start from, if understanding the subject changed it for good: parameters made by the first forward.
    takes_cotangent : bool
        Whether backward is given the upstream gradient.
    holds_cache : bool
        Whether backward rests on what the last forward left behind, rather than on what it is given.
    keeps_input : bool
        Whether a gradient that is the input itself (``∇ ½‖x‖² = x``) is plain mathematics here, not an alias.
    stores_gradients : bool
        Whether backward stores the gradients of the parameters, to overwrite or to accumulate them.
    """

    name: str
    understood: str
    inputs: dict[str, Any]
    tensors: dict[str, Array]
    parameters: dict[str, "Parameter"]
    unclaimed: Mapping[str, "Parameter"] = MappingProxyType({})
    surplus: str = ""
    trials: int = 0
    state: State | None = None
    takes_cotangent: bool = True
    holds_cache: bool = False
    keeps_input: bool = False
    stores_gradients: bool = True

    @abstractmethod
    def forward(self, inputs: Mapping[str, Any]) -> tuple[list[Array], Pullback]:
        """Run forward on these inputs; the pullback maps cotangents to gradients by name, raw."""

    def account(self, checked: Collection[str]) -> str:
        """How it was understood, and which floats are held constant beside the tensors that are `checked`."""
        held = [name for name in self.tensors if name not in checked]
        phrases = [self.understood]
        if held:
            one_of_them = f"wrt={held[0]!r} demands {'it' if len(held) == 1 else 'one'}"
            phrases.append(f"{listed(held)} held constant (no gradient was returned; {one_of_them})")
        phrases += [
            f"{name} held constant (a {type(value).__name__}; pass np.array({name}) to check it)"
            for name, value in self.inputs.items()
            if isinstance(value, list | tuple) and _has_floats(value)
        ]
        return "; ".join(phrases)

    def twin(self) -> "Subject | None":
        """Another instance of the same subject, with state of its own, where there can be one."""
        return None

    def conduct(self, evidence: "Evidence") -> Iterable["Finding"]:
        """What only its own convention knows to ask of a backward, after what is asked of all."""
        return ()

    def second_order(self, cotangents: list[Array]) -> "Subject | None":
        """Its gradient for these cotangents as a subject of its own, where that can be differentiated."""
        return None


@dataclass
class Parameter:
    """An array that a subject holds: where to read it, where to write it, where its gradient appears."""

    read: Callable[[], Any]
    write: Callable[[Any], None]
    gradient: Callable[[], Any]


class Runner:
    """Runs a subject, always from the same state, and counts its forward evaluations.

    Parameters
    ----------
    subject : Subject
        What to run.
    roots : list
        The objects whose state is put back before each run and at the end.

    Attributes
    ----------
    limit : float
        As many evaluations are run; the next one raises :class:`LimitReached` instead.
    """

    def __init__(self, subject: Subject, state: State, inputs: Mapping[str, Any]) -> None:
        self.subject, self.state, self.inputs = subject, state, dict(inputs)
        self.limit = float("inf")
        self._runs = 0
        self._dirty: list[Any] | None = None
        self._written: set[str] = set()

    @property
    def evaluations(self) -> int:
        """How often forward was run so far, to understand the subject and to check it."""
        return self._runs + self.subject.trials

    def start(self, changes: Mapping[str, Array] | None = None) -> tuple[list[Array], Pullback]:
        """Forward from the initial state, with some tensors replaced."""
        return self._started(copies(changes or {}))

    def forward(self, inputs: Mapping[str, Any], subject: Subject | None = None) -> tuple[list[Array], Pullback]:
        """One counted forward from whatever state there is, of the subject or of a twin."""
        if self.evaluations >= self.limit:
            raise LimitReached
        self._runs += 1
        return (subject or self.subject).forward(inputs)

    def outputs(self, changes: Mapping[str, Array] | None = None) -> list[Array]:
        """The outputs of a forward run."""
        return self.start(changes)[0]

    def outputs_at(self, point: Mapping[str, Array]) -> list[Array]:
        """The outputs with some tensors replaced by arrays that nobody else holds: forward may write into them."""
        return self._started(point)[0]

    def _started(self, own: Mapping[str, Array]) -> tuple[list[Array], Pullback]:
        self.reset()
        parameters = self.subject.parameters
        for name in own:
            if name in parameters:
                parameters[name].write(own[name])
                self._written.add(name)
        return self.forward({name: own[name] if name in own else copied(x) for name, x in self.inputs.items()})

    def gradients(self, cotangents: list[Array], changes: Mapping[str, Array] | None = None) -> dict[str, Any]:
        """The gradients of a forward run followed by a backward run, as copies."""
        _, pullback = self.start(changes)
        return copies(pullback([c.copy() for c in cotangents]))

    def reset(self) -> None:
        """Back to the initial state."""
        for name in self._written:
            self.subject.parameters[name].write(self.subject.tensors[name])
        self._written.clear()
        self.state.restore(self._dirty)

    def rewind(self) -> None:
        """Back to the initial random states."""
        self.state.rewind(self._dirty)

    def learn_what_changes(self) -> None:
        """After a forward and a backward run: put back no more than what they were seen to change."""
        self._dirty = self.state.changed()

    @property
    def draws(self) -> bool:
        """Whether those drew random numbers, which in another precision may be others: a mask as wide as its input."""
        return any(isinstance(piece, RandomPiece) for piece in self._dirty or ())


def copies(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same names with arrays of their own, in the same memory order."""
    return {name: copied(value) for name, value in values.items()}


def copied(value: Any) -> Any:
    """An array of its own, in the same memory order; what is no array as it is."""
    return value.copy(order="K") if isinstance(value, np.ndarray) else value


def as_outputs(value: Any, source: str = "forward") -> list[Array]:
    """What a forward returned, as a list of arrays of numbers; `source` is what to call it if it is none."""
    parts = value if isinstance(value, tuple | list) else (value,)
    return [_as_output(part, source) for part in parts]


def _as_output(part: Any, source: str) -> Array:
    if part is None:
        raise NotUnderstoodError(f"{source} returned None; did it forget to return its output?")
    try:
        array = np.asarray(part)
    except ValueError:  # ragged
        array = np.empty(0, object)
    if array.dtype.kind not in "biufc":
        what = f"an array of {array.dtype}" if isinstance(part, np.ndarray) else type(part).__name__
        raise NotUnderstoodError(f"{source} returned {what}; it must return an array of numbers, or a tuple of arrays")
    return array


def kind_of(thing: Any) -> str:
    """What kind of thing it is, with its article: an ndarray, a list; None is itself."""
    kind = type(thing).__name__
    return kind if thing is None else f"a{'n' * (kind[0].lower() in 'aeio' or kind == 'ndarray')} {kind}"


def counted(count: int, noun: str) -> str:
    """A number of things: 0 inputs, 1 input, 2 inputs."""
    return f"{count} {noun}{'s' * (count != 1)}"


def listed(names: Iterable[str]) -> str:
    """Names as one says them: a; a and b; a, b and c."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _has_floats(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_has_floats, value))
    return isinstance(value, float | np.floating) or (
        isinstance(value, np.ndarray) and np.issubdtype(value.dtype, np.floating)
    )
