"""What the derivative is: the function is a black box, and nothing is asked of it but its values.

Read :mod:`~gradcheck.numerical.gradient` first, the textbook's way in a dozen lines. Then
:mod:`~gradcheck.numerical.line` and :mod:`~gradcheck.numerical.differences` (many steps, extrapolated, with an error
bound) on the steps of :mod:`~gradcheck.numerical.steps` and the noise of :mod:`~gradcheck.numerical.noise`
and :mod:`~gradcheck.numerical.treads`; :mod:`~gradcheck.numerical.separability` (one evaluation for many entries) and
:mod:`~gradcheck.numerical.meter`, which joins them; and :mod:`~gradcheck.numerical.jacobian`, what is made of it.
"""

from gradcheck.numerical.gradient import gradient_descent as gradient_descent
from gradcheck.numerical.gradient import numerical_gradient as numerical_gradient
from gradcheck.numerical.jacobian import Estimate as Estimate
from gradcheck.numerical.jacobian import numerical_jacobian as numerical_jacobian
from gradcheck.numerical.jacobian import numerical_jvp as numerical_jvp
from gradcheck.numerical.jacobian import numerical_vjp as numerical_vjp
