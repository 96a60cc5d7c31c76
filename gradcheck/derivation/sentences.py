"""What a derivation says in sentences, in the language asked for: the question, the way, warnings, remarks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcheck.derivation.languages import catalogue, chosen
from gradcheck.derivation.reasons import Remark
from gradcheck.derivation.spelling import decimal

if TYPE_CHECKING:
    from gradcheck.derivation.derivation import Derivation

_DETAILS = ("brief", "normal", "full")


def partial(above: str, below: str) -> str:
    """∂above/∂below."""
    return f"∂{above}/∂{below}"


class Sentences:
    """The sentences of one derivation: in a language, with so much detail, with blanks or without.

    Parameters
    ----------
    derivation : Derivation
    lang : "en", "zh", ..., optional
    detail : "brief", "normal" or "full"
    ask : bool
        A worksheet: blanks where values would be, and the answers at the end.
    ascii : bool
        For streams without Unicode, and so in English.
    """

    def __init__(
        self,
        derivation: Derivation,
        lang: str | None = None,
        detail: str = "normal",
        ask: bool = False,
        *,
        ascii: bool = False,
    ) -> None:
        if detail not in _DETAILS:
            raise ValueError(f"detail is {detail!r}; there are {', '.join(_DETAILS)}")
        self.derivation, self.detail, self.ask, self.ascii = derivation, detail, ask, ascii
        self.lang = "en" if ascii else chosen(lang)
        self._messages = catalogue(self.lang)

    def say(self, key: str, **fields: Any) -> str:
        """A message of the catalogue with these in their places; numbers in the digits of the tables."""
        return self._messages[key].format(**{name: _digits(value) for name, value in fields.items()})

    def remark(self, remark: Remark) -> str:
        """A message that came with its fields; a ratio in three digits, which is what it is good for."""
        key, fields = remark
        fields = {name: self.say("list").join(x) if isinstance(x, tuple) else x for name, x in fields.items()}
        short = {name: f"{fields[name]:.3g}" for name in ("ratio", "mine", "theirs") if _is_float(fields.get(name))}
        return self.say(key, **{**fields, **short})

    # Above the table

    def title(self) -> str:
        """What is derived, and where."""
        d = self.derivation
        head = partial(d.result, d.wrt)
        if d.shape:
            return self.say("title_array", partial=head, wrt=d.wrt, shape=d.shape)
        return self.say("title", partial=head, wrt=d.wrt, value=d.point)

    def goal(self) -> str:
        """The question the number answers."""
        d = self.derivation
        return self.say("goal_array" if d.shape else "goal", wrt=d.wrt, result=d.result)

    def source(self) -> str:
        """What was followed instead of the code itself, if it was not the code."""
        source = self.derivation.source
        return self.remark(source) if source else ""

    def warning(self) -> str:
        """Said at the top of a derivation that its own measurements contradict; empty otherwise."""
        d = self.derivation
        rows = ", ".join(f"[{row.number}]" for row in d.rows if not row.agrees)
        if not d.ok:
            return self.say("wrong_rows", rows=rows) if rows else self.say("wrong_checks")
        other = next((check.name for check in d.checks if not check.agrees), None)
        return self.say(f"wrong_{other}") if other else ""

    def paths(self) -> str:
        """How many paths there are, if more than one."""
        count = self.derivation.path_count
        return self.say("paths", count=f"{count:,}") if count > 1 else ""

    def independent(self) -> str:
        """Said instead of a table, where the result does not depend on the variable."""
        d = self.derivation
        return self.remark(d.remarks[0]) if d.remarks else self.say("independent", result=d.result, wrt=d.wrt)

    def verdict(self, agrees: bool) -> str:
        """One word."""
        return self.say("agrees" if agrees else "disagrees")


def _is_float(value: Any) -> bool:
    return isinstance(value, float | np.floating)


def _digits(value: Any) -> Any:
    return decimal(value, trim=True) if _is_float(value) else value
