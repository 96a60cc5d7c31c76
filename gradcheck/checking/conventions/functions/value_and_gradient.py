"""Functions that return a number and its gradient, ``softmax_loss(x, y) -> loss, dx``, without being asked to.

It is seen from what they return: one number, and arrays in the shapes of the inputs, or a dictionary of gradients. The
two may come in either order.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck.checking.conventions.common.arguments import is_variable, named_inputs
from gradcheck.checking.conventions.common.nested import spread
from gradcheck.checking.conventions.functions.function import FunctionSubject, is_number
from gradcheck.checking.state.snapshot import State
from gradcheck.checking.subject import Options, Subject


def recognise(thing: Any, inputs: tuple[Any, ...], options: Options) -> Subject | None:
    """A function without a backward that returns such a thing for these inputs."""
    given = options.backward is not None or (options.grad is not None and options.grad is not False)
    if given or not callable(thing) or hasattr(thing, "backward") or isinstance(thing, type):
        return None
    state = State([thing, *inputs])
    try:
        returned = thing(*[np.array(value) if is_variable(value) else value for value in inputs])
    except Exception:
        return None
    finally:
        state.restore()
    if not _fits(returned[::-1] if _is_turned(returned) else returned, named_inputs(thing, inputs)):
        return None
    subject = FunctionSubject(thing, None, inputs, options.name)
    subject.trials += 1
    return subject


def _is_turned(returned: Any) -> bool:
    """Whether the gradients come first: ``grads, cost``."""
    if not (isinstance(returned, tuple) and len(returned) == 2):
        return False
    return is_number(returned[1]) and not is_number(returned[0])


def _fits(returned: Any, inputs: Mapping[str, Any]) -> bool:
    if not (isinstance(returned, tuple) and len(returned) >= 2 and is_number(returned[0])):
        return False
    shapes = [np.shape(value) for value in spread(inputs, dictionaries=True).values() if is_variable(value)]
    gradients = returned[1:]
    if len(gradients) == 1 and isinstance(gradients[0], tuple | list):
        gradients = tuple(gradients[0])
    if len(gradients) == 1 and isinstance(gradients[0], Mapping):
        gradients = tuple(gradients[0].values())
        return bool(gradients) and any(np.shape(g) in shapes for g in gradients if is_variable(g))
    return bool(gradients) and all(is_variable(g) and np.shape(g) in shapes and np.ndim(g) for g in gradients)
