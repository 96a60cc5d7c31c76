"""The words of a derivation, apart from how it is laid out: its sentences, the cells of its table, checks and key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcheck.derivation.digits import amount, off_by_rounding
from gradcheck.derivation.notation import Python, Shapes
from gradcheck.derivation.proofs import Proof, written
from gradcheck.derivation.reasons import dimensions
from gradcheck.derivation.rows import Row
from gradcheck.derivation.sentences import Sentences, partial
from gradcheck.derivation.spelling import decimal
from gradcheck.derivation.symbols import Number, Symbol

if TYPE_CHECKING:
    from gradcheck.derivation.derivation import Check

BLANK = "________"


class Wording(Sentences):
    """All the words for one derivation."""

    def equations(self) -> list[tuple[Row, list[list[Row]]]]:
        """The chain rule: for each δ, and for the whole, its row and the factors of each of its terms."""
        rows, found = self.derivation.rows, []
        for row in rows if self.derivation.scalar else ():
            if row.kind != "factor" and (row.delta or row.number == len(rows)):
                terms = row.cites if row.kind == "sum" else (row.number,)
                found.append((row, [self._factors(rows[k - 1]) for k in terms]))
        return found

    def term(self, factors: list[Row], times: str = " · ") -> str:
        """One of the products that a derivative is the sum of."""
        return times.join(map(factor_name, factors)) + self.beside(factors)

    def beside(self, factors: list[Row]) -> str:
        """What tells a direct way, ∂y/∂x (directly), from the whole ∂y/∂x."""
        if len(factors) > 1 or not factors[0].via:
            return ""
        return self.say("say_space") + self.say("aside", text=self.note(factors[0]))

    def _factors(self, row: Row) -> list[Row]:
        return [self.derivation.rows[k - 1] for k in row.cites] if row.kind == "product" else [row]

    def shaped(self) -> list[tuple[str, list[str]]]:
        """The chain rule of arrays: what is given, and the terms it is the sum of, a shape beside each factor."""
        d = self.derivation
        rows = () if d.scalar else self.rows() if self.detail == "brief" else d.rows
        parts = {k for row in rows if row.kind == "sum" for k in row.cites}
        found = []
        for row in rows:
            terms = [d.rows[k - 1] for k in row.cites] if row.kind == "sum" else [row]
            if row.number not in parts and all(term.formula is not None for term in terms):
                found.append((self._shaped_name(row), list(map(self._shaped_term, terms))))
        return found

    def shaped_lines(self) -> list[str]:
        """The same, each on a line of its own."""
        return [f"{name} = {added(terms)}" for name, terms in self.shaped()]

    def _shaped_name(self, row: Row) -> str:
        shape = f" ({dimensions(np.shape(row.value))})" if np.ndim(row.value) and not self.ask else ""
        return (row.delta or partial(row.above, row.below)) + shape

    def _shaped_term(self, row: Row) -> str:
        written = Python() if self.ask else Shapes()  # on a worksheet the shapes are asked for
        via = f"  {self.say('aside', text=self.note(row))}" if row.via else ""
        return f"{written.write(row.formula)}{via}" if row.formula is not None else ""

    # The table

    def rows(self) -> tuple[Row, ...]:
        """The rows to be shown: all, or in brief from the last δ on."""
        rows, departure = self.derivation.rows, self.derivation.departure
        if departure is not None and departure.row:
            rows = rows[: departure.row]
        if self.detail != "brief" or not rows:
            return rows
        return rows[max((row.number for row in rows[:-1] if row.delta), default=1) - 1 :]

    def label(self, row: Row) -> str:
        """What a row gives, with its δ if it has one."""
        text = partial(row.above, row.below)
        return f"{row.delta} = {text}" if row.delta else text

    def symbols(self, row: Row) -> str:
        """The formula of a row, or the rows it cites."""
        return "  ".join(part for part in (row.text, self.note(row)) if part)

    def note(self, row: Row) -> str:
        """What is to be said about a row besides its numbers."""
        if row.note:
            return self.say("aside", text=self.say("note_" + row.note.replace(" ", "_")))
        if not row.via:
            return ""
        return self.say("via", via=row.via) if row.via != row.above else self.say("directly")

    def numbers(self, row: Row) -> str:
        """The formula with its numbers; empty where that would only repeat the value, and on a worksheet."""
        if self.ask or np.ndim(row.value):
            return ""
        if row.formula is not None:
            text = "" if isinstance(row.formula, Number | Symbol) else Python(numbers=True).write(row.formula)
            return "" if "array(" in text or text in (row.text, decimal(row.value, trim=True)) else text
        values = [decimal(self.derivation.rows[k - 1].value, trim=True) for k in row.cites]
        if row.kind == "sum":
            return " + ".join(values).replace("+ -", "- ")
        return " * ".join([*values[:1], *(f"({v})" if v.startswith("-") else v for v in values[1:])])

    def amounts(self) -> str:
        """What stands in the column of `amount`: "value", or "shape" where there are arrays."""
        return "shape" if any(np.ndim(row.value) for row in self.rows()) else "value"

    def amount(self, row: Row) -> str:
        """The value of a row, or the shape of an array, or a blank."""
        return BLANK if self.ask else amount(row.value)

    def measured(self, row: Row) -> str:
        """What its own central difference gave."""
        if row.numerical is None or self.ask:
            return ""
        return amount(row.numerical) if np.ndim(row.numerical) == 0 else self.verdict(row.agrees)

    def reasons(self, row: Row) -> list[str]:
        """Why an array's row looks as it does."""
        return [self.remark(reason) for reason in row.reasons] if self.detail != "brief" else []

    # Below the table

    def checks(self) -> list[tuple[str, str, str, str]]:
        """Every check as (name, value, against what, verdict); in brief the first, of the whole."""
        checks = self.derivation.checks
        return [self._check(check) for check in (checks[:1] if self.detail == "brief" else checks)]

    def _check(self, check: Check) -> tuple[str, str, str, str]:
        if check.name == "factors":
            value = self.say("of", good=check.value, count=check.count)
        elif self.ask and check.name in ("numerical", "autograd", "published"):
            value = BLANK
        else:
            value = decimal(check.value) if np.ndim(check.value) == 0 else self.say("as_below")
        against = self.say(f"against_{check.name}", count=check.count)
        return self.say(f"check_{check.name}"), value, against, self.verdict(check.agrees)

    def update(self) -> str:
        """One step of gradient descent, w = old - rate * gradient -> new; empty without a rate."""
        if self.derivation.rate is None or self.derivation.shape:
            return ""
        old, rate, gradient, new = self.update_numbers()
        return self.say("step", wrt=self.derivation.wrt, old=old, rate=rate, gradient=gradient, new=new)

    def update_numbers(self) -> tuple[str, str, str, str]:
        """The old value, the rate, the gradient and the new value."""
        d = self.derivation
        old, rate = decimal(d.point, trim=True), decimal(d.rate or 0, trim=True)
        if self.ask:
            return old, rate, BLANK, BLANK
        gradient = decimal(d.value)
        return old, rate, f"({gradient})" if d.value < 0 else gradient, decimal(d.updated)

    def together(self) -> str:
        """That all weights move at once, where an old value stands in the table."""
        old = any(row.note == "old value" for row in self.derivation.rows)
        return self.say("step_together") if old and self.detail != "brief" else ""

    def sense(self) -> list[str]:
        """What the gradient says."""
        silent = self.detail == "brief" or self.ask or not self.derivation.rows
        return [] if silent else [self.remark(r) for r in self.derivation.remarks]

    def gradients(self, width: int = 88) -> list[tuple[str, str]]:
        """The gradient of an array and the measured one, each with a heading; of a large one, the largest entries."""
        if not self.derivation.shape or self.detail == "brief" or self.ask:
            return []
        gradient = self.say("gradient", partial=partial(self.derivation.result, self.derivation.wrt))
        some = self._entries()
        text = "\n".join(f"{name:<20}{decimal(value):>16}{decimal(seen):>16}" for name, value, seen in some)
        measured = ("some_entries", text) if some else ("numerical_gradient", _lines(self.derivation.numerical, width))
        return [(gradient, _lines(self.derivation.value, width)), (self.say(measured[0]), measured[1])]

    def _entries(self) -> list[tuple[str, float, float]]:
        """Of a large array the entries that were measured one by one, the largest first: (entry, value, measured)."""
        d = self.derivation
        known = np.argwhere(~np.isnan(d.numerical)) if np.isnan(d.numerical).any() else np.zeros((0, 1), int)
        entries = sorted((tuple(int(k) for k in i) for i in known), key=lambda i: -abs(float(d.value[i])))
        return [(f"{d.wrt}[{', '.join(map(str, i))}]", float(d.value[i]), float(d.numerical[i])) for i in entries[:5]]

    def digits(self) -> str:
        """How to read the last digits."""
        if self.detail == "brief" or self.ask or not self.derivation.scalar:
            return ""
        rows = ", ".join(f"[{k}]" for k in off_by_rounding(self.derivation))
        return self.say("digits_off", rows=rows) if rows else self.say("digits_exact")

    def proofs(self) -> Iterator[tuple[str, list[tuple[str, str]], str]]:
        """In full: (which step, its operations with their derivatives, the product)."""
        for proof in self.derivation.proofs if self.detail == "full" else ():
            name = partial(proof.above, proof.below)
            row = next(r.number for r in self.derivation.rows if (r.above, r.below) == (proof.above, proof.below))
            yield self.say("why_step", row=row, partial=name), written(proof), self._product(proof)

    def _product(self, proof: Proof) -> str:
        text = self.say("why_product", formula=Python().write(proof.product))
        return text + self.say("why_alike", steps=self.say("list").join(proof.alike)) if proof.alike else text

    def departure(self) -> list[str]:
        """Where a given gradient leaves this one, in sentences."""
        found = self.derivation.departure
        if found is None:
            return []
        lines = [self.remark(found.remark), self.say("departs_values", value=found.value, expected=found.expected)]
        return [*lines, self.say("departs_until", row=found.row)] if found.row else lines

    def key(self, space: str = " ") -> str:
        """The key to a worksheet in one line."""
        return self.say("semicolon").join(f"{name}{space}{value}" for name, value in self.answers())

    def answers(self) -> list[tuple[str, str]]:
        """The key to a worksheet: (row, value)."""
        if not self.ask:
            return []
        found = [(f"[{row.number}]", amount(row.value)) for row in self.rows()]
        if self.update():
            found.append((self.derivation.wrt, decimal(self.derivation.updated)))
        return found


def _lines(array: Any, width: int) -> str:
    return np.array2string(np.asarray(array), precision=9, max_line_width=width, threshold=60)


def signed(term: str) -> str:
    """A further term of a sum with its sign: "+ a", "- a" for -a."""
    return f"- {term[1:]}" if term.startswith("-") else f"+ {term}"


def added(terms: list[str]) -> str:
    """The sum of terms."""
    return " ".join([terms[0], *map(signed, terms[1:])])


def factor_name(row: Row) -> str:
    """What a row is called within a product: its δ, or what is derived by what."""
    return row.delta or partial(row.above, row.below)
