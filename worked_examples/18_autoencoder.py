"""An autoencoder: a picture through a narrow place, and back.

One learns to train without classes (the picture is its own target), how few numbers a digit can be written in, and what
the least squares of linear algebra, principal components, do with the same number. With `--full` it is MNIST, and takes
some minutes.

    python worked_examples/18_autoencoder.py [--full] [--plot FILE]
"""

import argparse

import numpy as np

from gradcheck.analytic import Dense, Sequential, SigmoidCrossEntropy, Tanh, sigmoid
from gradcheck.training import Adam, fit, load

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--full", action="store_true", help="MNIST instead of the small digits")
parser.add_argument("--plot", metavar="FILE", help="save a picture of digits and their reconstructions")
options = parser.parse_args()

digits = load("mnist" if options.full else "digits")
D, hidden, code = (784, 256, 32) if options.full else (64, 64, 8)
side = int(D**0.5)


def drawn(pictures):
    """Pictures in characters, side by side."""
    rows = np.concatenate([picture.reshape(side, side) for picture in pictures], axis=1)
    lines = ("".join(" .:-=+*#%@"[int(9.99 * np.clip(value, 0, 1))] * 2 for value in row) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def new_autoencoder():
    rng = np.random.default_rng(0)
    encoder = Sequential(Dense(D, hidden, rng), Tanh(), Dense(hidden, code, rng))
    decoder = Sequential(Dense(code, hidden, rng), Tanh(), Dense(hidden, D, rng))
    return Sequential(encoder, decoder, loss=SigmoidCrossEntropy())


def train(network, x, epochs):
    """From x back to the pictures."""
    return fit(
        network, x, digits.x_train, epochs=epochs, batch_size=32,
        optimizer=Adam(0.003), validation=(digits.x_test, digits.x_test),
    )  # fmt: skip


def reconstructed(network, x):
    return sigmoid(network.predict(x))


autoencoder, epochs = new_autoencoder(), 10 if options.full else 15

print(f"1. {D} pixels → {code} numbers → {D} pixels; the target is the picture itself\n")
history = train(autoencoder, digits.x_train, epochs)
print(f"gradients first: {history.report.verdict}\n")
print(f"{'epoch':>5}{'learned from':>15}{'held out':>11}")
for epoch in history.epochs:
    if epoch.number in {1, 2, 5, 10, epochs}:
        print(f"{epoch.number:>5}{epoch.loss:>15.3f}{epoch.validation_loss:>11.3f}")

print("\n\n2. Held-out digits, and below what came back\n")
shown = np.array([np.flatnonzero(digits.t_test == digit)[0] for digit in (0, 2, 3, 4, 7)])[: 2 if options.full else 5]
print(drawn(digits.x_test[shown]) + "\n\n" + drawn(reconstructed(autoencoder, digits.x_test[shown])))


print(f"\n\n3. {code} numbers chosen by least squares instead\n")
mean = digits.x_train.mean(axis=0)
components = np.linalg.svd(digits.x_train - mean, full_matrices=False)[2][:code]
by_components = mean + (digits.x_test - mean) @ components.T @ components
print("mean squared error of a held-out pixel")
for name, back in (
    ("all the same, the mean picture", np.broadcast_to(mean, digits.x_test.shape)),
    (f"{code} principal components", by_components),
    (f"{code} numbers of the autoencoder", reconstructed(autoencoder, digits.x_test)),
):
    print(f"  {name:<36}{np.mean((back - digits.x_test) ** 2):.4f}")


print("\n\n4. Another one, shown noisy pictures and asked for the clean ones\n")
noise = np.random.default_rng(1)
noisy_train, noisy = (np.clip(x + noise.normal(0, 0.3, x.shape), 0, 1) for x in (digits.x_train, digits.x_test))
denoiser = new_autoencoder()
train(denoiser, noisy_train, epochs)
print(drawn(noisy[shown]) + "\n\n" + drawn(reconstructed(denoiser, noisy[shown])))
print("\nmean squared distance to the clean picture")
for name, x in (
    ("the noisy picture", noisy),
    ("through the autoencoder", reconstructed(autoencoder, noisy)),
    ("through this one", reconstructed(denoiser, noisy)),
):
    print(f"  {name:<36}{np.mean((x - digits.x_test) ** 2):.4f}")

if options.plot:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 5), layout="constrained")
    some = np.arange(10)
    x, x_noisy = digits.x_test[some], noisy[some]
    rows = {
        "digits": x,
        "reconstructed": reconstructed(autoencoder, x),
        "with noise": x_noisy,
        "noise taken away": reconstructed(denoiser, x_noisy),
    }
    for line, (name, pictures) in zip(figure.subplots(4, 10), rows.items(), strict=True):
        line[0].set_ylabel(name)
        for axes, picture in zip(line, pictures, strict=True):
            axes.imshow(picture.reshape(side, side), cmap="gray", vmin=0, vmax=1)
            axes.set(xticks=[], yticks=[])
    figure.savefig(options.plot)
