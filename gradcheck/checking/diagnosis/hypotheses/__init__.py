"""One small function for each kind of mistake: from the clues to explanations that can be tested.

Adding a cause is adding a function here. It says what the wrong gradient would be at any point, from the right one
and whatever else is known there; whether that is so is not its business.
"""

from collections.abc import Callable, Iterator

from gradcheck.checking.diagnosis.clues import Clues
from gradcheck.checking.diagnosis.explanation import Explanation
from gradcheck.checking.diagnosis.hypotheses import (
    added,
    contributions,
    cotangent,
    fused,
    labelled,
    masks,
    nonlinear,
    order,
    paths,
    rewriting,
    scale,
    slices,
    slopes,
    small,
    terms,
)

Hypothesis = Callable[[Clues], Iterator[Explanation]]

FIRST: tuple[Hypothesis, ...] = (rewriting.rewriting_again,)
"""Those that another tensor of the same subject suggests."""

CHEAP: tuple[Hypothesis, ...] = (
    scale.scale,
    order.transposed,
    order.reversed_axes,
    order.swapped,
    order.blocks,
    order.shifted,
    masks.masks,
    slopes.slopes,
    terms.terms,
    cotangent.untransposed,
    cotangent.cotangent,
    nonlinear.rescaled,
    added.leftover,
    added.one_branch,
    contributions.some_slices,
    contributions.near_the_diagonal,
    contributions.one_of_several,
    contributions.summed,
    slices.slices,
    slices.multiplied,
    slices.entries,
    added.added,
    added.scaled_but_for_a_term,
    fused.of_the_output,
    small.precision,
    order.where_nothing_belongs,
    order.misrouted,
    labelled.labelled,
)
"""Those that need no more than the Jacobians, simpler ones first."""

DEAR: tuple[Hypothesis, ...] = (
    small.constant_left_out,
    paths.paths,
    small.epsilon,
    slopes.formulas,
    fused.always_active,
    cotangent.another_point,
)
"""Those that difference the function elsewhere; asked only where the others do not explain."""

LAST: tuple[Hypothesis, ...] = (
    rewriting.rewriting,
    rewriting.rewriting_but_for_a_constant,
    nonlinear.in_the_cotangent,
)
"""Those that read the backward, or say no more than what is wrong with it; asked only where nothing else tells."""
