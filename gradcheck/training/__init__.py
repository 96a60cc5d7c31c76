"""Training: data, an optimiser, and a loop that verifies before it learns.

What a reader can do here, in reading order: load pictures of digits (:func:`load`, :func:`load_mnist`,
:func:`load_digits`), move weights along their gradients (:class:`SGD`), measure (:func:`accuracy`), and
put it together (:func:`fit`), behind a :func:`gate` that no wrong gradient passes.
"""

from gradcheck.training.dataset import DataError as DataError
from gradcheck.training.dataset import Dataset as Dataset
from gradcheck.training.datasets import load as load
from gradcheck.training.digits import load_digits as load_digits
from gradcheck.training.gate import gate as gate
from gradcheck.training.loop import Epoch as Epoch
from gradcheck.training.loop import History as History
from gradcheck.training.loop import evaluate as evaluate
from gradcheck.training.loop import fit as fit
from gradcheck.training.metrics import accuracy as accuracy
from gradcheck.training.mnist import load_mnist as load_mnist
from gradcheck.training.optimizers import SGD as SGD

__all__ = [
    "SGD",
    "DataError",
    "Dataset",
    "Epoch",
    "History",
    "accuracy",
    "evaluate",
    "fit",
    "gate",
    "load",
    "load_digits",
    "load_mnist",
]
