"""Connectionist temporal classification: a short text for a long sequence, though no step is labelled."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.analytic.losses.loss import Loss, Reduction, per_row
from gradcheck.analytic.softmax import log_softmax
from gradcheck.analytic.validation import Array, as_array, integer

Integers = NDArray[np.integer[Any]]


class CTC(Loss):
    """The probability that a sequence of scores spells the labels: ℓ = −log Σ_π Π_t y_tπ(t), where y = softmax(x).

    The sum is over all paths π, one class for each step, that become the labels when equal neighbours are merged and
    then the blanks left out: with a blank "-", both "aab-b" and "-abbb" are paths; the first spells "abb".

    Shapes: x (N, T, C), scores of C classes, one of them the blank; t (N, S) labels, rows that are shorter filled up
    with −1; the values are (N,). ``forward(x, t, lengths)`` takes the lengths (N,) of sequences that end before T.

    Forward: a path walks through the L = 2S + 1 states -a-b-…-, the labels with blanks around them. At each step it
    stays, goes on to the next state, or leaves out a blank between different labels. With α_t(s) the probability of the
    first steps up to t that end in state s, and β_t(s) that of the steps after t, started in s and ended in one of the
    last two states, p = Σ_s α_t(s) β_t(s) for every t, and both follow step by step. All in logarithms.

    Backward: α_t(s) β_t(s) is linear in the y of the class of s, so ∂p/∂log y_tk = Σ_{s of class k} α_t(s) β_t(s).
    Divided by p that is γ_tk, the probability to be at class k at step t given the labels; it sums to 1 over k. Hence
    ∂ℓ/∂log y_tk = −γ_tk, and through log-softmax ∂ℓ/∂x_tk = y_tk − γ_tk: as in `SoftmaxCrossEntropy`, with γ for the
    targets. Steps after the end get 0.

    Parameters
    ----------
    blank : int
        The class of the blank.
    reduction : ``"mean"``, ``"sum"`` or ``"none"``
        Of the N sequences. (PyTorch's mean divides each by its number of labels first.)

    Raises
    ------
    ValueError, TypeError
        If a label is the blank or no class, or there are fewer steps than labels and the blanks between equal ones.

    Examples
    --------
    >>> loss = CTC()
    >>> value = loss.forward(np.zeros((1, 2, 2)), [[1]])  # of four paths, "a-", "-a" and "aa" spell "a"
    >>> print(f"{np.exp(-value):.2f}")
    0.75
    >>> loss.backward().round(3)
    array([[[ 0.167, -0.167],
            [ 0.167, -0.167]]])

    References
    ----------
    Graves, Fernández, Gomez, Schmidhuber, "Connectionist temporal classification: labelling unsegmented sequence data
    with recurrent neural networks", ICML 2006.
    """

    def __init__(self, blank: int = 0, reduction: Reduction = "mean") -> None:
        super().__init__(reduction)
        self.blank = integer("CTC", "blank", blank)

    def forward(self, x: Any, t: Any, lengths: Any = None) -> Any:
        """The loss of the scores x for the labels t, a NumPy scalar of x's dtype; or one for each sequence."""
        x = self._accept(x)
        labels = self._checked_targets(x, as_array(self, "t", t))
        return self._reduce(x, *self._forward(x, labels, self._checked_lengths(x, labels, lengths)))

    def _forward(self, x: Array, t: Any, lengths: Any = None) -> tuple[Any, Any]:
        log_y = log_softmax(x)
        states, skips = _states(t, self.blank)
        seen = np.take_along_axis(log_y, states[:, None], axis=2).swapaxes(0, 1)  # (T, N, L)
        going = np.arange(x.shape[1])[:, None, None] < lengths[:, None]  # (T, N, 1)
        alpha, beta = _alpha(seen, skips), _beta(seen, skips, _ends(t, x.dtype), going)
        log_p = np.logaddexp.reduce(alpha[0] + beta[0], axis=-1)
        gamma = np.exp(np.where(going, alpha + beta - log_p[:, None], -np.inf))  # (T, N, L): where a path is
        return -log_p, (np.exp(log_y), gamma.swapaxes(0, 1), states, going.swapaxes(0, 1))

    def _backward(self, dvalues: Any, cache: Any) -> Array:
        y, gamma, states, going = cache
        of_class = (states[..., None] == np.arange(y.shape[-1])).astype(y.dtype)  # (N, L, C)
        dx: Array = (y * going - gamma @ of_class) * per_row(per_row(dvalues))
        return dx

    def _checked_targets(self, x: Array, t: NDArray[Any]) -> Any:
        if x.ndim != 3:
            raise ValueError(f"{self!r}: x has shape {x.shape}, expected (N, T, C)")
        N, _, C = x.shape
        if t.ndim != 2 or len(t) != N:
            raise ValueError(f"{self!r}: t has shape {t.shape}, expected ({N}, S), a row of labels for each sequence")
        if not np.issubdtype(t.dtype, np.integer):
            raise TypeError(f"{self!r}: t has dtype {t.dtype}, expected integers, the classes of the labels")
        if not 0 <= self.blank < C:
            raise ValueError(
                f"{self!r}: x has C = {C} classes on its last axis, and no class {self.blank} for the blank"
            )
        wrong = t[(t < -1) | (t >= C) | (t == self.blank)]
        if wrong.size:
            raise ValueError(
                f"{self!r}: t holds {wrong[0]}, expected a class from 0 to {C - 1} other than the blank, "
                "or −1 after the last label"
            )
        if ((t[:, :-1] < 0) & (t[:, 1:] >= 0)).any():
            raise ValueError(f"{self!r}: t has a label after a −1, expected −1 only after the last label of a row")
        return t

    def _checked_lengths(self, x: Array, t: Integers, lengths: Any) -> Integers:
        N, T, _ = x.shape
        each = np.full(N, T) if lengths is None else np.asarray(lengths)
        if each.shape != (N,) or not np.issubdtype(each.dtype, np.integer):
            raise ValueError(f"{self!r}: lengths is {each.dtype} {each.shape}, expected ({N},) integers")
        needed = (t >= 0).sum(axis=1) + ((t[:, 1:] == t[:, :-1]) & (t[:, 1:] >= 0)).sum(axis=1)
        for n in np.flatnonzero((each > T) | (each < np.maximum(needed, 1)))[:1]:
            raise ValueError(
                f"{self!r}: sequence {n} has {each[n]} steps, expected {max(needed[n], 1)} to {T}: one for "
                "each label, and one for the blank between equal ones"
            )
        return each

    def _options(self) -> str:
        return ", ".join(filter(None, [f"blank={self.blank}" if self.blank else "", super()._options()]))


def _states(t: Integers, blank: int) -> tuple[Integers, NDArray[np.bool_]]:
    """The class of each state (N, L), and whether it can be reached from the label before it without the blank."""
    N, S = t.shape
    states, skips = np.full((N, 2 * S + 1), blank), np.zeros((N, 2 * S + 1), bool)
    states[:, 1::2] = np.where(t < 0, blank, t)
    skips[:, 3::2] = t[:, 1:] != t[:, :-1]
    return states, skips


def _ends(t: Integers, dtype: np.dtype[Any]) -> Array:
    """Log 1 for the last label and the blank after it, where a path may end, log 0 for the other states (N, L)."""
    place, last = np.arange(2 * t.shape[1] + 1), 2 * (t >= 0).sum(axis=1, keepdims=True)
    return np.where((place == last) | (place == last - 1), 0, -np.inf).astype(dtype)


def _alpha(seen: Array, skips: NDArray[np.bool_]) -> Array:
    """Log α (T, N, L): each state is reached from itself, the one before, or, where it skips, the one before that."""
    alpha = np.empty_like(seen)
    before = np.full_like(seen[0], -np.inf)
    before[:, 0] = 0  # as if a blank stood before the first step
    for t, now in enumerate(seen):
        near = np.logaddexp(before, _moved(before, 1))
        before = np.logaddexp(near, np.where(skips, _moved(before, 2), -np.inf)) + now
        alpha[t] = before
    return alpha


def _beta(seen: Array, skips: NDArray[np.bool_], ends: Array, going: NDArray[np.bool_]) -> Array:
    """Log β (T, N, L): the same moves the other way, from the last step of each sequence."""
    beta = np.empty_like(seen)
    beta[-1] = ends
    for t in reversed(range(len(seen) - 1)):
        after = beta[t + 1] + seen[t + 1]
        near = np.logaddexp(after, _moved(after, -1))
        far = _moved(np.where(skips, after, -np.inf), -2)
        beta[t] = np.where(going[t + 1], np.logaddexp(near, far), ends)
    return beta


def _moved(states: Array, by: int) -> Array:
    """All states moved on by so many places; log 0 comes in."""
    moved = np.full_like(states, -np.inf)
    if by > 0:
        moved[:, by:] = states[:, :-by]
    else:
        moved[:, :by] = states[:, -by:]
    return moved
