"""Gradient descent on a bowl: f(x) = x0^2 + x1^2, with nothing but values of f.

python worked_examples/01_gradient_descent.py
"""

import numpy as np

from gradcheck import explain, gradient_descent, numerical_gradient


def bowl(x):
    return x[0] ** 2 + x[1] ** 2


start = np.array([-3.0, 4.0])

print("1. The slope, measured by moving each entry a little both ways\n")
for point in ([3.0, 4.0], [0.0, 2.0], [3.0, 0.0]):
    x = np.array(point)
    print(f"at {x}   numerical {numerical_gradient(bowl, x).round(6)}   by the rule {2 * x}")

print("\n2. Downhill, a tenth of the slope at a time\n")
path = gradient_descent(bowl, start, lr=0.1, steps=100)
for k in (0, 1, 2, 5, 10, 20, 50):
    x0, x1 = path[k]
    print(f"step {k:>3}   x = ({x0:>12.9f}, {x1:>12.9f})   f = {bowl(path[k]):.9f}")

print("\n3. The rate decides: each step multiplies x by 1 - 2 lr\n")
for lr in (0.01, 0.1, 0.5, 0.9, 1.1):
    end = gradient_descent(bowl, start, lr=lr, steps=10)[-1]
    print(f"lr = {lr:<4}   1 - 2 lr = {1 - 2 * lr:>5.2f}   after 10 steps f = {bowl(end):>12.6f}")

print("\n4. Where the slope comes from\n")
print(explain(bowl, wrt="x[0]", at={"x": start}, rate=0.1))
