"""Normalisations: by batch, by row, by group, by length."""

# ruff: noqa: RUF059 - what a mistake forgets stays in sight

import numpy as np

from bug_corpus.case import class_of, pair, sizes

# Batch normalisation: over the batch, for each feature


def batch_inputs(rng):
    N, D = sizes(rng, 2, low=4)
    return {"x": rng.normal(1, 2, (N, D)), "gamma": rng.uniform(0.5, 1.5, D), "beta": rng.normal(size=D)}


@pair(batch_inputs)
def batch_norm(x, gamma, beta, eps=1e-5):
    mean, var = x.mean(axis=0), x.var(axis=0)
    std = np.sqrt(var + eps)
    z = (x - mean) / std
    return gamma * z + beta, (z, std, gamma)


@batch_norm.right
def batch_norm_backward(dout, cache):
    z, std, gamma = cache
    dz = dout * gamma
    dx = (dz - dz.mean(axis=0) - z * (dz * z).mean(axis=0)) / std
    return dx, (dout * z).sum(axis=0), dout.sum(axis=0)


@batch_norm.wrong("missing-term")
def path_through_the_mean_forgotten(dout, cache):
    z, std, gamma = cache
    dz = dout * gamma
    dx = (dz - z * (dz * z).mean(axis=0)) / std
    return dx, (dout * z).sum(axis=0), dout.sum(axis=0)


@batch_norm.wrong("missing-term")
def path_through_the_variance_forgotten(dout, cache):
    z, std, gamma = cache
    dz = dout * gamma
    dx = (dz - dz.mean(axis=0)) / std
    return dx, (dout * z).sum(axis=0), dout.sum(axis=0)


@batch_norm.wrong("missing-term")
def statistics_held_constant(dout, cache):
    z, std, gamma = cache
    return dout * gamma / std, (dout * z).sum(axis=0), dout.sum(axis=0)


@batch_norm.wrong("factor", "missing-term", why="γ is a factor of each column, and the only thing missing")
def gamma_forgotten(dout, cache):
    z, std, gamma = cache
    dx = (dout - dout.mean(axis=0) - z * (dout * z).mean(axis=0)) / std
    return dx, (dout * z).sum(axis=0), dout.sum(axis=0)


@batch_norm.wrong("swapped")
def gamma_and_beta_exchanged(dout, cache):
    dx, dgamma, dbeta = batch_norm_backward(dout, cache)
    return dx, dbeta, dgamma


@batch_norm.wrong("extra-mean")
def beta_averaged(dout, cache):
    dx, dgamma, dbeta = batch_norm_backward(dout, cache)
    return dx, dgamma, dbeta / len(dout)


@batch_norm.wrong("missing-mean")
def sums_in_place_of_means(dout, cache):
    z, std, gamma = cache
    dz = dout * gamma
    dx = (dz - dz.sum(axis=0) - z * (dz * z).sum(axis=0)) / std
    return dx, (dout * z).sum(axis=0), dout.sum(axis=0)


def small_batch_inputs(rng):
    return {**(inputs := batch_inputs(rng)), "x": 0.01 * inputs["x"]}


@batch_norm.wrong("missing-epsilon", inputs=small_batch_inputs)
def epsilon_forgotten_at_a_small_variance(dout, cache):
    z, std, gamma = cache
    without = np.sqrt(std**2 - 1e-5)
    return batch_norm_backward(dout, (z, without, gamma))


@batch_norm.wrong("missing-epsilon")
def epsilon_forgotten_at_an_ordinary_variance(dout, cache):
    z, std, gamma = cache
    without = np.sqrt(std**2 - 1e-5)
    return batch_norm_backward(dout, (z, without, gamma))


@batch_norm.wrong("factor", "missing-term", why="each column is multiplied by its own constant, 1/std")
def not_divided_by_the_deviation(dout, cache):
    z, std, gamma = cache
    dx, dgamma, dbeta = batch_norm_backward(dout, cache)
    return dx * std, dgamma, dbeta


