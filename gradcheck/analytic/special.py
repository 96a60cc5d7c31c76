"""The normal distribution function, which NumPy does not have."""

from math import pi, sqrt

import numpy as np
from numpy.polynomial.chebyshev import chebval

from gradcheck.analytic.validation import Array

# Chebyshev coefficients of (1 + 2z) exp(z²) erfc(z) in t = (z − 3.75) / (z + 3.75), for all z ≥ 0 at once:
# Shepherd and Laframboise, "Chebyshev approximation of (1 + 2x) exp(x²) erfc x", Math. Comp. 36 (1981);
# computed anew to 50 digits. The first left out is 5e-17.
_COEFFICIENTS = (
    1.1775789345674017541,
    -0.0045900545806464773309,
    -0.084249133366517915584,
    0.059209939998191890498,
    -0.026658668435305752277,
    0.0090749976707052650939,
    -0.0024131635404176081909,
    0.00049077583652580863229,
    -0.000069169733025012063671,
    4.1390279860730101675e-6,
    7.7403830661984906686e-7,
    -2.1886401049234395661e-7,
    1.0764999465670910377e-8,
    4.5219598112182868979e-9,
    -7.7544002088313511065e-10,
    -6.3180883408866844944e-11,
    2.8687950109306698981e-11,
    1.945586854577734723e-13,
    -9.6546967484334389059e-13,
    3.2525481481487398415e-14,
    3.3478119482868053878e-14,
    -1.8645628804193131015e-15,
    -1.2507950530688647085e-15,
    7.418235256624043463e-17,
)


def normal_cdf(x: Array) -> Array:
    """The normal distribution function Φ(x) = P(Z ≤ x) = ½ erfc(−x/√2), to double precision, in the dtype of x.

    The small tail keeps its relative accuracy, since it is computed as itself and not as 1 minus the large one.

    >>> normal_cdf(np.array([-np.inf, 0.0, 1.96, np.inf])).round(4)
    array([0.   , 0.5  , 0.975, 1.   ])
    >>> f"{normal_cdf(np.array(-30.0)):.10e}"
    '4.9067139271e-198'
    """
    z = np.minimum(np.abs(x.astype(np.float64, copy=False)) / sqrt(2), 40.0)  # at 40 both tails are exact
    tail = 0.5 * np.exp(-z * z) * chebval((z - 3.75) / (z + 3.75), _COEFFICIENTS) / (1 + 2 * z)
    y: Array = np.where(x < 0, tail, 1 - tail).astype(x.dtype)
    return y


def normal_pdf(x: Array) -> Array:
    """The density φ(x) = exp(−x²/2) / √(2π), the derivative of Φ.

    >>> float(normal_pdf(np.array(0.0))) == 1 / sqrt(2 * pi)
    True
    """
    y: Array = np.exp(-0.5 * x * x) / sqrt(2 * pi)
    return y
