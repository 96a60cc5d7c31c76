"""One case or more for every layer and loss of this package, ready to be checked.

Whoever wants to verify all there is (the command-line tour, the tests, you) goes through `cases`.

A new layer is one entry in each of these places, in the module of its family; tests see to it that none is forgotten:

* its class in :mod:`gradcheck.analytic`, and its name in the list there;
* here, a line with a `Case` at which a mistake would show;
* in :mod:`gradcheck.testing.layers`, a strategy under ``@draws(Layer)``: any hyper-parameters, shapes and values;
* in ``tests/autograd_references``, the plain formula under ``@reference(Layer)``;
* in ``tests/torch_references``, the same layer of PyTorch under ``@reference(Layer)``, where it has one;
* in ``tests/wrong_layers``, three or more classes with a plausible wrong backward.
"""

import numpy as np

from gradcheck.analytic.catalogue.case import Case as Case
from gradcheck.analytic.catalogue.images import images
from gradcheck.analytic.catalogue.losses import losses
from gradcheck.analytic.catalogue.networks import networks
from gradcheck.analytic.catalogue.normalization import normalization
from gradcheck.analytic.catalogue.pointwise import pointwise
from gradcheck.analytic.catalogue.sequences import sequences
from gradcheck.analytic.catalogue.shaping import shaping

FAMILIES = (pointwise, shaping, normalization, images, sequences, losses, networks)


def cases(rng: int | np.random.Generator = 0) -> list[Case]:
    """All layers and losses, with inputs at which a mistake would show.

    No two axes have the same length (a forgotten transpose raises or shows), every batch has several rows
    (a wrong mean shows), values are of both signs and at least 0.25 away from kinks (differences are
    smooth).

    >>> [case.name for case in cases()][:2]
    ['Dense', 'Dense, three axes']
    """
    # A stream of its own for each family: a new case leaves those of the others as they are.
    streams = np.random.default_rng(rng).spawn(len(FAMILIES))
    return [case for family, stream in zip(FAMILIES, streams, strict=True) for case in family(stream)]
