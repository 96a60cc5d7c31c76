"""What the tests of this process check, and with which settings."""

import functools
import os
import shlex
import sys
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import pytest

from gradcheck.testing.plugin.settings import Settings

if TYPE_CHECKING:
    from gradcheck.checking import Report
    from gradcheck.checking.subject import Options
    from gradcheck.testing.plugin.tally import Tally

RECORDER = pytest.StashKey["Recorder"]()
TOLD = pytest.StashKey[bool]()
"""Whether the failure of a test is that of a check."""


class Recorder:
    """Hears of every check that a test makes, by the fixture or by itself.

    Attributes
    ----------
    item : Item or None
        The test that is running.
    checked : Tally or None
        What it checked so far.
    failed : list of tuple
        Reports with what was checked, where they are to be explained.
    explained : list of tuple
        Title and text of derivations, for the report of the test.
    """

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self.config, self.settings = config, settings
        self.item: pytest.Item | None = None
        self.checked: Tally | None = None
        self.failed: list[tuple[Report, Any, tuple[Any, ...], Options]] = []
        self.explained: list[tuple[str, str]] = []
        self._listening: list[Callable[..., None]] | None = None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """A test begins."""
        self.item, self.checked, self.failed = item, None, []
        self.listen()
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """The report of a phase of a test is made: what was checked in it goes along."""
        if "gradcheck.checking.check" not in sys.modules:
            return (yield)
        from gradcheck.testing.plugin import reporting

        item.stash[TOLD] = False
        reporting.add_properties(self, item)
        report = yield
        reporting.put_in_place(item, report, item.stash[TOLD])
        reporting.attach(self, item, report)
        return report

    def listen(self) -> None:
        """Have `check` tell, once it is loaded."""
        checking = sys.modules.get("gradcheck.checking.check")
        listeners = getattr(checking, "listeners", None)
        if listeners is not None and listeners is not self._listening:
            self._listening = listeners
            listeners.append(self.hear)

    def stop(self) -> None:
        """No longer."""
        if self._listening is not None:
            self._listening.remove(self.hear)
            self._listening = None

    def hear(self, report: "Report", subject: Any, inputs: tuple[Any, ...], options: "Options") -> None:
        """A check was made; those that the library makes for purposes of its own do not count."""
        caller = str(sys._getframe(2).f_globals.get("__name__"))
        innermost = self._listening is not None and self._listening[-1] == self.hear  # of runs within a test
        meant = not caller.startswith("gradcheck.") or caller.startswith("gradcheck.testing.")
        if meant and innermost and self.item is not None:
            self.count(self.item.nodeid, report)
            if self.settings.explain and not report.ok:
                self.failed.append((report, subject, inputs, options))

    def count(self, test: str, report: "Report") -> None:
        """Keep the figures of a check, under the name of the test or of the subject that several tests share."""
        from gradcheck.testing.plugin.tally import Tally

        self.checked = self.checked or Tally(whole=bool(self.settings.reports))
        drawn = getattr(getattr(self.item, "obj", None), "is_hypothesis_test", False)
        self.checked.add(test, report, example=drawn)

    def fixture(self) -> "Callable[..., Report]":
        """What the fixture `gradcheck` is: `check` with the settings of the test, that fails the test."""
        from gradcheck.checking.check import check

        self.listen()

        @functools.wraps(check)
        def check_or_fail(subject: Any, *inputs: Any, **given: Any) -> "Report":
            __tracebackhide__ = True
            keywords = {**self.settings.keywords(self.item), **given}
            dtype = keywords.pop("dtype", None)
            if dtype is not None:
                subject, inputs = _cast(dtype, subject, inputs)
            return check(subject, *inputs, **keywords).raise_if_wrong()

        return check_or_fail

    def again(self, item: pytest.Item) -> str:
        """The command that repeats a failure."""
        file, colons, name = item.nodeid.partition("::")
        place = os.path.relpath(self.config.rootpath / file, self.config.invocation_params.dir) + colons + name
        collected = hasattr(item, "place")  # from a module
        extra = ["--gradcheck-modules"] if collected and self.settings.all_modules else []
        seed = [] if self.settings.seed == 0 else [f"--gradcheck-seed={self.settings.seed}"]
        given = [option for option in self.settings.on_command_line if not option.startswith("--gradcheck-seed=")]
        return " ".join(["pytest", shlex.quote(place), *(seed or ["--gradcheck-seed=0"]), *given, *extra])


def _cast(dtype: Any, subject: Any, inputs: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """The subject and its inputs in another precision, as copies."""
    import numpy as np

    from gradcheck.checking.precision import in_dtype

    try:
        wanted = np.dtype(dtype)
    except TypeError:
        wanted = np.dtype(object)
    if wanted.kind != "f":
        raise ValueError(f"@pytest.mark.gradcheck(dtype={dtype!r}) is no floating-point type; pass dtype='float32'")
    return in_dtype(wanted, subject, inputs)
