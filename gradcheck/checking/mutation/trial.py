"""A project's own tests, run against each mistake, in a copy of the project: the user's files are never touched."""

import ast
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from time import monotonic
from typing import Any

from gradcheck.checking.mutation.probe import VARIABLE, with_probe
from gradcheck.checking.mutation.source import Place, places

_LEFT_OUT = (".git", ".hg", "__pycache__", ".venv", "venv", "node_modules", ".mypy_cache", ".ruff_cache", ".hypothesis",
             ".pytest_cache", "*.pyc", ".tox", "build", "dist")  # fmt: skip
_ROOTS = (".git", "pyproject.toml", "setup.py", "setup.cfg", "tox.ini", "pytest.ini")


LEAN = ("-p", "gradcheck.testing.pytest_plugin")
"""With no plugin but ours, for the tests that use its fixture."""

_TELLING = {
    "transposed": ("symmetric", "length 1"),
    "extra-or-missing-mean": ("length 1", "0 everywhere"),
    "missing-sum": ("length 1", "0 everywhere"),
    "wrong-axis": ("symmetric", "length 1", "everywhere"),
}
"""What about an operand explains that a mistake does not show; of the others, anything."""


class TrialError(ValueError):
    """The trial cannot be held; the text says why and what would help."""


@dataclass(frozen=True)
class Outcome:
    """What became of one mistake.

    Attributes
    ----------
    place : Place
        The mistake.
    noticed : bool
        Whether some test failed.
    why : str
        For a survivor, why no test could or did notice; else empty.
    """

    place: Place
    noticed: bool
    why: str


@dataclass(frozen=True)
class Trial:
    """A file, the mistakes to make in it, and the command that tests it.

    Attributes
    ----------
    file : Path
        With the backwards.
    root : Path
        The project it belongs to, all of which is copied.
    command : list of str
        Run in the copy; a status other than 0 means that something was noticed.
    name : str, optional
        Only this function or class.
    lean : bool
        Whether pytest runs without the plugins that it finds by itself, which take most of the time of a short test.
    """

    file: Path
    root: Path
    command: Sequence[str]
    name: str | None = None
    lean: bool = False

    def _places(self, tree: ast.Module) -> list[Place]:
        found = list(places(tree, self.name))
        if not found:
            what = f"no backward called {self.name!r}" if self.name else "no backward"
            raise TrialError(
                f"{self.file.name} has {what} to make mistakes in; a backward is called backward, affine_backward, "
                "grad or the like, or returns (loss, gradients)"
            )
        return found

    def run(self, jobs: int = 1, progress: Callable[[Outcome], None] = lambda outcome: None) -> list[Outcome]:
        """Every mistake put to the test, some at the same time."""
        tree = ast.parse(self.file.read_text(encoding="utf-8"))
        found = self._places(tree)
        with ExitStack() as stack:
            copies: SimpleQueue[Path] = SimpleQueue()
            for _ in range(jobs):
                copies.put(stack.enter_context(_copy(self.root)))
            trial, patience = self._rehearsed(copies, tree)

            def put_to_the_test(place: Place) -> Outcome:
                folder = copies.get()
                try:
                    outcome = trial._outcome(folder, place, tree, patience)
                finally:
                    copies.put(folder)
                progress(outcome)
                return outcome

            pool = stack.enter_context(ThreadPoolExecutor(jobs))
            return list(pool.map(put_to_the_test, found))

    def _rehearsed(self, copies: "SimpleQueue[Path]", tree: ast.Module) -> tuple["Trial", float]:
        """The leanest way in which the tests pass without any mistake, and how many seconds to wait for them."""
        folder = copies.get()
        for trial in (replace(self, lean=True), self) if "pytest" in self.command else (self,):
            start = monotonic()
            status, notes, said = trial._tested(folder, with_probe(tree, None), None)
            if not status and notes:
                copies.put(folder)
                return trial, 10 + 10 * (monotonic() - start)
        asked = " ".join(map(str, self.command[1:]))
        if status:
            raise TrialError(f"the test fails without any mistake made (python {asked}, status {status}):\n{said}")
        raise TrialError(
            f"the test never imports {self.file.name} (python {asked}); name the tests that do, --test PATH"
        )

    def _outcome(self, folder: Path, place: Place, tree: ast.Module, patience: float) -> Outcome:
        status, notes, _ = self._tested(folder, with_probe(tree, place), patience)
        why = "" if status else _why(place.cause, [note for note in notes if "same" in note])
        return Outcome(place, status != 0, why)

    def _tested(self, folder: Path, text: str, patience: float | None) -> tuple[int, list[dict[str, Any]], str]:
        """Status, what the probe noted, and what was said."""
        changed, log = folder / self.file.relative_to(self.root), folder / ".gradcheck-probe"
        kept = changed.read_bytes()
        log.unlink(missing_ok=True)
        changed.write_text(text, encoding="utf-8")
        try:
            done = subprocess.run(
                [*self.command, *(LEAN if self.lean else ())], env=self._environment(folder, changed, log),
                cwd=folder, timeout=patience, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                errors="replace", check=False,
            )  # fmt: skip
            status, said = done.returncode, done.stdout[-2000:]
        except subprocess.TimeoutExpired:
            status, said = -1, "it took too long"
        finally:
            changed.write_bytes(kept)
        notes = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        return status, [json.loads(note) for note in notes], said

    def _environment(self, folder: Path, changed: Path, log: Path) -> dict[str, str]:
        first = [str(folder), str(folder / "src"), str(changed.parent), os.environ.get("PYTHONPATH", "")]
        return os.environ | {
            "PYTHONPATH": os.pathsep.join(filter(None, first)), VARIABLE: str(log), "PYTHONDONTWRITEBYTECODE": "1",
        } | ({"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"} if self.lean else {})  # fmt: skip


