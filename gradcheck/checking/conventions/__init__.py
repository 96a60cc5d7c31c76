"""How other people's code is understood: one file a convention, tried in this order.

1. :mod:`~gradcheck.checking.conventions.pair` where ``backward=`` is given;
2. :mod:`~gradcheck.checking.conventions.function` where ``grad=`` is given;
3. :mod:`~gradcheck.checking.conventions.network`: ``loss(x, t)`` and ``gradient(x, t)``;
4. :mod:`~gradcheck.checking.conventions.layer`: ``forward`` and ``backward``;
5. :mod:`~gradcheck.checking.conventions.autograd_function`: a function autograd can differentiate.

Each has ``recognise(thing, inputs, options)``, which returns a subject or None.
"""

from typing import Any

from gradcheck.checking.conventions import autograd_function, function, layer, network, pair
from gradcheck.checking.subject import NotUnderstoodError, Options, Subject

CONVENTIONS = (pair, function, network, layer, autograd_function)


def understand(thing: Any, inputs: tuple[Any, ...], options: Options) -> Subject:
    """The subject that the first fitting convention makes of `thing`.

    Raises
    ------
    NotUnderstoodError
        Where no convention fits: what was looked for, what was found, and what would do.
    """
    for convention in CONVENTIONS:
        subject: Subject | None = convention.recognise(thing, inputs, options)
        if subject is not None:
            return subject
    found = sorted(name for name in dir(thing) if not name.startswith("_"))[:12]
    raise NotUnderstoodError(
        f"check does not understand {type(thing).__name__} {getattr(thing, '__name__', '')!r}: it looked for "
        "methods forward and backward, for methods loss and gradient with a dictionary params, and for a function "
        f"of autograd.numpy, and found {', '.join(found) or 'no public attributes'}. Pass the backward of a pair, "
        "check(forward, x, backward=backward), the gradient of a scalar function, check(f, x, grad=df), or "
        "grad=True where f returns (value, gradient)"
    )
