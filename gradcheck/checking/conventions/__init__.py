"""How other people's code is understood: one file a convention, tried in this order.

1. :mod:`~gradcheck.checking.conventions.torch_function`: what PyTorch differentiates, if it is imported;
2. :mod:`~gradcheck.checking.conventions.from_targets`: a backward that is given targets, and starts from a loss;
3. :mod:`~gradcheck.checking.conventions.pair`: two functions, where ``backward=`` is given, or static methods;
   :mod:`~gradcheck.checking.conventions.function`: a number and its gradient, where ``grad=`` is given;
4. :mod:`~gradcheck.checking.conventions.jax_function`: what JAX differentiates, if it is imported;
   :mod:`~gradcheck.checking.conventions.engine`: values of micrograd, DeZero and their like;
5. :mod:`~gradcheck.checking.conventions.network`: ``loss(x, t)`` and ``gradient(x, t)`` with ``params``;
6. :mod:`~gradcheck.checking.conventions.layer`: an object with a forward and a backward under any of their names,
   or a loss or an activation with its derivative;
7. :mod:`~gradcheck.checking.conventions.network_with_gradients`: ``loss(x, t)`` that returns both;
8. :mod:`~gradcheck.checking.conventions.value_and_gradient`: a function that returns a number and its gradient;
9. :mod:`~gradcheck.checking.conventions.autograd_function`: a function autograd can differentiate.

Each has ``recognise(thing, inputs, options)``, which returns a subject or None. To add a convention, add a file with a
``recognise`` and name it in :data:`CONVENTIONS`. A :class:`~gradcheck.checking.subject.Subject` of the caller's own is
taken as it is.

To read them, begin with a whole one that is short: ``function``, then ``network`` and ``pair``. Behind a layer stand

* its methods: ``methods`` (their names), ``roles`` (the names of arguments), ``plan`` (how backward is called),
  ``awaiting`` (set up first), ``arguments`` and ``nested`` (of any function);
* its arrays: ``places`` (every array an object holds), ``rehearsal`` (one run, to see which are left alone and which
  are written), ``history`` (what grows with each forward), ``gradient_names`` (dW, grad_W, W.grad);
* the gradients: ``homes`` (where they are, in which order they are looked for), with ``parameters``, ``input_homes``,
  ``assigning`` and ``order`` (those returned), ``steps`` (those that went into a step);
* what numbers decide where names are silent, by a measured slope (``slopes``): ``reading`` (what backward of a pair
  wants), ``reduction`` (sum, mean, or each entry), ``samples`` (averages over columns), ``losses`` (which loss). The
  report says what they decided.

What is not written yet is told from what is wrong in ``stub``; what nobody understands is told what would do in
``misfits``; that nothing to check is no agreement, in ``nothing``.
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
