"""Formulas in MathML, which browsers show and screen readers read without any script."""

from __future__ import annotations

from html import escape

from gradcheck.derivation.notation import ADDITIVE, COMPARISONS, Python
from gradcheck.derivation.spelling import name_parts
from gradcheck.derivation.symbols import Formula, Number

_COMPARED = {"greater_equal": "≥", "less_equal": "≤", "not_equal": "≠", "equal": "="}


class MathML(Python):
    """Formulas as MathML elements."""

    below_binds = ADDITIVE  # a fraction bar is bracket enough
    hadamard = "<mo>⊙</mo>"
    times, minus, plus, comma = "<mo>·</mo>", "<mo>−</mo>", "<mo>+</mo>", "<mo>,</mo>"

    def _name(self, text: str) -> str:
        return name(text)

    def _literal(self, text: str) -> str:
        if text == "inf":
            return "<mn>∞</mn>"
        mantissa, _, exponent = text.partition("e")
        if exponent and exponent.lstrip("+-").isdigit():
            power = f"<msup><mn>10</mn><mn>{str(int(exponent)).replace('-', '−')}</mn></msup>"
            return f"<mrow><mn>{mantissa}</mn>{self.times}{power}</mrow>"
        return f"<mn>{escape(text)}</mn>"

    def _brackets(self, text: str) -> str:
        return f"<mrow><mo>(</mo>{text}<mo>)</mo></mrow>"

    def _literal_brackets(self, text: str) -> str:
        return f"<mrow><mo>[</mo>{text}<mo>]</mo></mrow>"

    def _quotient(self, above: list[str], below: list[str], times: str = "") -> str:
        times = times or self.times
        top = f"<mrow>{times.join(above)}</mrow>"
        return f"<mfrac>{top}<mrow>{times.join(below)}</mrow></mfrac>" if below else top

    def _power(self, base: str, exponent: str) -> str:
        return f"<msup><mrow>{base}</mrow><mrow>{exponent}</mrow></msup>"

    def _exponent(self, formula: Formula) -> str:
        return self.write(formula)

    def _comparison(self, op: str, sides: list[str]) -> str:
        return f"<mo>{escape(_COMPARED.get(op, COMPARISONS[op]))}</mo>".join(sides)

    def _matmul(self, sides: list[str]) -> str:
        return "<mspace width='0.2em'/>".join(sides)

    def _transpose(self, text: str) -> str:
        return f"<msup><mrow>{text}</mrow><mi mathvariant='normal'>T</mi></msup>"

    def _entry(self, text: str, index: str) -> str:
        return f"<msub><mrow>{text}</mrow><mtext>[{escape(index)}]</mtext></msub>"

    def _placed(self, text: str, index: str) -> str:
        return f"{text}<mtext> at [{escape(index)}]</mtext>"

    def _uniform(self, entry: Number, shape: tuple[int, ...]) -> str:
        ones = f"<msub><mn mathvariant='bold'>1</mn><mtext>{'×'.join(map(str, shape))}</mtext></msub>"
        return ones if entry.value == 1 else f"<mrow>{self.write(entry)}{ones}</mrow>"

    def _call(self, op: str, arguments: list[str], keywords: list[str]) -> str:
        if op == "sqrt":
            return f"<msqrt>{arguments[0]}</msqrt>"
        if op == "abs":
            return f"<mrow><mo>|</mo>{arguments[0]}<mo>|</mo></mrow>"
        if op == "sum":
            axis = "".join(f"<mtext>{escape(k)}</mtext>" for k in keywords if k.startswith("axis"))
            sign = f"<munder><mo>∑</mo>{axis}</munder>" if axis else "<mo>∑</mo>"
            return f"<mrow>{sign}{self._brackets(arguments[0])}</mrow>"
        shown = [f"<mtext>{escape(keyword)}</mtext>" for keyword in keywords]
        return f"<mrow><mi>{escape(op)}</mi>{self._brackets(self.comma.join([*arguments, *shown]))}</mrow>"


def name(text: str) -> str:
    """A name, its index as a subscript."""
    base, subscript = name_parts(text)
    letter = f"<mi>{escape(base)}</mi>"
    return f"<msub>{letter}<mtext>{escape(subscript)}</mtext></msub>" if subscript else letter


def partial(above: str, below: str) -> str:
    """∂above/∂below as a fraction."""
    return f"<mfrac><mrow><mo>∂</mo>{name(above)}</mrow><mrow><mo>∂</mo>{name(below)}</mrow></mfrac>"


def formula(content: Formula, *, numbers: bool = False) -> str:
    """A formula, in symbols or with its numbers."""
    return MathML(numbers=numbers).write(content)


def math(content: str, spoken: str) -> str:
    """A math element; `spoken` is what stands for it where it cannot be shown."""
    return f'<math displaystyle="true" alttext="{escape(spoken, quote=True)}">{content}</math>'
