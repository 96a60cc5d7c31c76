"""PyTorch: functions of tensors, modules with their parameters, ``autograd.Function`` subclasses, custom ops.

What runs is a copy in double precision (``torch_copy``); what is checked is what ``torch.autograd.grad`` makes of it;
what is asked of it beside that stands in ``torch_conduct``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.checking.conduct.evidence import Evidence
from gradcheck.checking.conventions.common.arguments import call, named_inputs
from gradcheck.checking.conventions.frameworks import torch_conduct
from gradcheck.checking.conventions.frameworks.second_order import cotangent_names, symmetric
from gradcheck.checking.conventions.frameworks.torch_copy import TorchCopy
from gradcheck.checking.conventions.frameworks.torch_kinds import (
    is_function_class,
    kind_of,
    module_in,
    signature_of,
    title_of,
)
from gradcheck.checking.conventions.frameworks.torch_values import (
    as_array,
    as_leaf,
    as_parameter,
    as_precise,
    as_real,
    as_tensor,
    is_float,
    is_forbidden,
    is_narrow,
    plain,
    torch_module,
)
from gradcheck.checking.conventions.frameworks.trees import leaves, rebuilt
from gradcheck.checking.report import Finding
from gradcheck.checking.subject import Array, NotUnderstoodError, Options, Pullback, Subject, listed

IN_PLACE_ON_A_LEAF = "leaf Variable that requires grad"
"""So PyTorch begins to complain where a function writes into its own input: to it, that is an error of the caller's."""


@dataclass
class Graph:
    """One forward: the outputs that have a gradient, and what they can be differentiated with respect to."""

    outputs: list[Any]
    variables: dict[str, Any]


