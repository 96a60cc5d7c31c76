"""What is done with arrays between the layers: products, sums, order, shape."""

# ruff: noqa: RUF059 - what a mistake forgets stays in sight

import numpy as np

from bug_corpus.case import distinct, pair, scalar, sizes

# Products and quotients with broadcasting


def matrix_and_column(rng):
    N, D = sizes(rng, 2)
    return {"x": rng.normal(size=(N, D)), "s": rng.uniform(0.5, 2, (N, 1))}


@pair(matrix_and_column)
def multiply(x, s):
    return x * s, (x, s)


@multiply.right
def multiply_backward(dout, cache):
    x, s = cache
    return dout * s, (dout * x).sum(axis=1, keepdims=True)


@multiply.wrong("missing-sum", "wrong-shape", why="ds has the wrong shape because the sum is missing")
def column_not_summed(dout, cache):
    x, s = cache
    return dout * s, dout * x


@multiply.wrong("extra-mean")
def column_averaged(dout, cache):
    x, s = cache
    return dout * s, (dout * x).mean(axis=1, keepdims=True)


@multiply.wrong("missing-sum")
def first_column_taken(dout, cache):
    x, s = cache
    return dout * s, (dout * x)[:, :1].copy()


@multiply.wrong("missing-term")
def factor_forgotten(dout, cache):
    x, s = cache
    return dout.copy(), (dout * x).sum(axis=1, keepdims=True)


@pair(matrix_and_column)
def divide(x, s):
    return x / s, (x, s)


@divide.right
def divide_backward(dout, cache):
    x, s = cache
    return dout / s, -(dout * x / s**2).sum(axis=1, keepdims=True)


@divide.wrong("sign")
def minus_forgotten(dout, cache):
    x, s = cache
    return dout / s, (dout * x / s**2).sum(axis=1, keepdims=True)


@divide.wrong("zero")
def divisor_held_constant(dout, cache):
    x, s = cache
    return dout / s, np.zeros_like(s)


@divide.wrong("missing-cotangent")
def quotient_rule_without_dout(dout, cache):
    x, s = cache
    return dout / s, -(x / s**2).sum(axis=1, keepdims=True)


@pair(matrix_and_column)
def divide_safely(x, s):
    return x / (s + 1e-3), (x, s)


@divide_safely.right
def divide_safely_backward(dout, cache):
    x, s = cache
    return dout / (s + 1e-3), -(dout * x / (s + 1e-3) ** 2).sum(axis=1, keepdims=True)


@divide_safely.wrong("missing-epsilon")
def epsilon_forgotten_in_both(dout, cache):
    x, s = cache
    return dout / s, -(dout * x / s**2).sum(axis=1, keepdims=True)


@divide_safely.wrong("missing-epsilon")
def epsilon_forgotten_in_the_square(dout, cache):
    x, s = cache
    return dout / (s + 1e-3), -(dout * x / s**2).sum(axis=1, keepdims=True)


# Powers: x³ y²


def two_arrays(rng):
    N, D = sizes(rng, 2)
    return {"x": rng.normal(size=(N, D)), "y": rng.normal(size=(N, D))}


@pair(two_arrays)
def monomial(x, y):
    return x**3 * y**2, (x, y)


@monomial.right
def monomial_backward(dout, cache):
    x, y = cache
    return 3 * dout * x**2 * y**2, 2 * dout * x**3 * y


@monomial.wrong("factor")
def exponent_forgotten(dout, cache):
    x, y = cache
    return dout * x**2 * y**2, 2 * dout * x**3 * y


@monomial.wrong("swapped")
def monomial_gradients_exchanged(dout, cache):
    dx, dy = monomial_backward(dout, cache)
    return dy, dx


@monomial.wrong("cotangent-twice")
def monomial_with_dout_squared(dout, cache):
    dx, dy = monomial_backward(dout, cache)
    return dx, dout * dy


