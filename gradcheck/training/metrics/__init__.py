"""How good the answers are, as numbers for people: nothing here is differentiated.

In reading order: :mod:`~gradcheck.training.metrics.classification` (accuracy, confusion matrix, precision,
recall, F1), :mod:`~gradcheck.training.metrics.ranking` (top-k accuracy, area under the curve) and
:mod:`~gradcheck.training.metrics.regression` (mean errors, R²).
"""

from gradcheck.training.metrics.classification import accuracy as accuracy
from gradcheck.training.metrics.classification import confusion_matrix as confusion_matrix
from gradcheck.training.metrics.classification import f1 as f1
from gradcheck.training.metrics.classification import precision as precision
from gradcheck.training.metrics.classification import recall as recall
from gradcheck.training.metrics.ranking import auc as auc
from gradcheck.training.metrics.ranking import top_k_accuracy as top_k_accuracy
from gradcheck.training.metrics.regression import mean_absolute_error as mean_absolute_error
from gradcheck.training.metrics.regression import mean_squared_error as mean_squared_error
from gradcheck.training.metrics.regression import r2 as r2

__all__ = [
    "accuracy",
    "auc",
    "confusion_matrix",
    "f1",
    "mean_absolute_error",
    "mean_squared_error",
    "precision",
    "r2",
    "recall",
    "top_k_accuracy",
]
