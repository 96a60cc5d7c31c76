"""A private copy of what PyTorch is to run: in double precision, always from the same state, nothing of the caller's.

With this file one can

* copy a module, or a function with the modules and tensors it holds, and cast the copy (:class:`TorchCopy`);
* run it with PyTorch's random state, default dtype and gradient mode set for the run alone (:meth:`TorchCopy.running`).
"""

import copy
import functools
from collections.abc import Iterator
from contextlib import contextmanager
from types import CellType, CodeType, FunctionType, MethodType
from typing import Any

from gradcheck.checking.conventions.frameworks.torch_values import as_precise, as_tensor, torch_module
from gradcheck.checking.conventions.frameworks.trees import leaves, rebuilt
from gradcheck.checking.state.home import Home
from gradcheck.checking.state.pieces import DictPiece, Piece, RandomPiece
from gradcheck.checking.subject import NotUnderstoodError


class TorchCopy:
    """A copy of `thing` that shares no tensor with it.

    Attributes
    ----------
    thing : object
        The copy.
    double : bool
        Whether its tensors were cast to double precision.
    cast : bool
        Whether that changed any of them.
    was_lazy : bool
        Whether it had to be run once, on the inputs, before it had parameters.
    """

    def __init__(self, thing: Any, inputs: tuple[Any, ...], *, double: bool) -> None:
        torch = torch_module()
        self.double, self.cast = double, False
        copier = _Copier(Home([thing]))
        self.thing = copier(thing)
        self._dtype = torch.get_default_dtype()
        self._random_state = torch.get_rng_state()
        self.was_lazy = any(isinstance(value, torch.Tensor) and _is_lazy(value) for value in copier.copied())
        if self.was_lazy:
            self._run_once(inputs)
        self._dtype = torch.float64 if double else self._dtype
        self._pieces: list[Piece] = []
        self._tensors: list[tuple[Any, Any]] = []
        for value in copier.copied():
            self._note(value)

    def restore(self) -> None:
        """Put back what an earlier run changed: running statistics, counters, hidden states, random generators."""
        for piece in self._pieces:
            piece.restore()
        for tensor, kept in self._tensors:
            tensor.data.copy_(kept)

    @contextmanager
    def running(self) -> Iterator[None]:
        """From the random state of the beginning, in the right dtype, with gradients; all as before afterwards."""
        torch = torch_module()
        default = torch.get_default_dtype()
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            torch.set_rng_state(self._random_state)
            torch.set_default_dtype(self._dtype)
            try:
                yield
            finally:
                torch.set_default_dtype(default)

    def _run_once(self, inputs: tuple[Any, ...]) -> None:
        """Lazy modules have no parameters before."""
        given = [{path: as_tensor(leaf) for path, leaf in leaves(tree, "x").items()} for tree in inputs]
        with self.running():
            self.thing(*[rebuilt(tree, "x", values) for tree, values in zip(inputs, given, strict=True)])

    def _note(self, value: Any) -> None:
        torch = torch_module()
        if isinstance(value, torch.nn.Module):
            self._pieces += [DictPiece(kept) for kept in (vars(value), value._buffers) if isinstance(kept, dict)]
        elif isinstance(value, torch.Generator):
            self._pieces.append(RandomPiece(value.get_state, value.set_state))
        elif isinstance(value, torch.Tensor):
            self._settle(value)

    def _settle(self, tensor: Any) -> None:
        """Cast a tensor in place, so that all who share it see the same; what is no parameter is remembered."""
        cast = as_precise(tensor.data.cpu(), self.double)
        self.cast = self.cast or cast.dtype != tensor.dtype
        tensor.data = cast
        if not tensor.requires_grad:
            self._tensors.append((tensor, tensor.detach().clone()))


def _is_lazy(tensor: Any) -> bool:
    return bool(torch_module().nn.parameter.is_lazy(tensor))


