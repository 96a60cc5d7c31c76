"""Between PyTorch's tensors and NumPy's arrays: what is a number that varies, in which precision, on whose memory."""

import sys
from typing import Any

import numpy as np

from gradcheck.checking.subject import Array, Parameter


def torch_module() -> Any:
    """PyTorch, if the caller has imported it."""
    return sys.modules.get("torch")


def as_precise(tensor: Any, double: bool) -> Any:
    """A tensor in double precision, if that is wanted and it has floats."""
    torch = torch_module()
    if not double or not (tensor.is_floating_point() or tensor.is_complex()):
        return tensor
    return tensor.to(torch.complex128 if tensor.is_complex() else torch.float64)


def plain(tensor: Any) -> Array:
    """The numbers of a tensor, dense and without its history."""
    torch, tensor = torch_module(), tensor.detach()
    dense = tensor.to_dense() if tensor.layout is not torch.strided else tensor
    wide = dense.float() if dense.dtype is torch.bfloat16 else dense
    return np.asarray(wide.resolve_neg().numpy())


def as_tensor(leaf: Any) -> Any:
    """An array as a tensor of its own; anything else as it is."""
    return torch_module().from_numpy(leaf.copy()) if isinstance(leaf, np.ndarray) else leaf


def is_float(leaf: Any) -> bool:
    """Whether it is a tensor of floats, real or complex."""
    return isinstance(leaf, torch_module().Tensor) and bool(leaf.is_floating_point() or leaf.is_complex())


def is_narrow(leaf: Any) -> bool:
    """Whether it is a tensor of floats in less than double precision."""
    torch = torch_module()
    return is_float(leaf) and leaf.dtype not in (torch.float64, torch.complex128)


def as_array(leaf: Any, double: bool) -> Array:
    """A tensor as an array of its own, complex ones with a last axis for real and imaginary part."""
    torch, tensor = torch_module(), as_precise(leaf.detach().cpu(), double)
    if tensor.dtype in (torch.bfloat16, torch.float16):
        tensor = tensor.float()
    return np.array(plain(as_real(tensor)))


def as_leaf(array: Array, wanted: bool) -> Any:
    """A tensor on the memory of the array, so that writing into it is seen."""
    return torch_module().from_numpy(np.asarray(array)).requires_grad_(wanted)


def as_real(tensor: Any) -> Any:
    """Complex numbers as pairs of reals, on a last axis."""
    return torch_module().view_as_real(tensor.resolve_conj()) if tensor.is_complex() else tensor


def is_forbidden(tensor: Any) -> bool:
    """Whether differentiating it would end in an error: somewhere in its history PyTorch has noted one."""
    pending, seen = [tensor.grad_fn], set()
    while pending:
        node = pending.pop()
        if node is None or node in seen:
            continue
        if type(node).__name__ == "Error":
            return True
        seen.add(node)
        pending += [following for following, _ in node.next_functions]
    return False


def as_parameter(tensor: Any) -> Parameter:
    """A parameter of the copy; the optimiser's ``.grad`` is not touched."""

    def write(value: Array) -> None:
        as_real(tensor.data).copy_(torch_module().from_numpy(np.array(value)))

    return Parameter(lambda: as_array(tensor, False), write, lambda: None)
