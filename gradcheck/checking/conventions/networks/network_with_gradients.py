"""Networks whose ``loss(X, y)`` returns ``(loss, grads)``, with a dictionary ``params``, as in the course CS231n."""

from collections.abc import Mapping, MutableMapping
from typing import Any

import numpy as np

from gradcheck.checking.conventions.common.arguments import call
from gradcheck.checking.conventions.common.assigning import by_name
from gradcheck.checking.conventions.networks.network import NetworkSubject
from gradcheck.checking.subject import Array, NotUnderstoodError, Options, Pullback, Subject, as_outputs


class NetworkWithGradients(NetworkSubject):
    """An object whose ``loss`` returns the loss and a dictionary like its ``params``."""

    way = "loss(x, t) returns (loss, gradients)"

    def forward(self, inputs: Mapping[str, Any]) -> tuple[list[Array], Pullback]:
        """Run ``loss``; the pullback hands out the gradients that came with it."""
        returned = call("loss", self.network.loss, inputs.values())
        if not (isinstance(returned, tuple) and len(returned) == 2 and isinstance(returned[1], Mapping)):
            raise NotUnderstoodError(
                f"{self.name} has params and loss, but loss returned {_what(returned)}; return (loss, gradients) with "
                "a dictionary of gradients, or add a method gradient(x, t) that returns it"
            )
        value, gradients = returned
        return as_outputs(value, "loss"), lambda _: {name: by_name(gradients, name) for name in self.tensors}


def _what(returned: Any) -> str:
    if isinstance(returned, tuple):
        return f"({', '.join(type(part).__name__ for part in returned)})"
    return f"an array of shape {returned.shape}" if isinstance(returned, np.ndarray) else type(returned).__name__


def recognise(thing: Any, inputs: tuple[Any, ...], options: Options) -> Subject | None:
    """An object with a method ``loss`` and a dictionary ``params``, and inputs at hand."""
    if options.grad is not None or not inputs or not isinstance(getattr(thing, "params", None), MutableMapping):
        return None
    alone = callable(getattr(thing, "loss", None)) and not callable(getattr(thing, "gradient", None))
    return NetworkWithGradients(thing, inputs, options.name) if alone else None
