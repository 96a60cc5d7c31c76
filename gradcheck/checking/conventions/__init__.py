"""How other people's code is understood: one file a convention, tried in this order.

1. :mod:`~gradcheck.checking.conventions.pair` where ``backward=`` is given;
2. :mod:`~gradcheck.checking.conventions.function` where ``grad=`` is given;
3. :mod:`~gradcheck.checking.conventions.torch_function` and :mod:`~gradcheck.checking.conventions.jax_function`: what
   PyTorch and JAX differentiate, if they are imported;
4. :mod:`~gradcheck.checking.conventions.network`: ``loss(x, t)`` and ``gradient(x, t)``;
5. :mod:`~gradcheck.checking.conventions.layer`: ``forward`` (or ``__call__``) and ``backward``;
6. :mod:`~gradcheck.checking.conventions.network_with_gradients`: ``loss(x, t)`` that returns both;
7. :mod:`~gradcheck.checking.conventions.autograd_function`: a function autograd can differentiate.

Each has ``recognise(thing, inputs, options)``, which returns a subject or None. What none of them understands is told
what would do in :mod:`~gradcheck.checking.conventions.misfits`. A :class:`~gradcheck.checking.subject.Subject` of
the caller's own is taken as it is.
"""

from typing import Any

from gradcheck.checking.conventions import (
    autograd_function,
    function,
    jax_function,
    layer,
    network,
    network_with_gradients,
    pair,
    torch_function,
)
from gradcheck.checking.conventions.misfits import explanation, refuse_class
from gradcheck.checking.conventions.nothing import require_something
from gradcheck.checking.conventions.torch_kinds import is_function_class
from gradcheck.checking.subject import NotUnderstoodError, Options, Subject

CONVENTIONS = (pair, function, torch_function, jax_function, network, layer, network_with_gradients, autograd_function)


def understand(thing: Any, inputs: tuple[Any, ...], options: Options) -> Subject:
    """The subject that the first fitting convention makes of `thing`.

    Raises
    ------
    NotUnderstoodError
        Where no convention fits: what was looked for, what was found, and what would do.
    ValueError
        Where there is nothing to differentiate with respect to.
    """
    if isinstance(thing, Subject):
        return thing
    if not is_function_class(thing):  # of which there are no instances
        refuse_class(thing)
    for convention in CONVENTIONS:
        subject: Subject | None = convention.recognise(thing, inputs, options)
        if subject is not None:
            require_something(subject)
            return subject
    raise NotUnderstoodError(explanation(thing))
