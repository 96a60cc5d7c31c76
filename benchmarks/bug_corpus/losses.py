"""Losses: one function with value and gradient, or a value and its gradient apart."""

# ruff: noqa: RUF059 - what a mistake forgets or overwrites stays in sight

import numpy as np

from bug_corpus.case import class_of, loss, pair, scalar, sizes

# Softmax cross-entropy with labels, value and gradient in one function


def labelled_scores(rng):
    N, C = sizes(rng, 2)
    return {"x": rng.normal(size=(N, C)), "t": rng.integers(C, size=N)}


def probabilities(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@loss(labelled_scores)
def softmax_loss(x, t):
    p, rows = probabilities(x), np.arange(len(x))
    value = -np.log(p[rows, t]).mean()
    dx = p.copy()
    dx[rows, t] -= 1
    return value, dx / len(x)


@softmax_loss.wrong("missing-mean")
def not_divided_by_the_batch(x, t):
    p, rows = probabilities(x), np.arange(len(x))
    value = -np.log(p[rows, t]).mean()
    dx = p.copy()
    dx[rows, t] -= 1
    return value, dx


@softmax_loss.wrong("extra-mean")
def divided_by_the_classes_too(x, t):
    p, rows = probabilities(x), np.arange(len(x))
    value = -np.log(p[rows, t]).mean()
    dx = p.copy()
    dx[rows, t] -= 1
    return value, dx / dx.size


@softmax_loss.wrong("extra-mean")
def divided_twice(x, t):
    p, rows = probabilities(x), np.arange(len(x))
    value = -np.log(p[rows, t]).mean()
    dx = p.copy()
    dx[rows, t] -= 1
    return value, dx / len(x) / len(x)


@softmax_loss.wrong("missing-term")
def label_not_subtracted(x, t):
    p, rows = probabilities(x), np.arange(len(x))
    return -np.log(p[rows, t]).mean(), p / len(x)


@softmax_loss.wrong("missing-term")
def only_the_labels(x, t):
    p, rows = probabilities(x), np.arange(len(x))
    dx = np.zeros_like(p)
    dx[rows, t] -= 1
    return -np.log(p[rows, t]).mean(), dx / len(x)


@softmax_loss.wrong("sign")
def target_minus_prediction(x, t):
    p, rows = probabilities(x), np.arange(len(x))
    dx = -p
    dx[rows, t] += 1
    return -np.log(p[rows, t]).mean(), dx / len(x)


@softmax_loss.wrong("missing-mask", "missing-term", why="1 is taken from every class where one belongs")
def one_subtracted_everywhere(x, t):
    p, rows = probabilities(x), np.arange(len(x))
    return -np.log(p[rows, t]).mean(), (p - 1) / len(x)


@softmax_loss.wrong("shifted")
def labels_counted_from_one(x, t):
    p, rows = probabilities(x), np.arange(len(x))
    dx = p.copy()
    dx[rows, t - 1] -= 1
    return -np.log(p[rows, t]).mean(), dx / len(x)


# Mean squared error


def regression(rng):
    N, D = sizes(rng, 2)
    return {"y": rng.normal(size=(N, D)), "t": rng.normal(size=(N, D))}


@scalar(regression)
def mean_squared_error(y, t):
    return ((y - t) ** 2).mean()


@mean_squared_error.right
def mean_squared_error_gradient(y, t):
    dy = 2 * (y - t) / y.size
    return dy, -dy


@mean_squared_error.wrong("missing-mean")
def divided_by_the_rows_only(y, t):
    dy = 2 * (y - t) / len(y)
    return dy, -dy


@mean_squared_error.wrong("missing-mean")
def not_divided_at_all(y, t):
    dy = 2 * (y - t)
    return dy, -dy


@mean_squared_error.wrong("factor")
def two_forgotten(y, t):
    dy = (y - t) / y.size
    return dy, -dy


@mean_squared_error.wrong("sign")
def both_of_the_same_sign(y, t):
    dy = 2 * (y - t) / y.size
    return dy, dy.copy()


@mean_squared_error.wrong("swapped", "sign", why="the two gradients are each other's negative")
def returned_in_the_wrong_order(y, t):
    dy = 2 * (y - t) / y.size
    return -dy, dy


# Half the sum of squares, of a batch: ½/N Σ (y − t)²


@loss(regression)
def half_squared_error(y, t):
    N = len(y)
    dy = (y - t) / N
    return 0.5 * ((y - t) ** 2).sum() / N, dy, -dy


@half_squared_error.wrong("factor")
def half_forgotten_in_the_gradient(y, t):
    N = len(y)
    dy = 2 * (y - t) / N
    return 0.5 * ((y - t) ** 2).sum() / N, dy, -dy


@half_squared_error.wrong("missing-mean")
def batch_forgotten_in_the_gradient(y, t):
    N = len(y)
    dy = y - t
    return 0.5 * ((y - t) ** 2).sum() / N, dy, -dy


@half_squared_error.wrong("zero")
def target_held_constant_though_it_is_not(y, t):
    N = len(y)
    dy = (y - t) / N
    return 0.5 * ((y - t) ** 2).sum() / N, dy, np.zeros_like(t)


# Mean absolute error


@scalar(regression)
def mean_absolute_error(y, t):
    return np.abs(y - t).mean()


@mean_absolute_error.right
def mean_absolute_error_gradient(y, t):
    dy = np.sign(y - t) / y.size
    return dy, -dy


@mean_absolute_error.wrong("missing-activation-derivative")
def difference_in_place_of_its_sign(y, t):
    dy = (y - t) / y.size
    return dy, -dy


@mean_absolute_error.wrong("missing-mean")
def signs_not_averaged(y, t):
    dy = np.sign(y - t)
    return dy, -dy


@mean_absolute_error.wrong("sign", "missing-activation-derivative", why="the slope of |y − t| is its sign")
def always_positive(y, t):
    dy = np.ones_like(y) / y.size
    return dy, -dy


# Huber loss, δ = 1


@scalar(lambda rng: {k: 1.5 * v for k, v in regression(rng).items()})
def huber(y, t):
    d = np.abs(y - t)
    return np.where(d <= 1, 0.5 * d**2, d - 0.5).sum() / len(y)


@huber.right
def huber_gradient(y, t):
    dy = np.clip(y - t, -1, 1) / len(y)
    return dy, -dy


@huber.wrong("missing-mask")
def gradient_not_clipped(y, t):
    dy = (y - t) / len(y)
    return dy, -dy


@huber.wrong("missing-mean")
def clipped_but_not_averaged(y, t):
    dy = np.clip(y - t, -1, 1)
    return dy, -dy


@huber.wrong("inverted-mask")
def branches_exchanged(y, t):
    d = y - t
    dy = np.where(np.abs(d) <= 1, np.sign(d), d) / len(y)
    return dy, -dy


@huber.wrong("zero", "missing-term", why="there is no gradient in the linear branch")
def linear_branch_forgotten(y, t):
    d = y - t
    dy = d * (np.abs(d) <= 1) / len(y)
    return dy, -dy


# Binary cross-entropy on logits


def binary_scores(rng):
    N, D = sizes(rng, 2)
    return {"x": 2 * rng.normal(size=(N, D)), "t": rng.integers(2, size=(N, D))}


@scalar(binary_scores)
def sigmoid_cross_entropy(x, t):
    return (np.logaddexp(0, x) - t * x).mean()


@sigmoid_cross_entropy.right
def sigmoid_cross_entropy_gradient(x, t):
    return (1 / (1 + np.exp(-x)) - t) / x.size


@sigmoid_cross_entropy.wrong("missing-mean")
def averaged_over_the_rows_only(x, t):
    return (1 / (1 + np.exp(-x)) - t) / len(x)


@sigmoid_cross_entropy.wrong("sign")
def target_minus_probability(x, t):
    return (t - 1 / (1 + np.exp(-x))) / x.size


@sigmoid_cross_entropy.wrong("missing-activation-derivative")
def logits_in_place_of_probabilities(x, t):
    return (x - t) / x.size


@sigmoid_cross_entropy.wrong("missing-term")
def target_forgotten(x, t):
    return 1 / (1 + np.exp(-x)) / x.size


@sigmoid_cross_entropy.wrong("cotangent-twice", "factor", why="p(1−p) of the sigmoid is in p − t already")
def slope_of_the_sigmoid_multiplied_in_again(x, t):
    p = 1 / (1 + np.exp(-x))
    return (p - t) * p * (1 - p) / x.size


@sigmoid_cross_entropy.wrong("precision")
def probability_in_single_precision(x, t):
    p = 1 / (1 + np.exp(-x.astype(np.float32)))
    return (p.astype(float) - t) / x.size


@sigmoid_cross_entropy.wrong("wrong-dtype")
def gradient_returned_in_single_precision(x, t):
    return ((1 / (1 + np.exp(-x)) - t) / x.size).astype(np.float32)


# Binary cross-entropy on probabilities, with ε under the logarithm


def binary_probabilities(rng):
    N, D = sizes(rng, 2)
    return {"p": rng.uniform(0.05, 0.95, (N, D)), "t": rng.integers(2, size=(N, D))}


@scalar(binary_probabilities)
def binary_cross_entropy(p, t):
    eps = 1e-3
    return -(t * np.log(p + eps) + (1 - t) * np.log(1 - p + eps)).mean()


@binary_cross_entropy.right
def binary_cross_entropy_gradient(p, t):
    eps = 1e-3
    return -(t / (p + eps) - (1 - t) / (1 - p + eps)) / p.size


@binary_cross_entropy.wrong("missing-epsilon")
def epsilon_forgotten(p, t):
    return -(t / p - (1 - t) / (1 - p)) / p.size


@binary_cross_entropy.wrong("missing-term")
def zeros_get_no_gradient(p, t):
    eps = 1e-3
    return -(t / (p + eps)) / p.size


@binary_cross_entropy.wrong("sign")
def sign_of_the_second_term(p, t):
    eps = 1e-3
    return -(t / (p + eps) + (1 - t) / (1 - p + eps)) / p.size


# Multiclass hinge loss: Σ max(0, x_j − x_t + 1)


def spread_scores(rng):
    N, C = sizes(rng, 2, low=4)
    return {"x": 2 * rng.normal(size=(N, C)), "t": rng.integers(C, size=N)}


@loss(spread_scores)
def svm_loss(x, t):
    rows = np.arange(len(x))
    margins = np.maximum(0, x - x[rows, t][:, None] + 1)
    margins[rows, t] = 0
    dx = (margins > 0).astype(float)
    dx[rows, t] = -dx.sum(axis=1)
    return margins.sum() / len(x), dx / len(x)


@svm_loss.wrong("missing-term")
def right_class_gets_nothing(x, t):
    rows = np.arange(len(x))
    margins = np.maximum(0, x - x[rows, t][:, None] + 1)
    margins[rows, t] = 0
    dx = (margins > 0).astype(float)
    return margins.sum() / len(x), dx / len(x)


@svm_loss.wrong("missing-sum", "overwritten", why="the right class gets one contribution where it should get all")
def right_class_gets_minus_one(x, t):
    rows = np.arange(len(x))
    margins = np.maximum(0, x - x[rows, t][:, None] + 1)
    margins[rows, t] = 0
    dx = (margins > 0).astype(float)
    dx[rows, t] = -1
    return margins.sum() / len(x), dx / len(x)


@svm_loss.wrong("missing-mask")
def classes_beyond_the_margin_too(x, t):
    rows = np.arange(len(x))
    margins = np.maximum(0, x - x[rows, t][:, None] + 1)
    margins[rows, t] = 0
    dx = np.ones_like(x)
    dx[rows, t] = 1 - x.shape[1]
    return margins.sum() / len(x), dx / len(x)


@svm_loss.wrong("missing-mean")
def hinge_not_averaged(x, t):
    value, dx = svm_loss(x, t)
    return value, dx * len(x)


# Kullback-Leibler divergence between a distribution and a softmax


def two_distributions(rng):
    N, C = sizes(rng, 2)
    return {"x": rng.normal(size=(N, C)), "q": rng.dirichlet(np.ones(C), N)}


@scalar(two_distributions)
def kullback_leibler(x, q):
    return (q * (np.log(q) - np.log(probabilities(x)))).sum() / len(x)


@kullback_leibler.right
def kullback_leibler_gradient(x, q):
    p = probabilities(x)
    return (p - q) / len(x), (np.log(q) + 1 - np.log(p)) / len(x)


@kullback_leibler.wrong("missing-term")
def plus_one_forgotten(x, q):
    p = probabilities(x)
    return (p - q) / len(x), (np.log(q) - np.log(p)) / len(x)


@kullback_leibler.wrong("missing-activation-derivative")
def quotient_without_the_softmax(x, q):
    p = probabilities(x)
    return -q / p / len(x), (np.log(q) + 1 - np.log(p)) / len(x)


@kullback_leibler.wrong("sign")
def q_minus_p(x, q):
    p = probabilities(x)
    return (q - p) / len(x), (np.log(q) + 1 - np.log(p)) / len(x)


# Cosine similarity of two batches


def two_batches(rng):
    N, D = sizes(rng, 2)
    return {"a": rng.normal(size=(N, D)), "b": rng.normal(size=(N, D))}


@pair(two_batches)
def cosine_similarity(a, b):
    na, nb = np.linalg.norm(a, axis=1, keepdims=True), np.linalg.norm(b, axis=1, keepdims=True)
    cos = (a * b).sum(axis=1, keepdims=True) / (na * nb)
    return cos[:, 0], (a, b, na, nb, cos)


@cosine_similarity.right
def cosine_similarity_backward(dout, cache):
    a, b, na, nb, cos = cache
    d = dout[:, None]
    return d * (b / (na * nb) - cos * a / na**2), d * (a / (na * nb) - cos * b / nb**2)


@cosine_similarity.wrong("missing-term")
def norms_held_constant(dout, cache):
    a, b, na, nb, cos = cache
    d = dout[:, None]
    return d * b / (na * nb), d * a / (na * nb)


@cosine_similarity.wrong("swapped")
def a_and_b_exchanged(dout, cache):
    da, db = cosine_similarity_backward(dout, cache)
    return db, da


@cosine_similarity.wrong("missing-cotangent")
def cosine_without_dout(dout, cache):
    a, b, na, nb, cos = cache
    return b / (na * nb) - cos * a / na**2, a / (na * nb) - cos * b / nb**2


# Triplet loss: mean max(0, |a − p|² − |a − n|² + 1)


def triplets(rng):
    N, D = sizes(rng, 2, low=5)
    return {name: 0.7 * rng.normal(size=(N, D)) for name in ("a", "p", "n")}


@scalar(triplets)
def triplet_loss(a, p, n):
    return np.maximum(0, ((a - p) ** 2).sum(axis=1) - ((a - n) ** 2).sum(axis=1) + 1).mean()


def is_active(a, p, n):
    return (((a - p) ** 2).sum(axis=1) - ((a - n) ** 2).sum(axis=1) + 1 > 0)[:, None]


@triplet_loss.right
def triplet_loss_gradient(a, p, n):
    m = is_active(a, p, n) / len(a)
    return m * 2 * (n - p), m * 2 * (p - a), m * 2 * (a - n)


@triplet_loss.wrong("missing-term")
def anchor_pulled_but_not_pushed(a, p, n):
    m = is_active(a, p, n) / len(a)
    return m * 2 * (a - p), m * 2 * (p - a), m * 2 * (a - n)


@triplet_loss.wrong("sign")
def negative_pulled(a, p, n):
    m = is_active(a, p, n) / len(a)
    return m * 2 * (n - p), m * 2 * (p - a), m * 2 * (n - a)


@triplet_loss.wrong("swapped")
def positive_and_negative_exchanged(a, p, n):
    da, dp, dn = triplet_loss_gradient(a, p, n)
    return da, dn, dp


# Gaussian negative log-likelihood with a learned variance, given as its logarithm


def gaussian_inputs(rng):
    N, D = sizes(rng, 2)
    return {"mu": rng.normal(size=(N, D)), "s": 0.5 * rng.normal(size=(N, D)), "t": rng.normal(size=(N, D))}


@scalar(gaussian_inputs)
def gaussian_likelihood(mu, s, t):
    return 0.5 * (s + (t - mu) ** 2 * np.exp(-s)).sum() / len(mu)


@gaussian_likelihood.right
def gaussian_likelihood_gradient(mu, s, t):
    z = (mu - t) * np.exp(-s) / len(mu)
    return z, 0.5 * (1 - (t - mu) ** 2 * np.exp(-s)) / len(mu), -z


@gaussian_likelihood.wrong("missing-term")
def normaliser_of_the_density_forgotten(mu, s, t):
    z = (mu - t) * np.exp(-s) / len(mu)
    return z, -0.5 * (t - mu) ** 2 * np.exp(-s) / len(mu), -z


@gaussian_likelihood.wrong("factor")
def half_forgotten_for_the_variance(mu, s, t):
    z = (mu - t) * np.exp(-s) / len(mu)
    return z, (1 - (t - mu) ** 2 * np.exp(-s)) / len(mu), -z


@gaussian_likelihood.wrong("missing-mean")
def variance_not_averaged(mu, s, t):
    z = (mu - t) * np.exp(-s) / len(mu)
    return z, 0.5 * (1 - (t - mu) ** 2 * np.exp(-s)), -z


# Poisson regression on the log of the rate


def counts(rng):
    N, D = sizes(rng, 2)
    return {"x": rng.normal(size=(N, D)), "t": rng.poisson(2.0, (N, D))}


@scalar(counts)
def poisson_loss(x, t):
    return (np.exp(x) - t * x).mean()


@poisson_loss.right
def poisson_loss_gradient(x, t):
    return (np.exp(x) - t) / x.size


@poisson_loss.wrong("missing-activation-derivative")
def as_if_the_rate_were_given(x, t):
    return (1 - t / np.exp(x)) / x.size


@poisson_loss.wrong("missing-term")
def counts_forgotten(x, t):
    return np.exp(x) / x.size


@poisson_loss.wrong("sign")
def counts_minus_rate(x, t):
    return (t - np.exp(x)) / x.size


# Ridge regression: ½/N |X w − t|² + ½ λ |w|²


def ridge_inputs(rng):
    N, D = sizes(rng, 2)
    return {"w": rng.normal(size=D), "X": rng.normal(size=(N, D)), "t": rng.normal(size=N)}


LAMBDA = 0.1


@scalar(ridge_inputs)
def ridge_regression(w, X, t):
    return 0.5 * ((X @ w - t) ** 2).mean() + 0.5 * LAMBDA * w @ w


@ridge_regression.right
def ridge_regression_gradient(w, X, t):
    r = (X @ w - t) / len(t)
    return X.T @ r + LAMBDA * w, np.outer(r, w), -r


@ridge_regression.wrong("missing-term")
def regulariser_forgotten(w, X, t):
    r = (X @ w - t) / len(t)
    return X.T @ r, np.outer(r, w), -r


@ridge_regression.wrong("missing-term")
def regulariser_alone(w, X, t):
    r = (X @ w - t) / len(t)
    return LAMBDA * w, np.outer(r, w), -r


@ridge_regression.wrong("missing-mean")
def residuals_not_averaged(w, X, t):
    r = X @ w - t
    return X.T @ r / len(t) + LAMBDA * w, np.outer(r, w), -r / len(t)


# A classifier with weight decay: parameters, loss and gradient in one object


class LogisticRegression:
    def __init__(self, W, b):
        self.params = {"W": W, "b": b}

    def loss(self, x, t):
        p = probabilities(x @ self.params["W"] + self.params["b"])
        return -np.log(p[np.arange(len(t)), t]).mean() + 0.5 * LAMBDA * (self.params["W"] ** 2).sum()

    def gradient(self, x, t):
        dz = probabilities(x @ self.params["W"] + self.params["b"])
        dz[np.arange(len(t)), t] -= 1
        dz /= len(t)
        return {"W": x.T @ dz + LAMBDA * self.params["W"], "b": dz.sum(axis=0)}


def classification(rng):
    N, D, C = sizes(rng, 3)
    return {
        "W": rng.normal(size=(D, C)), "b": rng.normal(size=C),
        "x": rng.normal(size=(N, D)), "t": rng.integers(C, size=N),
    }  # fmt: skip


logistic_regression = class_of(LogisticRegression, classification)


@logistic_regression.wrong("missing-term")
class ForgetsTheWeightDecay(LogisticRegression):
    def gradient(self, x, t):
        gradients = super().gradient(x, t)
        gradients["W"] -= LAMBDA * self.params["W"]
        return gradients


@logistic_regression.wrong("missing-mean")
class ForgetsToAverageTheBias(LogisticRegression):
    def gradient(self, x, t):
        gradients = super().gradient(x, t)
        gradients["b"] *= len(t)
        return gradients


@logistic_regression.wrong("sign")
class AscendsInsteadOfDescending(LogisticRegression):
    def gradient(self, x, t):
        return {name: -gradient for name, gradient in super().gradient(x, t).items()}


@logistic_regression.wrong("accumulated")
class NeverClearsItsGradients(LogisticRegression):
    def __init__(self, W, b):
        super().__init__(W, b)
        self.sums = {"W": np.zeros_like(W), "b": np.zeros_like(b)}

    def gradient(self, x, t):
        for name, gradient in super().gradient(x, t).items():
            self.sums[name] += gradient
        return {name: total.copy() for name, total in self.sums.items()}


@logistic_regression.wrong(
    "factor", "missing-term", why="λ W is added twice: its share, not the whole, has a factor of 2"
)
class CountsTheWeightDecayTwice(LogisticRegression):
    def gradient(self, x, t):
        gradients = super().gradient(x, t)
        gradients["W"] += LAMBDA * self.params["W"]
        return gradients
