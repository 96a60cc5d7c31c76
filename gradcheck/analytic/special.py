"""The normal distribution function, which NumPy does not have."""

from math import pi, sqrt

import numpy as np

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


def normal_cdf(x: Array) -> Array:
    """The normal distribution function Φ(x) = P(Z ≤ x) = ½ erfc(−x/√2), in the dtype of x and to double precision.

    The small tail keeps its relative accuracy, since it is computed as itself and not as 1 minus the large one.

    >>> normal_cdf(np.array([-np.inf, 0.0, 1.96, np.inf])).round(4)
    array([0.   , 0.5  , 0.975, 1.   ])
    >>> f"{normal_cdf(np.array(-30.0)):.10e}"
    '4.9067139271e-198'
    """
    z = np.minimum(np.abs(x) / sqrt(2), 40)  # beyond, the tail is 0 in any case
    t = (z - 3.75) / (z + 3.75)
    factor = np.full_like(t, _POLYNOMIAL[0])
    for coefficient in _POLYNOMIAL[1:]:  # Horner's rule, in place
        factor *= t
        factor += coefficient
    tail = 0.5 * np.exp(-z * z) * factor / (1 + 2 * z)
    y: Array = np.abs((x >= 0) - tail)  # the tail where x < 0, 1 minus it elsewhere
    return y


def normal_pdf(x: Array) -> Array:
    """The density φ(x) = exp(−x²/2) / √(2π), the derivative of Φ.

    >>> float(normal_pdf(np.array(0.0))) == 1 / sqrt(2 * pi)
    True
    """
    y: Array = np.exp(-0.5 * x * x) / sqrt(2 * pi)
    return y
