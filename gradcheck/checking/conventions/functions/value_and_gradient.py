"""Functions that bring their gradient along: ``softmax_loss(x, y) -> loss, dx``, or ``dense(x, W) -> out, pullback``.

It is seen from what they return: one number, and arrays in the shapes of the inputs, or a dictionary of gradients, the
two in either order; or outputs, and a function last.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck.checking.conventions.common.arguments import is_variable, named_inputs
from gradcheck.checking.conventions.common.nested import leaves, spread
from gradcheck.checking.conventions.functions.function import FunctionSubject, is_number
from gradcheck.checking.conventions.functions.pair import PairSubject
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
    if _has_pullback(returned):
        pair = PairSubject(thing, _pulled, inputs, options.name)
        pair.with_cache, pair.trials = "function returning (out, pullback)", 1
        return pair
    if not _fits(returned[::-1] if _is_turned(returned) else returned, named_inputs(thing, inputs)):
        return None
    subject = FunctionSubject(thing, None, inputs, options.name)
    subject.trials += 1
    return subject


def _has_pullback(returned: Any) -> bool:
    """Whether a function comes after the outputs, as from the ``vjp`` of JAX."""
    if not (isinstance(returned, tuple) and len(returned) >= 2 and callable(returned[-1])):
        return False
    return all(isinstance(output, float) or is_variable(output) for output in returned[:-1])


def _pulled(*arguments: Any) -> Any:
    *cotangents, pullback = arguments
    return pullback(*cotangents)


def _is_turned(returned: Any) -> bool:
    """Whether the gradients come first: ``grads, cost``."""
    if not (isinstance(returned, tuple) and len(returned) == 2):
        return False
    return is_number(returned[1]) and not is_number(returned[0])


def _fits(returned: Any, inputs: Mapping[str, Any]) -> bool:
    if not (isinstance(returned, tuple) and len(returned) >= 2 and is_number(returned[0])):
        return False
    shapes = [np.shape(value) for value in spread(inputs, deep=True).values() if is_variable(value)]
    gradients = returned[1:]
    if len(gradients) == 1 and isinstance(gradients[0], tuple | list):
        gradients = tuple(part for _, part in leaves("", gradients[0]))
    if len(gradients) == 1 and isinstance(gradients[0], Mapping):
        gradients = tuple(gradients[0].values())
        return bool(gradients) and any(np.shape(g) in shapes for g in gradients if is_variable(g))
    return bool(gradients) and all(is_variable(g) and np.shape(g) in shapes and np.ndim(g) for g in gradients)
