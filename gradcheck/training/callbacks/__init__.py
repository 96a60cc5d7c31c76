"""Callbacks: what else should happen while a network learns.

In reading order: :mod:`~gradcheck.training.callbacks.callback` (what all can see and do),
:mod:`~gradcheck.training.callbacks.progress`, :mod:`~gradcheck.training.callbacks.records` (a table, a picture),
:mod:`~gradcheck.training.callbacks.early_stopping`, :mod:`~gradcheck.training.callbacks.rates`, and
:mod:`~gradcheck.training.callbacks.checkpoint`.
"""

from gradcheck.training.callbacks.callback import Callback as Callback
from gradcheck.training.callbacks.callback import Run as Run
from gradcheck.training.callbacks.checkpoint import Checkpoint as Checkpoint
from gradcheck.training.callbacks.early_stopping import EarlyStopping as EarlyStopping
from gradcheck.training.callbacks.progress import Progress as Progress
from gradcheck.training.callbacks.rates import ObservePlateau as ObservePlateau
from gradcheck.training.callbacks.rates import ScheduleRate as ScheduleRate
from gradcheck.training.callbacks.records import CSVLog as CSVLog
from gradcheck.training.callbacks.records import Curves as Curves
from gradcheck.training.callbacks.records import draw_curves as draw_curves

__all__ = [
    "CSVLog",
    "Callback",
    "Checkpoint",
    "Curves",
    "EarlyStopping",
    "ObservePlateau",
    "Progress",
    "Run",
    "ScheduleRate",
    "draw_curves",
]
