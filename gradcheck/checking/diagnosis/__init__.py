"""Not only that a gradient is wrong, but why: which mistake explains the numbers.

A hypothesis predicts, from the right gradient and whatever else is known, what a certain mistake would give. It is
believed if it explains at least 99 % of the squared difference at *fresh* points with fresh cotangents, on which
nothing was fitted. Where none is, the report says what the wrong entries have in common, and that the cause is not
known.

Read :mod:`~gradcheck.checking.diagnosis.diagnose` first, the order in which it asks; then
:mod:`~gradcheck.checking.diagnosis.trial` (one point and what is right there),
:mod:`~gradcheck.checking.diagnosis.clues` (all there is to go by),
:mod:`~gradcheck.checking.diagnosis.explanation` (what a hypothesis comes to),
:mod:`~gradcheck.checking.diagnosis.hypotheses` (one small function for each kind of mistake),
:mod:`~gradcheck.checking.diagnosis.ranking` (which to believe) and
:mod:`~gradcheck.checking.diagnosis.patterns` (what to say where none is).
"""

from gradcheck.checking.diagnosis.conduct import from_conduct as from_conduct
from gradcheck.checking.diagnosis.diagnose import diagnose as diagnose
