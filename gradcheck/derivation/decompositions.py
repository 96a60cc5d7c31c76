"""The primitives behind a Cholesky factor, eigenvalues and eigenvectors: what they compute, and their steps back.

NumPy looks at the lower triangle of a symmetric matrix alone, so the gradient is that of the lower triangle: an entry
below the diagonal stands for its mirror image as well.

References
----------
Murray, Differentiation of the Cholesky decomposition, 2016.
Giles, Collected matrix derivative results for forward and reverse mode algorithmic differentiation, 2008, section 3.1.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def lower(x: Any) -> Any:
    """The lower triangle with half of the diagonal."""
    return np.tril(x) - np.diag(np.diag(x)) / 2


def eigenvectors(x: Any) -> Any:
    """The eigenvectors of a symmetric matrix, as columns."""
    return np.linalg.eigh(x)[1]


def inverse_gaps(values: Any) -> Any:
    """1 / (λ_j − λ_i), and 0 on the diagonal."""
    gaps = values - values[:, None]
    return np.divide(1.0, gaps, out=np.zeros_like(gaps), where=gaps != 0)


def cholesky_vjp(g: Any, ans: Any, x: Any) -> Any:
    """``A = L Lᵀ``: dL = L Φ(L⁻¹ dA L⁻ᵀ), where Φ is `lower`; read backwards."""
    inverse = np.linalg.inv(ans)
    return _of_the_triangle(inverse.T @ (ans.T @ g).then("lower") @ inverse)


def eigenvalues_vjp(g: Any, ans: Any, x: Any) -> Any:
    """dλ_i = v_iᵀ dA v_i."""
    vectors = np.linalg.eigh(x)[1]
    return _of_the_triangle((vectors * g) @ vectors.T)


def eigenvectors_vjp(g: Any, ans: Any, x: Any) -> Any:
    """dv_j = Σ_i v_i (v_iᵀ dA v_j) / (λ_j − λ_i): it turns towards the others, most towards those close by."""
    values: Any = np.linalg.eigvalsh(x)
    turned = (ans.T @ g) * values.then("inverse_gaps")
    return _of_the_triangle(ans @ turned @ ans.T)


def _of_the_triangle(gradient: Any) -> Any:
    return (gradient + gradient.T).then("lower")