class _Copier:
    """Copies modules and tensors, and builds functions, methods and partials anew around the copies."""

    def __init__(self, home: Home) -> None:
        self.home, self.torch = home, torch_module()
        self.memo: dict[int, Any] = {}
        self.functions: dict[int, Any] = {}
        self.held: list[Any] = []  # so that no id is used twice

    def __call__(self, thing: Any) -> Any:
        torch = self.torch
        if isinstance(thing, torch.nn.Module | torch.Tensor | torch.Generator):
            return self._deep(thing)
        if isinstance(thing, functools.partial):
            keywords = {name: self(value) for name, value in thing.keywords.items()}
            return functools.partial(self(thing.func), *map(self, thing.args), **keywords)
        if isinstance(thing, MethodType) and not isinstance(thing.__self__, type):
            return MethodType(thing.__func__, self(thing.__self__))
        if isinstance(thing, FunctionType) and self.home.reads(thing.__globals__.get("__name__")):
            return self._function(thing)
        if isinstance(thing, list | tuple) and any(isinstance(part, torch.nn.Module | torch.Tensor) for part in thing):
            return type(thing)(map(self, thing)) if type(thing) in (list, tuple) else thing
        return self._deep(thing) if self._is_a_users_object(thing) else thing

    def copied(self) -> list[Any]:
        """Every object that was copied, each once."""
        return list({id(value): value for value in self.memo.values()}.values())

    def _deep(self, thing: Any) -> Any:
        self.held.append(thing)
        self._release(thing)
        try:
            return copy.deepcopy(thing, self.memo)
        except Exception as problem:
            raise NotUnderstoodError(
                f"{type(thing).__name__} cannot be copied ({problem}), and only a copy is checked, so that nothing of "
                "yours is changed; hand over a function that builds it anew, or one without what cannot be copied"
            ) from problem

    def _release(self, thing: Any) -> None:
        """Tensors that came out of a computation have no deep copy; what they hold will do."""
        modules = thing.modules() if isinstance(thing, self.torch.nn.Module) else ()
        for value in [thing, *(value for module in modules for value in vars(module).values())]:
            if isinstance(value, self.torch.Tensor) and not value.is_leaf:
                self.memo.setdefault(id(value), value.detach().clone())

    def _is_a_users_object(self, thing: Any) -> bool:
        attributes = getattr(thing, "__dict__", {})
        ours = callable(thing) and not isinstance(thing, type | FunctionType) and self.home.owns(type(thing).__module__)
        return ours and any(isinstance(v, self.torch.Tensor | self.torch.nn.Module) for v in attributes.values())

    def _function(self, function: FunctionType) -> Any:
        """The function itself, or where it holds or names something that is copied, one built around the copies."""
        if id(function) in self.functions:
            return self.functions[id(function)]
        self.functions[id(function)] = function
        cells = [self._cell(cell) for cell in function.__closure__ or ()]
        defaults = tuple(map(self, function.__defaults__ or ()))
        used = {name: function.__globals__[name] for name in _names(function.__code__) if name in function.__globals__}
        named = {name: new for name, value in used.items() if (new := self(value)) is not value}
        kept = [*(function.__closure__ or ()), *(function.__defaults__ or ())]
        if not named and all(new is old for new, old in zip([*cells, *defaults], kept, strict=True)):
            return function
        space = {**function.__globals__, **named} if named else function.__globals__
        twin: Any = FunctionType(function.__code__, space, function.__name__, defaults or None, tuple(cells) or None)
        twin.__kwdefaults__ = function.__kwdefaults__
        self.functions[id(function)] = functools.update_wrapper(twin, function)
        del twin.__wrapped__  # its signature is its own
        return twin

    def _cell(self, cell: CellType) -> CellType:
        try:
            value = cell.cell_contents
        except ValueError:  # not bound yet
            return cell
        new = self(value)
        return cell if new is value else CellType(new)


def _names(code: CodeType) -> set[str]:
    return {*code.co_names}.union(*(_names(inner) for inner in code.co_consts if isinstance(inner, CodeType)))
