"""Do the networks of the textbooks come out here as they are printed there? Ours beside theirs, on MNIST.

Every network passes the gate first. Means over the seeds, which choose weights, order and dropout masks.

    GRADCHECK_DATA=folder python benchmarks/published_results.py              # three seeds, all: twenty minutes
    python benchmarks/published_results.py --seeds 0 --only dense-512         # minutes
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import mean

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy is imported

import numpy as np

from gradcheck.training import Callback, Dataset, Epoch, Run, evaluate, fit, load_mnist
from gradcheck.training.recipes import RECIPES


@dataclass(frozen=True)
class Published:
    """What is printed for a recipe after so many epochs (or steps), and what ours has to reach.

    Attributes
    ----------
    after : int
        Epochs, counted from 1; 0 for the end of `steps`.
    source, says : str
        Where, and the test accuracy there.
    least, most : float
        Between which our mean has to lie.
    gap : float
        How far training and test accuracy may lie apart.
    """

    recipe: str
    after: int
    source: str
    says: str
    least: float
    most: float = 1.0
    gap: float = 1.0
    steps: int = 0


PUBLISHED = (
    Published("two-layer", 0, "Saito 2017, section 4.5", "about 94 %", 0.945, gap=0.01, steps=10_000),
    Published("dense-512", 5, "Chollet 2021, section 2.1", "97.9 %", 0.979),
    Published("dropout-512", 2, "TensorFlow, beginners' quickstart, 5 epochs", "about 98 %", 0.972),
    Published("dropout-512", 10, "the same", "about 98 %", 0.980),
    Published("plain-512", 10, "Chollet 2021, section 2.5", "82 %", 0.80, 0.84),
    Published("conv", 8, "LeNet-5 without distortions, LeCun 1998", "99.05 %", 0.992),
)


class StopAfter(Callback):
    """Ends a training after so many steps."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def on_batch(self, run: Run) -> None:
        """Count."""
        if run.optimizer.steps >= self.steps:
            run.stop = f"stopped after {self.steps:,} steps"


@dataclass(frozen=True)
class Result:
    """Accuracies after each epoch, or at the end; the CPU seconds of all of it."""

    epochs: list[Epoch]
    seconds: float


def train(name: str, digits: Dataset, seed: int, steps: int, epochs: int) -> Result:
    """One recipe, one seed."""
    recipe, start = RECIPES[name], time.process_time()
    network = recipe.network(digits.pixels, digits.classes, seed)
    held_out = digits.x_test, digits.t_test
    history = fit(
        network,
        digits.x_train,
        digits.t_train,
        epochs=epochs,
        batch_size=recipe.batch_size,
        optimizer=recipe.optimizer(epochs * -(-len(digits.x_train) // recipe.batch_size)),
        validation=None if steps else held_out,
        callbacks=[StopAfter(steps)] if steps else [],
        seed=seed,
        shuffle=recipe.shuffle,
    )
    if steps:
        loss, right = evaluate(network, digits.x_train, digits.t_train)
        test_loss, test_right = evaluate(network, *held_out)
        history.epochs.append(Epoch(0, loss, right, test_right, test_loss))
    return Result(history.epochs, time.process_time() - start)


def rows(digits: Dataset, seeds: list[int], only: str) -> Iterator[tuple[str, bool]]:
    """A line of the table for each thing published, and whether it was reached."""
    for name in dict.fromkeys(published.recipe for published in PUBLISHED if only in published.recipe):
        wanted = [published for published in PUBLISHED if published.recipe == name]
        epochs = max(RECIPES[name].epochs if published.steps else published.after for published in wanted)
        results = [train(name, digits, seed, wanted[0].steps, epochs) for seed in seeds]
        for published in wanted:
            ends = [result.epochs[published.after - 1] for result in results]
            test, own = (mean(getattr(end, part) for end in ends) for part in ("validation_accuracy", "accuracy"))
            spread = max(end.validation_accuracy for end in ends) - min(end.validation_accuracy for end in ends)
            good = published.least <= test <= published.most and abs(own - test) <= published.gap
            length = f"{published.after} epochs" if published.after else f"{published.steps:,} steps"
            bounds = f"{published.least:.1%}" + ("" if published.most == 1 else f" to {published.most:.1%}")
            yield (
                f"| {name} | {length} | {published.says} ({published.source}) | {test:.2%} | {spread:.2%} | {own:.2%} "
                f"| {bounds} | {'yes' if good else 'NO'} | {mean(result.seconds for result in results):.0f} |",
                good,
            )


def main() -> int:
    """Print the table; the exit code says whether all was reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", default="", help="recipes with this in their name")
    options = parser.parse_args()
    digits = load_mnist(dtype=np.float32)
    print(f"{digits.name} from {digits.source}; seeds {', '.join(map(str, options.seeds))}; float32")
    print("| network | after | published | test | spread | training | wanted | reached | CPU s |")
    print("|:--|:--|:--|--:|--:|--:|:--|:--|--:|")
    good = True
    for line, reached in rows(digits, options.seeds, options.only):
        print(line, flush=True)
        good &= reached
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
