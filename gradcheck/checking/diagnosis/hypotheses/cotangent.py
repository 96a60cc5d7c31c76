"""The gradient for another cotangent than the one given: none, its square, a part or a rearrangement of it."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations, permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.diagnosis.clues import Clues
from gradcheck.checking.diagnosis.explanation import Explanation

Array = NDArray[Any]
Use = Callable[[Array], Array]


def cotangent(clues: Clues) -> Iterator[Explanation]:
    """Every misuse of the cotangent that is a rule from the right cotangent to the one used."""
    if not clues.bureau.takes_cotangent or clues.claimed.shape != clues.right.shape:
        return
    for cause, use, how, remedy, doubt in _misuses(clues):
        yield Explanation(
            cause,
            partial(lambda trial, use: trial.pulled_back(clues.tensor, use(trial.cotangent)), use=use),
            f"{clues.d} {how}.",
            remedy,
            doubt,
        )


def _misuses(clues: Clues) -> Iterator[tuple[str, Use, str, str, int]]:
    v = clues.given.cotangent
    multiply = "Multiply by the upstream gradient dout, once."
    yield (
        "missing-cotangent",
        np.ones_like,
        "does not depend on dout: it is the gradient for a dout of ones",
        multiply,
        0,
    )
    yield "cotangent-twice", np.square, "is the gradient for dout², so dout is multiplied in twice", multiply, 0
    if v.ndim:
        yield (
            "missing-cotangent", lambda v: np.full_like(v, v.mean()),
            "uses only the mean of dout, the same for every output", "Use each entry of dout in its own place.", 1,
        )  # fmt: skip
        yield (
            "missing-cotangent", lambda v: np.full_like(v, v.sum()),
            "uses only the sum of dout, the same for every output", "Use each entry of dout in its own place.", 1,
        )  # fmt: skip
    yield (
        "nonlinear", lambda v: v**3,
        "is the gradient for dout³: where dout is twice as large, it is 8 times as large", multiply, 1,
    )  # fmt: skip
    yield (
        "nonlinear", lambda v: v / np.linalg.norm(v),
        "is the gradient for dout divided by its norm", "Use dout as it is; normalise or clip in the optimiser.", 1,
    )  # fmt: skip
    yield "nonlinear", np.abs, "uses |dout|: the sign of dout is lost", "Use dout as it is.", 1
    yield "nonlinear", np.sign, "uses only the sign of dout", multiply, 1
    yield (
        "wrong-mask", lambda v: v * (v > 0),
        "is masked by the sign of dout: where dout is negative nothing is passed on",
        "Take the mask from the input of forward, not from dout.", 1,
    )  # fmt: skip
    yield from _along_axes(v)
    yield from _corners(v)
    yield from _ignored_outputs(clues)


def _along_axes(v: Array) -> Iterator[tuple[str, Use, str, str, int]]:
    own = "Use each entry of dout in its own place."
    for axis in range(v.ndim if v.size > 1 else 0):
        if v.shape[axis] < 2:
            continue
        yield (
            "permuted", partial(np.flip, axis=axis),
            f"belongs to dout read backwards along axis {axis}", "Go through dout in the order of forward.", 1,
        )  # fmt: skip
        for k in (1, -1):
            yield (
                "shifted", partial(lambda v, a, k: np.roll(v, k, a), a=axis, k=k),
                f"belongs to dout shifted by one along axis {axis}", "An index into dout is off by one.", 1,
            )  # fmt: skip
        yield (
            "extra-sum", partial(lambda v, a: np.broadcast_to(v.sum(a, keepdims=True), v.shape), a=axis),
            f"uses dout summed over axis {axis}, the same for each of its entries", own, 1,
        )  # fmt: skip
        yield (
            "extra-mean", partial(lambda v, a: np.broadcast_to(v.mean(a, keepdims=True), v.shape), a=axis),
            f"uses the mean of dout over axis {axis}, the same for each of its entries", own, 1,
        )  # fmt: skip
    if 2 <= v.ndim <= 4:
        for axes in permutations(range(v.ndim)):
            if axes != tuple(range(v.ndim)):
                cause = "transposed" if v.ndim == 2 else "permuted"
                yield (
                    cause, partial(lambda v, axes: v.transpose(axes).reshape(v.shape), axes=axes),
                    f"belongs to dout with its axes in the order {axes}, read into the shape of dout",
                    "Undo a reshape or a transpose in the order in which it was made.", 1,
                )  # fmt: skip


def _corners(v: Array) -> Iterator[tuple[str, Use, str, str, int]]:
    """Only the first or the last place along two or more axes at once."""
    for count in range(2, v.ndim + 1 if v.ndim <= 4 else 0):
        for axes in combinations(range(v.ndim), count):
            for end, said in ((0, "first"), (-1, "last")):
                mask = np.zeros(v.shape)
                mask[tuple(end if a in axes else slice(None) for a in range(v.ndim))] = 1
                cause = "overwritten" if end else "one-sample" if 0 in axes else "missing-sum"
                why = ": each round of the loop overwrites the one before" if end else ""
                yield (
                    cause, partial(lambda v, mask: v * mask, mask=mask),
                    f"uses only the {said} place of dout along the axes {', '.join(map(str, axes))}{why}",
                    "Add up what all of them give: use +=, not =." if end else "Sum over all of them.", 1,
                )  # fmt: skip


def untransposed(clues: Clues) -> Iterator[Explanation]:
    """What forward does to its input is done to dout, where its transpose should be."""
    x, v = clues.value, clues.given.cotangent
    if x.shape != v.shape or clues.claimed.shape != x.shape or clues.is_elementwise:
        return
    jacobian = clues.given.jacobian(clues.tensor)
    matrices = not np.all(np.isclose(jacobian, 0, atol=1e-7) | np.isclose(jacobian, 1, atol=1e-7))
    matrices &= not _is_causal(jacobian)
    yield Explanation(
        "transposed" if matrices else "permuted",
        lambda trial: np.tensordot(trial.jacobian(clues.tensor), trial.cotangent, axes=v.ndim),
        f"{clues.d} is what forward's Jacobian makes of dout, J·dout; its transpose belongs there, Jᵀ·dout.",
        "Go back the other way: undo an order instead of applying it again, transpose, sum from the other end.",
    )


def _is_causal(jacobian: Array) -> bool:
    """Whether along some axis each place depends on earlier ones (or on later ones) alone."""
    places = np.indices(jacobian.shape)
    depends = np.abs(np.nan_to_num(jacobian)) > 1e-9
    half = jacobian.ndim // 2
    back = [(places[a] - places[half + a])[depends] for a in range(half)]
    return any(d.size and np.any(d) and (d.min() >= 0 or d.max() <= 0) for d in back)


def _ignored_outputs(clues: Clues) -> Iterator[tuple[str, Use, str, str, int]]:
    """Of several outputs, one whose cotangent is left out."""
    outputs = clues.given.outputs
    ends = np.cumsum([out.size for out in outputs])
    for i, (out, end) in enumerate(zip(outputs, ends, strict=True)):
        if len(outputs) > 1:
            kept = np.ones(int(ends[-1]))
            kept[end - out.size : end] = 0
            yield (
                "missing-cotangent", partial(lambda v, kept: v * kept, kept=kept),
                f"leaves out the cotangent of output {i} (counted from 0)",
                f"Add what output {i} contributes, by its own cotangent.", 1,
            )  # fmt: skip


def another_point(clues: Clues) -> Iterator[Explanation]:
    """The right gradient of the same function, with another tensor transposed, flipped or negated."""
    if clues.claimed.shape != clues.right.shape:
        return
    for name, value in clues.given.point.items():
        for cause, change, how in _misreadings(value):
            if name != clues.tensor and not np.array_equal(change(value), value):
                yield Explanation(
                    cause,
                    partial(
                        lambda trial, name, change: trial.elsewhere({name: change(trial.point[name])}).right(
                            clues.tensor
                        ),
                        name=name,
                        change=change,
                    ),
                    f"{clues.d} is what it would be with {name} {how}.",
                    f"In backward, use {name} as the product rule has it: check its transpose and its axes.",
                    1,
                )


def _misreadings(value: Array) -> Iterator[tuple[str, Use, str]]:
    shape = value.shape
    if value.ndim == 2 and min(shape) > 1:
        yield "transposed", lambda w: w.T.reshape(shape), "transposed" + ("" if shape[0] == shape[1] else " by reshape")
        if shape[0] != shape[1]:
            yield (
                "transposed", lambda w: w.reshape(shape[::-1]).T,
                f"read in the wrong order: reshape({shape[1]}, {shape[0]}) where its transpose belongs",
            )  # fmt: skip
    if value.ndim >= 3:
        last = tuple(a for a in (-2, -1) if shape[a] > 1)
        if last:
            yield "permuted", lambda w: np.flip(w, last), "flipped (its kernel read backwards)"
        if shape[0] == shape[1] > 1:
            yield "transposed", lambda w: w.swapaxes(0, 1), "with its first two axes exchanged"
