"""How other people's code is understood: one file a convention, tried in the order of :data:`CONVENTIONS`.

Each has ``recognise(thing, inputs, options)``, which returns a subject or None. To add a convention, add a file with a
``recognise`` and name it there. A :class:`~gradcheck.checking.subject.Subject` of the caller's own is taken as it is.

* :mod:`~gradcheck.checking.conventions.functions`: a number and its gradient; a forward and its backward;
* :mod:`~gradcheck.checking.conventions.networks`: a loss and the gradients of the parameters inside;
* :mod:`~gradcheck.checking.conventions.layers`: an object with a forward and a backward, by any of their names;
* :mod:`~gradcheck.checking.conventions.engines`: values of micrograd, DeZero and their like;
* :mod:`~gradcheck.checking.conventions.frameworks`: what PyTorch, JAX and autograd differentiate;
* :mod:`~gradcheck.checking.conventions.common`: the names and arguments that all of them read;
* :mod:`~gradcheck.checking.conventions.refusals`: what is said of all else.

To read them, begin with a whole one that is short: ``functions/function``, then ``networks/network`` and
``functions/pair``. Where names are silent, a measured slope decides between readings, never between right and wrong;
the report says what it decided.
"""

from typing import Any

from gradcheck.checking.conventions.engines import engine
from gradcheck.checking.conventions.frameworks import autograd_function, jax_function, torch_function
from gradcheck.checking.conventions.frameworks.torch_kinds import is_function_class
from gradcheck.checking.conventions.functions import (
    attributes,
    context,
    function,
    module_arrays,
    pair,
    value_and_gradient,
)
from gradcheck.checking.conventions.layers import attributes as layer_attributes
from gradcheck.checking.conventions.layers import layer
from gradcheck.checking.conventions.networks import from_targets, network, network_with_gradients
from gradcheck.checking.conventions.refusals.misfits import explanation, refuse_class
from gradcheck.checking.conventions.refusals.nothing import require_something
from gradcheck.checking.subject import NotUnderstoodError, Options, Subject

CONVENTIONS = (
    layer_attributes,  # an object whose backward leaves gradients at its arrays, or tensors
    torch_function,  # what PyTorch differentiates, if it is imported; its classes look like static pairs
    attributes,  # a backward that leaves gradients at its arguments: inp.g = ...
    from_targets,  # a backward that is given targets, and starts from a loss
    context,  # an operation whose static methods hand each other a context
    pair,  # two functions, where backward= is given, or static methods
    function,  # a number and its gradient, where grad= is given
    jax_function,  # what JAX differentiates, if it is imported
    engine,  # values of micrograd, DeZero and their like
    network,  # loss(x, t) and gradient(x, t) with params
    layer,  # an object with a forward and a backward, or a loss or an activation with its derivative
    network_with_gradients,  # loss(x, t) that returns both
    module_arrays,  # a function that returns a number and the gradients of arrays in its module
    value_and_gradient,  # a function that returns a number and its gradient, or its output and its pullback
    autograd_function,  # a function autograd can differentiate
)
"""In this order; the first that recognises a thing has it."""


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
