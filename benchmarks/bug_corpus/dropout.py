"""Dropout, and other masks that the forward draws or is given."""

import numpy as np

from bug_corpus.case import class_of, pair, sizes

P = 0.4  # the probability to drop


def batch(rng):
    N, D = sizes(rng, 2, low=5, high=9)
    return {"x": rng.normal(size=(N, D))}


# Inverted dropout with a mask from a seed of its own


@pair(batch)
def dropout(x):
    mask = np.random.default_rng(3).random(x.shape) >= P
    return x * mask / (1 - P), (mask, x)


@dropout.right
def dropout_backward(dout, cache):
    mask, _ = cache
    return dout * mask / (1 - P)


@dropout.wrong("missing-mask")
def mask_forgotten(dout, cache):
    return dout / (1 - P)


@dropout.wrong("factor")
def scale_forgotten(dout, cache):
    mask, _ = cache
    return dout * mask


@dropout.wrong("factor")
def scaled_the_wrong_way(dout, cache):
    mask, _ = cache
    return dout * mask * (1 - P)


@dropout.wrong("factor")
def scaled_by_the_probability_to_drop(dout, cache):
    mask, _ = cache
    return dout * mask / P


@dropout.wrong("inverted-mask")
def keeps_what_was_dropped(dout, cache):
    mask, _ = cache
    return dout * ~mask / (1 - P)


@dropout.wrong("wrong-mask")
def another_mask_is_drawn(dout, cache):
    mask = np.random.default_rng(4).random(dout.shape) >= P
    return dout * mask / (1 - P)


@dropout.wrong("wrong-mask")
def mask_of_the_sign_of_the_input(dout, cache):
    _, x = cache
    return dout * (x > 0) / (1 - P)


@dropout.wrong("missing-cotangent")
def mask_returned(dout, cache):
    mask, _ = cache
    return mask / (1 - P)


# Dropout as an object that holds its generator


class Dropout:
    def __init__(self):
        self.rng = np.random.default_rng(7)

    def forward(self, x):
        self.mask = self.rng.random(x.shape) >= P
        return x * self.mask / (1 - P)

    def backward(self, dout):
        return dout * self.mask / (1 - P)


dropout_layer = class_of(Dropout, batch)


@dropout_layer.wrong("wrong-mask", "nondeterministic", why="a mask drawn anew is another mask, each time")
class DrawsAgainOnTheWayBack(Dropout):
    def backward(self, dout):
        return dout * (self.rng.random(dout.shape) >= P) / (1 - P)


@dropout_layer.wrong("zero")
class ReturnsNothingOfIt(Dropout):
    def backward(self, dout):
        return np.zeros_like(dout)


@dropout_layer.wrong("missing-mask", "factor", why="neither mask nor scale: the backward of evaluation mode")
class BehavesAsInEvaluation(Dropout):
    def backward(self, dout):
        return dout.copy()


# Weights are dropped


def dropped_weights(rng):
    N, D, H = sizes(rng, 3, low=4)
    return {"x": rng.normal(size=(N, D)), "W": rng.normal(size=(D, H)), "mask": rng.random((D, H)) >= P}


@pair(dropped_weights)
def drop_connect(x, W, mask):
    return x @ (W * mask), (x, W, mask)


@drop_connect.right
def drop_connect_backward(dout, cache):
    x, W, mask = cache
    return dout @ (W * mask).T, (x.T @ dout) * mask


@drop_connect.wrong("missing-mask")
def dropped_weights_get_a_gradient(dout, cache):
    x, W, mask = cache
    return dout @ (W * mask).T, x.T @ dout


@drop_connect.wrong("missing-mask")
def input_gradient_through_all_weights(dout, cache):
    x, W, mask = cache
    return dout @ W.T, (x.T @ dout) * mask


@drop_connect.wrong("inverted-mask")
def kept_weights_get_no_gradient(dout, cache):
    x, W, mask = cache
    return dout @ (W * mask).T, (x.T @ dout) * ~mask


# Sequences padded to one length: the mean over what is there


def padded_sequences(rng):
    N, T, D = sizes(rng, 3, low=4)
    mask = np.arange(T) < rng.integers(1, T, size=N)[:, None]
    return {"x": rng.normal(size=(N, T, D)), "mask": mask}


@pair(padded_sequences)
def masked_mean(x, mask):
    m = mask[:, :, None]
    return (x * m).sum(axis=1) / m.sum(axis=1), (m, x)


@masked_mean.right
def masked_mean_backward(dout, cache):
    m, _ = cache
    return m * (dout / m.sum(axis=1))[:, None]


@masked_mean.wrong("missing-mask")
def padding_gets_a_gradient(dout, cache):
    m, x = cache
    return np.repeat((dout / m.sum(axis=1))[:, None], x.shape[1], axis=1)


@masked_mean.wrong("missing-mean")
def lengths_forgotten(dout, cache):
    m, _ = cache
    return m * dout[:, None]


@masked_mean.wrong("inverted-mask")
def only_the_padding(dout, cache):
    m, _ = cache
    return ~m * (dout / m.sum(axis=1))[:, None]


@masked_mean.wrong("factor", "extra-mean", why="each row is divided by another number than the one averaged over")
def divided_by_the_padded_length(dout, cache):
    m, x = cache
    return m * dout[:, None] / x.shape[1]