def trial_of(file: Path, name: str | None = None, tests: Sequence[Path] = ()) -> Trial:
    """The trial of a file by these tests; by those that name its module; or else by ``gradcheck check``.

    Parameters
    ----------
    file : Path
        With the backwards.
    name : str, optional
        Only this function or class.
    tests : sequence of Path, optional
        Files or folders for pytest.
    """
    file = file.resolve()
    root = _root(file)
    chosen = [test.resolve() for test in tests] or list(_tests_of(file, root))
    outside = next((test for test in chosen if not test.is_relative_to(root)), None)
    if outside is not None:
        raise TrialError(f"{outside} lies outside the project of {file.name}, {root}; only what lies in it is copied")
    if chosen:
        paths = [str(test.relative_to(root)) for test in chosen]
        return Trial(file, root, [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *paths], name)
    target = str(file.relative_to(root)) + (f":{name}" if name else "")
    return Trial(file, root, [sys.executable, "-m", "gradcheck", "check", target], name)


def _root(file: Path) -> Path:
    """The folder of the project: the nearest above with a sign of one; else the file's own."""
    for folder in file.parents:
        if any((folder / sign).exists() for sign in _ROOTS):
            return folder
    return file.parent


def _tests_of(file: Path, root: Path) -> Iterator[Path]:
    """The test files that name the module."""
    for test in sorted([*root.rglob("test_*.py"), *root.rglob("*_test.py")]):
        hidden = any(part.startswith(".") or part in _LEFT_OUT for part in test.relative_to(root).parts)
        if not hidden and file.stem in test.read_text(encoding="utf-8", errors="replace"):
            yield test


@contextmanager
def _copy(root: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="gradcheck-mutate-") as scratch:
        folder = Path(scratch) / root.name
        shutil.copytree(root, folder, ignore=shutil.ignore_patterns(*_LEFT_OUT), symlinks=True)
        yield folder


def _why(cause: str, notes: Sequence[dict[str, Any]]) -> str:
    """Why nobody noticed: the line was never run, the inputs could not tell, or the test did not look."""
    if not notes:
        return "no test runs this line"
    same = [note for note in notes if note["same"]]
    always = [fact for fact in same[0]["facts"] if all(fact in note["facts"] for note in same)] if same else []
    facts = [fact for fact in always if any(word in fact for word in _TELLING.get(cause, ("",)))]
    because = f": {'; '.join(facts)}" if facts else ""
    if len(same) == len(notes):
        return f"your inputs cannot tell: both give the same in {_every(len(notes))} of this line{because}"
    remedy = "compare this gradient too, or more tightly"
    if same:
        return (
            f"your inputs can hardly tell: both give the same in {len(same)} of {len(notes)} runs of this line"
            f"{because}; in the others no test minds: {remedy}"
        )
    return f"the values differ in {_every(len(notes))} of this line, and no test minds: {remedy}"


def _every(count: int) -> str:
    return f"all {count} runs" if count > 1 else "the only run"
