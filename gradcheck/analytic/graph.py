"""Networks of any shape: layers called on symbols draw a graph, and backward goes through it against the arrows."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from gradcheck.analytic.layer import Layer
from gradcheck.analytic.losses import Loss
from gradcheck.analytic.losses.regularizers import Regularizer
from gradcheck.analytic.network import Network, leaves
from gradcheck.analytic.picture import Picture, picture_of_graph
from gradcheck.analytic.symbol import Symbol
from gradcheck.analytic.validation import Array


def Input(*shape: int, name: str = "") -> Symbol:  # noqa: N802 - Keras' name, and what it returns stands for an array
    """The symbol of an input of a `Model`; `shape`, if given, is that of one example, which ``forward`` then asks for.

    >>> Input(3, name="pixels")
    Input('pixels')
    """
    return Symbol(name=name, shape=shape)


class Model(Network):
    """The network of a graph: several inputs and outputs, layers in branches, and layers used more than once.

    Backward: an array that goes to several places changes the loss through each of them, so its gradient is
    the sum of what comes back from all. That holds for the weights of a shared layer, too: each use is
    differentiated with the x of that use, and the gradients are added.

    Parameters
    ----------
    inputs, outputs : Symbol, or sequence of them
        What ``forward`` takes and returns: one array for one symbol, else a tuple.
    loss : Loss, or one for each output, optional
    regularizer : L1 or L2, optional

    Notes
    -----
    The layers are numbered in the order in which they are computed; ``params`` has ``"0.W"`` and the like. What
    a layer is called on and is no symbol (lengths, a mask) stays the same in every ``forward``.

    With several inputs (outputs), ``loss``, ``gradient`` and ``predict`` take tuples of arrays (of targets), and
    ``backward`` takes a dy, and returns a dx, for each.

    Raises
    ------
    ValueError, TypeError
        If an output depends on what is not among the inputs, or an input leads nowhere.

    Examples
    --------
    >>> from gradcheck.analytic import Add, Dense, Tanh
    >>> x = Input(4)
    >>> h = Tanh()(Dense(4, 4, rng=0)(x))
    >>> model = Model(x, Dense(4, 2, rng=1)(Add()(x, h)))  # a residual block
    >>> model.forward(np.ones((3, 4))).shape
    (3, 2)
    >>> model.backward(np.ones((3, 2))).shape
    (3, 4)
    >>> list(model.params)
    ['0.W', '0.b', '3.W', '3.b']

    References
    ----------
    Linnainmaa, "Taylor expansion of the accumulated rounding error", BIT 16 (1976); Baydin, Pearlmutter, Radul,
    Siskind, "Automatic differentiation in machine learning: a survey", JMLR 18 (2018).
    """

    def __init__(
        self,
        inputs: Symbol | Sequence[Symbol],
        outputs: Symbol | Sequence[Symbol],
        loss: Loss | Sequence[Loss] | None = None,
        regularizer: Regularizer | None = None,
    ) -> None:
        self.inputs, self.outputs = _symbols("inputs", inputs), _symbols("outputs", outputs)
        self._nodes = _in_order(self.outputs)
        self._require_known_inputs()
        layers = list(dict.fromkeys(node.layer for node in self._nodes))
        losses = None if loss is None else _Losses(loss, len(self.outputs))
        super().__init__({str(i): layer for i, layer in enumerate(layers)}, losses, regularizer)
        self._uses: list[Any] = []

    def forward(self, *inputs: Any) -> Any:
        """The outputs for these inputs."""
        self._memory, self._uses = None, []
        values = dict(zip(self.inputs, self._checked(inputs), strict=True))
        for node in self._nodes:
            arguments = [values[x] if isinstance(x, Symbol) else x for x in node.inputs]
            values[node] = node.layer.forward(*arguments)
            self._uses.append([(leaf, leaf._memory) for leaf in _with_parts(node.layer)])
        outputs = tuple(values[symbol] for symbol in self.outputs)
        shapes = tuple(np.shape(y) for y in outputs)
        self._memory = (shapes[0], np.asarray(outputs[0]).dtype, tuple(np.shape(values[x]) for x in self.inputs))
        return outputs if len(outputs) > 1 else outputs[0]

    def backward(self, dy: Any, *more: Any) -> Any:
        """The gradient for each input, given one for each output; fills ``grads``."""
        if self._memory is None:
            raise RuntimeError(f"{self!r}: backward was called before forward; call forward(x) first")
        dys = (dy, *more)
        if len(dys) != len(self.outputs):
            raise ValueError(f"{self!r}: backward was given {len(dys)} gradients, expected {len(self.outputs)}")
        gradients: dict[Symbol, Array] = {}
        for symbol, each in zip(self.outputs, dys, strict=True):
            _add(gradients, symbol, np.asarray(each))
        totals: dict[Layer, dict[str, Array]] = {}
        for node, use in zip(reversed(self._nodes), reversed(self._uses), strict=True):
            self._node_backward(node, use, gradients)
            for leaf in leaves(node.layer):
                so_far = totals.get(leaf, {})
                totals[leaf] = {name: so_far[name] + dW if so_far else dW for name, dW in leaf.grads.items()}
        for leaf, total in totals.items():
            leaf.grads.update(total)
        _, dtype, shapes = self._memory
        dxs = [gradients.get(x, np.zeros(shape, dtype)) for x, shape in zip(self.inputs, shapes, strict=True)]
        return tuple(dxs) if len(dxs) > 1 else dxs[0]

    def predict(self, *inputs: Any) -> Any:
        """The outputs in inference; several inputs as a tuple or one by one."""
        return super().predict(*_each(inputs, len(self.inputs)))

    def loss(self, x: Any, t: Any) -> Any:
        """The loss, or the sum of the losses of all outputs, given the targets, and the penalty on the weights."""
        outputs = self.forward(*_each((x,), len(self.inputs)))
        value = self._required_loss().forward(outputs, t)
        return value if self.regularizer is None else value + value.dtype.type(self.penalty())

    def gradient(self, x: Any, t: Any) -> dict[str, Array]:
        """∂loss/∂W for every parameter W, by backpropagation."""
        self.loss(x, t)
        dys: Any = self._required_loss().backward()
        self.backward(*dys)
        return {name: self._penalized(self.params[name], dW) for name, dW in self.grads.items()}

    def picture(self, *inputs: Any) -> Picture:
        """The graph as a picture: every use of a layer, and the arrays between them; see `Network.picture`."""
        return picture_of_graph(self, inputs)

    def _node_backward(self, node: Symbol, use: Any, gradients: dict[Symbol, Array]) -> None:
        """Hand the gradient of what a layer has put out on to what it was called on."""
        for leaf, memory in use:
            leaf._memory = memory  # a shared layer has seen other inputs since
        shape, dtype, _ = use[0][1]
        dy = gradients.pop(node) if node in gradients else np.zeros(shape, dtype)  # it went where no gradient is
        returned = node.layer.backward(dy)
        one_each = returned if isinstance(returned, tuple) else (returned,)
        for x, dx in zip(node.inputs, one_each, strict=False):
            if isinstance(x, Symbol):
                _add(gradients, x, dx)

    def _checked(self, inputs: tuple[Any, ...]) -> list[Any]:
        if len(inputs) != len(self.inputs):
            raise ValueError(f"{self!r}: forward was given {len(inputs)} arrays, expected {len(self.inputs)}")
        arrays = [np.asarray(x) for x in inputs]
        for symbol, x in zip(self.inputs, arrays, strict=True):
            if symbol.shape and x.shape[1:] != symbol.shape:
                expected = ", ".join(["N", *map(str, symbol.shape)])
                raise ValueError(f"{self!r}: {symbol!r} has shape {x.shape}, expected ({expected})")
        return arrays

    def _require_known_inputs(self) -> None:
        reached = {x for node in self._nodes for x in node.inputs if isinstance(x, Symbol)} | set(self.outputs)
        for symbol in self.inputs:
            if symbol.layer is not None:
                raise ValueError(f"Model: the input {symbol!r} is the output of a layer, expected an Input(...)")
            if symbol not in reached:
                raise ValueError(f"Model: no output depends on {symbol!r}; leave it out of the inputs")
        for symbol in reached:
            if symbol.layer is None and symbol not in self.inputs:
                raise ValueError(f"Model: an output depends on {symbol!r}, which is not among the inputs")

    def __repr__(self) -> str:
        parts = f"{len(self.inputs)} inputs, {len(self.layers)} layers, {len(self.outputs)} outputs"
        return f"{type(self).__name__}({', '.join([parts, *self._endings()])})"


class _Losses(Loss):
    """One loss for each output; their sum."""

    def __init__(self, losses: Loss | Sequence[Loss], outputs: int) -> None:
        super().__init__()
        self.losses = (losses,) if isinstance(losses, Loss) else tuple(losses)
        if len(self.losses) != outputs:
            raise ValueError(f"Model: there are {len(self.losses)} losses for {outputs} outputs, expected one for each")

    def forward(self, x: Any, t: Any) -> Any:
        """The sum of the losses."""
        count = len(self.losses)
        pairs = zip(self.losses, _each((x,), count), _each((t,), count), strict=True)
        return sum(loss.forward(y, target) for loss, y, target in pairs)

    def backward(self, dout: Any = 1.0) -> Any:
        """A gradient for each output."""
        return tuple(loss.backward(dout) for loss in self.losses)

    def __repr__(self) -> str:
        return repr(self.losses[0]) if len(self.losses) == 1 else f"[{', '.join(map(repr, self.losses))}]"


def _symbols(name: str, symbols: Any) -> tuple[Symbol, ...]:
    given = (symbols,) if isinstance(symbols, Symbol) else tuple(symbols)
    for symbol in given:
        if not isinstance(symbol, Symbol):
            raise TypeError(f"Model: {name} holds {symbol!r}, expected symbols: Input(...), or a layer called on one")
    if not given:
        raise ValueError(f"Model: {name} is empty, expected at least one symbol")
    return given


def _in_order(outputs: Iterable[Symbol]) -> list[Symbol]:
    """All symbols that are outputs of layers, each after those it depends on; without recursion, as nets are deep."""
    order: dict[Symbol, None] = {}
    stack = [(symbol, False) for symbol in reversed(tuple(outputs))]
    while stack:
        symbol, inputs_done = stack.pop()
        if symbol in order or symbol.layer is None:
            continue
        if inputs_done:
            order[symbol] = None
            continue
        stack.append((symbol, True))
        stack += [(x, False) for x in reversed(symbol.inputs) if isinstance(x, Symbol)]
    return list(order)


def _with_parts(layer: Layer) -> list[Layer]:
    """The layer and, of one made of others, all of them: each remembers something."""
    return [layer, *(inner for part in layer.parts() for inner in _with_parts(part))]


def _add(gradients: dict[Symbol, Array], symbol: Symbol, dx: Array) -> None:
    gradients[symbol] = gradients[symbol] + dx if symbol in gradients else dx


def _each(given: tuple[Any, ...], count: int) -> tuple[Any, ...]:
    """One thing for each: several may come as one tuple."""
    return tuple(given[0]) if len(given) == 1 and count > 1 else given
