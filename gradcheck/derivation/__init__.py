"""Show me the steps: the chain rule of your own code, factor by factor, every factor measured.

Start with :func:`explain`. Then read

1. ``value`` (a number that remembers where it came from), ``rules`` (the local derivatives), ``functions``,
2. ``naming`` and ``trace`` (plain code to a graph of named values),
3. ``symbols`` and ``simplify`` (formulas as a textbook writes them),
4. ``paths`` (the chain rule), ``differences`` (every step measured), ``rows`` (the table),
5. ``derivation``, ``wording`` and the renderings ``text``, ``latex`` and ``html``.

``worked_example`` is the small network that every textbook of the subject computes by hand.
"""

from gradcheck.derivation.derivation import Derivation as Derivation
from gradcheck.derivation.explain import explain as explain
