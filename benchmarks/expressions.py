"""Random functions of NumPy arrays, as source text: right by construction, reproducible by seed and number.

With this file one can draw a program (:func:`draw`), read it, and run it with autograd's NumPy or any other. A
program is a few lines, each of which applies something to the line before it:

    def f(x0, x1):
        v1 = np.sin(1e+03 * x0)
        v2 = v1 @ x1
        return softmax(v2, axis=0)

Every line is chosen among those that its operand's shape allows, with constants that bring the values to where the
function bends, so that nothing overflows and no domain is left; the values are computed along the way.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import autograd.numpy as anp
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Rng = np.random.Generator


def softmax(v: Any, axis: int) -> Any:
    e = anp.exp(v - anp.max(v, axis=axis, keepdims=True))
    return e / anp.sum(e, axis=axis, keepdims=True)


def logsumexp(v: Any, axis: int) -> Any:
    largest = anp.max(v, axis=axis, keepdims=True)
    return anp.log(anp.sum(anp.exp(v - largest), axis=axis)) + anp.squeeze(largest, axis=axis)


def standardize(v: Any, axis: int) -> Any:
    centred = v - anp.mean(v, axis=axis, keepdims=True)
    return centred / anp.sqrt(anp.mean(centred**2, axis=axis, keepdims=True) + 1e-3)


NAMESPACE = {"np": anp, "softmax": softmax, "logsumexp": logsumexp, "standardize": standardize}

SMOOTH = (
    "np.sin({u})", "np.cos({u})", "np.tanh({u})", "np.arctan({u})", "np.exp({u})", "np.expm1({u})", "np.sinh({u})",
    "np.cosh({u})", "1 / (1 + np.exp(-({u})))", "np.logaddexp(0.0, {u})", "np.log1p(({u})**2)",
    "np.sqrt(1 + ({u})**2)", "({u})**2", "({u})**3", "np.exp(-(({u})**2))", "1 / (0.5 + ({u})**2)",
)  # fmt: skip
KINKED = (
    "np.abs({u})", "np.maximum({u}, 0.0)", "np.clip({u}, -0.5, 0.5)", "np.where({u} > 0, {u}, 0.1 * ({u}))",
    "np.log(np.abs({u}) + 0.1)", "np.minimum({u}, np.exp({u}) - 1)",
)  # fmt: skip
POSITIVE = ("np.log({u})", "np.sqrt({u})", "({u})**0.37", "1 / ({u})")
PAIRS = (
    "{v} + {w}", "{v} - {w}", "{v} * {w}", "{u} / (0.5 + ({w})**2)", "np.maximum({v}, {w})", "np.minimum({v}, {w})",
    "np.logaddexp({u}, {w})", "np.arctan2({u}, {w})", "np.sqrt(({u})**2 + ({w})**2 + 0.1)",
)  # fmt: skip
REDUCTIONS = (
    "np.sum({v}, axis={a})", "np.mean({v}, axis={a})", "np.max({v}, axis={a})", "np.min({v}, axis={a})",
    "np.var({u}, axis={a})", "np.sqrt(np.var({u}, axis={a}) + 0.01)", "np.sum({v}, axis={a}, keepdims=True)",
    "np.prod({u}, axis={a})",
    "np.sqrt(np.sum(({u})**2, axis={a}) + 0.01)", "logsumexp({u}, axis={a})", "np.sum({v})", "np.mean(({u})**2)",
)  # fmt: skip
ALONG = (
    "softmax({u}, axis={a})",
    "standardize({u}, axis={a})",
    "np.cumsum({v}, axis={a})",
    "np.log(softmax({u}, axis={a}))",
)
MOVES = (
    "{v}.T", "np.reshape({v}, -1)", "{v}[::-1]", "{v}[1:]", "{v}[..., ::2]", "{v}[[0, -1, 0]]", "{v}[..., [-1, 0]]",
    "{v}[None]", "np.concatenate([{v}, {v}[:1] * {v}[-1:]])", "np.stack([{u}, np.sin({u})])", "np.roll({v}, 1, axis=0)",
    "np.repeat({v}, 2, axis=0)", "np.sort(np.reshape({v}, -1))", "np.swapaxes({v}, 0, -1)", "np.diff({v}, axis=0)",
)  # fmt: skip
PRODUCTS = ("{v} @ {right}", "np.dot({v}, {right})", "np.tensordot({v}, {right}, axes=1)", "{u} @ ({u}).T")
OUTER = "np.outer({u}, {right})"


@dataclass
class Program:
    """A function drawn at random: its lines, its inputs, and the value of every line at those inputs."""

    rng: Rng
    inputs: dict[str, Array] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    values: dict[str, Array] = field(default_factory=dict)
    last: str = ""

    def input(self, shape: tuple[int, ...]) -> str:
        """A new input of any scale between 1e-8 and 1e8; the values of one in ten spread over decades."""
        name, rng = f"x{len(self.inputs)}", self.rng
        spread = rng.uniform(-3, 3, shape) if rng.random() < 0.1 else 0.0
        value = rng.normal(size=shape) * 10.0 ** (rng.uniform(-8, 8) + spread)
        self.inputs[name] = self.values[name] = np.asarray(value)
        return name

    def unit(self, name: str) -> str:
        """Text for a value of size about 1: where most functions bend."""
        largest = float(np.max(np.abs(self.values[name])))
        power = int(np.round(np.log10(largest))) if largest else 0
        return name if power == 0 else f"1e{-power:+03d} * {name}"

    def try_line(self, text: str) -> bool:
        """Append a line, if it fits the shapes and has a value that the next line can work with."""
        name = f"v{len(self.lines) + 1}"
        try:
            with np.errstate(all="ignore"):
                value = eval(text, {**NAMESPACE, **self.values})
        except (ValueError, IndexError):
            return False
        size = np.abs(value)
        if not (0 < np.size(value) <= 1500 and np.all(np.isfinite(size)) and 1e-30 < np.max(size) < 1e30):
            return False
        self.values[name], self.last = np.asarray(value), name
        self.lines.append(f"{name} = {text}")
        return True

    @property
    def source(self) -> str:
        """The program as Python."""
        return "\n    ".join([f"def f({', '.join(self.inputs)}):", *self.lines, f"return {self.last}"])

    def function(self) -> Callable[..., Any]:
        """The program as a function of ``autograd.numpy``."""
        namespace: dict[str, Any] = dict(NAMESPACE)
        exec(self.source, namespace)
        f: Callable[..., Any] = namespace["f"]
        return f


def draw(seed: int, number: int) -> Program:
    """Program `number` of this seed: two to eight lines over one to a few inputs."""
    rng = np.random.default_rng([seed, number])
    program = Program(rng)
    program.last = program.input(_shape(rng))
    wanted, attempts = int(rng.integers(2, 9)), 0
    while len(program.lines) < wanted and attempts < 100:
        attempts += 1
        kinds = (_elementwise, _scaled, _pair, _reduction, _along, _move, _product)
        kind = kinds[int(rng.choice(len(kinds), p=[0.3, 0.05, 0.2, 0.15, 0.1, 0.1, 0.1]))]
        before = dict(program.inputs), dict(program.values)
        if not any(program.try_line(text) for text in kind(program)):
            program.inputs, program.values = before  # without the input drawn for a line that came to nothing
    return program


def _shape(rng: Rng) -> tuple[int, ...]:
    if rng.random() < 0.1:
        return (int(rng.integers(20, 40)), int(rng.integers(20, 40)))
    return tuple(int(n) for n in rng.integers(1, 7, size=int(rng.integers(0, 4))))


def _elementwise(program: Program) -> Iterator[str]:
    v, rng = program.last, program.rng
    texts = [*SMOOTH, *KINKED]
    if np.min(program.values[v]) > 0.01 * np.max(program.values[v]):
        texts += POSITIVE * 3
    yield str(rng.choice(texts)).format(u=program.unit(v))


def _scaled(program: Program) -> Iterator[str]:
    rng, v = program.rng, program.last
    if rng.random() < 0.5:
        yield f"{10.0 ** rng.uniform(-8, 8):.3e} * {v}"
    else:
        yield f"{v} + {float(np.max(np.abs(program.values[v]))) * 10.0 ** rng.uniform(-1, 2):.3e}"


def _pair(program: Program) -> Iterator[str]:
    """With an earlier value or a new input that broadcasts; sums of comparable parts, products of any."""
    v, rng = program.last, program.rng
    shape = program.values[v].shape
    fitting = [name for name, value in program.values.items() if name != v and _broadcasts(value.shape, shape)]
    old = bool(fitting) and rng.random() < 0.5
    w = str(rng.choice(fitting)) if old else program.input(_broadcastable(rng, shape))
    text = str(rng.choice(PAIRS))
    if "{v} *" in text:
        yield text.format(v=v, w=w)
        return
    size = float(np.max(np.abs(program.values[v]))) if "{v}" in text else 1.0
    own = float(np.max(np.abs(program.values[w]))) or 1.0
    factor = size / own * 10.0 ** rng.uniform(-1, 1)
    yield text.format(v=v, u=program.unit(v), w=f"{factor:.3e} * {w}")


def _broadcastable(rng: Rng, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape itself, some axes of length 1, leading axes missing, or one more in front."""
    some = tuple(1 if rng.random() < 0.2 else n for n in shape)
    cut = int(rng.integers(len(shape) + 1)) if rng.random() < 0.3 else 0
    return (int(rng.integers(2, 4)), *some) if rng.random() < 0.1 else some[cut:]


