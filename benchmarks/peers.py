"""Other people's gradient checkers, each made to check the same NumPy forward/backward pair.

Every peer is a function ``peer(forward, backward, inputs) -> bool``: whether it accepts the gradient. The pair is
handed over as it is, as a custom derivative that calls NumPy, so that all of them run the same forward and backward
and differ in the checking alone. Tools that only differentiate (scipy, numdifftools) are compared by
``numpy.allclose`` with its own defaults, along one random cotangent. What is not installed is left out.
"""

import importlib.util
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck import check

Array = NDArray[Any]
Pair = Callable[..., Any]
Peer = Callable[[Pair, Pair, Sequence[Array]], bool]


def ours(forward: Pair, backward: Pair, inputs: Sequence[Array]) -> bool:
    return check(forward, *inputs, backward=backward).ok


def ours_exhaustive(forward: Pair, backward: Pair, inputs: Sequence[Array]) -> bool:
    return check(forward, *inputs, backward=backward, exhaustive=True).ok


def torch_fast(forward: Pair, backward: Pair, inputs: Sequence[Array]) -> bool:
    return _torch(forward, backward, inputs, fast_mode=True)


def torch_slow(forward: Pair, backward: Pair, inputs: Sequence[Array]) -> bool:
    return _torch(forward, backward, inputs, fast_mode=False)


def _torch(forward: Pair, backward: Pair, inputs: Sequence[Array], fast_mode: bool) -> bool:
    import torch

    class Function(torch.autograd.Function):  # type: ignore[misc]  # torch is not there for mypy
        @staticmethod
        def forward(ctx: Any, *tensors: Any) -> Any:
            out, ctx.cache = forward(*(tensor.numpy() for tensor in tensors))
            return torch.from_numpy(np.array(out))

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return tuple(torch.from_numpy(np.array(d)) for d in several(backward(g.numpy(), ctx.cache)))

    tensors = [torch.from_numpy(x.copy()).requires_grad_() for x in inputs]
    return bool(torch.autograd.gradcheck(Function.apply, tensors, fast_mode=fast_mode, raise_exception=False))


def jax_check_grads(forward: Pair, backward: Pair, inputs: Sequence[Array]) -> bool:
    import jax
    from jax.test_util import check_grads

    jax.config.update("jax_enable_x64", True)
    out = np.asarray(forward(*inputs)[0])
    shape = jax.ShapeDtypeStruct(out.shape, out.dtype)
    like = tuple(jax.ShapeDtypeStruct(x.shape, x.dtype) for x in inputs)

    def run(*xs: Any) -> Array:
        return np.array(forward(*map(np.array, xs))[0])

    def run_back(g: Any, *xs: Any) -> tuple[Array, ...]:
        return several(backward(np.array(g), forward(*map(np.array, xs))[1]))

    f = jax.custom_vjp(lambda *xs: jax.pure_callback(run, shape, *xs))
    f.defvjp(lambda *xs: (f(*xs), xs), lambda xs, g: jax.pure_callback(run_back, like, g, *xs))
    return _passes(lambda: check_grads(f, tuple(inputs), order=1, modes=["rev"]))


def autograd_check_grads(forward: Pair, backward: Pair, inputs: Sequence[Array]) -> bool:
    from autograd.extend import defvjp_argnums, primitive
    from autograd.test_util import check_grads

    f = primitive(lambda *xs: forward(*xs)[0])

    def vjp(argnums: Sequence[int], out: Array, xs: Sequence[Array], kwargs: Any) -> Callable[[Array], Any]:
        cache = forward(*xs)[1]
        return lambda g: tuple(several(backward(np.array(g), cache))[i] for i in argnums)

    defvjp_argnums(f, vjp)
    np.random.seed(0)  # noqa: NPY002 - autograd draws its directions from the global generator
    return _passes(lambda: check_grads(f, tuple(range(len(inputs))), modes=["rev"], order=1)(*inputs))


def scipy_approx_derivative(forward: Pair, backward: Pair, inputs: Sequence[Array]) -> bool:
    from scipy.optimize._numdiff import approx_derivative

    f, x, claimed = _as_scalar_function(forward, backward, inputs)
    return bool(np.allclose(approx_derivative(f, x), claimed))


def numdifftools_gradient(forward: Pair, backward: Pair, inputs: Sequence[Array]) -> bool:
    import numdifftools

    f, x, claimed = _as_scalar_function(forward, backward, inputs)
    return bool(np.allclose(numdifftools.Gradient(f)(x), claimed))


def _as_scalar_function(
    forward: Pair, backward: Pair, inputs: Sequence[Array]
) -> tuple[Callable[[Array], float], Array, Array]:
    """``⟨v, forward⟩`` of all inputs in one vector, and what backward claims of its gradient."""
    out, cache = forward(*inputs)
    v = np.random.default_rng(0).normal(size=np.shape(out))
    claimed = np.concatenate([np.ravel(d) for d in several(backward(v.copy(), cache))])
    ends = np.cumsum([x.size for x in inputs])[:-1]

    def f(flat: Array) -> float:
        parts = np.split(flat, ends)
        xs = [part.reshape(x.shape) for part, x in zip(parts, inputs, strict=True)]
        return float(np.vdot(v, forward(*xs)[0]))

    return f, np.concatenate([x.ravel() for x in inputs]), claimed


def several(gradients: Any) -> tuple[Array, ...]:
    """The gradients as a tuple, also where there is but one."""
    return tuple(gradients) if isinstance(gradients, tuple) else (gradients,)


def _passes(run: Callable[[], None]) -> bool:
    try:
        run()
    except AssertionError:
        return False
    return True


FAST: dict[str, tuple[str, Peer]] = {
    "gradcheck": ("gradcheck", ours),
    "torch gradcheck, fast": ("torch", torch_fast),
    "JAX check_grads": ("jax", jax_check_grads),
    "autograd check_grads": ("autograd", autograd_check_grads),
}
"""By name, with the package it needs; a check takes well under a second."""

SLOW: dict[str, tuple[str, Peer]] = {
    "gradcheck, exhaustive": ("gradcheck", ours_exhaustive),
    "torch gradcheck, slow": ("torch", torch_slow),
    "scipy approx_derivative": ("scipy", scipy_approx_derivative),
    "numdifftools Gradient": ("numdifftools", numdifftools_gradient),
}
"""Those that difference every entry."""


def installed(peers: dict[str, tuple[str, Peer]]) -> dict[str, Peer]:
    """The peers whose package is there."""
    return {name: peer for name, (package, peer) in peers.items() if importlib.util.find_spec(package)}
