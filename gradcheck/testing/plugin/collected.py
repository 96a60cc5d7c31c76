"""The checks of the whole run, in the process that sums up; written to files and to the terminal at the end."""

from pathlib import Path
from typing import Any

import pytest

from gradcheck.testing.plugin.settings import Settings

OUTCOMES = ("failed", "xfailed", "skipped", "passed")
"""The gravest first."""


class Collected:
    """A plugin of its own, registered where there are no workers, or in the process that rules them.

    Attributes
    ----------
    checks : dict
        The records by test and name of what was checked.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.checks: list[dict[str, Any]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test has ended, here or in a worker of pytest-xdist; the tests of one subject share its check."""
        for check in getattr(report, "gradcheck", ()):
            known = next((known for known in self.checks if _is_shared(known, check, report.nodeid)), None)
            if known is None:
                self.checks.append(check)
            else:
                known["outcome"] = min(known["outcome"], check["outcome"], key=OUTCOMES.index)
                known["duration"] = max(known["duration"], check["duration"])

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the reports."""
        if session.config.getoption("collectonly", False):
            return
        for path in self.settings.reports:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_written(path, self.checks), encoding="utf-8")

    def pytest_terminal_summary(self, terminalreporter: "pytest.TerminalReporter") -> None:
        """The section at the end, where it was asked for or something failed."""
        failed = any(check["outcome"] == "failed" and check["verdict"] != "agree" for check in self.checks)
        if self.checks and (failed or self.settings.summary):
            from gradcheck.testing.plugin.summary import lines

            terminalreporter.write_sep("=", "gradient checks")
            for line in lines(self.checks):
                terminalreporter.write_line(line)
        if not terminalreporter.config.getoption("collectonly", False):
            for path in self.settings.reports:
                terminalreporter.write_line(f"gradcheck: report of {len(self.checks)} checks in {path}")


def _is_shared(known: dict[str, Any], check: dict[str, Any], nodeid: str) -> bool:
    return bool(check["test"] != nodeid and check["test"] == known["test"])


def _written(path: Path, checks: list[dict[str, Any]]) -> str:
    if path.suffix == ".json":
        from gradcheck.testing.plugin.document import written

        return written(checks)
    from gradcheck.testing.plugin.page import page

    return page(checks)
