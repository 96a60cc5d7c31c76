"""What autograd makes of every layer and loss, from the formula alone.

Each reference is the plain formula, in `autograd.numpy`, as a function of the subject (for its
hyper-parameters only), its parameters by name, and the inputs. A new one is a function under ``@reference(Layer)`` in
the module of its family.
"""

import copy

import numpy as np
from autograd import make_vjp

from autograd_references import images, losses, networks, normalization, pointwise, sequences, shaping  # noqa: F401 - importing a family fills the table
from autograd_references.table import REFERENCES as REFERENCES
from autograd_references.table import reference_of
from gradcheck.checking.conventions.common.arguments import named_inputs


def is_network_with_loss(subject):
    return getattr(subject, "loss_function", None) is not None


def value(case):
    """What our own forward gives, for a network with a loss the loss."""
    subject = copy.deepcopy(case.subject)  # its random state and running statistics stay as they are
    return subject.loss(*case.inputs) if is_network_with_loss(subject) else subject.forward(*case.inputs)


def inputs_of(case):
    """The inputs by the names of ``forward``."""
    return named_inputs(case.subject.forward, case.inputs)


def checked_inputs(case):
    """The names of those to differentiate by: the float ones, if the case names no others."""
    if is_network_with_loss(case.subject):
        return []
    return [
        name
        for name, x in inputs_of(case).items()
        if np.issubdtype(np.asarray(x).dtype, np.floating) and (case.wrt is None or name in case.wrt)
    ]


def gradients(subject, case, dy):
    """One backward of a subject that has seen the inputs: by name, all checked inputs and parameters."""
    returned = subject.backward(dy)
    one_each = returned if isinstance(returned, tuple) else (returned,)
    by_input = dict(zip(inputs_of(case), one_each, strict=False))
    return {name: by_input[name] for name in checked_inputs(case)} | dict(subject.grads)


def analytic(case, dy):
    """What our own backward gives, by name (of a network with a loss: its parameters only)."""
    subject = copy.deepcopy(case.subject)
    if is_network_with_loss(subject):
        return {name: dy * dW for name, dW in subject.gradient(*case.inputs).items()}
    subject.forward(*case.inputs)
    return gradients(subject, case, dy)


def by_autograd(case, dy):
    """The same by autograd, under the same names."""
    subject, inputs = case.subject, inputs_of(case)
    checked = {name: inputs[name] for name in checked_inputs(case)}

    def f(tensors):
        own = {name: tensors[f"parameter {name}"] for name in subject.params}
        return reference_of(subject)(subject, own, *[tensors.get(name, x) for name, x in inputs.items()])

    vjp, _ = make_vjp(f)({**checked, **{f"parameter {name}": W for name, W in subject.params.items()}})
    return {name.removeprefix("parameter "): gradient for name, gradient in vjp(dy).items()}


def disagreements(ours, theirs):
    """The names of the tensors that differ, in shape or in any entry."""
    assert ours.keys() == theirs.keys()
    return [name for name, mine in ours.items() if not same(mine, theirs[name])]


def same(mine, other):
    # The inputs of all cases are of size one, so what is left where a gradient cancels to 0 is below 1e-13.
    tolerance = 1e-13 + 1e-10 * np.max(np.abs(other), initial=0.0)
    return np.shape(mine) == np.shape(other) and np.allclose(mine, other, rtol=0, atol=tolerance)
