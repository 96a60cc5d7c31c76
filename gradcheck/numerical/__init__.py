"""What the derivative is: the function is a black box, and nothing is asked of it but its values."""

from gradcheck.numerical.gradient import gradient_descent as gradient_descent
from gradcheck.numerical.gradient import numerical_gradient as numerical_gradient
