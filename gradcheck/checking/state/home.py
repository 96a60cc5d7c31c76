"""Whose code and whose attributes are looked into when the state of a subject is noted.

With this file one can

* tell what belongs to the user from Python's own modules and installed packages, into which nobody wants to be led
  and which do not take it well if their state is put back (:class:`Home`).
"""

import sys
from collections import ChainMap, UserDict, UserList
from collections.abc import Iterable
from types import FunctionType, MethodType, SimpleNamespace
from typing import Any

_GRADCHECK = __name__.partition(".")[0]
_TENSORS = {"torch", "jax", "jaxlib", "tensorflow"}  # they keep their state where Python does not see it
_FOREIGN = _TENSORS | {"numpy", "scipy", "autograd", "sklearn"}
_OPEN = {SimpleNamespace, UserDict, UserList, ChainMap}  # mere containers, though written as classes
_MADE_BY_A_CLASS_STATEMENT = 1 << 9  # Py_TPFLAGS_HEAPTYPE


class Home:
    """What belongs to the user: all but Python's own modules and installed packages.

    An installed package counts as the user's if one of the `roots` comes from it, as it does where somebody tests
    his own package; and so does any class that has a backward, wherever it comes from.
    """

    def __init__(self, roots: Iterable[Any]) -> None:
        self.packages = {_package(_module(root)) for root in roots} - _FOREIGN - sys.stdlib_module_names
        self.packages |= {_GRADCHECK}

    def owns(self, module: Any) -> bool:
        """Whether a module, given by its name, is the user's."""
        package = _package(module)
        if package in self.packages or package == "__main__":
            return True
        foreign = package in sys.stdlib_module_names or package in _FOREIGN or package.startswith("_cython_")
        return not (foreign or _is_installed(module, package))

    def reads(self, module: Any) -> bool:
        """Whether the code of a module is read for what it uses; gradcheck's own uses nothing that changes."""
        return self.owns(module) and _package(module) != _GRADCHECK

    def holds(self, cls: type) -> bool:
        """Whether the attributes of a class and of its instances are looked at."""
        family = cls.__mro__
        if any(_package(base.__module__) in _TENSORS for base in family):
            return False
        return any(base in _OPEN or self._made(base) or "backward" in vars(base) for base in family)

    def _made(self, cls: type) -> bool:
        if cls.__module__ == "builtins":  # so says a class too whose code was executed outside of any module
            return bool(cls.__flags__ & _MADE_BY_A_CLASS_STATEMENT)
        return self.owns(cls.__module__)


def _module(thing: Any) -> Any:
    """The name of the module that an object's code or class comes from."""
    if type(thing) is MethodType:
        thing = thing.__func__
    if type(thing) is FunctionType:
        return thing.__globals__.get("__name__")
    return (thing if issubclass(type(thing), type) else type(thing)).__module__


def _package(module: Any) -> str:
    return module.partition(".")[0] if isinstance(module, str) else ""


def _is_installed(*modules: Any) -> bool:
    """Whether the first of these that has a file has it among the installed packages."""
    files = (getattr(sys.modules.get(module), "__file__", None) for module in modules)
    file = next(filter(None, files), "")
    return "site-packages" in file or "dist-packages" in file
