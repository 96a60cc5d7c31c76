"""Modules collected as tests: ``my_layers.py::Dense::W`` holds if the gradient of W in the layer Dense is right.

While collecting, forward and backward of a layer run once, on inputs made up for it, to see which tensors it has; it
is checked when the first of its tests runs.
"""

import inspect
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gradcheck.testing.plugin.recorder import RECORDER
from gradcheck.testing.plugin.settings import SETTINGS, Settings

if TYPE_CHECKING:
    from gradcheck.checking import Report
    from gradcheck.checking.modules import Candidate, How, Result

CONDUCT = "conduct"
TESTS = ("test_*.py", "*_test.py")
NO_MODULES = ("conftest.py", "setup.py", "__main__.py", "noxfile.py")


def is_wanted(path: Path, settings: Settings, session: pytest.Session) -> bool:
    """Whether the ini file names this module; or all are wanted, and it is no test file, or was asked for itself."""
    if path.suffix != ".py":
        return False
    if any(path.match(pattern) for pattern in patterns(settings)):
        return True
    return settings.all_modules and (
        session.isinitpath(path) or not (path.name in NO_MODULES or _is_test_file(path, session.config))
    )


def _is_test_file(path: Path, config: pytest.Config) -> bool:
    """Whether its name says so; ``python_files = *.py`` lets any file hold tests and so tells none apart."""
    named: list[str] = [pattern for pattern in config.getini("python_files") if pattern != "*.py"]
    return any(fnmatch(path.name, pattern) for pattern in named or TESTS)


def patterns(settings: Settings) -> list[str]:
    """The modules that the ini file names, as paths: ``net.layers`` is ``net/layers.py``."""
    return [name if name.endswith(".py") else f"{name.replace('.', '/')}.py" for name in settings.modules]


def add_named_modules(settings: Settings, config: pytest.Config) -> None:
    """Where no path is given to pytest, collect the modules that the ini file names, wherever they lie."""
    if config.args_source == pytest.Config.ArgsSource.ARGS:
        return
    known = [Path(config.invocation_params.dir, place).resolve() for place in config.args]
    for pattern in patterns(settings):
        for path in sorted({*config.rootpath.glob(pattern), *config.rootpath.glob(f"src/{pattern}")}):
            if not any(path.resolve().is_relative_to(folder) for folder in known):
                config.args.append(str(path))


class LayerModule(pytest.File):
    """A Python file, and in it all that has a gradient."""

    def collect(self) -> "Iterable[Subject | Unimported]":
        """A subject for each.

        Raises
        ------
        CollectError
            If a file that was named cannot be imported; of others a test is skipped.
        """
        from gradcheck.checking.modules import ModuleError, discover, load

        before = dict(sys.modules)
        try:
            module = load(self.path)
        except ModuleError as error:
            if self.session.isinitpath(self.path):
                raise self.CollectError(str(error)) from None
            return [Unimported.from_parent(self, name="import", reason=str(error).removeprefix(f"{self.path} "))]
        finally:
            sys.modules.update(before)  # namesakes from other folders, which it had to put aside
        return [Subject.from_parent(self, name=found.name, candidate=found) for found in discover(module)]


class Subject(pytest.Collector):
    """A layer, loss or pair of a module; checked once for all of its tests."""

    def __init__(self, *, candidate: "Candidate", **of_the_node: Any) -> None:
        super().__init__(**of_the_node)
        self.candidate, self.names = candidate, [self.name]

    def collect(self) -> "Iterator[TensorItem]":
        """A test for each tensor, and one for the conduct of forward and backward."""
        self.names = self._tensors() or ["gradient"]
        for name in self.names:
            yield TensorItem.from_parent(self, name=name)

    def _tensors(self) -> list[str]:
        """The tensors in the first run that came through, and conduct; none if none did."""
        from gradcheck.checking.modules.search import Search

        if self.candidate.skipped:
            return []
        search = Search(self.candidate, replace(self.how, max_evaluations=1))
        try:
            search.best()
        except (TypeError, ValueError):  # no signature to go by, as the check will say
            return []
        reports = [attempt.report for attempt in search.attempts if attempt.report is not None]
        reports.sort(key=lambda report: report.verdict == "disagree")
        return [*(c.name for c in reports[0].tensors), CONDUCT] if reports else []

    @property
    def how(self) -> "How":
        """The settings of the run, and the seed of this subject."""
        from gradcheck.checking.modules import How

        settings = self.config.stash[SETTINGS]
        how = How(seed=settings.seed_of(self.nodeid), max_evaluations=settings.max_evaluations)
        return how if settings.rtol is None else replace(how, rtol=settings.rtol)

    @cached_property
    def result(self) -> "Result":
        """What came of it."""
        from gradcheck.checking.modules import run

        return run(self.candidate, self.how)

    @cached_property
    def place(self) -> tuple[Path, int]:
        """Where it is defined."""
        try:
            return self.path, inspect.getsourcelines(self.candidate.thing)[1] - 1
        except (OSError, TypeError):
            return self.path, 0


class TensorItem(pytest.Item):
    """The gradient of one tensor, or the conduct of all."""

    @property
    def subject(self) -> Subject:
        """What it belongs to."""
        assert isinstance(self.parent, Subject), "it is only made there"
        return self.parent

    def runtest(self) -> None:
        """Skip, pass, or fail.

        Raises
        ------
        GradientError
            If this gradient is wrong or undecided.
        """
        result = self.subject.result
        if result.skipped:
            pytest.skip(result.skipped)
        if result.report is not None:
            self.config.stash[RECORDER].count(self.subject.nodeid, result.report)
        else:
            pytest.fail(f"{result.name}: {result.raises}", pytrace=False)
        for note in result.notes:
            self.add_report_section("call", "gradcheck", note)
        about = self._about(result.report)
        if about.tensors or not all(finding.ok for finding in about.conduct):
            about.raise_if_wrong()

    def _about(self, report: "Report") -> "Report":
        """The report as far as it concerns this test; that of conduct has what no other test has."""
        others = {c.name for c in report.tensors if c.name != self.name and c.name in self.subject.names}
        if self.name != CONDUCT and self.name not in {c.name for c in report.tensors}:
            return report
        return replace(
            report,
            tensors=[c for c in report.tensors if c.name not in others or c.verdict == "agree"],
            diagnoses=[d for d in report.diagnoses if d.tensor not in others],
            conduct=[f for f in report.conduct if f.ok or self.name == CONDUCT],
        )

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The message alone; no code of ours."""
        from gradcheck.checking import GradientError

        return super().repr_failure(excinfo, "value" if isinstance(excinfo.value, GradientError) else style)

    @property
    def place(self) -> tuple[Path, int]:
        """File and line."""
        return self.subject.place

    def reportinfo(self) -> tuple[Path, int, str]:
        """File, line, and what it is called in headings."""
        return *self.place, f"{self.subject.name}::{self.name}"


class Unimported(pytest.Item):
    """A module that cannot be imported; skipped, and said."""

    def __init__(self, *, reason: str, **of_the_node: Any) -> None:
        super().__init__(**of_the_node)
        self.reason, self.place = reason, (self.path, 0)

    def runtest(self) -> None:
        """Say why it is skipped."""
        pytest.skip(self.reason)

    def reportinfo(self) -> tuple[Path, None, str]:
        """The file."""
        return self.path, None, self.name
