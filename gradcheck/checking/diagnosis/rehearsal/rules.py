"""What an operation may answer instead: nothing that moves, its argument as it is, its slope from elsewhere."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.diagnosis.rehearsal.stages import Call, Rule
from gradcheck.checking.diagnosis.rehearsal.watched import Compute

Array = NDArray[Any]


def constant(_: Compute, arguments: Sequence[Any], call: Call, result: Array) -> Any:
    """Nothing passes."""
    return call.result


def argument_constant(j: int) -> Rule:
    """Nothing passes through this argument."""

    def rule(compute: Compute, arguments: Sequence[Any], call: Call, result: Array) -> Any:
        return compute([call.arguments[i] if i == j else a for i, a in enumerate(arguments)])

    return rule


def straight(j: int) -> Rule:
    """The argument passes as if the operation were not there."""

    def rule(compute: Compute, arguments: Sequence[Any], call: Call, result: Array) -> Any:
        return call.result + (arguments[j] - call.arguments[j])

    return rule


def without(j: int) -> Rule:
    """The argument is the result: the operation is left out, not only its derivative."""

    def rule(compute: Compute, arguments: Sequence[Any], call: Call, result: Array) -> Any:
        return np.asarray(arguments[j])

    return rule


def elsewhere(compute: Compute, arguments: Sequence[Any], call: Call, result: Array) -> Any:
    """The slope is taken at the result, where it should be taken at the argument."""
    return call.result + compute([call.result + (arguments[0] - call.arguments[0])]) - compute([call.result])


def spread(compute: Compute, arguments: Sequence[Any], call: Call, result: Array) -> Any:
    """Every entry that was compared gets what only the largest (or smallest) should."""
    change = arguments[0] - call.arguments[0]
    for axes, keep in _reductions(change, call.result):
        return call.result + change.sum(axis=axes, keepdims=keep)
    return result


def one_slice(which: int) -> Rule:
    """Of what a sum or a mean adds up, only the first or the last passes."""

    def rule(compute: Compute, arguments: Sequence[Any], call: Call, result: Array) -> Any:
        change = arguments[0] - call.arguments[0]
        for axes, _ in _reductions(change, call.result):
            kept = np.zeros_like(change)
            place = tuple(which if a in axes else slice(None) for a in range(change.ndim))
            kept[place] = change[place]
            return compute([call.arguments[0] + kept])
        return result

    return rule


def _reductions(array: Array, result: Array) -> Iterator[tuple[tuple[int, ...], bool]]:
    """The axes over which an array may have been reduced to a result, and whether they were kept."""
    for count in range(1, array.ndim + 1):
        for axes in combinations(range(array.ndim), count):
            for keep in (False, True):
                if array.sum(axis=axes, keepdims=keep).shape == result.shape:
                    yield axes, keep


def transposed(j: int) -> Rule:
    """In a matrix product, the other factor is transposed, read into the shape that fits."""

    def rule(compute: Compute, arguments: Sequence[Any], call: Call, result: Array) -> Any:
        other = np.asarray(call.arguments[1 - j])
        turned = other.swapaxes(-1, -2).reshape(other.shape)
        return call.result + _product(compute, j, arguments[j] - call.arguments[j], turned)

    return rule


def of_another_round(j: int, step: int) -> Rule:
    """In a product inside a loop, the other factor is that of the next round, or of the one before."""

    def rule(compute: Compute, arguments: Sequence[Any], call: Call, result: Array) -> Any:
        rest = compute([call.arguments[i] if i == j else a for i, a in enumerate(arguments)])
        return rest + _product(compute, j, arguments[j] - call.arguments[j], _other_factor(call, 1 - j, step))

    return rule


def _product(compute: Compute, j: int, change: Any, other: Any) -> Any:
    return compute([change, other] if j == 0 else [other, change])


def _other_factor(call: Call, other: int, step: int) -> Array:
    """That argument some rounds later or earlier; after the last round, the state that it would have been."""
    i = call.number + step
    if 0 <= i < len(call.rounds):
        return np.asarray(call.rounds[i].arguments[other])
    last = np.asarray(call.arguments[other])
    if i < 0:
        return np.zeros_like(last)
    later = [c.arguments[other] for c in call.rounds[1:]]
    for calls in call.rehearsal.calls.values():
        made = [c.result for c in calls]
        if len(made) == len(call.rounds) and all(map(np.array_equal, made[:-1], later)) and later:
            return made[-1]
    return np.zeros_like(last)
