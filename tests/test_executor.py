"""The same report to the last bit, wherever the function is evaluated."""

import multiprocessing
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

from gradcheck import check

x = np.random.default_rng(1).normal(size=(3, 4))
w = np.random.default_rng(2).normal(size=(4, 2))


def affine_forward(x, w):
    return np.tanh(x @ w), (x, w, np.tanh(x @ w))


def affine_backward(dout, cache):
    x, w, out = cache
    d = dout * (1 - out**2)
    return d @ w.T, x.T @ d


def affine_backward_wrong(dout, cache):
    dx, dw = affine_backward(dout, cache)
    return dx, 2 * dw


class Dropout:
    """Holds a parameter, draws from NumPy's global state and from a Generator of its own, and counts."""

    def __init__(self):
        self.params, self.grads = {"scale": np.array([1.5, -0.5, 2.0, 1.0])}, {}
        self.rng, self.calls = np.random.default_rng(5), 0

    def forward(self, x):
        self.calls += 1
        keep = self.rng.random(x.shape) + np.random.rand(*x.shape) > 0.6  # noqa: NPY002 - that is the point
        self.factor, self.x = keep / 0.7, x
        return x * self.factor * self.params["scale"]

    def backward(self, dout):
        self.grads["scale"] = (dout * self.x * self.factor).sum(axis=0)
        return dout * self.factor * self.params["scale"]


def half_square(x):
    return 0.5 * np.sum(x**2)


def itself(x):
    return x.copy()


def fails_elsewhere(x):
    if threading.current_thread() is not threading.main_thread() or multiprocessing.parent_process() is not None:
        raise ZeroDivisionError("in the worker")
    return half_square(x)


SUBJECTS = {
    "right pair": lambda pool: check(affine_forward, x, w, backward=affine_backward, executor=pool),
    "wrong pair": lambda pool: check(affine_forward, x, w, backward=affine_backward_wrong, executor=pool),
    "layer with state": lambda pool: check(Dropout(), x, executor=pool),
    "function, every entry": lambda pool: check(half_square, x, grad=itself, exhaustive=True, executor=pool),
    "float32": lambda pool: check(half_square, x.astype(np.float32), grad=itself, executor=pool),
}


@pytest.fixture(scope="module")
def processes():
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.fixture(scope="module")
def threads():
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture(scope="module")
def dask():
    distributed = pytest.importorskip("distributed", reason="distributed (Dask) is not installed")
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0") as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client.get_executor()


@pytest.fixture(params=["processes", "threads", "dask"])
def executor(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("run", SUBJECTS.values(), ids=SUBJECTS)
def test_the_report_is_the_same_bit_for_bit(run, executor):
    np.random.seed(7)  # noqa: NPY002 - that is the point
    here, elsewhere = run(None), run(executor)
    for ours, theirs in zip(here.tensors, elsewhere.tensors, strict=True):
        for key in ("analytic", "numerical", "error", "noticeable", "wrong", "kinks"):
            assert np.array_equal(getattr(ours, key), getattr(theirs, key)), (ours.name, key)
    assert elsewhere.to_dict() == here.to_dict()


def test_the_executor_is_used(processes):
    with pytest.raises(ZeroDivisionError, match="in the worker"):
        check(fails_elsewhere, x, grad=itself, executor=processes)


def test_state_is_as_before(executor):
    layer = Dropout()
    generator, scale = layer.rng.bit_generator.state, layer.params["scale"]
    before = np.random.get_state()[1].tolist()  # noqa: NPY002 - the caller's
    assert check(layer, x, executor=executor)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002 - the caller's
    assert layer.rng.bit_generator.state == generator
    assert layer.params["scale"] is scale
    assert (layer.calls, layer.grads) == (0, {})


UNPICKLABLE = {
    "lambda": lambda pool: check(lambda x: np.sum(x**2), x, grad=lambda x: 2 * x, executor=pool),
    "lock": lambda pool: check(HoldsALock(), x, executor=pool),
    "local function": lambda pool: check(local(), x, grad=itself, executor=pool),
}


class HoldsALock:
    def __init__(self):
        self.lock = threading.Lock()

    def forward(self, x):
        return 2 * x

    def backward(self, dout):
        return 2 * dout


def local():
    def half(x):
        return half_square(x)

    return half


@pytest.mark.parametrize("call", UNPICKLABLE.values(), ids=UNPICKLABLE)
def test_a_subject_that_cannot_be_pickled_gets_a_clear_error(call, processes):
    with pytest.raises(TypeError, match="pickl") as raised:
        call(processes)
    text = str(raised.value)
    assert "executor" in text
    assert "module" in text or "executor=None" in text or "without executor" in text
    assert check(affine_forward, x, w, backward=affine_backward, executor=processes), "the pool is still alive"
