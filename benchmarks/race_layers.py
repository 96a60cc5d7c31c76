"""How fast are forward and backward of every layer, compared with PyTorch on the same CPU?

Both sides do the same: our layer, and what the references of the tests (tests/torch_references) call its counterpart,
with the gradients of all float inputs and parameters. They take turns within one process, with one thread each; times
are CPU seconds, so that other programs count little, and the medians are compared. Sizes are those of small networks.

    python benchmarks/race_layers.py                       # minutes; both precisions
    python benchmarks/race_layers.py --only Conv --rounds 9
    python benchmarks/race_layers.py --worst               # the slowest first
"""

import argparse
import os
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import geometric_mean, median
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy is imported

import numpy as np
import torch
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from torch_references import NOT_IN_TORCH, REFERENCES, as_tensor

from gradcheck import analytic
from gradcheck.analytic import Layer, Loss

IMAGES, ROWS, SEQUENCES, HEADS = (16, 16, 32, 32), (128, 512), (32, 24, 32), (16, 4, 64, 32)
CLASSES = 10


@dataclass(frozen=True)
class Race:
    """A layer for a dtype, the shapes of its float inputs, and integer inputs after them."""

    layer: Callable[[Any], Layer | Loss]
    shapes: tuple[tuple[int, ...], ...]
    integers: tuple[np.ndarray, ...] = ()
    counterpart: Callable[..., Any] | None = None
    draw: Callable[[np.random.Generator, tuple[int, ...]], Any] = lambda rng, shape: rng.normal(size=shape)


def plain(kind: Any, shape: tuple[int, ...], *args: Any, **options: Any) -> Race:
    """A layer without parameters, and so without a dtype."""
    return Race(lambda dtype: kind(*args, **options), (shape,))


def typed(kind: Any, shape: tuple[int, ...], *args: Any, **options: Any) -> Race:
    """A layer with parameters."""
    return Race(lambda dtype: kind(*args, **options, dtype=dtype), (shape,))


def both_ways(subject: Any, p: dict[str, Any], x: Any) -> Any:
    """PyTorch's bidirectional LSTM with these weights: the last state of each direction."""
    H = len(p["onward.U"])
    module = torch.nn.LSTM(x.shape[-1], H, batch_first=True, bidirectional=True, dtype=x.dtype)
    weights = {}
    for name, suffix in (("onward", ""), ("back", "_reverse")):
        weights |= {f"weight_ih_l0{suffix}": p[f"{name}.W"].T, f"weight_hh_l0{suffix}": p[f"{name}.U"].T}
        weights |= {f"bias_ih_l0{suffix}": p[f"{name}.b"], f"bias_hh_l0{suffix}": torch.zeros_like(p[f"{name}.b"])}
    y, _ = torch.func.functional_call(module, weights, (x,))
    return torch.cat([y[:, -1, :H], y[:, 0, H:]], dim=-1)


def loss(kind: Any, *args: Any, draw: Any = None) -> Race:
    """A loss of rows of numbers against others."""
    options = {"draw": draw} if draw else {}
    return Race(lambda dtype: kind(*args), (ROWS, ROWS), **options)


