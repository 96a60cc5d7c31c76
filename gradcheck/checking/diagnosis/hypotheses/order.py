"""The right numbers in the wrong places: transposed, reversed, shifted, blocks exchanged, another tensor's."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations, permutations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.diagnosis.clues import Clues
from gradcheck.checking.diagnosis.explanation import Explanation
from gradcheck.checking.diagnosis.trial import Trial

Array = NDArray[Any]
Move = Callable[[Array], Array]

LARGE = 100_000
"""Gradients with more entries than this are not shifted along two axes at once, of which there are a hundred ways."""


def moved(clues: Clues, cause: str, move: Move, message: str, remedy: str, doubt: int = 0) -> Explanation:
    """The explanation that the right gradient was moved about."""

    def onto(_: Trial, gradient: Array) -> Array:
        return move(gradient)

    return Explanation(
        cause, lambda trial: move(trial.right(clues.tensor)), f"{clues.d} {message}", remedy, doubt, onto
    )


def transposed(clues: Clues) -> Iterator[Explanation]:
    """The axes of the gradient in another order, the numbers read back into its shape."""
    shape = clues.right.shape
    if clues.claimed.shape != shape or not 2 <= len(shape) <= 4 or (min(shape) < 2 and len(shape) == 2):
        return
    identity = tuple(range(len(shape)))
    for axes in permutations(identity):
        if axes == identity:
            continue
        matrices = len(shape) == 2 or (axes[:-2] == identity[:-2] and shape[-1] == shape[-2])
        cause = "transposed" if matrices else "permuted"
        target = tuple(shape[a] for a in axes)
        how = "transposed" if len(shape) == 2 else f"with its axes in the order {axes}"
        read = "" if target == shape else f", its numbers read row by row into the shape {shape}"
        yield moved(
            clues,
            cause,
            partial(lambda g, axes: g.transpose(axes).reshape(shape), axes=axes),
            f"is the right gradient {how}{read}.",
            f"Transpose the product that gives {clues.d}; reshape never exchanges axes."
            if read
            else f"Transpose {clues.d}, or exchange the factors of the product that gives it.",
        )
    yield moved(
        clues,
        "permuted",
        lambda g: g.ravel(order="F").reshape(shape),
        "has the right numbers, written column by column where they are read row by row.",
        "Undo a reshape in the order in which it was made.",
    )


def reversed_axes(clues: Clues) -> Iterator[Explanation]:
    """Read backwards along some axes, as a kernel that was flipped, or time."""
    g = clues.right
    if clues.claimed.shape != g.shape:
        return
    long = [a for a, n in enumerate(g.shape) if n > 1]
    for count in (1, 2, 3):
        for axes in combinations(long, count):
            said = "axis" if count == 1 else "axes"
            yield moved(
                clues,
                "permuted",
                partial(np.flip, axis=axes),
                f"is the right gradient reversed along {said} {_listed(axes)}.",
                "Undo the reversal: go through that axis in the same order as forward does, or flip the kernel back.",
            )


def shifted(clues: Clues) -> Iterator[Explanation]:
    """Moved along one or two axes, the entries that fall off lost or coming back at the other end."""
    g = clues.right
    if clues.claimed.shape != g.shape:
        return
    reach = {a: range(-min(3, n - 1), min(3, n - 1) + 1) for a, n in enumerate(g.shape) if n > 1}
    pairs = list(combinations(reach, 2)) if g.size <= LARGE else []
    for axes in [(a,) for a in reach] + pairs:
        for steps in product(*(reach[a] for a in axes)):
            if not all(steps):
                continue
            where = " and ".join(
                f"by {abs(k)} {'on' if k > 0 else 'back'} along axis {a}" for a, k in zip(axes, steps, strict=True)
            )
            for falls in ("what falls off coming in at the other end", "zeros following it", "other values following"):
                yield moved(
                    clues,
                    "shifted",
                    partial(
                        lambda g, axes, steps, falls: _shift(g, axes, steps, _FILL[falls[0]]),
                        axes=axes,
                        steps=steps,
                        falls=falls,
                    ),
                    f"is the right gradient shifted {where}, {falls}.",
                    "An index, a stride or a padding is off; start where forward starts.",
                    1,
                )


_FILL = {"w": None, "z": 0.0, "o": np.nan}
"""What comes in where a shifted array has no values; NaN where that is left open."""


def _shift(g: Array, axes: tuple[int, ...], steps: tuple[int, ...], fill: float | None) -> Array:
    result = np.roll(g, steps, axes)
    for a, k in zip(axes, steps, strict=True):
        if fill is not None:
            lost = [slice(None)] * g.ndim
            lost[a] = slice(0, k) if k > 0 else slice(k, None)
            result[tuple(lost)] = fill
    return result


def blocks(clues: Clues) -> Iterator[Explanation]:
    """Slices along one axis in another order, in blocks as the gates of a recurrent layer, or one by one."""
    a, g = clues.claimed, clues.right
    if a.shape != g.shape or not np.all(np.isfinite(g)):
        return
    for axis, n in enumerate(g.shape):
        order = _order_of_slices(np.moveaxis(a, axis, 0).reshape(n, -1), np.moveaxis(g, axis, 0).reshape(n, -1))
        if order is None or order == list(range(n)):
            continue
        block = _block_length(order)
        turn = order[0]
        if order == [(i + turn) % n for i in range(n)] and n > 2 and turn in (1, n - 1):
            continue  # a shift
        said = (
            f"blocks of {block} along axis {axis} in the order {[order[i] // block for i in range(0, n, block)]}"
            if block > 1
            else f"its slices along axis {axis} in the order {order if n <= 12 else str(order[:12])[:-1] + ', …]'}"
        )
        yield moved(
            clues,
            "permuted",
            partial(lambda g, axis, order: np.take(g, order, axis), axis=axis, order=order),
            f"is the right gradient with {said}.",
            "Put the parts (gates, heads, channels, steps) together in the order in which forward takes them apart.",
        )


def _order_of_slices(claimed: Array, right: Array) -> list[int] | None:
    """For each claimed slice the one right slice that it equals; None if that is no permutation."""
    if not 2 <= len(right) <= 256 or right.shape[1] < 1:
        return None
    sizes = np.linalg.norm(right, axis=1)
    order = []
    for row in claimed:  # one by one, as all differences at once may take gigabytes
        distances = np.linalg.norm(right - row, axis=1)
        nearest = int(np.argmin(distances))
        if distances[nearest] > 1e-4 * (sizes[nearest] + 1e-300):
            return None
        order.append(nearest)
    return order if sorted(order) == list(range(len(right))) else None


def _block_length(order: list[int]) -> int:
    """The longest run length that divides the axis and of which every block is kept together."""
    n = len(order)
    for block in range(n // 2, 1, -1):
        if n % block == 0 and all(
            order[i] % block == 0 and order[i : i + block] == list(range(order[i], order[i] + block))
            for i in range(0, n, block)
        ):
            return block
    return 1


def swapped(clues: Clues) -> Iterator[Explanation]:
    """The gradient of another tensor of the same shape."""
    for other, value in clues.given.point.items():
        if other != clues.tensor and value.shape == clues.value.shape == clues.claimed.shape:
            both = clues.bureau.comparisons[other].verdict == "disagree"
            yield Explanation(
                "swapped" if both else "factor",
                partial(lambda trial, other: trial.right(other), other=other),
                f"{clues.d} is the gradient of {other}"
                + ("." if both else f", which is right: what {clues.tensor} is multiplied by in forward is missing."),
                f"Exchange {clues.d} and d{other} where they are returned or stored."
                if both
                else f"Multiply by what {clues.tensor} is multiplied by in forward.",
            )


def misrouted(clues: Clues) -> Iterator[Explanation]:
    """The right numbers at wrong places, which depend on the input: another maximum, another order."""
    for trial in (clues.given, *clues.fresh):
        a, g = trial.claimed(clues.tensor), trial.right(clues.tensor)
        if a.shape != g.shape or not np.allclose(np.sort(a, axis=None), np.sort(g, axis=None), rtol=1e-6, atol=1e-8):
            return
        if np.allclose(a, g, rtol=1e-4, atol=1e-8):
            return
    zeros = np.any(clues.right == 0)
    yield Explanation(
        "wrong-mask" if zeros else "permuted",
        lambda trial: trial.claimed(clues.tensor),  # which places, follows no rule that is known
        f"{clues.d} has the right numbers at the wrong places, and other places for other inputs: "
        + ("it goes to other entries than those that forward chose." if zeros else "an order is not undone."),
        "Keep the indices (or the mask) that forward chose, and send each entry back to where it came from.",
        3,
    )


def where_nothing_belongs(clues: Clues) -> Iterator[Explanation]:
    """Right wherever forward uses an entry; those that it does not use get a gradient too."""
    g = clues.right
    if clues.claimed.shape != g.shape or not np.all(np.isfinite(g)):
        return
    used = [_right_where_used(clues, trial) for trial in (clues.given, *clues.fresh)]
    if not all(used) or not np.any((clues.claimed != 0) & (g == 0)):
        return
    count = int(np.sum((g == 0) & (clues.claimed != 0)))
    yield Explanation(
        "missing-mask" if np.all(clues.claimed != 0) else "wrong-mask",
        lambda trial: trial.claimed(clues.tensor),  # what they get instead of nothing follows no rule that is known
        f"{clues.d} is right in all {int(np.sum(g != 0)):,} entries that forward uses, here and at fresh points, but "
        f"{count:,} of the {int(np.sum(g == 0)):,} others, of which the right gradient is 0, get something too: a mask "
        "or an index is missing, or lets too many through.",
        "Write the gradient only to the entries that forward took.",
        2,
    )


def _right_where_used(clues: Clues, trial: Trial) -> bool:
    claimed, right = trial.claimed(clues.tensor), trial.right(clues.tensor)
    used = right != 0
    return bool(used.any() and not used.all() and np.allclose(claimed[used], right[used], rtol=1e-6, atol=0))


def _listed(axes: tuple[int, ...]) -> str:
    return " and ".join(map(str, axes))
