"""Bring a module in: by its name, by the path of its file, or as it is.

Importing a file runs it. What it prints is not shown; what stands under ``if __name__ == "__main__":`` is not run, and
what fails or takes too long outside of it is passed over (:mod:`~gradcheck.checking.modules.script`).
Folders are on the search path only meanwhile.
"""

import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

from gradcheck.checking.modules.hush import described, hushed
from gradcheck.checking.modules.script import run_script

_NO_STAND_IN = ("", "numpy", "torch", "jax", "tensorflow", "cupy", "keras", "autograd")
_ROOT_MARKS = (".git", "setup.py", "pyproject.toml", "requirements.txt")


class ModuleError(ValueError):
    """A module could not be brought in, or has not what was asked for; the text says why."""


def load(target: Any) -> ModuleType:
    """The module that `target` is, that it names, or whose file it is the path of.

    Raises
    ------
    ModuleError
        If there is no such file or module, or it fails as it is imported: with the error and its line.
    TypeError
        If it is neither a module nor a name or path.
    """
    if isinstance(target, ModuleType):
        return target
    if not isinstance(target, str | os.PathLike):
        raise TypeError(f"module is of type {type(target).__name__}; pass a module, its name, or the path of its file")
    text = os.fspath(target)
    if text.endswith(".py") or os.sep in text or Path(text).is_dir():
        return _from_path(Path(text))
    return _by_name(text)


def _by_name(name: str) -> ModuleType:
    with _surroundings([Path.cwd()], name):
        try:
            return importlib.import_module(name)
        except Exception as error:
            missing = isinstance(error, ModuleNotFoundError) and error.name and name.startswith(error.name)
            if missing or not name.isprintable() or not name.strip():
                raise ModuleError(
                    f"there is no module {name!r} here or among the installed ones; a file is given by its path, "
                    f"{name}.py"
                ) from None
            raise _failed(name, error) from error


def _from_path(path: Path) -> ModuleType:
    if path.is_dir() and not (path / "__init__.py").is_file():
        raise ModuleError(f"{path} is a folder, and no package; name the files in it: {path / '*.py'}")
    path = path / "__init__.py" if path.is_dir() else path
    if not path.is_file():
        raise ModuleError(f"there is no file {path}")
    where, failures = path.resolve(), []
    for top, hollow in _tops(where):
        with _surroundings([where.parent, top, *_above(where.parent)], str(path)):
            try:
                return _without_missing(lambda: _module(where, top, hollow))  # noqa: B023 - called at once
            except (Exception, SystemExit) as error:
                failures.append(error)
            except KeyboardInterrupt as stop:
                stop.add_note(f"while {path} was imported, which runs it; keep scripts under if __name__ == '__main__'")
                raise
        if not isinstance(failures[-1], ImportError | AttributeError):
            break
    raise _failed(str(path), failures[0]) from failures[0]


def _without_missing(bring: Callable[[], ModuleType]) -> ModuleType:
    """Import; a package that is not installed (for progress bars, plots, downloads) is replaced by an empty stand-in.

    What needs it in earnest fails where it uses it. Packages that layers are built on have no stand-in.
    """
    stand_ins: dict[str, Any] = {}
    while True:
        sys.modules.update(stand_ins)
        try:
            module = bring()
        except ModuleNotFoundError as error:
            missing = error.name or ""
            if missing in stand_ins or missing.partition(".")[0] in _NO_STAND_IN or len(stand_ins) > 20:
                raise
            for name in {missing.partition(".")[0], missing.rpartition(".")[0] or missing, missing}:
                stand_ins.setdefault(name, mock.MagicMock(name=name))
        else:
            STAND_INS[id(module)] = sorted({name.partition(".")[0] for name in stand_ins})
            return module
        finally:
            for name in stand_ins:
                sys.modules.pop(name, None)


STAND_INS: dict[int, list[str]] = {}
"""What is not installed and was replaced by nothing, by the id of the module that wants it."""


