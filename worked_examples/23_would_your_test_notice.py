"""Would your test notice? A right backward is made wrong, one mistake at a time, and each version is put to a test.

One learns to judge a test by the mistakes it lets through: why a falling loss, ones for inputs, and a square and
symmetric weight are poor witnesses, and what inputs make a good one. `gradcheck mutate my_layers.py` does this with
your own tests.

    python worked_examples/23_would_your_test_notice.py
"""

import numpy as np

from gradcheck import check, numerical_gradient
from gradcheck.checking.mutation import mutants, survivors


def forward(x, W, b):
    """The layer y = tanh(x W + b)."""
    y = np.tanh(x @ W + b)
    return y, (x, W, y)


def backward(dy, cache):
    x, W, y = cache
    de = dy * (1 - y**2)
    dx = de @ W.T
    dW = x.T @ de
    db = de.sum(axis=0)
    return dx, dW, db


rng = np.random.default_rng(0)
X, W, B = rng.normal(size=(5, 3)), rng.normal(size=(3, 2)), rng.normal(size=2)


def right_shapes(candidate):
    """The gradients have the shapes of what they are the gradients of."""
    y, cache = forward(X, W, B)
    return all(d.shape == a.shape for d, a in zip(candidate(np.ones_like(y), cache), (X, W, B), strict=True))


def loss_falls(candidate):
    """A step against dW and db makes a squared error smaller."""
    y, cache = forward(X, W, B)
    target = np.full_like(y, 0.5)
    _, dW, db = candidate(y - target, cache)
    return np.sum((forward(X, W - 0.01 * dW, B - 0.01 * db)[0] - target) ** 2) < np.sum((y - target) ** 2)


def ones_and_symmetric(candidate):
    """Numerical gradients, at convenient numbers: x and dy all ones, W symmetric, b = 0."""
    x, w, b = np.ones((2, 2)), np.array([[0.5, 0.2], [0.2, 0.5]]), np.zeros(2)
    y, cache = forward(x, w, b)
    numerical = (
        numerical_gradient(lambda x: forward(x, w, b)[0].sum(), x),
        numerical_gradient(lambda w: forward(x, w, b)[0].sum(), w),
        numerical_gradient(lambda b: forward(x, w, b)[0].sum(), b),
    )
    return all(np.allclose(d, n) for d, n in zip(candidate(np.ones_like(y), cache), numerical, strict=True))


def weights_only(candidate):
    """Numerical gradients at random numbers, of the parameters; dx is forgotten."""
    y, cache = forward(X, W, B)
    _, dW, db = candidate(np.ones_like(y), cache)
    numerical_dW = numerical_gradient(lambda w: forward(X, w, B)[0].sum(), W)
    numerical_db = numerical_gradient(lambda b: forward(X, W, b)[0].sum(), B)
    return np.allclose(dW, numerical_dW) and np.allclose(db, numerical_db)


def checked(candidate):
    """What check says at random numbers, no two axes alike, with random cotangents."""
    return check(forward, X, W, B, backward=candidate)


print("1. The mistakes\n")
for mutant in mutants(backward):
    print(f"  {mutant.before:<26} → {mutant.after or '(left out)'}")

print("\n\n2. Five tests; the right backward passes them all\n")
for test in (right_shapes, loss_falls, ones_and_symmetric, weights_only, checked):
    left = survivors(backward, test)
    total = len(mutants(backward))
    print(f"{test.__name__}: {test.__doc__}")
    print(f"  passes the right one: {bool(test(backward))}; notices {total - len(left)} of {total}")
    for mutant in left:
        print(f"  not noticed: {mutant.after or mutant.before + ' left out'}")
    print()
