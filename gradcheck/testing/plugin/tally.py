"""What one test checked so far, as plain records: no report is kept, with its arrays, for longer than it has to be."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from gradcheck.checking.report import Report
from gradcheck.testing.plugin.record import record


@dataclass
class _Kept:
    """The last check of a kind: its record, or the report where the next example takes its place."""

    test: str
    last: Report | dict[str, Any]
    checks: int = 0
    evaluations: int = 0


class Tally:
    """One record for each check of a test; one for all examples of Hypothesis of a subject, that of the last.

    Parameters
    ----------
    whole : bool
        Whether the records are for a file of reports, with pictures.
    """

    def __init__(self, *, whole: bool = False) -> None:
        self.whole = whole
        self._kept: dict[Hashable, _Kept] = {}

    def add(self, test: str, report: Report, *, example: bool = False) -> None:
        """Count a check of the test; an `example` is one of many, which differ in what was drawn."""
        key = (test, report.name) if example else len(self._kept)
        last = report if example else record(test, report, whole=self.whole)
        kept = self._kept.setdefault(key, _Kept(test, last))
        kept.last = last
        kept.checks += 1
        kept.evaluations += report.evaluations

    def records(self) -> list[dict[str, Any]]:
        """What was checked, in the order in which it was first met."""
        return [self._record(kept) for kept in self._kept.values()]

    def _record(self, kept: _Kept) -> dict[str, Any]:
        plain = kept.last if isinstance(kept.last, dict) else record(kept.test, kept.last, whole=self.whole)
        return {**plain, "checks": kept.checks, "evaluations": kept.evaluations}
