"""What was found in a module: for each of its subjects a report, or the reason why there is none."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from gradcheck.checking.report import Report

_WORDS = {"agree": "agrees", "disagree": "WRONG", "undecided": "undecided", "skipped": "skipped"}
_WIDEST = 88


@dataclass(eq=False)
class Result:
    """One subject of a module.

    Attributes
    ----------
    name : str
        As in the module.
    kind : str
        What it was taken for: "layer", "network", "pair", "loss", "derivative" or "methods".
    report : Report or None
        Of the settings that failed, else of the usual ones; None if it was skipped or raised.
    skipped : str
        Why it was not checked; empty if it was.
    raises : str
        The error of a backward that runs on no input its forward takes; empty if there is none.
    call : str
        With what it was made and called.
    settings : list of str
        The further settings under which it agrees.
    failing : list of str
        Those under which it does not, the smallest change first; empty if all is well or the usual ones fail already.
    notes : list of str
    """

    name: str
    kind: str
    report: Report | None = None
    skipped: str = ""
    raises: str = ""
    call: str = ""
    settings: list[str] = field(default_factory=list)
    failing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> Literal["agree", "disagree", "undecided", "skipped"]:
        """That of the report; a backward that raises disagrees; what was not checked is skipped."""
        if self.skipped:
            return "skipped"
        if self.report is None:
            return "disagree"
        return self.report.verdict

    @property
    def word(self) -> str:
        """The verdict as the table says it: gradients that agree and a backward that misbehaves are told apart."""
        if self.verdict == "disagree" and self.report is None:
            return "RAISES"
        if (
            self.verdict == "disagree"
            and self.report is not None
            and all(t.verdict == "agree" for t in self.report.tensors)
        ):
            return "CONDUCT"
        return _WORDS[self.verdict]

    @property
    def told(self) -> str:
        """The rest of its line: what is wrong, what was checked, why it was skipped."""
        if self.skipped or self.raises:
            return self.skipped or self.raises
        return self.blame() if self.verdict != "agree" else self._agreement()

    def _agreement(self) -> str:
        settings = f"; also {', '.join(self.settings)}" if self.settings else ""
        return f"{self.call}{settings}"

    def blame(self) -> str:
        """What is wrong, under which setting, and under which it is not."""
        assert self.report is not None, "only what was compared can be blamed"
        wrong = [t.name for t in self.report.tensors if t.verdict == self.verdict]
        faults = [finding.message for finding in self.report.conduct if not finding.ok]
        what = f"{', '.join(f'd{name}' for name in wrong)} {_WORDS[self.verdict].lower()}" if wrong else faults[0]
        where = f"{self.call}: {what}" if not self.failing else f"{self.call} with {self.failing[0]}: {what}"
        others = f"; also with {', '.join(self.failing[1:])}" if self.failing[1:] else ""
        agreed = ["the defaults"] * bool(self.failing) + self.settings
        right = f"; {', '.join(agreed[:4])} agree{'s' * (len(agreed) == 1 and not self.failing)}" if agreed else ""
        return where + others + right

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "name": self.name,
            "kind": self.kind,
            "verdict": self.verdict,
            "skipped": self.skipped,
            "raises": self.raises,
            "call": self.call,
            "settings": self.settings,
            "failing": self.failing,
            "notes": self.notes,
            "report": None if self.report is None else self.report.to_dict(),
        }


@dataclass(eq=False)
class ModuleReport:
    """Everything :func:`gradcheck.check_module` found; true if something was checked and all of it agrees.

    Attributes
    ----------
    name : str
        The module.
    results : list of Result
    seed : int
        Repeats the check.
    stand_ins : list of str
        Packages that the module imports and that are not installed: empty ones took their place.
    passed_over : list of str
        Lines of a file that fail or take too long when it is imported, with the reason: what they define is missing.
    """

    name: str
    results: list[Result]
    seed: int = 0
    stand_ins: list[str] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> Literal["agree", "disagree", "undecided"]:
        """The worst of any subject; undecided too where nothing at all was checked."""
        verdicts = {result.verdict for result in self.results} - {"skipped"}
        if "disagree" in verdicts:
            return "disagree"
        return "undecided" if "undecided" in verdicts or not verdicts else "agree"

    @property
    def ok(self) -> bool:
        """Whether something was checked and all of it agrees."""
        return self.verdict == "agree"

    def __bool__(self) -> bool:
        return self.ok

    def __getitem__(self, name: str) -> Result:
        """The result of that name."""
        for result in self.results:
            if result.name == name:
                return result
        raise KeyError(f"{name!r} was not found; there are {', '.join(r.name for r in self.results) or 'no subjects'}")

    def __str__(self) -> str:
        return "\n".join([*self.table(), "", *self.details(), self.summary()])

    def table(self, width: int = _WIDEST) -> Iterator[str]:
        """A line for each subject, or several where it does not fit."""
        widest = min(max((len(result.name) for result in self.results), default=0), 28)
        for result in self.results:
            start = f"{result.name:<{widest}}  {result.word:<9}  "
            rest = textwrap.wrap(
                result.told, width - len(start) if len(start) < width - 20 else width, break_on_hyphens=False
            )
            yield (start + f"\n{' ' * len(start)}".join(rest or [""])).rstrip()

    def details(self, everything: bool = False) -> Iterator[str]:
        """The report of each subject that is not right, and its notes; of every one, if asked for."""
        for result in self.results:
            if result.report is not None and (everything or not result.report.ok):
                yield f"{result.call}{f' with {result.failing[0]}' if result.failing else ''}"
                yield f"{result.report}"
                yield ""
            for note in result.notes:
                yield textwrap.fill(f"{result.name}: {note}", _WIDEST, subsequent_indent="  ", break_on_hyphens=False)

    def summary(self) -> str:
        """How many of each verdict, in one line."""
        words = [_COUNTED[result.word] for result in self.results]
        said = ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(_COUNTED.values()) if word in words)
        missing = f"; not installed, and replaced by nothing: {', '.join(self.stand_ins)}" if self.stand_ins else ""
        over = f"; passed over: {', '.join(self.passed_over[:3])}" if self.passed_over else ""
        return f"{self.name}: {said or 'nothing with a gradient was found'}  (seed {self.seed}){missing}{over}"

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "module": self.name,
            "verdict": self.verdict,
            "seed": self.seed,
            "stand_ins": self.stand_ins,
            "passed_over": self.passed_over,
            "results": [result.to_dict() for result in self.results],
        }


_COUNTED = {
    "agrees": "agree",
    "WRONG": "wrong",
    "RAISES": "wrong",
    "CONDUCT": "with right gradients but wrong conduct",
    "undecided": "undecided",
    "skipped": "skipped",
}
