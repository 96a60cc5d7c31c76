"""Optimisers: how the weights move, given their gradients.

In reading order: :mod:`~gradcheck.training.optimizers.optimizer` (what all of them share: state, learning
rate, clipping, and why they work in blocks), :mod:`~gradcheck.training.optimizers.sgd`,
:mod:`~gradcheck.training.optimizers.adaptive` (Adagrad, RMSprop, Adadelta),
:mod:`~gradcheck.training.optimizers.adam` (Adam, AdamW, Adamax, Nadam), and what they can be given:
:mod:`~gradcheck.training.optimizers.schedules` and :mod:`~gradcheck.training.optimizers.clipping`.
"""

from gradcheck.training.optimizers.adam import Adam as Adam
from gradcheck.training.optimizers.adam import Adamax as Adamax
from gradcheck.training.optimizers.adam import AdamW as AdamW
from gradcheck.training.optimizers.adam import Nadam as Nadam
from gradcheck.training.optimizers.adaptive import Adadelta as Adadelta
from gradcheck.training.optimizers.adaptive import Adagrad as Adagrad
from gradcheck.training.optimizers.adaptive import RMSprop as RMSprop
from gradcheck.training.optimizers.clipping import ClipByGlobalNorm as ClipByGlobalNorm
from gradcheck.training.optimizers.clipping import ClipByNorm as ClipByNorm
from gradcheck.training.optimizers.clipping import ClipByValue as ClipByValue
from gradcheck.training.optimizers.clipping import Clipping as Clipping
from gradcheck.training.optimizers.optimizer import Optimizer as Optimizer
from gradcheck.training.optimizers.schedules import Constant as Constant
from gradcheck.training.optimizers.schedules import CosineDecay as CosineDecay
from gradcheck.training.optimizers.schedules import ExponentialDecay as ExponentialDecay
from gradcheck.training.optimizers.schedules import InverseTimeDecay as InverseTimeDecay
from gradcheck.training.optimizers.schedules import ReduceOnPlateau as ReduceOnPlateau
from gradcheck.training.optimizers.schedules import Schedule as Schedule
from gradcheck.training.optimizers.schedules import StepDecay as StepDecay
from gradcheck.training.optimizers.schedules import WarmUp as WarmUp
from gradcheck.training.optimizers.sgd import SGD as SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "ClipByGlobalNorm",
    "ClipByNorm",
    "ClipByValue",
    "Clipping",
    "Constant",
    "CosineDecay",
    "ExponentialDecay",
    "InverseTimeDecay",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "ReduceOnPlateau",
    "Schedule",
    "StepDecay",
    "WarmUp",
]