@batch_norm.wrong("one-sample")
def beta_of_the_last_sample(dout, cache):
    dx, dgamma, dbeta = batch_norm_backward(dout, cache)
    return dx, dgamma, dout[-1].copy()


@batch_norm.wrong("precision")
def normal_values_kept_in_single_precision(dout, cache):
    z, std, gamma = cache
    dx, dgamma, dbeta = batch_norm_backward(dout, cache)
    return dx, (dout * z.astype(np.float32)).sum(axis=0), dbeta


# Batch normalisation as an object, with running statistics


class BatchNorm:
    def __init__(self, gamma, beta):
        self.gamma, self.beta = gamma, beta
        self.running_mean = np.zeros_like(gamma)
        self.dgamma = self.dbeta = None

    def forward(self, x):
        self.mean, self.std = x.mean(axis=0), np.sqrt(x.var(axis=0) + 1e-5)
        self.running_mean = 0.9 * self.running_mean + 0.1 * self.mean
        self.z = (x - self.mean) / self.std
        return self.gamma * self.z + self.beta

    def backward(self, dout):
        dx, self.dgamma, self.dbeta = batch_norm_backward(dout, (self.z, self.std, self.gamma))
        return dx


batch_norm_layer = class_of(BatchNorm, batch_inputs)


@batch_norm_layer.wrong("stale-cache", "missing-term", why="what the last batch left behind is no function of this one")
class UsesRunningStatistics(BatchNorm):
    def backward(self, dout):
        super().backward(dout)
        return dout * self.gamma / self.std


@batch_norm_layer.wrong("stale-cache")
class KeepsItsStatisticsOnTheClass(BatchNorm):
    def forward(self, x):
        out = super().forward(x)
        type(self).last = self.z, self.std
        return out

    def backward(self, dout):
        dx, self.dgamma, self.dbeta = batch_norm_backward(dout, (*type(self).last, self.gamma))
        return dx


@batch_norm_layer.wrong("missing")
class NeverStoresItsParameterGradients(BatchNorm):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dgamma = None
        return dx


# Layer normalisation: over the features of each row


def rows(rng):
    N, D = sizes(rng, 2, low=4)
    return {"x": rng.normal(1, 2, (N, D)), "gamma": rng.uniform(0.5, 1.5, D), "beta": rng.normal(size=D)}


@pair(rows)
def layer_norm(x, gamma, beta, eps=1e-5):
    std = np.sqrt(x.var(axis=1, keepdims=True) + eps)
    z = (x - x.mean(axis=1, keepdims=True)) / std
    return gamma * z + beta, (z, std, gamma)


@layer_norm.right
def layer_norm_backward(dout, cache):
    z, std, gamma = cache
    dz = dout * gamma
    dx = (dz - dz.mean(axis=1, keepdims=True) - z * (dz * z).mean(axis=1, keepdims=True)) / std
    return dx, (dout * z).sum(axis=0), dout.sum(axis=0)


@layer_norm.wrong("missing-term")
def mean_path_forgotten(dout, cache):
    z, std, gamma = cache
    dz = dout * gamma
    dx = (dz - z * (dz * z).mean(axis=1, keepdims=True)) / std
    return dx, (dout * z).sum(axis=0), dout.sum(axis=0)


@layer_norm.wrong("missing-term")
def variance_path_forgotten(dout, cache):
    z, std, gamma = cache
    dz = dout * gamma
    dx = (dz - dz.mean(axis=1, keepdims=True)) / std
    return dx, (dout * z).sum(axis=0), dout.sum(axis=0)


@layer_norm.wrong("permuted")
def means_over_the_batch(dout, cache):
    z, std, gamma = cache
    dz = dout * gamma
    dx = (dz - dz.mean(axis=0) - z * (dz * z).mean(axis=0)) / std
    return dx, (dout * z).sum(axis=0), dout.sum(axis=0)


@layer_norm.wrong("missing-epsilon")
def epsilon_forgotten(dout, cache):
    z, std, gamma = cache
    return layer_norm_backward(dout, (z, np.sqrt(std**2 - 1e-5), gamma))


