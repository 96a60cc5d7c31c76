"""Show me the steps: the chain rule of your own code, factor by factor, every factor measured.

Start with :func:`explain`. Then read

1. ``value`` (a number that remembers where it came from), ``rules`` (the local derivatives) with ``einsum``,
   ``assembled`` and ``decompositions``, ``functions`` with ``moving``, ``linear_algebra`` and ``methods``,
   ``indexing``, ``untraced`` (what is refused, and how),
2. ``naming``, ``namespace``, ``filled`` and ``trace`` (plain code to a graph of named values),
3. ``symbols``, ``simplify``, ``rearranged``, ``thin`` and ``tidy`` (formulas as a textbook writes them),
4. ``paths`` (the chain rule), ``differences`` (every step measured), ``rows`` (the table), ``derive``,
5. ``layers``, ``parameters``, ``opened``, ``forms`` and ``by_entry`` (objects with a forward), ``depart``,
   ``mistaken`` and ``lesson`` (where a wrong gradient leaves the right one),
6. ``reasons``, ``proofs``, ``sense`` and ``second_opinion`` (what is said beside the numbers),
7. ``derivation``, ``sentences`` and ``wording`` with ``languages``, ``notation`` and ``spelling``; and the renderings
   ``text``, ``markdown``, ``latex`` (with ``tex``), ``html`` (with ``mathml``, ``graph`` and ``style``), ``speech`` and
   ``plain``.

``worked_example`` is the small network that every textbook of the subject computes by hand.
"""

from gradcheck.derivation.depart import depart as depart
from gradcheck.derivation.derivation import Derivation as Derivation
from gradcheck.derivation.derivations import Derivations as Derivations
from gradcheck.derivation.explain import explain as explain
from gradcheck.derivation.lesson import lesson as lesson