def races() -> dict[str, Race]:
    """All of them; a line for each layer."""
    a, rng = analytic, np.random.default_rng(0)
    labels, words = rng.integers(CLASSES, size=128), rng.integers(1000, size=(32, 24))
    pointwise = ["Sigmoid", "HardSigmoid", "ReLU", "Tanh", "LeakyReLU", "ELU", "SELU", "Softplus", "SiLU", "GELU"]
    return {
        "Dense": typed(a.Dense, ROWS, 512, 256),
        **{name: plain(getattr(a, name), ROWS) for name in pointwise},
        "GELU, approximate": plain(a.GELU, ROWS, approximate=True),
        "Softmax": plain(a.Softmax, ROWS),
        "LogSoftmax": plain(a.LogSoftmax, ROWS),
        "Flatten": plain(a.Flatten, IMAGES),
        "Reshape": plain(a.Reshape, IMAGES, (16, -1)),
        "Dropout": Race(lambda dtype: a.Dropout(0.5, 0), (ROWS,), counterpart=lambda s, p, x: functional.dropout(x)),
        "SpatialDropout": Race(
            lambda dtype: a.SpatialDropout(0.5, 0), (IMAGES,), counterpart=lambda s, p, x: functional.dropout2d(x)
        ),
        "Add": Race(lambda dtype: a.Add(), (IMAGES, IMAGES)),
        "Concatenate": Race(lambda dtype: a.Concatenate(1), (IMAGES, IMAGES)),
        "BatchNormalization": typed(a.BatchNormalization, IMAGES, 16),
        "BatchNormalization, rows": typed(a.BatchNormalization, ROWS, 512),
        "LayerNormalization": typed(a.LayerNormalization, ROWS, 512),
        "GroupNormalization": typed(a.GroupNormalization, IMAGES, 16, 4),
        "RMSNorm": typed(a.RMSNorm, ROWS, 512),
        "Conv1D": typed(a.Conv1D, (16, 16, 256), 16, 32, 3, padding="same"),
        "Conv2D": typed(a.Conv2D, IMAGES, 16, 32, 3, padding="same"),
        "Conv2D, 1 channel, 5 × 5": typed(a.Conv2D, (32, 1, 28, 28), 1, 8, 5),
        "Conv2D, strided": typed(a.Conv2D, IMAGES, 16, 32, 3, padding=1, stride=2),
        "Conv2D, 1 × 1": typed(a.Conv2D, IMAGES, 16, 32, 1),
        "Conv2D, groups": typed(a.Conv2D, IMAGES, 16, 32, 3, padding="same", groups=4),
        "Conv3D": typed(a.Conv3D, (4, 4, 8, 16, 16), 4, 8, 3, padding="same"),
        "DepthwiseConv2D": typed(a.DepthwiseConv2D, IMAGES, 16, 3, padding="same"),
        "SeparableConv2D": typed(a.SeparableConv2D, IMAGES, 16, 32, 3, padding="same"),
        "Conv2DTranspose": typed(a.Conv2DTranspose, (16, 16, 16, 16), 16, 16, 3, stride=2, padding=1, output_padding=1),
        **{name: plain(getattr(a, name), (16, 16, 256), 2) for name in ("MaxPooling1D", "AveragePooling1D")},
        **{name: plain(getattr(a, name), IMAGES, 2) for name in ("MaxPooling2D", "AveragePooling2D")},
        **{
            f"{name}, overlapping": plain(getattr(a, name), IMAGES, 3, 2, 1)
            for name in ("MaxPooling2D", "AveragePooling2D")
        },
        **{name: plain(getattr(a, name), (4, 4, 16, 16, 16), 2) for name in ("MaxPooling3D", "AveragePooling3D")},
        "GlobalMaxPooling2D": plain(a.GlobalMaxPooling2D, IMAGES),
        "GlobalAveragePooling2D": plain(a.GlobalAveragePooling2D, IMAGES),
        "UpSampling2D": plain(a.UpSampling2D, IMAGES, 2),
        "UpSampling2D, bilinear": plain(a.UpSampling2D, IMAGES, 2, "bilinear"),
        "Embedding": Race(lambda dtype: a.Embedding(1000, 32, 0, dtype), (), (words,)),
        "SimpleRNN": typed(a.SimpleRNN, SEQUENCES, 32, 48),
        "LSTM": typed(a.LSTM, SEQUENCES, 32, 48),
        "GRU": typed(a.GRU, SEQUENCES, 32, 48),
        "Bidirectional": Race(
            lambda dtype: a.Bidirectional(a.LSTM(32, 24, rng=0, dtype=dtype), a.LSTM(32, 24, rng=1, dtype=dtype)),
            (SEQUENCES,),
            counterpart=both_ways,
        ),
        "ScaledDotProductAttention": Race(lambda dtype: a.ScaledDotProductAttention(), (HEADS, HEADS, HEADS)),
        "ScaledDotProductAttention, causal": Race(
            lambda dtype: a.ScaledDotProductAttention(causal=True), (HEADS, HEADS, HEADS)
        ),
        "MultiHeadAttention": typed(a.MultiHeadAttention, SEQUENCES, 32, 4),
        **{name: loss(getattr(a, name)) for name in ("MeanSquaredError", "MeanAbsoluteError", "Huber")},
        "SigmoidCrossEntropy": loss(a.SigmoidCrossEntropy),
        "BinaryCrossEntropy": loss(a.BinaryCrossEntropy, draw=lambda rng, shape: rng.uniform(0.1, 0.9, shape)),
        "FocalLoss": loss(a.FocalLoss, draw=lambda rng, shape: rng.integers(2, size=shape)),
        "KLDivergence": loss(a.KLDivergence, draw=lambda rng, shape: rng.uniform(0.1, 0.9, shape)),
        "CosineDistance": loss(a.CosineDistance),
        "CategoricalHinge": Race(lambda dtype: a.CategoricalHinge(), ((128, CLASSES),), (labels,)),
        "CTC": Race(lambda dtype: a.CTC(), ((32, 24, CLASSES),), (rng.integers(1, CLASSES, (32, 8)),)),
        "L1": plain(a.L1, ROWS),
        "L2": plain(a.L2, ROWS),
        "SoftmaxCrossEntropy": Race(lambda dtype: a.SoftmaxCrossEntropy(), ((128, CLASSES),), (labels,)),
    }


