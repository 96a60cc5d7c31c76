"""The same layers and losses in PyTorch: its values, and the gradients of its autograd.

Each reference is a function of the subject (for its hyper-parameters only), its parameters by name, and the inputs, all
tensors. A new one is a function under ``@reference(Layer)`` in the module of its family; what PyTorch does not have is
named with the reason by ``no_reference``.
"""

import numpy as np
import torch
from autograd_references import checked_inputs, inputs_of, is_network_with_loss

from torch_references import images, losses, networks, normalization, pointwise, sequences, shaping  # noqa: F401 - importing a family fills the tables
from torch_references.table import NOT_IN_TORCH as NOT_IN_TORCH
from torch_references.table import REFERENCES as REFERENCES


def as_tensor(array, differentiable=False):
    """A tensor of its own memory, so that nothing of the case can change."""
    return torch.tensor(np.asarray(array).copy(), requires_grad=differentiable)


def by_torch(case, dy):
    """The value, and the gradients by name as `autograd_references.analytic` gives them."""
    subject, checked = case.subject, checked_inputs(case)
    inputs = {name: as_tensor(x, name in checked) for name, x in inputs_of(case).items()}
    params = {name: as_tensor(W, True) for name, W in subject.params.items()}
    if is_network_with_loss(subject):
        inputs = {str(i): as_tensor(x) for i, x in enumerate(case.inputs)}
    y = REFERENCES[type(subject)](subject, params, *inputs.values())
    tensors = {name: inputs[name] for name in checked} | params
    gradients = torch.autograd.grad(y, list(tensors.values()), as_tensor(dy).to(y.dtype), materialize_grads=True)
    return y.detach().numpy(), {name: g.numpy() for name, g in zip(tensors, gradients, strict=True)}