@monomial.wrong("precision")
def rounded_to_seven_digits(dout, cache):
    x, y = cache
    dx, dy = monomial_backward(dout, cache)
    return dx, dy.astype(np.float32).astype(float)


# Running sums and products


def series(rng):
    N, T = sizes(rng, 2, low=4)
    return {"x": rng.uniform(0.5, 1.5, (N, T)) * rng.choice([-1, 1], (N, T))}


@pair(series)
def running_sum(x):
    return np.cumsum(x, axis=1), None


@running_sum.right
def running_sum_backward(dout, _):
    return np.cumsum(dout[:, ::-1], axis=1)[:, ::-1].copy()


@running_sum.wrong(
    "permuted", "transposed", why="the Jacobian in place of its transpose: the order is not turned round"
)
def summed_from_the_front(dout, _):
    return np.cumsum(dout, axis=1)


@running_sum.wrong("permuted")
def not_turned_round_again(dout, _):
    return np.cumsum(dout[:, ::-1], axis=1)


@running_sum.wrong("shifted", "missing-term", why="each sum begins one entry too late, and its own is missing")
def own_entry_forgotten(dout, _):
    return running_sum_backward(dout, _) - dout


@running_sum.wrong("missing-term", "truncated", why="the later steps do not reach back")
def later_steps_forgotten(dout, _):
    return dout.copy()


@pair(series)
def running_product(x):
    y = np.cumprod(x, axis=1)
    return y, (x, y)


@running_product.right
def running_product_backward(dout, cache):
    x, y = cache
    return np.cumsum((dout * y)[:, ::-1], axis=1)[:, ::-1] / x


@running_product.wrong("missing-term")
def only_the_diagonal(dout, cache):
    x, y = cache
    return dout * y / x


@running_product.wrong("factor", "missing-term", why="each entry lacks its own constant, 1/x")
def not_divided_by_x(dout, cache):
    x, y = cache
    return np.cumsum((dout * y)[:, ::-1], axis=1)[:, ::-1].copy()


# Order


def unsorted(rng):
    N, D = sizes(rng, 2, low=4)
    return {"x": distinct(rng, (N, D))}


@pair(unsorted)
def sort(x):
    return np.sort(x, axis=1), np.argsort(x, axis=1)


@sort.right
def sort_backward(dout, order):
    dx = np.empty_like(dout)
    np.put_along_axis(dx, order, dout, axis=1)
    return dx


@sort.wrong("permuted", "transposed", why="the Jacobian in place of its transpose: the order is not turned round")
def order_applied_instead_of_undone(dout, order):
    return np.take_along_axis(dout, order, axis=1)


@sort.wrong("permuted")
def order_ignored(dout, order):
    return dout.copy()


# Shape


def cube(rng):
    A, B, C = sizes(rng, 3)
    return {"x": rng.normal(size=(A, B, C))}


@pair(cube)
def flatten_last(x):
    return np.swapaxes(x, 1, 2).reshape(len(x), -1), x.shape


@flatten_last.right
def flatten_last_backward(dout, shape):
    A, B, C = shape
    return np.swapaxes(dout.reshape(A, C, B), 1, 2).copy()


@flatten_last.wrong("permuted")
def reshaped_without_swapping_back(dout, shape):
    return dout.reshape(shape).copy()


@flatten_last.wrong("wrong-shape", "permuted", why="the axes are exchanged, and the shape shows it")
def shape_left_swapped(dout, shape):
    A, B, C = shape
    return dout.reshape(A, C, B).copy()


def two_blocks(rng):
    N, D = sizes(rng, 2)
    return {"x": rng.normal(size=(N, D)), "y": rng.normal(size=(N, D))}


@pair(two_blocks)
def concatenate(x, y):
    return np.concatenate([x, 2 * y], axis=1), x.shape[1]


@concatenate.right
def concatenate_backward(dout, n):
    return dout[:, :n].copy(), 2 * dout[:, n:]


@concatenate.wrong("swapped")
def halves_exchanged(dout, n):
    dx, dy = concatenate_backward(dout, n)
    return dy, dx


