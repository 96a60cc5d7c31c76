"""Training: data, an optimiser, and a loop that verifies before it learns.

What a reader can do here, in reading order: load pictures of digits (:func:`load`, :func:`load_mnist`,
:func:`load_digits`), choose the weights to begin with (:mod:`~gradcheck.training.initializers`), move them
along their gradients (:mod:`~gradcheck.training.optimizers`), measure
(:mod:`~gradcheck.training.metrics`), and put it together (:func:`fit`), behind a :func:`gate` that no wrong
gradient passes, with whatever else should happen meanwhile (:mod:`~gradcheck.training.callbacks`); then keep what
was learned (:func:`save`, :func:`load_network`).
"""

from gradcheck.training.callbacks import Callback as Callback
from gradcheck.training.callbacks import Checkpoint as Checkpoint
from gradcheck.training.callbacks import CSVLog as CSVLog
from gradcheck.training.callbacks import Curves as Curves
from gradcheck.training.callbacks import EarlyStopping as EarlyStopping
from gradcheck.training.callbacks import ObservePlateau as ObservePlateau
from gradcheck.training.callbacks import Progress as Progress
from gradcheck.training.callbacks import Run as Run
from gradcheck.training.callbacks import ScheduleRate as ScheduleRate
from gradcheck.training.callbacks import draw_curves as draw_curves
from gradcheck.training.dataset import DataError as DataError
from gradcheck.training.dataset import Dataset as Dataset
from gradcheck.training.datasets import load as load
from gradcheck.training.digits import load_digits as load_digits
from gradcheck.training.evaluation import evaluate as evaluate
from gradcheck.training.evaluation import predict as predict
from gradcheck.training.gate import gate as gate
from gradcheck.training.history import Epoch as Epoch
from gradcheck.training.history import History as History
from gradcheck.training.initializers import Glorot as Glorot
from gradcheck.training.initializers import He as He
from gradcheck.training.initializers import Initializer as Initializer
from gradcheck.training.initializers import LeCun as LeCun
from gradcheck.training.initializers import Normal as Normal
from gradcheck.training.initializers import Orthogonal as Orthogonal
from gradcheck.training.initializers import Uniform as Uniform
from gradcheck.training.initializers import VarianceScaling as VarianceScaling
from gradcheck.training.initializers import Zeros as Zeros
from gradcheck.training.initializers import initialize as initialize
from gradcheck.training.loop import fit as fit
from gradcheck.training.metrics import accuracy as accuracy
from gradcheck.training.metrics import auc as auc
from gradcheck.training.metrics import confusion_matrix as confusion_matrix
from gradcheck.training.metrics import f1 as f1
from gradcheck.training.metrics import mean_absolute_error as mean_absolute_error
from gradcheck.training.metrics import mean_squared_error as mean_squared_error
from gradcheck.training.metrics import precision as precision
from gradcheck.training.metrics import r2 as r2
from gradcheck.training.metrics import recall as recall
from gradcheck.training.metrics import top_k_accuracy as top_k_accuracy
from gradcheck.training.mnist import load_mnist as load_mnist
from gradcheck.training.optimizers import SGD as SGD
from gradcheck.training.optimizers import Adadelta as Adadelta
from gradcheck.training.optimizers import Adagrad as Adagrad
from gradcheck.training.optimizers import Adam as Adam
from gradcheck.training.optimizers import Adamax as Adamax
from gradcheck.training.optimizers import AdamW as AdamW
from gradcheck.training.optimizers import ClipByGlobalNorm as ClipByGlobalNorm
from gradcheck.training.optimizers import ClipByNorm as ClipByNorm
from gradcheck.training.optimizers import ClipByValue as ClipByValue
from gradcheck.training.optimizers import Clipping as Clipping
from gradcheck.training.optimizers import Constant as Constant
from gradcheck.training.optimizers import CosineDecay as CosineDecay
from gradcheck.training.optimizers import ExponentialDecay as ExponentialDecay
from gradcheck.training.optimizers import InverseTimeDecay as InverseTimeDecay
from gradcheck.training.optimizers import Nadam as Nadam
from gradcheck.training.optimizers import Optimizer as Optimizer
from gradcheck.training.optimizers import ReduceOnPlateau as ReduceOnPlateau
from gradcheck.training.optimizers import RMSprop as RMSprop
from gradcheck.training.optimizers import Schedule as Schedule
from gradcheck.training.optimizers import StepDecay as StepDecay
from gradcheck.training.optimizers import WarmUp as WarmUp
from gradcheck.training.saving import Saved as Saved
from gradcheck.training.saving import load_network as load_network
from gradcheck.training.saving import restore as restore
from gradcheck.training.saving import save as save

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "CSVLog",
    "Callback",
    "Checkpoint",
    "ClipByGlobalNorm",
    "ClipByNorm",
    "ClipByValue",
    "Clipping",
    "Constant",
    "CosineDecay",
    "Curves",
    "DataError",
    "Dataset",
    "EarlyStopping",
    "Epoch",
    "ExponentialDecay",
    "Glorot",
    "He",
    "History",
    "Initializer",
    "InverseTimeDecay",
    "LeCun",
    "Nadam",
    "Normal",
    "ObservePlateau",
    "Optimizer",
    "Orthogonal",
    "Progress",
    "RMSprop",
    "ReduceOnPlateau",
    "Run",
    "Saved",
    "Schedule",
    "ScheduleRate",
    "StepDecay",
    "Uniform",
    "VarianceScaling",
    "WarmUp",
    "Zeros",
    "accuracy",
    "auc",
    "confusion_matrix",
    "draw_curves",
    "evaluate",
    "f1",
    "fit",
    "gate",
    "initialize",
    "load",
    "load_digits",
    "load_mnist",
    "load_network",
    "mean_absolute_error",
    "mean_squared_error",
    "precision",
    "predict",
    "r2",
    "recall",
    "restore",
    "save",
    "top_k_accuracy",
]