@layer_norm.wrong("missing-term")
def cotangent_not_multiplied_by_gamma(dout, cache):
    z, std, gamma = cache
    dx, _, _ = layer_norm_backward(dout, (z, std, np.ones_like(gamma)))
    return dx, (dout * z).sum(axis=0), dout.sum(axis=0)


@layer_norm.wrong("missing-activation-derivative", "factor", why="γ's gradient is missing the factor z, what it scales")
def gamma_gradient_without_the_normal_values(dout, cache):
    dx, dgamma, dbeta = layer_norm_backward(dout, cache)
    return dx, dbeta.copy(), dbeta


# Group normalisation of images


def images(rng):
    N, H, W = sizes(rng, 3)
    return {"x": rng.normal(size=(N, 4, H, W)), "gamma": rng.uniform(0.5, 1.5, 4), "beta": rng.normal(size=4)}


def grouped(x):
    return x.reshape(len(x), 2, -1)


@pair(images)
def group_norm(x, gamma, beta):
    g = grouped(x)
    std = np.sqrt(g.var(axis=2, keepdims=True) + 1e-5)
    z = ((g - g.mean(axis=2, keepdims=True)) / std).reshape(x.shape)
    return gamma[:, None, None] * z + beta[:, None, None], (z, std, gamma)


@group_norm.right
def group_norm_backward(dout, cache):
    z, std, gamma = cache
    dz, g = grouped(dout * gamma[:, None, None]), grouped(z)
    dx = (dz - dz.mean(axis=2, keepdims=True) - g * (dz * g).mean(axis=2, keepdims=True)) / std
    return dx.reshape(z.shape), (dout * z).sum(axis=(0, 2, 3)), dout.sum(axis=(0, 2, 3))


@group_norm.wrong("missing-term")
def mean_of_the_group_forgotten(dout, cache):
    z, std, gamma = cache
    dz, g = grouped(dout * gamma[:, None, None]), grouped(z)
    dx = (dz - g * (dz * g).mean(axis=2, keepdims=True)) / std
    return dx.reshape(z.shape), (dout * z).sum(axis=(0, 2, 3)), dout.sum(axis=(0, 2, 3))


@group_norm.wrong("extra-mean")
def beta_averaged_over_the_image(dout, cache):
    dx, dgamma, dbeta = group_norm_backward(dout, cache)
    return dx, dgamma, dout.mean(axis=(2, 3)).sum(axis=0)


@group_norm.wrong("permuted")
def channels_of_gamma_in_the_order_of_groups(dout, cache):
    dx, dgamma, dbeta = group_norm_backward(dout, cache)
    return dx, dgamma.reshape(2, 2).T.ravel(), dbeta


# Root mean square normalisation


def rms_inputs(rng):
    N, D = sizes(rng, 2, low=4)
    return {"x": rng.normal(size=(N, D)), "g": rng.uniform(0.5, 1.5, D)}


@pair(rms_inputs)
def rms_norm(x, g):
    r = np.sqrt((x**2).mean(axis=1, keepdims=True) + 1e-4)
    return g * x / r, (x, g, r)


@rms_norm.right
def rms_norm_backward(dout, cache):
    x, g, r = cache
    dz = dout * g
    return dz / r - x * (dz * x).mean(axis=1, keepdims=True) / r**3, (dout * x / r).sum(axis=0)


@rms_norm.wrong("missing-epsilon")
def epsilon_of_the_root_forgotten(dout, cache):
    x, g, r = cache
    return rms_norm_backward(dout, (x, g, np.sqrt((x**2).mean(axis=1, keepdims=True))))


@rms_norm.wrong("missing-term")
def root_held_constant(dout, cache):
    x, g, r = cache
    return dout * g / r, (dout * x / r).sum(axis=0)


@rms_norm.wrong("missing-mean")
def sum_over_features_in_place_of_the_mean(dout, cache):
    x, g, r = cache
    dz = dout * g
    return dz / r - x * (dz * x).sum(axis=1, keepdims=True) / r**3, (dout * x / r).sum(axis=0)


