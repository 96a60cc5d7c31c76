"""Checkpoints: the best network kept, and a training that goes on as if it had never been interrupted.

One learns what has to be in a file for that (weights, the optimiser's memory, the state of the random generator), and
why the best epoch is chosen on pictures that are neither learned from nor reported in the end.

    python worked_examples/12_checkpoints.py
"""

import tempfile
from pathlib import Path

import numpy as np

from gradcheck.analytic import Dense, Dropout, ReLU, Sequential, SoftmaxCrossEntropy
from gradcheck.training import Adam, Checkpoint, evaluate, fit, load, load_network, save

digits = load("digits")
order = np.random.default_rng(0).permutation(len(digits.x_train))
learn, choose = order[:200], order[200:500]  # few to learn from, so that there is a best epoch
EXAMPLES = digits.x_train[learn], digits.t_train[learn]
VALIDATION = digits.x_train[choose], digits.t_train[choose]


def new_network():
    return Sequential(
        Dense(64, 64, rng=1), ReLU(), Dropout(0.2, rng=2), Dense(64, 10, rng=3), loss=SoftmaxCrossEntropy()
    )


def train(network, epochs, **more):
    return fit(
        network, *EXAMPLES, epochs=epochs, batch_size=20, optimizer=Adam(0.01), validation=VALIDATION, seed=4, **more
    )


def same(a, b):
    """Whether two networks are equal to the last bit."""
    return all(np.array_equal(W, b.params[name]) for name, W in a.params.items())


with tempfile.TemporaryDirectory() as folder:
    print("1. One file, and the network again\n")
    network, path = new_network(), Path(folder) / "model.npz"
    save(path, network)
    again = load_network(path).network
    print(f"saved    {network!r}\nloaded   {again!r}\nequal to the last bit: {same(network, again)}")
    with np.load(path) as file:
        print("in the file: " + ", ".join(f"{name} {file[name].shape}" for name in file.files if file[name].ndim == 2))

    print("\n\n2. Thirty epochs, the best of them kept\n")
    checkpoint = Checkpoint(Path(folder) / "whole", best="validation_loss")
    history = train(network, 30, callbacks=[checkpoint])
    best = history.best("validation_loss")
    print(f"{'epoch':>5}{'learned from':>15}{'to choose by':>15}")
    for epoch in history.epochs:
        if epoch.number in {1, 5, 10, 20, 30, best.number}:
            mark = "   the best" if epoch is best else ""
            print(f"{epoch.number:>5}{epoch.loss:>15.3f}{epoch.validation_loss:>15.3f}{mark}")
    print("\nof the held-out pictures, seen here for the first time:")
    for name, file in (("last", checkpoint.last), ("best", checkpoint.best)):
        loss, share = evaluate(load_network(file).network, digits.x_test, digits.t_test)
        print(f"{name}   loss {loss:.3f}   read right {share:.1%}")

    print("\n\n3. Interrupted after eight epochs, continued in another process perhaps\n")
    part = Checkpoint(Path(folder) / "part")
    train(new_network(), 8, callbacks=[part], verify=False)  # its gradients were found right above
    continued = new_network()
    train(continued, 30, resume=part.last, verify=False)
    print(f"the same network, bit for bit, as without the interruption: {same(continued, network)}")

    weights_only = load_network(part.last).network
    train(weights_only, 22, verify=False)
    print(f"the same with the weights alone, and a new Adam: {same(weights_only, network)}")
    print("""
Adam remembers a mean and a mean square for every weight, the generator which picture comes next, and dropout which
unit is left out next. Weights are a result; a state to go on from is more.""")