class TorchSubject(Subject):
    """Anything that maps tensors to tensors."""

    keeps_input = True
    stores_gradients = False

    def __init__(self, thing: Any, inputs: tuple[Any, ...], name: str | None, *, double: bool) -> None:
        self.copy = TorchCopy(thing, inputs, double=double)
        self.trials = int(self.copy.was_lazy)
        self.run = self.copy.thing
        self.name = name or title_of(thing)
        self.on_clones, self._noted = False, False
        self._name_inputs(thing, inputs)
        self.narrow = self.copy.cast or any(is_narrow(leaf) for leaf in self.given.values())
        self._name_parameters()
        self.tensors = {name: self.inputs[name] for name in self._varied}
        self.tensors |= {name: np.array(parameter.read()) for name, parameter in self.parameters.items()}
        self.notes: dict[str, str] = {}

    @property
    def understood(self) -> str:  # type: ignore[override]  # the notes are made while it runs
        """One line on how it was understood, with what its forwards showed."""
        return "; ".join(filter(None, [self.kind, self._where, self.precision, *self.notes.values()]))

    @property
    def precision(self) -> str:
        """In which precision it runs."""
        if not self.narrow:
            return ""
        return "double precision by a cast copy" if self.copy.double else "in its own precision"

    def _name_inputs(self, thing: Any, inputs: tuple[Any, ...]) -> None:
        """The leaves of the inputs by their paths; those that vary as arrays, the others as they are."""
        self.trees = dict(zip(named_inputs(signature_of(thing), inputs), inputs, strict=True))
        found = [leaves(tree, name) for name, tree in self.trees.items()]
        self.given = {path: as_tensor(leaf) for part in found for path, leaf in part.items()}
        floats = [path for path, leaf in self.given.items() if is_float(leaf)]
        asked = [path for path in floats if self.given[path].requires_grad]
        self._varied = asked or floats
        self._held = [path for path in floats if path not in self._varied]
        self.inputs = {
            path: as_array(leaf, self.copy.double) if path in self._varied else leaf
            for path, leaf in self.given.items()
        }

    def _name_parameters(self) -> None:
        module, self.kind = module_in(self.run), kind_of(self.run)
        named = {} if module is None else {self._free(name): p for name, p in module.named_parameters()}
        self.live = {name: tensor for name, tensor in named.items() if tensor.requires_grad}
        frozen = [name for name, tensor in named.items() if not tensor.requires_grad]
        self.parameters = {name: as_parameter(tensor) for name, tensor in self.live.items()}
        held = [*self._held, *frozen]
        phrases = [
            "" if module is None else f"parameters {', '.join(self.live) or '(none)'} in named_parameters()",
            f"{listed(held)} held constant (requires_grad is False)" if held else "",
        ]
        self._where = "; ".join(filter(None, phrases))

    def _free(self, name: str) -> str:
        """The name of a parameter; one that an input has too is the module's own."""
        return f"self.{name}" if name in self.inputs else name

    def forward(self, inputs: Mapping[str, Any]) -> tuple[list[Array], Pullback]:
        """Run the copy from its first state; the pullback is ``torch.autograd.grad``."""
        graph = self.graph(inputs)
        return [plain(output) for output in graph.outputs], lambda cotangents: self.pulled(graph, cotangents)

    def graph(self, inputs: Mapping[str, Any], wanted: Iterable[str] | None = None) -> Graph:
        """One forward, which can be differentiated with respect to the wanted tensors, by default to all."""
        try:
            return self._graph(inputs, wanted)
        except RuntimeError as problem:
            if self.on_clones or IN_PLACE_ON_A_LEAF not in str(problem):
                raise
            self.on_clones = True
            self.notes["in place"] = "it works in place, so it is given clones"
            return self._graph(inputs, wanted)

    def _graph(self, inputs: Mapping[str, Any], wanted: Iterable[str] | None) -> Graph:
        names = list(self.tensors) if wanted is None else list(wanted)
        self.copy.restore()
        with self.copy.running():
            variables = {path: as_leaf(inputs[path], path in names) for path in self._varied}
            given = {path: self._as_given(path, variables.get(path, leaf)) for path, leaf in inputs.items()}
            for name, tensor in self.live.items():
                if tensor.requires_grad != (name in names):
                    tensor.requires_grad_(name in names)
            arguments = [rebuilt(tree, name, given) for name, tree in self.trees.items()]
            outputs = self._outputs(call("forward", self.run, arguments))
        return Graph(outputs, {name: {**variables, **self.live}[name] for name in names})

    def _as_given(self, path: str, leaf: Any) -> Any:
        """A leaf in the dtype in which it came; what is not varied is a copy, as in-place changes would remain."""
        torch, original = torch_module(), self.given[path]
        if not isinstance(original, torch.Tensor):
            return leaf
        if path not in self._varied:
            return as_precise(original.detach().cpu().clone(), self.copy.double)
        value = torch.view_as_complex(leaf) if original.is_complex() else leaf
        if not self.copy.double:
            value = value.to(original.dtype)
        return value.clone() if self.on_clones else value

    def _outputs(self, returned: Any) -> list[Any]:
        """The outputs with a gradient; where there are none, all that are floats: their gradient counts as zero."""
        found = {path: leaf for path, leaf in leaves(returned, "output").items() if is_float(leaf)}
        if not found:
            raise NotUnderstoodError(
                f"forward returned {type(returned).__name__}, in which there is no tensor of floats; return a tensor, "
                "or a tuple, dictionary or dataclass of tensors"
            )
        wanted = {path: leaf for path, leaf in found.items() if leaf.requires_grad} or found
        left_out = [path for path in found if path not in wanted]
        if left_out:
            self.notes["left out"] = f"{listed(left_out)} left out (requires_grad is False)"
        return [as_real(leaf) for leaf in wanted.values()]

    def pulled(self, graph: Graph, cotangents: list[Array], **options: Any) -> dict[str, Any]:
        """The gradients by name; zero where the graph does not lead."""
        found = self.differentiated(graph, [torch_module().from_numpy(np.asarray(c)) for c in cotangents])
        return {name: plain(gradient) for name, gradient in found.items()}

    def differentiated(self, graph: Graph, cotangents: list[Any], create_graph: bool = False) -> dict[str, Any]:
        """The gradients as tensors; none of them where PyTorch refuses what a backward returned."""
        torch, variables = torch_module(), graph.variables
        pairs = [pair for pair in zip(graph.outputs, cotangents, strict=True) if pair[0].requires_grad]
        gradients: Iterable[Any] = [None] * len(variables)
        self.surplus = ""
        if pairs:
            try:
                with self.copy.running():
                    gradients = torch.autograd.grad(
                        [output for output, _ in pairs],
                        list(variables.values()),
                        [cotangent.to(output.dtype) for output, cotangent in pairs],
                        allow_unused=True,
                        retain_graph=True,
                        create_graph=create_graph,
                    )
            except RuntimeError as problem:
                if not _is_about_what_backward_returned(problem):
                    raise
                self.surplus = f"PyTorch refuses what backward returned: {str(problem).splitlines()[0]}"
                return {}
        found = dict(zip(variables, gradients, strict=True))
        self._note_cut([name for name, gradient in found.items() if gradient is None])
        return {name: torch.zeros_like(variables[name]) if g is None else g for name, g in found.items()}

    def _note_cut(self, names: list[str]) -> None:
        """Said once, of the first backward, which asked for everything."""
        if names and not self._noted:
            gradients = "its gradient counts" if len(names) == 1 else "their gradients count"
            self.notes["cut"] = f"the graph does not lead to {listed(names)}: {gradients} as zero"
        self._noted = True

    def conduct(self, evidence: Evidence) -> Iterable[Finding]:
        """What ``torch.autograd`` may ask of a backward, and a check of one cotangent does not."""
        return torch_conduct.examine(self, evidence)

    def second_order(self, cotangents: list[Array]) -> Subject:
        """Its gradient, with ``create_graph=True``."""
        return TorchSecondOrder(self, cotangents)