@rms_norm.wrong("sign")
def sign_of_the_second_path(dout, cache):
    x, g, r = cache
    dz = dout * g
    return dz / r + x * (dz * x).mean(axis=1, keepdims=True) / r**3, (dout * x / r).sum(axis=0)


@rms_norm.wrong("one-sample")
def gain_of_the_first_row(dout, cache):
    dx, dg = rms_norm_backward(dout, cache)
    x, g, r = cache
    return dx, dout[0] * x[0] / r[0]


# Rows of length one


def vectors(rng):
    N, D = sizes(rng, 2)
    return {"x": rng.normal(size=(N, D))}


@pair(vectors)
def unit_rows(x):
    n = np.linalg.norm(x, axis=1, keepdims=True)
    return x / n, (x / n, n)


@unit_rows.right
def unit_rows_backward(dout, cache):
    y, n = cache
    return (dout - y * (dout * y).sum(axis=1, keepdims=True)) / n


@unit_rows.wrong("missing-term")
def length_held_constant(dout, cache):
    y, n = cache
    return dout / n


@unit_rows.wrong("factor", "missing-term", why="each row lacks its own constant, 1/n")
def not_divided_by_the_length(dout, cache):
    y, n = cache
    return dout - y * (dout * y).sum(axis=1, keepdims=True)


@unit_rows.wrong("missing-sum", "missing-term", why="what is not summed is the off-diagonal part")
def projection_not_summed(dout, cache):
    y, n = cache
    return (dout - y * (dout * y)) / n


@unit_rows.wrong("cotangent-twice")
def projection_with_dout_twice(dout, cache):
    y, n = cache
    return (dout - dout * y * (dout * y).sum(axis=1, keepdims=True)) / n


# Standardised scalars: (x − μ)/σ of the whole array


@pair(vectors)
def standardise(x):
    std = x.std()
    z = (x - x.mean()) / std
    return z, (z, std)


@standardise.right
def standardise_backward(dout, cache):
    z, std = cache
    return (dout - dout.mean() - z * (dout * z).mean()) / std


@standardise.wrong("missing-term")
def mean_of_everything_forgotten(dout, cache):
    z, std = cache
    return (dout - z * (dout * z).mean()) / std


@standardise.wrong("factor")
def sample_deviation_in_place_of_that_of_the_population(dout, cache):
    z, std = cache
    n = dout.size
    return (dout - dout.mean() - z * (dout * z).mean()) / (std * np.sqrt(n / (n - 1)))


@standardise.wrong("missing-cotangent")
def derivative_of_the_sum(dout, cache):
    z, std = cache
    one = np.ones_like(dout)
    return (one - z * (one * z).mean() - 0.5 * one.mean()) / std


# Weight normalisation: W = g v/|v|, each column


def weight_norm_inputs(rng):
    N, D, H = sizes(rng, 3)
    return {"x": rng.normal(size=(N, D)), "v": rng.normal(size=(D, H)), "g": rng.uniform(0.5, 2, H)}


@pair(weight_norm_inputs)
def weight_norm(x, v, g):
    n = np.linalg.norm(v, axis=0)
    return x @ (g * v / n), (x, v, g, n)


@weight_norm.right
def weight_norm_backward(dout, cache):
    x, v, g, n = cache
    dW = x.T @ dout
    dg = (dW * v / n).sum(axis=0)
    return dout @ (g * v / n).T, g / n * (dW - v / n * dg), dg


@weight_norm.wrong("missing-term")
def direction_gradient_not_projected(dout, cache):
    x, v, g, n = cache
    dW = x.T @ dout
    return dout @ (g * v / n).T, g / n * dW, (dW * v / n).sum(axis=0)


@weight_norm.wrong("factor")
def gain_gradient_not_divided_by_the_length(dout, cache):
    x, v, g, n = cache
    dx, dv, dg = weight_norm_backward(dout, cache)
    return dx, dv, dg * n


@weight_norm.wrong("extra-sum")
def gain_gradient_shared_by_all_columns(dout, cache):
    dx, dv, dg = weight_norm_backward(dout, cache)
    return dx, dv, np.full_like(dg, dg.sum())
