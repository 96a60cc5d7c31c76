"""A step of forward of which backward got the derivative wrong: held constant, not applied, of another size or sign.

Each operation of forward is tried. Along a random direction the slope with the operation changed is compared with
the one claimed; what fits becomes an explanation, and is tested at fresh points as all others are.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.diagnosis.clues import Clues
from gradcheck.checking.diagnosis.explanation import Explanation, both
from gradcheck.checking.diagnosis.hypotheses.scale import said_of
from gradcheck.checking.diagnosis.rehearsal.play import Play
from gradcheck.checking.diagnosis.rehearsal.rules import constant
from gradcheck.checking.diagnosis.rehearsal.search import Fit, Search
from gradcheck.checking.diagnosis.rehearsal.stages import Change
from gradcheck.checking.diagnosis.trial import Trial

Array = NDArray[Any]

LARGEST = 20_000
"""Tensors with more entries than this are not watched."""


def paths(clues: Clues) -> Iterator[Explanation]:
    """One operation of forward, or two, whose derivative is wrong or missing."""
    if clues.claimed.shape != clues.right.shape or clues.value.size > LARGEST:
        return
    search, known = Search(clues), clues.bureau.notes.setdefault("paths", [])
    order = {site: i for i, site in enumerate(search.play.rehearsal.calls)}
    ways = partial(search.again, known), search.single, search.operands, search.rounds, search.pairs
    for found in ways:
        fits = sorted(found(), key=lambda fit: -order[fit.changes[0].site])  # of a chain the last, the whole expression
        if fits:
            known += [fit for fit in fits[:5] if fit not in known]
            yield from (_explanation(clues, fit) for fit in fits[:5])
            return


def _explanation(clues: Clues, fit: Fit) -> Explanation:
    effort = clues.bureau.effort

    def predict(trial: Trial) -> Array:
        play = Play(trial, clues.tensor)
        first = effort.first[clues.tensor]
        change = fit.changes[0]
        if len(fit.factors) > 1:
            right = trial.right(clues.tensor)
            cuts = [right - play.gradient([c], effort.groups, first) for c in fit.changes]
            return np.asarray(right + sum((w - 1) * cut for w, cut in zip(fit.factors, cuts, strict=True)))
        if change.kind in ("constant", "argument"):
            whole, cut = trial.right(clues.tensor), play.gradient(fit.changes, effort.groups, first)
        elif change.kind in ("neighbour", "slice"):
            return play.gradient(fit.changes, effort.groups, first)
        else:
            whole = play.gradient(fit.changes, effort.groups, first)
            cut = play.gradient([Change(change.site, "constant", constant)], effort.groups, first)
            whole = cut + whole - trial.right(clues.tensor) if fit.inverted else whole
        return np.asarray(cut + fit.factor * (whole - cut))

    cause, message, remedy = _said(clues, fit)
    if fit.changes[0].kind in ("straight", "elsewhere", "transposed") and fit.factor != 1 and cause != "factor":
        other, besides, also = said_of(clues, fit.factor)
        cause, message = both(cause, other), f"{message.rstrip('.')}; besides, it {besides}"
        remedy = f"{remedy} {also}"
    doubt = 2 * len(fit.changes) + ("+" in cause or fit.factor not in (0.0, 1.0, -1.0))
    return Explanation(cause, predict, f"{clues.d} {message}", remedy, doubt)


def _said(clues: Clues, fit: Fit) -> tuple[str, str, str]:
    change, factor = fit.changes[0], fit.factor
    where = " and ".join(dict.fromkeys(f"`{c.site.text}` (line {c.site.line})" for c in fit.changes))
    if len(fit.factors) > 1:
        return _of_operands(fit, where)
    if change.kind in ("constant", "argument"):
        return _of_a_path(clues, change, where, factor)
    if fit.inverted:
        return (
            "inverted-mask",
            f"passes {where} just where forward does not: the mask is inverted.",
            "Let through where forward let through.",
        )
    if change.kind == "straight":
        return _said_of_straight(clues, change, where, factor)
    return _said_of_rule(change, where, factor)


def _said_of_rule(change: Change, where: str, factor: float) -> tuple[str, str, str]:
    """An operation whose derivative was taken by a rule that has a name."""
    times = "" if factor == 1 else f", times {factor:.6g}"
    rounds = f", in {change.said}" if change.said else ""
    return {
        "neighbour": (
            "shifted",
            f"takes at {where} the other factor from {change.said}: the step is off by one.",
            "Keep for each step what forward multiplied by in that step, and use that.",
        ),
        "slice": (
            "missing-term",
            f"gets only the {change.said} of all that {where} adds up; the others get nothing.",
            "Give every one of them its share.",
        ),
        "elsewhere": (
            "activation-derivative-at-wrong-point",
            f"takes the derivative of {where} at its result, not at its argument.",
            "Take it at the argument, or write it in terms of the result.",
        ),
        "spread": (
            "missing-mask" if factor == 1 else "wrong-mask",
            f"gives every entry that {where} compares what only the chosen one should get{times}: the mask is missing.",
            "Give it to the chosen entry alone.",
        ),
        "transposed": (
            "transposed",
            f"has the other factor of {where} transposed{rounds}.",
            "Transpose it the other way.",
        ),
    }[change.kind]


def _said_of_straight(clues: Clues, change: Change, where: str, factor: float) -> tuple[str, str, str]:
    """An operation that was passed as if it were not there."""
    masking = change.site.operation in ("maximum", "minimum", "where", "clip", "fmax", "fmin")
    cause, what = "missing-activation-derivative", "its derivative"
    if masking or _is_mask(clues, change):
        cause, what = "missing-mask", "its mask"
    elif change.site.operation in ("absolute", "abs", "fabs"):
        cause, what = "sign", "its derivative, the sign of the argument,"
    elif change.site.operation == "multiply":
        cause, what = "missing-term", "the other factor"
    elif "divide" in change.site.operation and factor != 1:
        return (
            "factor",
            f"divides by {1 / factor:.6g} at {where}, always, which is not what forward divides by.",
            "Divide by what forward divides by.",
        )
    elif "divide" in change.site.operation:
        cause, what = "missing-mean" if _is_count(clues, change) else "factor", "the division"
    return (
        cause,
        f"passes {where} as if it were not there: {what} is missing.",
        f"Multiply (or divide) dout by what {where} does to it: its derivative.",
    )


def _is_count(clues: Clues, change: Change) -> bool:
    """Whether the operation divides by whole numbers."""
    by = np.asarray(Play(clues.given, clues.tensor).rehearsal.calls[change.site][0].arguments[-1])
    return bool(np.all(by == np.round(by)) and np.all(by >= 1) and np.any(by > 1))


def _is_mask(clues: Clues, change: Change) -> bool:
    """Whether the operation multiplies by zeros and one other number."""
    call = Play(clues.given, clues.tensor).rehearsal.calls[change.site][0]
    others = [np.asarray(a) for i, a in enumerate(call.arguments) if i != change.argument]
    return change.site.operation == "multiply" and any(len(np.unique(a)) == 2 and np.any(a == 0) for a in others)


def _of_operands(fit: Fit, where: str) -> tuple[str, str, str]:
    """One operand counted too often, the other too seldom."""
    which = ("first", "second", "third")
    said = [
        f"what comes through the {which[min(c.argument, 2)]} operand {'not at all' if w == 0 else f'{w:.6g} times'}"
        for c, w in zip(fit.changes, fit.factors, strict=True)
    ]
    return (
        "missing-term" if 0 in fit.factors else "factor",
        f"counts at {where} {' and '.join(said)}, where each counts once.",
        "By the product rule the derivative is a sum with one term for each factor: write out both.",
    )


_BUT = "all its rounds but "


def _is_in_every_round(clues: Clues) -> bool:
    """Whether the tensor as it is takes part in every round of a loop, as a weight does."""
    calls = Play(clues.given, clues.tensor).rehearsal.calls.values()
    x = clues.value
    return any(
        len(rounds) > 1 and all(any(np.array_equal(a, x) for a in call.arguments) for call in rounds)
        for rounds in calls
    )


def _averaged(clues: Clues) -> dict[float, str]:
    """Of how many entries forward takes means, and where."""
    calls = Play(clues.given, clues.tensor).rehearsal.calls
    counts = {
        np.size(rounds[0].arguments[0]) / rounds[0].result.size: f"`{site.text}` (line {site.line})"
        for site, rounds in calls.items()
        if site.operation in ("mean", "var", "std") and rounds[0].result.size
    }
    return {round(count, 6): where for count, where in counts.items() if count > 1}


def _of_a_path(clues: Clues, change: Change, where: str, factor: float) -> tuple[str, str, str]:
    through = where
    if change.kind == "argument":
        which = ("first", "second", "third")[min(change.argument, 2)]
        through = f"the {which} operand of {where}"
    if change.said:
        through += f", in {change.said},"
    if factor == 0:
        if change.said.startswith("all its rounds but") and (change.kind == "argument" or _is_in_every_round(clues)):
            return (
                "overwritten",
                f"has only one share of what flows back through {where}: that of {change.said.removeprefix(_BUT)} is "
                "left, the others are overwritten.",
                "Add up the shares of all rounds: use +=, not =.",
            )
        return (
            "truncated" if change.said else "missing-term",
            f"is right but for one path: what flows back through {through} is missing, as if it were constant.",
            "Add that path: differentiate that step by every operand, and add what comes through each.",
        )
    if factor == -1:
        return "sign", f"has the wrong sign for what flows back through {through}.", "Negate that part."
    times, size = (factor, "large") if abs(factor) > 1 else (1 / factor, "small")
    how = f"is right but for what flows back through {through}, which is {times:.6g} times too {size}"
    if by := _averaged(clues).get(round(times, 6)):
        return (
            "missing-mean" if size == "large" else "extra-mean",
            f"{how}; {times:.6g} is how many entries {by} averages.",
            f"{'Divide' if size == 'large' else 'Do not divide'} that part by {times:.6g}.",
        )
    return (
        "factor",
        f"{how}.",
        "Look at the derivative of that step: a factor is missing or too many.",
    )