@concatenate.wrong("shifted")
def cut_one_column_too_early(dout, n):
    return dout[:, :n].copy(), 2 * dout[:, n - 1 : -1]


@concatenate.wrong("missing-cotangent")
def second_half_gets_twos(dout, n):
    return dout[:, :n].copy(), np.full_like(dout[:, n:], 2.0)


# Matrix functions


def square_matrix(rng):
    (N,) = sizes(rng, 1, high=6)
    return {"A": rng.normal(size=(N, N)) + 3 * np.eye(N)}


@scalar(square_matrix)
def log_determinant(A):
    return np.linalg.slogdet(A)[1]


@log_determinant.right
def log_determinant_gradient(A):
    return np.linalg.inv(A).T


@log_determinant.wrong("transposed")
def inverse_not_transposed(A):
    return np.linalg.inv(A)


@log_determinant.wrong("sign")
def minus_the_inverse(A):
    return -np.linalg.inv(A).T


@log_determinant.wrong("factor")
def as_if_of_the_determinant(A):
    return np.linalg.det(A) * np.linalg.inv(A).T


def quadratic_inputs(rng):
    (N,) = sizes(rng, 1)
    return {"x": rng.normal(size=N), "A": rng.normal(size=(N, N))}


@scalar(quadratic_inputs)
def quadratic_form(x, A):
    return x @ A @ x


@quadratic_form.right
def quadratic_form_gradient(x, A):
    return (A + A.T) @ x, np.outer(x, x)


@quadratic_form.wrong("missing-term")
def as_if_linear(x, A):
    return A @ x, np.outer(x, x)


@quadratic_form.wrong("transposed", "missing-term", why="2 A x has A where Aᵀ stands in one of two terms")
def as_if_symmetric(x, A):
    return 2 * A @ x, np.outer(x, x)


@quadratic_form.wrong("factor")
def matrix_gradient_halved(x, A):
    return (A + A.T) @ x, 0.5 * np.outer(x, x)


# Distances of all pairs


def two_sets(rng):
    N, M, D = sizes(rng, 3)
    return {"x": rng.normal(size=(N, D)), "y": rng.normal(size=(M, D))}


@pair(two_sets)
def squared_distances(x, y):
    d = x[:, None] - y
    return (d**2).sum(axis=2), d


@squared_distances.right
def squared_distances_backward(dout, d):
    g = 2 * dout[:, :, None] * d
    return g.sum(axis=1), -g.sum(axis=0)


@squared_distances.wrong("factor")
def two_forgotten(dout, d):
    g = dout[:, :, None] * d
    return g.sum(axis=1), -g.sum(axis=0)


@squared_distances.wrong("sign")
def both_sides_alike(dout, d):
    g = 2 * dout[:, :, None] * d
    return g.sum(axis=1), g.sum(axis=0)


@squared_distances.wrong("extra-mean")
def averaged_over_the_partners(dout, d):
    g = 2 * dout[:, :, None] * d
    return g.mean(axis=1), -g.sum(axis=0)


# Lengths of rows


def nonzero_rows(rng):
    N, D = sizes(rng, 2)
    return {"x": rng.normal(size=(N, D))}


@pair(nonzero_rows)
def row_norm(x):
    n = np.sqrt((x**2).sum(axis=1))
    return n, (x, n)


@row_norm.right
def row_norm_backward(dout, cache):
    x, n = cache
    return (dout / n)[:, None] * x


@row_norm.wrong("factor")
def half_of_the_root_counted_alone(dout, cache):
    x, n = cache
    return (0.5 * dout / n)[:, None] * x


@row_norm.wrong("missing-activation-derivative")
def root_forgotten(dout, cache):
    x, n = cache
    return 2 * dout[:, None] * x


@row_norm.wrong("missing-cotangent")
def unit_vectors_alone(dout, cache):
    x, n = cache
    return x / n[:, None]
