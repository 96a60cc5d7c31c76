"""Forward/backward pairs: ``forward(x, w, b) -> out`` or ``(out, cache)``, ``backward(dout, cache) -> dx, dw, db``."""

from collections.abc import Callable, Mapping
from typing import Any

from gradcheck.checking.conventions.arguments import (
    assign,
    call,
    name_of,
    named_inputs,
    positional_names,
    required_count,
    variables,
)
from gradcheck.checking.subject import Array, NotUnderstoodError, Options, Pullback, Subject, as_outputs


class PairSubject(Subject):
    """A forward function and its backward."""

    def __init__(
        self,
        forward: Callable[..., Any],
        backward: Callable[..., Any],
        inputs: tuple[Any, ...],
        name: str | None,
    ) -> None:
        self.run, self.back = forward, backward
        self.name = name or name_of(forward)
        self.inputs = named_inputs(forward, inputs)
        self.parameters = {}
        self.tensors = variables(self.inputs)
        self.understood = "forward/backward pair"

    def forward(self, inputs: Mapping[str, Any]) -> tuple[list[Array], Pullback]:
        """Run forward; what backward wants beside the cotangents is told from its signature."""
        returned = call("forward", self.run, inputs.values())
        outputs, extra = self._split(returned, inputs)
        self.holds_cache = not extra

        def pullback(cotangents: list[Array]) -> Mapping[str, Any]:
            return assign(call("backward", self.back, [*cotangents, *extra]), inputs)

        return outputs, pullback

    def _split(self, returned: Any, inputs: Mapping[str, Any]) -> tuple[list[Array], list[Any]]:
        """The outputs proper, and what backward takes after the cotangents: a cache, the inputs, or nothing."""
        wanted = required_count(self.back)
        several = isinstance(returned, tuple) and len(returned) >= 2 and wanted in (None, len(returned))
        if several and not all(map(_names_a_cotangent, positional_names(self.back)[: len(returned)])):
            self.understood = "forward/backward pair; forward returns (out, cache)"
            return as_outputs(returned[:-1]), [returned[-1]]
        outputs = as_outputs(returned)
        known = list(inputs.values())
        for extra, text in (
            ([], "backward(dout)"),
            (known, "backward(dout, *inputs)"),
            ([*outputs, *known], "backward(dout, out, *inputs)"),
            (outputs, "backward(dout, out)"),
        ):
            if wanted is None or wanted == len(outputs) + len(extra):
                self.understood = f"forward/backward pair; {text}"
                return outputs, list(extra)
        raise NotUnderstoodError(
            f"backward takes {wanted} arguments; with {len(outputs)} outputs and {len(known)} inputs it should take "
            "(dout, cache) where forward returns (out, cache), or (dout), (dout, *inputs), (dout, out, *inputs)"
        )


def _names_a_cotangent(name: str) -> bool:
    """Whether an argument is called as upstream gradients are: dout, dy, grad_output, g."""
    return name.startswith(("d", "grad")) or name in ("g", "v", "cotangent", "upstream")


def recognise(thing: Any, inputs: tuple[Any, ...], options: Options) -> Subject | None:
    """Anything callable, where ``backward=`` is given."""
    if options.backward is None:
        return None
    if not callable(thing) or not callable(options.backward):
        raise NotUnderstoodError(
            f"check(forward, *inputs, backward=...) takes two functions, but got {type(thing).__name__} and "
            f"backward={type(options.backward).__name__}"
        )
    return PairSubject(thing, options.backward, inputs, options.name)
