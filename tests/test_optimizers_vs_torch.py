"""Step by step our optimisers are where PyTorch's are, for any hyper-parameters; other formulas are not."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck.testing.strategies import shapes
from gradcheck.training import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    ClipByGlobalNorm,
    ClipByValue,
    CosineDecay,
    ExponentialDecay,
    Nadam,
    ReduceOnPlateau,
    RMSprop,
    StepDecay,
)

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

STEPS = 6
rates = st.floats(1e-3, 1.0)
shares = st.floats(0.0, 0.99)
epsilons = st.sampled_from([1e-10, 1e-8, 1e-3, 0.1])
betas = st.tuples(shares, st.floats(0.5, 0.999))


@st.composite
def sgd(draw):
    lr, momentum, nesterov = draw(rates), draw(st.floats(0.01, 0.99)), draw(st.booleans())
    options = {"nesterov": nesterov, "weight_decay": draw(st.sampled_from([0.0, 0.1, 0.5]))}
    return SGD(lr, momentum, **options), partial(torch.optim.SGD, lr=lr, momentum=momentum, **options)


@st.composite
def adagrad(draw):
    lr, epsilon, initial = draw(rates), draw(epsilons), draw(st.sampled_from([0.0, 0.1]))
    theirs = partial(torch.optim.Adagrad, lr=lr, eps=epsilon, initial_accumulator_value=initial)
    return Adagrad(lr, epsilon=epsilon, initial=initial), theirs


@st.composite
def rmsprop(draw):
    lr, rho, momentum, epsilon = draw(rates), draw(shares), draw(st.sampled_from([0.0, 0.5])), draw(epsilons)
    # Without memory the running variance is 0, and what is left of it rounding.
    centered = draw(st.booleans()) and rho > 0.01
    theirs = partial(torch.optim.RMSprop, lr=lr, alpha=rho, eps=epsilon, momentum=momentum, centered=centered)
    return RMSprop(lr, rho, momentum=momentum, epsilon=epsilon, centered=centered), theirs


@st.composite
def adadelta(draw):
    lr, rho, epsilon = draw(rates), draw(shares), draw(epsilons)
    return Adadelta(lr, rho, epsilon=epsilon), partial(torch.optim.Adadelta, lr=lr, rho=rho, eps=epsilon)


@st.composite
def like_adam(draw, ours, theirs):
    lr, (one, two), epsilon = draw(rates), draw(betas), draw(epsilons)
    return ours(lr, one, two, epsilon=epsilon), partial(theirs, lr=lr, betas=(one, two), eps=epsilon)


@st.composite
def adamw(draw):
    decay = draw(st.floats(0, 0.5))
    ours, theirs = draw(like_adam(partial(AdamW, weight_decay=decay), torch.optim.AdamW))
    return ours, partial(theirs, weight_decay=decay)


@st.composite
def nadam(draw):
    decay = draw(st.floats(0, 0.5))
    ours, theirs = draw(like_adam(partial(Nadam, momentum_decay=decay), torch.optim.NAdam))
    return ours, partial(theirs, momentum_decay=decay)


PAIRS = {
    SGD: sgd(),
    Adagrad: adagrad(),
    RMSprop: rmsprop(),
    Adadelta: adadelta(),
    Adam: like_adam(Adam, torch.optim.Adam),
    AdamW: adamw(),
    Adamax: like_adam(Adamax, torch.optim.Adamax),
    Nadam: nadam(),
}
each = pytest.mark.parametrize("kind", PAIRS, ids=lambda kind: kind.__name__)


def gradients(seed, shape, dtype):
    """One for each step, of very different sizes, some entries 0."""
    rng = np.random.default_rng(seed)
    sizes = 10.0 ** rng.integers(-3, 3, size=(STEPS, *shape))
    return (sizes * rng.normal(size=(STEPS, *shape)) * (rng.random((STEPS, *shape)) < 0.9)).astype(dtype)


def our_path(optimizer, start, grads):
    W, path = start.copy(), []
    for dW in grads:
        optimizer.update({"W": W}, {"W": dW})
        path.append(W.copy())
    return np.array(path)


def their_path(make, start, grads, schedule=None, clip=None):
    W, path = torch.nn.Parameter(torch.tensor(start)), []
    optimizer = make([W])
    scheduler = schedule(optimizer) if schedule else None
    for dW in grads:
        W.grad = torch.tensor(dW)
        if clip:
            clip([W])
        optimizer.step()
        if scheduler:
            scheduler.step()
        path.append(W.detach().numpy().copy())
    return np.array(path)


@each
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@settings(max_examples=25)
@given(data=st.data())
def test_each_step_is_that_of_pytorch(kind, dtype, data):
    ours, theirs = data.draw(PAIRS[kind])
    shape = data.draw(shapes((0, 3), min_side=1))
    seed = data.draw(st.integers(0, 999))
    start, grads = np.random.default_rng(seed).normal(size=shape).astype(dtype), gradients(seed, shape, dtype)
    mine, other = our_path(ours, start, grads), their_path(theirs, start, grads)
    assert mine.dtype == other.dtype == dtype
    tolerance = tolerance_for(ours, dtype) * (1 + np.abs(other).max(initial=0))
    np.testing.assert_allclose(mine, other, rtol=0, atol=tolerance)


def tolerance_for(optimizer, dtype):
    if isinstance(optimizer, Nadam):
        dtype = np.float32  # PyTorch keeps the product of the shares in single precision, whatever the weights are
    # A running variance is a difference of squares, so centring magnifies rounding.
    return np.finfo(dtype).eps * (1e3 if getattr(optimizer, "centered", False) else 30)


# What is often written instead. Each has the name of the mistake.


class HeavyBallWithDampening(SGD):
    def _move(self, W, dW, scratch, *kept):
        super()._move(W, (1 - self.momentum) * dW, scratch, *kept)


class NesterovOfTheOldVelocity(SGD):
    def _move(self, W, dW, scratch, v):
        W += self.momentum * v - self.rate * dW
        v[...] = self.momentum * v - self.rate * dW


class VelocityNeverKept(SGD):
    def _move(self, W, dW, scratch, v):
        super()._move(W, dW, scratch, np.zeros_like(v))


class AdagradForgetsTheRoot(Adagrad):
    def _move(self, W, dW, scratch, s):
        s += dW * dW
        W -= self.rate * dW / (s + self.epsilon)


class AdagradEpsilonUnderTheRoot(Adagrad):
    def _move(self, W, dW, scratch, s):
        s += dW * dW
        W -= self.rate * dW / np.sqrt(s + self.epsilon)


class AdagradDividesByTheOldSum(Adagrad):
    def _move(self, W, dW, scratch, s):
        W -= self.rate * dW / (np.sqrt(s) + self.epsilon)
        s += dW * dW


class RMSpropSharesExchanged(RMSprop):
    def _move(self, W, dW, scratch, s):
        s[...] = (1 - self.rho) * s + self.rho * dW * dW
        W -= self.rate * dW / (np.sqrt(s) + self.epsilon)


class RMSpropEpsilonUnderTheRoot(RMSprop):
    def _move(self, W, dW, scratch, s):
        s[...] = self.rho * s + (1 - self.rho) * dW * dW
        W -= self.rate * dW / np.sqrt(s + self.epsilon)


class RMSpropMeanOfSizes(RMSprop):
    def _move(self, W, dW, scratch, s):
        s[...] = self.rho * s + (1 - self.rho) * np.abs(dW)
        W -= self.rate * dW / (s + self.epsilon)


class AdadeltaRemembersTheGradient(Adadelta):
    def _move(self, W, dW, scratch, s, u):
        s[...] = self.rho * s + (1 - self.rho) * dW * dW
        W -= self.rate * dW * np.sqrt(u + self.epsilon) / np.sqrt(s + self.epsilon)
        u[...] = self.rho * u + (1 - self.rho) * dW * dW


class AdadeltaOfTheNewSteps(Adadelta):
    def _move(self, W, dW, scratch, s, u):
        s[...] = self.rho * s + (1 - self.rho) * dW * dW
        step = dW * np.sqrt(u + self.epsilon) / np.sqrt(s + self.epsilon)
        u[...] = self.rho * u + (1 - self.rho) * step * step
        W -= self.rate * dW * np.sqrt(u + self.epsilon) / np.sqrt(s + self.epsilon)


class AdadeltaEpsilonOutsideTheRoots(Adadelta):
    def _move(self, W, dW, scratch, s, u):
        s[...] = self.rho * s + (1 - self.rho) * dW * dW
        step = dW * (np.sqrt(u) + self.epsilon) / (np.sqrt(s) + self.epsilon)
        W -= self.rate * step
        u[...] = self.rho * u + (1 - self.rho) * step * step


class AdamWithoutCorrection(Adam):
    def _begin_step(self):
        self.weights_1, self.weights_2 = 1 / (1 - self.beta_1), 1 / (1 - self.beta_2)


class AdamCountsFromZero(Adam):
    def _begin_step(self):
        self.steps += 1
        super()._begin_step()
        self.steps -= 1


class AdamEpsilonHat(Adam):
    def _move(self, W, dW, scratch, m, v):
        correction = np.sqrt(1 - self.beta_2**self.steps)
        self.epsilon /= correction
        super()._move(W, dW, scratch, m, v)
        self.epsilon *= correction


class AdamWAsL2(AdamW):
    def _move(self, W, dW, scratch, m, v):
        Adam._move(self, W, dW + self.weight_decay * W, scratch, m, v)


class AdamWWithoutTheRate(AdamW):
    def _move(self, W, dW, scratch, m, v):
        W *= 1 - self.weight_decay
        Adam._move(self, W, dW, scratch, m, v)


class AdamWAfterTheStep(AdamW):
    def _move(self, W, dW, scratch, m, v):
        Adam._move(self, W, dW, scratch, m, v)
        W *= 1 - self.rate * self.weight_decay


class AdamaxCorrectsTheMaximum(Adamax):
    def _move(self, W, dW, scratch, m, u):
        self.rate *= 1 - self.beta_2**self.steps
        super()._move(W, dW, scratch, m, u)


class AdamaxForgetsNothing(Adamax):
    def _move(self, W, dW, scratch, m, u):
        u /= self.beta_2
        super()._move(W, dW, scratch, m, u)


class AdamaxEpsilonAfterwards(Adamax):
    def _move(self, W, dW, scratch, m, u):
        m[...] = self.beta_1 * m + dW
        np.maximum(self.beta_2 * u, np.abs(dW), out=u)
        W -= self.rate / self.weights_1 * m / (u + self.epsilon)


class NadamWithConstantShare(Nadam):
    def _share(self, t):
        return self.beta_1


class NadamDoesNotLookAhead(Nadam):
    def _begin_step(self):
        super()._begin_step()
        self._of_sum = (1 - self.beta_1) * self._share(self.steps) / (1 - self._product)


class NadamCountsFromZero(Nadam):
    def _share(self, t):
        return super()._share(t - 1)


SETTINGS = {
    SGD: (
        {"lr": 0.1, "momentum": 0.75, "nesterov": True},
        partial(torch.optim.SGD, lr=0.1, momentum=0.75, nesterov=True),
    ),
    Adagrad: (
        {"lr": 0.1, "epsilon": 0.1, "initial": 0.5},
        partial(torch.optim.Adagrad, lr=0.1, eps=0.1, initial_accumulator_value=0.5),
    ),
    RMSprop: ({"lr": 0.1, "rho": 0.75, "epsilon": 0.1}, partial(torch.optim.RMSprop, lr=0.1, alpha=0.75, eps=0.1)),
    Adadelta: ({"lr": 0.5, "rho": 0.75, "epsilon": 0.1}, partial(torch.optim.Adadelta, lr=0.5, rho=0.75, eps=0.1)),
    Adam: ({"lr": 0.1, "epsilon": 0.1}, partial(torch.optim.Adam, lr=0.1, eps=0.1)),
    AdamW: ({"lr": 0.1, "weight_decay": 0.5}, partial(torch.optim.AdamW, lr=0.1, weight_decay=0.5)),
    Adamax: ({"lr": 0.1, "epsilon": 0.1}, partial(torch.optim.Adamax, lr=0.1, eps=0.1)),
    Nadam: ({"lr": 0.1, "momentum_decay": 0.1}, partial(torch.optim.NAdam, lr=0.1, momentum_decay=0.1)),
}
WRONG = {kind: kind.__subclasses__() for kind in SETTINGS}
WRONG[Adam] = [kind for kind in WRONG[Adam] if kind.__module__ == __name__]


def differs(kind, right):
    options, theirs = SETTINGS[right]
    start, grads = np.random.default_rng(0).normal(size=(3, 4)), gradients(0, (3, 4), np.float64)
    return not np.allclose(our_path(kind(**options), start, grads), their_path(theirs, start, grads), rtol=1e-6)


@each
def test_three_other_formulas_are_told_apart(kind):
    assert not differs(kind, kind)
    assert len(WRONG[kind]) >= 3
    assert [wrong.__name__ for wrong in WRONG[kind] if not differs(wrong, kind)] == []


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (StepDecay(0.5, every=2, factor=0.25), partial(torch.optim.lr_scheduler.StepLR, step_size=2, gamma=0.25)),
        (ExponentialDecay(0.5, steps=1, factor=0.9), partial(torch.optim.lr_scheduler.ExponentialLR, gamma=0.9)),
        (
            CosineDecay(0.5, steps=STEPS, least=0.1),
            partial(torch.optim.lr_scheduler.CosineAnnealingLR, T_max=STEPS, eta_min=0.1),
        ),
    ],
    ids=["step", "exponential", "cosine"],
)
def test_schedules_are_those_of_pytorch(ours, theirs):
    start, grads = np.ones(3), gradients(0, (3,), np.float64)
    their_way = their_path(partial(torch.optim.Adam, lr=0.5), start, grads, schedule=theirs)
    np.testing.assert_allclose(our_path(Adam(ours), start, grads), their_way, rtol=1e-12)


@given(losses=st.lists(st.sampled_from([1.0, 1.00001, 0.9, 0.5, 2.0]), max_size=20), patience=st.integers(0, 3))
@pytest.mark.parametrize("better", ["lower", "higher"])
def test_the_rate_falls_on_a_plateau_when_pytorch_lowers_it(better, losses, patience):
    ours = ReduceOnPlateau(1.0, factor=0.5, patience=patience, better=better, least=0.1)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    mode = {"lower": "min", "higher": "max"}[better]
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode, factor=0.5, patience=patience, min_lr=0.1)
    for loss in losses:
        ours.observe(loss)
        theirs.step(loss)
        assert ours(0) == optimizer.param_groups[0]["lr"]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (ClipByGlobalNorm(2.0), partial(torch.nn.utils.clip_grad_norm_, max_norm=2.0)),
        (ClipByValue(0.5), partial(torch.nn.utils.clip_grad_value_, clip_value=0.5)),
    ],
    ids=["norm", "value"],
)
def test_clipped_gradients_are_those_of_pytorch(ours, theirs):
    start, grads = np.ones((3, 2)), gradients(0, (3, 2), np.float64)
    their_way = their_path(partial(torch.optim.SGD, lr=0.1), start, grads, clip=theirs)
    # PyTorch divides by the norm + 1e-6.
    np.testing.assert_allclose(our_path(SGD(0.1, clip=ours), start, grads), their_way, rtol=1e-5)
