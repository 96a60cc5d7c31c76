"""Between JAX's pytrees and named NumPy arrays, and whose a function is.

With this file one can

* take a pytree apart into leaves by their paths, and put it together around others (:func:`paths`,
  :func:`with_leaves`);
* run something in double precision without changing the caller's configuration (:func:`precision`);
* tell whether something is JAX's (:func:`is_theirs`).
"""

import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from gradcheck.checking.conventions.frameworks.mentions import used_by
from gradcheck.checking.subject import Array


def jax_module() -> Any:
    """JAX, if the caller has imported it."""
    return sys.modules.get("jax")


def precision(double: bool) -> AbstractContextManager[Any]:
    """Double precision while it lasts; or what the caller has set."""
    jax = jax_module()
    if not double:
        return nullcontext()
    switch = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64
    context: AbstractContextManager[Any] = switch(True)
    return context


def has_loops(f: Any, variables: Any) -> bool:
    """Whether a function has loops or branches of JAX's own; no, where it cannot be traced as a whole."""
    try:
        program = str(jax_module().make_jaxpr(f)(variables))
    except Exception:  # it looks at its numbers, say; then it runs step by step
        return False
    return any(word in program for word in ("scan[", "while[", "cond["))


def paths(tree: Any, name: str) -> dict[str, Any]:
    """Every leaf of a pytree by its path, as one would write it: ``params['dense']['w']``."""
    util = jax_module().tree_util
    return {name + util.keystr(path): leaf for path, leaf in util.tree_flatten_with_path(tree)[0]}


def with_leaves(tree: Any, name: str, leaves: Mapping[str, Any]) -> Any:
    """The same pytree around these leaves; one that is not among them is left."""
    util = jax_module().tree_util
    prefix = "" if name == "self" else name

    def leaf_at(path: Any, leaf: Any) -> Any:
        key = prefix + util.keystr(path)
        return leaves.get(key if prefix else key.lstrip("."), leaf)

    return util.tree_map_with_path(leaf_at, tree)


def float_leaves(leaves: Mapping[str, Any]) -> dict[str, Any]:
    """Those of them that are floats: arrays and numbers, in any precision."""
    return {path: leaf for path, leaf in leaves.items() if _is_float(leaf)}


def _is_float(leaf: Any) -> bool:
    jnp, dtype = jax_module().numpy, getattr(leaf, "dtype", None)
    return isinstance(leaf, float) if dtype is None else bool(jnp.issubdtype(dtype, jnp.floating))


def as_array(leaf: Any, double: bool) -> Array:
    """A leaf as an array of its own that NumPy understands."""
    array = np.array(leaf)
    known = np.issubdtype(array.dtype, np.floating)  # bfloat16 is not
    return array.astype(np.float64 if double else array.dtype if known else np.float32)


def is_theirs(thing: Any, inputs: tuple[Any, ...]) -> bool:
    """Whether something is JAX's: by what it is, what it is called with, or what its code uses."""
    jax = jax_module()
    if jax is None or not hasattr(jax, "tree_util"):
        return False
    leaves = jax.tree_util.tree_leaves((thing, inputs))
    return _is_from_jax(thing) or any(isinstance(leaf, jax.Array) for leaf in leaves) or _uses_jax(thing, set())


def _is_from_jax(value: Any) -> bool:
    if isinstance(value, ModuleType):
        return _is_jax(value.__name__)
    return _is_jax(type(value).__module__) or _is_jax(getattr(value, "__module__", ""))


def _is_jax(module: Any) -> bool:
    return isinstance(module, str) and module.partition(".")[0] in ("jax", "jaxlib")


def _uses_jax(function: Any, seen: set[int]) -> bool:
    """Whether the code of a function names something of JAX, or another function that does."""
    function = getattr(function, "__func__", function)
    if not isinstance(function, FunctionType) or id(function) in seen:
        return False
    seen.add(id(function))
    return any(_is_from_jax(value) or _uses_jax(value, seen) for value in used_by(function))