@dataclass(frozen=True)
class Times:
    """Median CPU seconds of forward and backward on both sides."""

    ours: tuple[float, float]
    torch: tuple[float, float]

    @property
    def ratio(self) -> float:
        """How many times as long we take for both together."""
        return sum(self.ours) / sum(self.torch)


def run(race: Race, dtype: Any, rounds: int) -> Times:
    """Both sides in turns."""
    rng, layer = np.random.default_rng(0), race.layer(dtype)
    inputs = [*(race.draw(rng, shape).astype(dtype) for shape in race.shapes), *race.integers]
    reference = race.counterpart or REFERENCES[type(layer)]
    targets = isinstance(layer, Loss)
    tensors = [as_tensor(x, x.dtype == dtype and not (targets and i)) for i, x in enumerate(inputs)]
    params = {key: as_tensor(W, True) for key, W in layer.params.items()}
    wanted = [t for t in (*tensors, *params.values()) if t.requires_grad]
    y = np.asarray(layer.forward(*inputs))
    dy = rng.normal(size=y.shape).astype(dtype)
    dy_ours, dy_torch = dy[()] if targets else dy, as_tensor(dy)

    def one_round() -> tuple[float, ...]:
        start = time.process_time()
        layer.forward(*inputs)
        middle = time.process_time()
        layer.backward(dy_ours)
        end = time.process_time()
        value = reference(layer, params, *tensors)
        half = time.process_time()
        torch.autograd.grad(value, wanted, dy_torch)
        return middle - start, end - middle, half - end, time.process_time() - half

    one_round()
    measured = [median(column) for column in zip(*(one_round() for _ in range(rounds)), strict=True)]
    return Times((measured[0], measured[1]), (measured[2], measured[3]))


def table(results: dict[tuple[str, str], Times]) -> str:
    """Milliseconds, and how many times PyTorch's they are."""
    lines = [
        "| layer | dtype | forward, ms | torch | times | backward, ms | torch | times | both |",
        "|:--|:--|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for (name, dtype), times in results.items():
        cells = [
            f"{1e3 * ours:.3f} | {1e3 * theirs:.3f} | {ours / theirs:.1f}"
            for ours, theirs in zip(times.ours, times.torch, strict=True)
        ]
        lines.append(f"| {name} | {dtype} | {' | '.join(cells)} | {times.ratio:.1f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="layers with this in their name")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--dtype", choices=["float32", "float64"], help="one precision only")
    parser.add_argument("--worst", action="store_true", help="the slowest first")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    dtypes = [options.dtype] if options.dtype else ["float32", "float64"]
    chosen = {name: race for name, race in races().items() if options.only.lower() in name.lower()}
    results = {
        (name, dtype): run(race, np.dtype(dtype), options.rounds) for name, race in chosen.items() for dtype in dtypes
    }
    if options.worst:
        results = dict(sorted(results.items(), key=lambda item: -item[1].ratio))
    print(table(results))
    ratios = [times.ratio for times in results.values()]
    print(f"\n{len(ratios)} races; geometric mean {geometric_mean(ratios):.2f}, largest {max(ratios):.1f}", end="; ")
    print(f"without a counterpart in PyTorch: {', '.join(kind.__name__ for kind in NOT_IN_TORCH)}")


if __name__ == "__main__":
    main()
