"""Along which axes is the Jacobian block-diagonal, so that one evaluation serves many entries?

If slice i of the output depends on slice i of the input alone (the batch axis of most layers, every axis of an
elementwise function), all slices may be perturbed at once and their derivatives read off separately. This is the
compression of sparse Jacobians by Curtis, Powell and Reid (J. Inst. Maths Applics 13, 1974), with the sparsity
proposed by a few probes. A proposal is no proof: whoever uses it compares with random directions afterwards.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Grouping:
    """Which entries of an input are perturbed together.

    Attributes
    ----------
    shape : tuple of int
        The input's shape.
    pairs : tuple of (int, int)
        Input axis and the output axis on which its slices are read off.
    """

    shape: tuple[int, ...]
    pairs: tuple[tuple[int, int], ...] = ()

    def __len__(self) -> int:
        """The number of groups, which is what the entries cost."""
        return int(np.prod([n for axis, n in enumerate(self.shape) if axis not in self._inputs], dtype=int))

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """An index for each group, selecting its entries in the input."""
        free = [[slice(None)] if axis in self._inputs else range(n) for axis, n in enumerate(self.shape)]
        return iter(product(*free))

    @property
    def _inputs(self) -> tuple[int, ...]:
        return tuple(a for a, _ in self.pairs)

    def summed_axes(self, output_ndim: int) -> tuple[int, ...]:
        """The output axes that do not tell the entries of a group apart."""
        kept = {b for _, b in self.pairs}
        return tuple(axis for axis in range(output_ndim) if axis not in kept)

    def arrange(self, contracted: Array) -> Array:
        """Contracted outputs, whose axes come in the output's order, in the input's order of axes."""
        outputs = sorted(b for _, b in self.pairs)
        return np.transpose(contracted, [outputs.index(b) for _, b in sorted(self.pairs)])


def propose_grouping(
    evaluate: Callable[[Sequence[Array]], Sequence[Array]], base: Array, step: Array, rng: np.random.Generator
) -> Grouping:
    """The axes that look separable after perturbing one slice of each, and then all but that slice.

    Parameters
    ----------
    evaluate : callable
        From displacements to outputs.
    base : ndarray
        The outputs at x.
    step : ndarray
        A displacement that changes every entry.
    rng : numpy.random.Generator
        Which slice.

    Returns
    -------
    Grouping
        Costing two evaluations for each input axis that could be separable.
    """
    pairs: list[tuple[int, int]] = []
    for axis, length in enumerate(step.shape):
        taken = {b for _, b in pairs}
        matching = [b for b, n in enumerate(base.shape) if n == length and b not in taken]
        if length < 2 or not matching:
            continue
        i = int(rng.integers(length))
        only = np.zeros_like(step)
        only[_slice(axis, i)] = step[_slice(axis, i)]
        alone, others = (_changed(value, base) for value in evaluate([only, step - only]))
        for b in matching:
            if not np.delete(alone, i, axis=b).any() and not others[_slice(b, i)].any():
                pairs.append((axis, b))
                break
    return Grouping(step.shape, tuple(pairs))


def _slice(axis: int, i: int) -> tuple[Any, ...]:
    return (slice(None),) * axis + (i,)


def _changed(value: Array, base: Array) -> Array:
    return np.asarray((value != base) & ~(np.isnan(value) & np.isnan(base)))
