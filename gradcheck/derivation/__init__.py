"""Show me the steps: the chain rule of your own code, factor by factor, every factor measured.

Start with :func:`explain`. Then read :mod:`~gradcheck.derivation.value` (a number that remembers where it came
from), :mod:`~gradcheck.derivation.rules` (the local derivatives), :mod:`~gradcheck.derivation.naming` and
:mod:`~gradcheck.derivation.trace` (plain code to a graph of named values), :mod:`~gradcheck.derivation.symbols` and
:mod:`~gradcheck.derivation.simplify` (formulas as a textbook writes them), :mod:`~gradcheck.derivation.paths` (the
chain rule) and :mod:`~gradcheck.derivation.rows` (the table); the rest is rendering.
"""

from gradcheck.derivation.derivation import Derivation as Derivation
from gradcheck.derivation.explain import explain as explain
