"""The normal distribution function and its density: NumPy has no error function."""

from collections.abc import Sequence
from math import pi, sqrt

import numpy as np
from numpy.polynomial import Chebyshev, Polynomial

from gradcheck.analytic.blocks import pair_in_blocks
from gradcheck.analytic.validation import Array

# The polynomial in t = (z − 3.75) / (z + 3.75) that is (1 + 2z) exp(z²) erfc(z) for all z ≥ 0, to 1e-16, highest power
# first: Shepherd and Laframboise, "Chebyshev approximation of (1 + 2x) exp(x²) erfc x", Math. Comp. 36 (1981). Its
# 24 Chebyshev terms were computed anew to 60 digits, and written in powers of t, whose factors stay small.
_POLYNOMIAL = (
    3.1114333809799252e-10,
    -2.62310734713347576e-9,
    -3.74421008096201864e-9,
    3.19792667166680429e-8,
    2.32635087088591237e-8,
    -2.48571262480167429e-7,
    -5.72182306032240875e-8,
    1.74198215862248159e-6,
    -9.73559896736774934e-7,
    -0.0000114380480333468936,
    0.0000223842391550822298,
    0.0000516465297417741613,
    -0.000290154080540841711,
    0.00029371437804495803,
    0.00175562585289529536,
    -0.00974657968326526223,
    0.0283622774189564043,
    -0.0586933985766493384,
    0.0923043211603774778,
    -0.108803930142444613,
    0.0822767384901452077,
    0.00358541548547902564,
    -0.140240598585546962,
    1.23751263083782753,
)


def _in_fours(coefficients: Sequence[float]) -> Array:
    """The coefficients of t⁰ to t³, of t⁴ to t⁷, ...: one row for each."""
    return np.array(coefficients[::-1], np.float64).reshape(-1, 4)


_LONG = _in_fours(_POLYNOMIAL)
# The same for single precision: the first terms of its Chebyshev series, as the others add up to less than 3e-8.
_SHORT = _in_fours(
    Polynomial(_POLYNOMIAL[::-1]).convert(kind=Chebyshev).truncate(12).convert(kind=Polynomial).coef[::-1].tolist()
)


@pair_in_blocks
def normal_cdf_and_pdf(x: Array, cdf: Array, pdf: Array) -> None:
    """Φ(x) = P(Z ≤ x) = ½ erfc(−x/√2) and φ(x) = exp(−x²/2) / √(2π), to the precision of the dtype of x.

    The small tail keeps its relative accuracy, since it is computed as itself and not as 1 minus the large one.

    >>> normal_cdf_and_pdf(np.array([-np.inf, 0.0, 1.96, np.inf]))[0].round(4)
    array([0.   , 0.5  , 0.975, 1.   ])
    >>> f"{normal_cdf_and_pdf(np.array(-30.0))[0]:.10e}"
    '4.9067139271e-198'
    """
    z = np.minimum(np.abs(x), 40 * sqrt(2))  # beyond, the tail is 0 in any case
    z *= sqrt(0.5)
    np.multiply(z, z, out=pdf)
    np.negative(pdf, out=pdf)
    np.exp(pdf, out=pdf)
    t = 1 - 7.5 / (z + 3.75)
    tail = polynomial(t, _SHORT if np.finfo(x.dtype).nmant < 30 else _LONG)
    z *= 4
    z += 2
    tail *= pdf
    tail /= z
    pdf *= 1 / sqrt(2 * pi)
    np.subtract(x >= 0, tail, out=cdf)
    np.abs(cdf, out=cdf)  # the tail where x < 0, 1 minus it elsewhere


def polynomial(t: Array, coefficients: Array) -> Array:
    """The value Σ_k c_{4r+k} t^{4r+k} for each t, given a row of four coefficients for each r.

    The inner sums over k are one matrix product, which BLAS takes far faster than NumPy its steps; Horner's rule in t⁴
    takes the outer one (Paterson and Stockmeyer, "On the number of nonscalar multiplications necessary to evaluate
    polynomials", SIAM J. Comput. 2, 1973).

    >>> polynomial(np.array([1.0, 2.0]), np.array([[1.0, 2.0, 3.0, 4.0], [5.0, 0.0, 0.0, 0.0]]))
    array([ 15., 129.])
    """
    powers = np.empty((4, t.size), t.dtype)  # 1, t, t², t³
    powers[0], powers[1] = 1, t.reshape(-1)
    np.multiply(powers[1], powers[1], out=powers[2])
    np.multiply(powers[1], powers[2], out=powers[3])
    fourth = powers[2] * powers[2]
    *rows, value = coefficients.astype(t.dtype) @ powers
    for row in reversed(rows):
        value *= fourth
        value += row
    return np.asarray(value).reshape(t.shape)
