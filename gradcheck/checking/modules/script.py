"""Run a file for what it defines, though it is a script that trains, plots, asks or reads data nobody has here.

Its statements are run one by one. One that fails is passed over, unless it imports or defines something; when the time
for all of them is up, only imports and definitions are run. What was passed over is said.
"""

import __future__

import ast
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from gradcheck.checking.modules.hush import described

SECONDS = 10.0
"""For everything in a file that is neither an import nor a definition."""

_DEFINITIONS = (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef, ast.Import, ast.ImportFrom)

_AGAIN = 0.5  # seconds, should what was stopped go on

PASSED_OVER: dict[int, list[str]] = {}
"""What was not run, or not to its end, by the id of the module."""


class TimeIsUpError(BaseException):
    """The statements of a file took too long; no Exception, as loops often go on after any of these."""


def run_script(module: ModuleType, path: Path) -> None:
    """Run the file of a module in it.

    Raises
    ------
    Exception
        Of a statement that imports or defines something; or of the first that failed, where nothing is defined.
    """
    tree = ast.parse(path.read_bytes(), str(path))
    module.__doc__ = ast.get_docstring(tree)
    flags, clock = _flags(tree), _Clock(SECONDS)
    failures: list[tuple[int, BaseException]] = []
    for statement in tree.body:
        code = compile(ast.Module([statement], []), str(path), "exec", flags, dont_inherit=True)
        if isinstance(statement, _DEFINITIONS):
            exec(code, vars(module))
        elif clock.left > 0:
            try:
                with clock.running():
                    exec(code, vars(module))
            except ImportError:
                raise
            except (Exception, SystemExit, TimeIsUpError) as error:
                failures.append((statement.lineno, error))
    defines = any(isinstance(statement, _DEFINITIONS[:2]) for statement in tree.body)
    if failures and not defines:
        raise failures[0][1]
    PASSED_OVER[id(module)] = [f"line {line} ({described(error).partition(' (')[0]})" for line, error in failures]


def _flags(tree: ast.Module) -> int:
    """What the file imports from ``__future__`` holds for each of its statements."""
    names = [a.name for s in tree.body if isinstance(s, ast.ImportFrom) and s.module == "__future__" for a in s.names]
    return sum(getattr(__future__, name).compiler_flag for name in names)


class _Clock:
    """Seconds that are used up by what runs; when none are left, it is stopped."""

    def __init__(self, seconds: float) -> None:
        self.seconds = self.left = seconds

    @contextmanager
    def running(self) -> Iterator[None]:
        """Stop what runs when the time is up, where that can be done: in the main thread, as Ctrl-C would."""
        main = threading.main_thread()
        if threading.current_thread() is not main or not hasattr(signal, "setitimer"):
            yield
            return

        def stop(*_: object) -> None:
            raise TimeIsUpError(f"stopped after {self.seconds:g} seconds")

        before = signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, self.left, _AGAIN)
        try:
            yield
        finally:
            self.left = signal.setitimer(signal.ITIMER_REAL, 0)[0]
            signal.signal(signal.SIGALRM, before)