def _tops(path: Path) -> Iterator[tuple[Path, bool]]:
    """From which folder a file may be imported by a dotted name, likeliest first; hollow: packages above not run."""
    top = path.parent
    while (top / "__init__.py").is_file() and top.name.isidentifier() and top != top.parent:
        top = top.parent
    yield top, False
    if top != path.parent:
        yield top, True
    for folder in _above(path.parent):
        yield folder, True


def _above(folder: Path) -> list[Path]:
    """The folders above, two at most and within one repository; scripts reach them by ``sys.path.append("..")``."""
    found: list[Path] = []
    while len(found) < 2 and folder != folder.parent and not any((folder / mark).exists() for mark in _ROOT_MARKS):
        folder = folder.parent
        found.append(folder)
    return found


def _module(path: Path, top: Path, hollow: bool) -> ModuleType:
    *packages, stem = path.relative_to(top).with_suffix("").parts
    if stem == "__init__" and packages:
        stem = packages.pop()
    if not packages:
        return _run(path, f"{stem}_at_{abs(hash(str(path))):x}")  # a name of its own, in nobody's way
    if hollow:
        for i in range(1, len(packages) + 1):
            package = ModuleType(".".join(packages[:i]))
            package.__path__ = [str(top.joinpath(*packages[:i]))]
            sys.modules[package.__name__] = package
    name = ".".join([*packages, stem])
    return sys.modules[name] if name in sys.modules else importlib.import_module(name)


def _run(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ModuleError(f"{path} is no Python file; give one that ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    run_script(module, path)
    return module


@contextmanager
def _surroundings(folders: list[Path], argument: str) -> Iterator[None]:
    """The folders on the search path, nothing to read and nobody to print to; modules of other folders put aside."""
    here, *above = [str(folder) for folder in folders]
    before = dict(sys.modules)
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(sys, "path", [here, *above[:1], *sys.path, *above[1:]]))
        stack.enter_context(mock.patch.object(sys, "argv", [argument]))
        stack.enter_context(mock.patch.dict(os.environ, {"MPLBACKEND": "Agg"}))
        stack.enter_context(hushed())
        for name in _namesakes(folders):
            del sys.modules[name]
        try:
            yield
        except BaseException:
            for name in set(sys.modules) - set(before):
                if _origin(sys.modules[name]) is None or _is_within(_origin(sys.modules[name]), folders):
                    del sys.modules[name]  # half imported
            sys.modules.update(before)
            raise


def _namesakes(folders: list[Path]) -> list[str]:
    """The modules imported from elsewhere that would stand in for modules of these folders: another ``utils``."""
    here: dict[str, Path] = {}
    for folder in folders:
        for entry in folder.iterdir() if folder.is_dir() else ():
            here.setdefault(entry.stem, folder)
    found = []
    for name, module in list(sys.modules.items()):
        top, origin = name.partition(".")[0], _origin(module)
        foreign = top in sys.stdlib_module_names or top in ("gradcheck", "__main__") or origin is None
        if not foreign and top in here and not _is_within(origin, [here[top] / top, here[top] / f"{top}.py"]):
            installed = {"site-packages", "dist-packages"} & set(Path(str(origin)).parts)
            found += [] if installed else [name]
    return found


def _origin(module: ModuleType) -> str | None:
    """The file or folder a module comes from."""
    path = getattr(module, "__path__", None)
    places = list(path) if isinstance(path, Iterable) else []  # a lazy namespace answers to any name
    return getattr(module, "__file__", None) or (str(places[0]) if places else None)


def _is_within(origin: str | None, folders: list[Path]) -> bool:
    return origin is not None and any(Path(origin).is_relative_to(folder) for folder in folders)


def _failed(what: str, error: BaseException) -> ModuleError:
    if isinstance(error, ModuleError):
        return error
    return ModuleError(f"{what} cannot be imported: {described(error)}")