def _broadcasts(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    try:
        np.broadcast_shapes(one, other)
    except ValueError:
        return False
    return True


def _reduction(program: Program) -> Iterator[str]:
    yield from _with_axis(program, REDUCTIONS)


def _along(program: Program) -> Iterator[str]:
    yield from _with_axis(program, ALONG)


def _with_axis(program: Program, texts: tuple[str, ...]) -> Iterator[str]:
    v, rng = program.last, program.rng
    ndim = program.values[v].ndim
    text = str(rng.choice(texts))
    divides_by_each = "prod" in text  # autograd does, to leave one factor out
    if ndim and not (divides_by_each and np.any(program.values[v] == 0)):
        yield text.format(v=v, u=program.unit(v), a=int(rng.integers(ndim)))


def _move(program: Program) -> Iterator[str]:
    v, rng = program.last, program.rng
    if program.values[v].ndim:
        yield str(rng.choice(MOVES)).format(v=v, u=program.unit(v))


def _product(program: Program) -> Iterator[str]:
    v, rng = program.last, program.rng
    value = program.values[v]
    text = str(rng.choice([*PRODUCTS, OUTER] if value.ndim == 1 else PRODUCTS))
    if not value.ndim:
        return
    columns = () if text == OUTER or rng.random() < 0.3 else (int(rng.integers(1, 6)),)
    right = program.input((value.shape[-1], *columns)) if "{right}" in text else ""
    yield text.format(v=v, u=program.unit(v), right=right)
