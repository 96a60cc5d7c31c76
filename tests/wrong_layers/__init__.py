"""Backward passes as people get them wrong: three or more for each class, the mistake in its name.

Only ``_backward`` (of a network: ``gradient``), or what ``_forward`` keeps for it, differs from the right class. A new
mistake is one more class in the module of its family, found by what it is derived from. `wrong_cases` puts all of them
into the cases of the catalogue, whose inputs must be able to tell them from the right ones.
"""

import copy

from gradcheck.analytic import cases
from wrong_layers import images, losses, networks, normalization, pointwise, sequences, shaping
from wrong_layers.where import shows

FAMILIES = (pointwise, shaping, normalization, images, sequences, losses, networks)

WRONG = {type(case.subject): [] for case in cases()}
for family in FAMILIES:
    for thing in vars(family).values():
        if isinstance(thing, type) and thing.__module__ == family.__name__ and WRONG.keys() & set(thing.__mro__):
            WRONG[next(kind for kind in thing.__mro__ if kind in WRONG)].append(thing)


def wrong_cases():
    """The catalogue's cases with their subject made wrong, in all ways known: (name of the mistake, case)."""
    for right_case in cases():
        for mistake in WRONG[type(right_case.subject)]:
            if shows(mistake, right_case):
                case = copy.deepcopy(right_case)
                case.subject.__class__ = mistake
                yield f"{mistake.__name__} ({case.name})", case
