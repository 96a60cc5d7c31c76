"""Pooling, up and down, and maxima."""

import numpy as np

from bug_corpus.case import distinct, pair, sizes

# Maximum over blocks of two by two


def image(rng):
    N, C = sizes(rng, 2, low=2, high=4)
    return {"x": distinct(rng, (N, C, 6, 4))}


def tied_image(rng):
    N, C = sizes(rng, 2, low=2, high=4)
    return {"x": rng.integers(3, size=(N, C, 6, 4)).astype(float)}


def blocks(x):
    """Blocks of two by two, their four entries last."""
    N, C, H, W = x.shape
    return x.reshape(N, C, H // 2, 2, W // 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(N, C, H // 2, W // 2, 4)


def unblocked(b):
    N, C, OH, OW, _ = b.shape
    return b.reshape(N, C, OH, OW, 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(N, C, 2 * OH, 2 * OW)


@pair(image)
def max_pool(x):
    return blocks(x).max(axis=4), x


@max_pool.right
def max_pool_backward(dout, x):
    first = blocks(x).argmax(axis=4)[..., None] == np.arange(4)
    return unblocked(first * dout[..., None])


@max_pool.wrong("ties", inputs=tied_image)
def every_maximum_gets_all(dout, x):
    b = blocks(x)
    return unblocked((b == b.max(axis=4, keepdims=True)) * dout[..., None])


@max_pool.wrong("missing-mask")
def every_entry_gets_all(dout, x):
    return unblocked(np.repeat(dout[..., None], 4, axis=4))


@max_pool.wrong("wrong-mask")
def minimum_in_place_of_the_maximum(dout, x):
    first = blocks(x).argmin(axis=4)[..., None] == np.arange(4)
    return unblocked(first * dout[..., None])


@max_pool.wrong("wrong-mask", "shifted", why="the place of the maximum is off by one within its block")
def place_of_the_maximum_off_by_one(dout, x):
    place = (blocks(x).argmax(axis=4)[..., None] + 1) % 4
    return unblocked((place == np.arange(4)) * dout[..., None])


@max_pool.wrong("inverted-mask")
def all_but_the_maximum(dout, x):
    first = blocks(x).argmax(axis=4)[..., None] == np.arange(4)
    return unblocked(~first * dout[..., None])


@max_pool.wrong("missing-cotangent")
def ones_at_the_maxima(dout, x):
    first = blocks(x).argmax(axis=4)[..., None] == np.arange(4)
    return unblocked(first.astype(float))


@max_pool.wrong("wrong-mask", "missing-mask", why="no mask, and a weight of another layer")
def as_if_it_were_the_average(dout, x):
    return unblocked(np.repeat(dout[..., None] / 4, 4, axis=4))


@max_pool.wrong("permuted", "wrong-mask", why="the gradient of a block lands on another of its entries")
def rows_and_columns_exchanged_within_a_block(dout, x):
    first = blocks(x).argmax(axis=4)[..., None] == np.arange(4)
    b = first * dout[..., None]
    return unblocked(b[..., [0, 2, 1, 3]])


# Maximum over overlapping windows, one dimension


def signal(rng):
    N, T = sizes(rng, 2, low=5, high=9)
    return {"x": distinct(rng, (N, T))}


@pair(signal)
def overlapping_max_pool(x):
    windows = np.stack([x[:, :-2], x[:, 1:-1], x[:, 2:]])
    return windows.max(axis=0), (x, windows.argmax(axis=0))


@overlapping_max_pool.right
def overlapping_max_pool_backward(dout, cache):
    x, k = cache
    dx = np.zeros_like(x)
    n, t = np.indices(k.shape)
    np.add.at(dx, (n, t + k), dout)
    return dx


@overlapping_max_pool.wrong("overwritten")
def winner_of_two_windows_keeps_one(dout, cache):
    x, k = cache
    dx = np.zeros_like(x)
    n, t = np.indices(k.shape)
    dx[n, t + k] = dout
    return dx


@overlapping_max_pool.wrong("overwritten")
def fancy_plus_equals(dout, cache):
    x, k = cache
    dx = np.zeros_like(x)
    n, t = np.indices(k.shape)
    dx[n, t + k] += dout
    return dx


@overlapping_max_pool.wrong("shifted")
def places_one_to_the_left(dout, cache):
    return np.roll(overlapping_max_pool_backward(dout, cache), -1, axis=1)


@overlapping_max_pool.wrong("truncated", "zero", why="the last window gets no gradient")
def last_window_left_out(dout, cache):
    x, k = cache
    dx = np.zeros_like(x)
    n, t = np.indices(k[:, :-1].shape)
    np.add.at(dx, (n, t + k[:, :-1]), dout[:, :-1])
    return dx


@overlapping_max_pool.wrong("ties", inputs=lambda rng: {"x": rng.integers(3, size=(6, 8)).astype(float)})
def all_that_equal_the_maximum(dout, cache):
    x, _ = cache
    dx = np.zeros_like(x)
    top = np.maximum(np.maximum(x[:, :-2], x[:, 1:-1]), x[:, 2:])
    for k in range(3):
        here = slice(k, x.shape[1] - 2 + k)
        dx[:, here] += dout * (x[:, here] == top)
    return dx


# Average over blocks of two by two


def any_image(rng):
    N, C = sizes(rng, 2, low=2, high=4)
    return {"x": rng.normal(size=(N, C, 6, 4))}


@pair(any_image)
def average_pool(x):
    return blocks(x).mean(axis=4), None


@average_pool.right
def average_pool_backward(dout, _):
    return unblocked(np.repeat(dout[..., None] / 4, 4, axis=4))


@average_pool.wrong("missing-mean")
def quarter_forgotten(dout, _):
    return unblocked(np.repeat(dout[..., None], 4, axis=4))


@average_pool.wrong("factor", "missing-mean", why="2 is the length of one side too: averaged over one axis of two")
def half_in_place_of_a_quarter(dout, _):
    return unblocked(np.repeat(dout[..., None] / 2, 4, axis=4))


@average_pool.wrong("missing-term", "missing-mask", why="three of the four entries of a block get nothing")
def only_one_corner(dout, _):
    b = np.zeros((*dout.shape, 4))
    b[..., 0] = dout / 4
    return unblocked(b)


@average_pool.wrong("shifted")
def blocks_begin_one_row_too_low(dout, _):
    return np.roll(average_pool_backward(dout, _), 1, axis=2)


# Mean over the whole image, for each channel


@pair(any_image)
def global_average_pool(x):
    return x.mean(axis=(2, 3)), x.shape


@global_average_pool.right
def global_average_pool_backward(dout, shape):
    return np.broadcast_to(dout[:, :, None, None], shape) / (shape[2] * shape[3])


@global_average_pool.wrong("missing-mean")
def area_forgotten(dout, shape):
    return np.broadcast_to(dout[:, :, None, None], shape).copy()


@global_average_pool.wrong("missing-mean", "factor", why="divided by the height, not by the width as well")
def divided_by_the_height_only(dout, shape):
    return np.broadcast_to(dout[:, :, None, None], shape) / shape[2]


@global_average_pool.wrong("extra-sum")
def channels_summed(dout, shape):
    total = dout.sum(axis=1, keepdims=True)
    return np.broadcast_to(total[:, :, None, None], shape) / (shape[2] * shape[3])


# Nearest neighbour upsampling by two


@pair(any_image)
def upsample(x):
    return x.repeat(2, axis=2).repeat(2, axis=3), None


@upsample.right
def upsample_backward(dout, _):
    return blocks(dout).sum(axis=4)


@upsample.wrong("extra-mean")
def mean_of_the_four(dout, _):
    return blocks(dout).mean(axis=4)


@upsample.wrong("missing-sum", "overwritten", why="of four copies one is taken, where all are to be summed")
def one_of_the_four(dout, _):
    return dout[:, :, ::2, ::2].copy()


@upsample.wrong("shifted")
def blocks_off_by_one(dout, _):
    return blocks(np.roll(dout, 1, axis=3)).sum(axis=4)


# Maximum over the last axis


def rows(rng):
    N, D = sizes(rng, 2)
    return {"x": distinct(rng, (N, D))}


def tied_rows(rng):
    N, D = sizes(rng, 2, low=5)
    return {"x": rng.integers(3, size=(N, D)).astype(float)}


@pair(rows)
def row_maximum(x):
    return x.max(axis=1), x


@row_maximum.right
def row_maximum_backward(dout, x):
    dx = np.zeros_like(x)
    dx[np.arange(len(x)), x.argmax(axis=1)] = dout
    return dx


@row_maximum.wrong("ties", inputs=tied_rows)
def all_that_are_tied(dout, x):
    return (x == x.max(axis=1, keepdims=True)) * dout[:, None]


@row_maximum.wrong("missing-mask")
def all_entries(dout, x):
    return np.repeat(dout[:, None], x.shape[1], axis=1)


@row_maximum.wrong("wrong-mask")
def maximum_of_the_whole_array(dout, x):
    return (x == x.max()) * dout[:, None]


@row_maximum.wrong("wrong-mask", "permuted", why="the places are those of the maxima along the other axis")
def maxima_of_the_columns(dout, x):
    return (x == x.max(axis=0)) * dout[:, None]


@row_maximum.wrong("wrong-mask", "activation-derivative-at-wrong-point", why="the mask is taken of the wrong array")
def first_entry_always(dout, x):
    dx = np.zeros_like(x)
    dx[:, 0] = dout
    return dx


# The larger of two arrays, entry by entry


def two_arrays(rng):
    N, D = sizes(rng, 2, low=5)
    return {"x": rng.normal(size=(N, D)), "y": rng.normal(size=(N, D))}


def two_arrays_with_ties(rng):
    return {name: np.round(value) for name, value in two_arrays(rng).items()}


@pair(two_arrays)
def larger_of_two(x, y):
    return np.maximum(x, y), (x, y)


@larger_of_two.right
def larger_of_two_backward(dout, cache):
    x, y = cache
    return dout * (x >= y), dout * (x < y)


@larger_of_two.wrong("ties", inputs=two_arrays_with_ties)
def both_get_it_where_they_are_equal(dout, cache):
    x, y = cache
    return dout * (x >= y), dout * (x <= y)


@larger_of_two.wrong("inverted-mask", "swapped", why="the two masks are each other's complement")
def the_smaller_gets_it(dout, cache):
    x, y = cache
    return dout * (x < y), dout * (x >= y)


# The largest entry of a whole array


@pair(rows)
def largest(x):
    return x.max(), x


@largest.right
def largest_backward(dout, x):
    dx = np.zeros_like(x)
    dx.flat[x.argmax()] = dout
    return dx


@largest.wrong("ties", inputs=tied_rows)
def every_largest_gets_it(dout, x):
    return dout * (x == x.max())


@largest.wrong("missing-cotangent")
def a_one_at_the_largest(dout, x):
    return (x == x.max()).astype(float)
