"""Recurrent layers: one set of weights, used at every time step; backward goes through time, last step first.

In reading order: :mod:`~gradcheck.analytic.recurrent.recurrent` (what they share),
:mod:`~gradcheck.analytic.recurrent.simple_rnn`, :mod:`~gradcheck.analytic.recurrent.lstm`,
:mod:`~gradcheck.analytic.recurrent.gru`, :mod:`~gradcheck.analytic.recurrent.bidirectional`.
"""

from gradcheck.analytic.recurrent.bidirectional import Bidirectional as Bidirectional
from gradcheck.analytic.recurrent.gru import GRU as GRU
from gradcheck.analytic.recurrent.lstm import LSTM as LSTM
from gradcheck.analytic.recurrent.recurrent import Recurrent as Recurrent
from gradcheck.analytic.recurrent.simple_rnn import SimpleRNN as SimpleRNN

__all__ = ["GRU", "LSTM", "Bidirectional", "Recurrent", "SimpleRNN"]
