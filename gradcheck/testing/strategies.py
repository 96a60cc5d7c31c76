"""Hypothesis strategies for testing gradients: inputs that can tell a right backward from a wrong one.

Arrays of ``floats(-3, 3)`` sit on a kink or within a step of one in nearly every example, and filtering
those out leaves next to nothing. Here everything is constructed, nothing rejected:

* `shapes`: no two axes alike, so that a missing transpose raises or shows;
* `arrays_off_kinks`: where a function is smooth; `arrays_on_kinks`: where it is not, on purpose;
* `distinct_values`: no ties, for maxima and sorting;
* `cotangents`: of both signs, never zero, never constant;
* `layer_cases`: a layer or loss of :mod:`gradcheck.analytic` with any hyper-parameters, parameters and input.

>>> import numpy as np
>>> from hypothesis import given
>>> @given(x=arrays_off_kinks((3, 2)), dy=cotangents((3, 2)))
... def test_relu(x, dy):
...     assert np.array_equal(np.where(x > 0, dy, 0), dy * (x > 0))
>>> test_relu()
"""

from gradcheck.testing.arrays import arrays_off_kinks, arrays_on_kinks, cotangents, distinct_values, shapes
from gradcheck.testing.layers import layer_cases

__all__ = [
    "arrays_off_kinks",
    "arrays_on_kinks",
    "cotangents",
    "distinct_values",
    "layer_cases",
    "shapes",
]