class TorchSecondOrder(Subject):
    """The gradient of a PyTorch subject for a cotangent, as a function of both."""

    keeps_input = True
    stores_gradients = False

    def __init__(self, first: TorchSubject, cotangents: list[Array]) -> None:
        self.first, self.name = first, first.name
        self.cotangents = cotangent_names(cotangents, first.tensors)
        self.inputs = {**first.inputs, **self.cotangents}
        self.tensors = {**first.tensors, **self.cotangents}
        self.parameters = first.parameters
        self.understood = "second order by create_graph=True"

    def forward(self, inputs: Mapping[str, Any]) -> tuple[list[Array], Pullback]:
        """The gradient of the first; the pullback differentiates it once more."""
        seeds = {name: as_leaf(inputs[name], True) for name in self.cotangents}
        graph = self.first.graph({name: value for name, value in inputs.items() if name not in seeds})
        gradients = self.first.differentiated(graph, list(seeds.values()), create_graph=True)
        second = Graph(list(gradients.values()), {**graph.variables, **seeds})
        if any(is_forbidden(gradient) for gradient in second.outputs):
            raise NotUnderstoodError(
                f"{self.name} has no second derivative: a backward in it is marked @once_differentiable; check it with "
                "order=1, or write that backward in operations that can be differentiated and remove the mark"
            )
        return [plain(g) for g in second.outputs], lambda cotangents: self.first.pulled(second, cotangents)

    def conduct(self, evidence: Evidence) -> Iterable[Finding]:
        """The Hessian is symmetric."""
        return symmetric(evidence, list(self.first.tensors))


def _is_about_what_backward_returned(problem: RuntimeError) -> bool:
    return any(words in str(problem) for words in ("an invalid gradient at", "incorrect number of gradients"))


def _claims(thing: Any, inputs: tuple[Any, ...]) -> bool:
    """Whether it is PyTorch's by what it is, or by what it is called with."""
    torch = torch_module()
    modules = (type(thing).__module__, getattr(thing, "__module__", None))
    theirs = any(str(module).partition(".")[0] == "torch" for module in modules) or module_in(thing) is not None
    theirs = theirs or is_function_class(getattr(thing, "__self__", None))
    return theirs or any(isinstance(leaf, torch.Tensor) for tree in inputs for leaf in leaves(tree, "x").values())


def recognise(thing: Any, inputs: tuple[Any, ...], options: Options) -> Subject | None:
    """What PyTorch can run, where the caller has imported it and no derivative is given."""
    torch = torch_module()
    given = options.backward is not None or not (options.grad is None or options.grad is False)
    if torch is None or given or not hasattr(torch, "autograd"):
        return None
    if is_function_class(thing):
        thing = thing.apply
    if not callable(thing) or not _claims(thing, inputs):
        return None
    return _in_double(thing, inputs, options.name) or TorchSubject(thing, inputs, options.name, double=False)


def _in_double(thing: Any, inputs: tuple[Any, ...], name: str | None) -> Subject | None:
    """The subject in double precision; None where it does not run in it."""
    subject = TorchSubject(thing, inputs, name, double=True)
    if not subject.narrow:
        return subject
    try:
        outputs = subject.graph(subject.inputs).outputs
    except Exception:  # what was written for single precision only; in that its own errors will show
        return None
    subject.trials += 1
    return subject if any(output.dtype == torch_module().float64 for output in outputs) else None
