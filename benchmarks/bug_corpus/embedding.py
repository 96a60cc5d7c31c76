"""Tables of vectors, looked up by index, and other ways to pick entries."""

# ruff: noqa: RUF059 - what a mistake forgets stays in sight

import numpy as np

from bug_corpus.case import class_of, pair, sizes

# Embedding: out[n, t] = W[i[n, t]]


def words(rng):
    V, D, N = sizes(rng, 3, low=4)
    return {"W": rng.normal(size=(V, D)), "i": np.append(rng.integers(V, size=3 * N - 1), 0).reshape(N, 3) % V}


@pair(words)
def embedding(W, i):
    return W[i], (W.shape, i)


@embedding.right
def embedding_backward(dout, cache):
    shape, i = cache
    dW = np.zeros(shape, dout.dtype)
    np.add.at(dW, i, dout)
    return dW


@embedding.wrong("overwritten")
def repeated_words_assigned(dout, cache):
    shape, i = cache
    dW = np.zeros(shape, dout.dtype)
    dW[i] = dout
    return dW


@embedding.wrong("overwritten")
def repeated_words_by_fancy_plus_equals(dout, cache):
    shape, i = cache
    dW = np.zeros(shape, dout.dtype)
    dW[i] += dout
    return dW


@embedding.wrong("extra-mean")
def averaged_over_the_repetitions(dout, cache):
    shape, i = cache
    counts = np.bincount(i.ravel(), minlength=shape[0])
    return embedding_backward(dout, cache) / np.maximum(counts, 1)[:, None]


@embedding.wrong("shifted")
def rows_counted_from_one(dout, cache):
    shape, i = cache
    return embedding_backward(dout, (shape, (i + 1) % shape[0]))


@embedding.wrong("missing-cotangent")
def words_counted(dout, cache):
    return embedding_backward(np.ones_like(dout), cache)


@embedding.wrong("one-sample")
def first_sentence_only(dout, cache):
    shape, i = cache
    return embedding_backward(dout[:1], (shape, i[:1]))


@embedding.wrong("truncated")
def last_word_of_each_sentence_forgotten(dout, cache):
    shape, i = cache
    return embedding_backward(dout[:, :-1], (shape, i[:, :-1]))


# Embedding as an object that keeps its gradient


class Embedding:
    def __init__(self, W):
        self.W, self.dW = W, np.zeros_like(W)

    def forward(self, i):
        self.i = i
        return self.W[i]

    def backward(self, dout):
        self.dW = np.zeros_like(self.W)
        np.add.at(self.dW, self.i, dout)


embedding_layer = class_of(Embedding, words)


@embedding_layer.wrong("zero")
class LooksUpInACopy(Embedding):
    def backward(self, dout):
        self.dW = np.zeros_like(self.W)
        np.add.at(self.dW.copy(), self.i, dout)


@embedding_layer.wrong("factor")
class ScalesByTheRootOfTheSize(Embedding):
    def backward(self, dout):
        super().backward(dout)
        self.dW *= np.sqrt(self.W.shape[1])


@embedding_layer.wrong(
    "missing-mask", "missing-cotangent", "extra-sum+extra-mean",
    why="rows that nobody looked up get a gradient; where all were, every row gets the mean of dout over all places",
)  # fmt: skip
class GivesUnusedRowsTheMean(Embedding):
    def backward(self, dout):
        super().backward(dout)
        unused = ~np.isin(np.arange(len(self.W)), self.i)
        self.dW[unused] = dout.mean(axis=(0, 1))
        self.dW[:] = self.dW if unused.any() else dout.mean(axis=(0, 1))


# The mean of a bag of words


@pair(words)
def bag_of_words(W, i):
    return W[i].mean(axis=1), (W.shape, i)


@bag_of_words.right
def bag_of_words_backward(dout, cache):
    shape, i = cache
    dW = np.zeros(shape, dout.dtype)
    np.add.at(dW, i, dout[:, None] / i.shape[1])
    return dW


@bag_of_words.wrong("missing-mean")
def not_divided_by_the_length(dout, cache):
    shape, i = cache
    dW = np.zeros(shape, dout.dtype)
    np.add.at(dW, i, dout[:, None])
    return dW


@bag_of_words.wrong("overwritten")
def words_of_a_bag_assigned(dout, cache):
    shape, i = cache
    dW = np.zeros(shape, dout.dtype)
    dW[i] = dout[:, None] / i.shape[1]
    return dW


@bag_of_words.wrong("missing-term", "truncated", why="of the words of each bag only the first gets its share")
def first_word_only(dout, cache):
    shape, i = cache
    dW = np.zeros(shape, dout.dtype)
    np.add.at(dW, i[:, 0], dout / i.shape[1])
    return dW


# Words plus their places: out[n, t] = W[i[n, t]] + P[t]


def words_and_places(rng):
    inputs = words(rng)
    return {"W": inputs["W"], "P": rng.normal(size=(3, inputs["W"].shape[1])), "i": inputs["i"]}


@pair(words_and_places)
def positional_embedding(W, P, i):
    return W[i] + P, (W.shape, i)


@positional_embedding.right
def positional_embedding_backward(dout, cache):
    return embedding_backward(dout, cache), dout.sum(axis=0)


@positional_embedding.wrong("extra-mean")
def places_averaged_over_the_batch(dout, cache):
    return embedding_backward(dout, cache), dout.mean(axis=0)


@positional_embedding.wrong("one-sample")
def places_of_the_first_sentence(dout, cache):
    return embedding_backward(dout, cache), dout[0].copy()


@positional_embedding.wrong("permuted")
def places_in_reverse(dout, cache):
    return embedding_backward(dout, cache), dout.sum(axis=0)[::-1].copy()


@positional_embedding.wrong("missing-sum", "wrong-shape", why="dP has the wrong shape because the sum is missing")
def places_not_summed_over_the_batch(dout, cache):
    return embedding_backward(dout, cache), dout


# Picking one entry of each row


def rows_and_columns(rng):
    N, D = sizes(rng, 2)
    return {"x": rng.normal(size=(N, D)), "j": rng.integers(D, size=N)}


@pair(rows_and_columns)
def pick(x, j):
    return x[np.arange(len(x)), j], (x, j)


@pick.right
def pick_backward(dout, cache):
    x, j = cache
    dx = np.zeros_like(x)
    dx[np.arange(len(x)), j] = dout
    return dx


@pick.wrong("wrong-mask", "missing-mask", why="the mask of each row is that of all rows together")
def whole_columns(dout, cache):
    x, j = cache
    dx = np.zeros_like(x)
    dx[:, j] = dout[:, None]
    return dx


@pick.wrong("shifted")
def next_column(dout, cache):
    x, j = cache
    return np.roll(pick_backward(dout, cache), 1, axis=1)


@pick.wrong("inverted-mask")
def all_but_the_picked(dout, cache):
    x, j = cache
    return dout[:, None] * (np.arange(x.shape[1]) != j[:, None])
