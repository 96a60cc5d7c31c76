"""The normal distribution function and its density: NumPy has no error function."""

from math import pi, sqrt

import numpy as np

from gradcheck.analytic.validation import Array

# P(Z > a) exp(a²/2) for a ≥ 0, half of Mills' ratio by √(2/π), as a ratio Σ pₖ aᵏ / Σ qₖ aᵏ: the rational function
# that meets it at the Chebyshev nodes in 4 / (4 + a), worked out to 60 digits. It is right to 1e-16 from 0 to 40, and
# has positive factors only, so nothing cancels. The rows: p₁ to p₅ and p₀; the q alike; p₆ to p₁₀; q₆ to q₁₀.
_LONG = np.array(
    [
        [0.7765641397907815, 0.5964708193378727, 0.2910478703813179, 0.09846131519083871, 0.023852521829217956, 0.5],
        [2.3510128403844215, 2.5687784862680085, 1.7221395351506155, 0.7868808831123079, 0.2569873142590225, 1],
        [4.13752114872265e-3, 4.972730660831567e-4, 3.786351803240895e-5, 1.412006087028076e-6, 0, 0],
        [0.0610288059825763, 0.0104661372538145, 1.250018102199354e-3, 9.490976487536711e-5, 3.539374381703446e-6, 0],
    ]
)
# The same for single precision, with nodes in 3 / (3 + a), right to 3e-8.
_SHORT = np.array(
    [
        [0.4618588101340399, 0.20120810147351142, 0.04683058423473442, 0.005070816683043629, 0, 0.5],
        [1.7216034665013817, 1.2760430543443195, 0.5170143578168952, 0.11738824570053089, 0.012710637850062018, 1],
    ]
)


def normal_cdf_and_pdf(x: Array, cdf: Array, pdf: Array, scratch: Array) -> None:
    """Fills in Φ(x) = P(Z ≤ x) and φ(x) = exp(−x²/2) / √(2π) for x (N,), to the precision of its dtype.

    The small tail keeps its relative accuracy, since it is computed as itself and not as 1 minus the large one.
    `scratch` (10, N) is overwritten.

    >>> cdf, pdf = np.empty((2, 5))
    >>> normal_cdf_and_pdf(np.array([-np.inf, -30.0, 0.0, 1.96, np.inf]), cdf, pdf, np.empty((10, 5)))
    >>> cdf.round(4), f"{cdf[1]:.10e}"
    (array([0.   , 0.   , 0.5  , 0.975, 1.   ]), '4.9067139271e-198')
    """
    powers, sums = scratch[:6], scratch[6:]
    a = np.abs(x, out=powers[0])
    np.minimum(a, 40, out=a)  # beyond, the tail is 0 in any case
    np.multiply(a, a, out=powers[1])
    np.multiply(powers[:2], powers[1], out=powers[2:4])
    np.multiply(powers[3], a, out=powers[4])
    powers[5] = 1
    np.multiply(powers[1], -0.5, out=pdf)
    np.exp(pdf, out=pdf)
    tail = _ratio(powers, sums)
    tail *= pdf
    pdf *= 1 / sqrt(2 * pi)
    cdf[...] = x >= 0
    cdf -= tail
    np.abs(cdf, out=cdf)  # the tail where x < 0, 1 minus it elsewhere


def _ratio(powers: Array, sums: Array) -> Array:
    """The rational function above, given a, a², ..., a⁵ and 1 (6, N); it is put in one of the `sums` (4, N).

    The sums over six powers are one matrix product, which BLAS takes far faster than NumPy its steps; Horner's rule in
    a⁵ takes the rest (Paterson and Stockmeyer, "On the number of nonscalar multiplications necessary to evaluate
    polynomials", SIAM J. Comput. 2, 1973).
    """
    factors = _SHORT if np.finfo(powers.dtype).nmant < 30 else _LONG
    np.matmul(factors.astype(powers.dtype), powers, out=sums[: len(factors)])
    if factors is _LONG:
        sums[2:] *= powers[4]
        sums[:2] += sums[2:]
    above, below, *_ = sums
    above /= below
    return np.asarray(above)
