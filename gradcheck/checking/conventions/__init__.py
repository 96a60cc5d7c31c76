"""How other people's code is understood: one file a convention, tried in this order.

1. :mod:`~gradcheck.checking.conventions.torch_function`: what PyTorch differentiates, if it is imported;
2. :mod:`~gradcheck.checking.conventions.pair`: two functions, where ``backward=`` is given, or static methods;
   :mod:`~gradcheck.checking.conventions.function`: a number and its gradient, where ``grad=`` is given;
3. :mod:`~gradcheck.checking.conventions.jax_function`: what JAX differentiates, if it is imported;
   :mod:`~gradcheck.checking.conventions.engine`: values of micrograd, DeZero and their like;
4. :mod:`~gradcheck.checking.conventions.network`: ``loss(x, t)`` and ``gradient(x, t)`` with ``params``;
5. :mod:`~gradcheck.checking.conventions.layer`: an object with a forward and a backward under any of their names
   (:mod:`~gradcheck.checking.conventions.methods`), or a loss or an activation with its derivative;
6. :mod:`~gradcheck.checking.conventions.network_with_gradients`: ``loss(x, t)`` that returns both;
7. :mod:`~gradcheck.checking.conventions.value_and_gradient`: a function that returns a number and its gradient;
8. :mod:`~gradcheck.checking.conventions.autograd_function`: a function autograd can differentiate.

Each has ``recognise(thing, inputs, options)``, which returns a subject or None. What is not written yet is told from
what is wrong in :mod:`~gradcheck.checking.conventions.stub`; what no convention understands is told what would do in
:mod:`~gradcheck.checking.conventions.misfits`. A :class:`~gradcheck.checking.subject.Subject` of the caller's own is
taken as it is. To add a convention, add a file with a ``recognise`` and name it in :data:`CONVENTIONS`.

Within a layer, parameters and gradients are looked for by :mod:`~gradcheck.checking.conventions.homes`, arguments of
backward told apart by :mod:`~gradcheck.checking.conventions.plan`; names are told by
:mod:`~gradcheck.checking.conventions.roles` and :mod:`~gradcheck.checking.conventions.gradient_names`, and where they
are silent one measured slope decides (:mod:`~gradcheck.checking.conventions.slopes`).
"""

from typing import Any

from gradcheck.checking.conventions import (
    autograd_function,
    engine,
    from_targets,
    function,
    jax_function,
    layer,
    network,
    network_with_gradients,
    pair,
    torch_function,
    value_and_gradient,
)
from gradcheck.checking.conventions.misfits import explanation, refuse_class
from gradcheck.checking.conventions.nothing import require_something
from gradcheck.checking.conventions.torch_kinds import is_function_class
from gradcheck.checking.subject import NotUnderstoodError, Options, Subject

CONVENTIONS = (
    *(
        torch_function,
        from_targets,
        pair,
        function,
        jax_function,
        engine,
    ),  # the classes of PyTorch look like static pairs
    *(network, layer, network_with_gradients, value_and_gradient, autograd_function),
)


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
    if not is_function_class(thing) and not pair.has_static_pair(thing):  # of which there are no instances
        refuse_class(thing)
    for convention in CONVENTIONS:
        subject: Subject | None = convention.recognise(thing, inputs, options)
        if subject is not None:
            require_something(subject)
            return subject
    raise NotUnderstoodError(explanation(thing))
