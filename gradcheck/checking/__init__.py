"""Do the two agree, and if not, why not?

Read :mod:`~gradcheck.checking.check` first: the one verb, and the order in which it asks. Then
:mod:`~gradcheck.checking.subject` and :mod:`~gradcheck.checking.conventions` (what can be checked),
:mod:`~gradcheck.checking.conduct` (what needs no differences), :mod:`~gradcheck.checking.compare` (the verdict on one
tensor) and :mod:`~gradcheck.checking.report` (what comes of it).
"""

from gradcheck.checking.check import check as check
from gradcheck.checking.report import Comparison as Comparison
from gradcheck.checking.report import Diagnosis as Diagnosis
from gradcheck.checking.report import Finding as Finding
from gradcheck.checking.report import GradientError as GradientError
from gradcheck.checking.report import Report as Report
from gradcheck.checking.subject import NotUnderstoodError as NotUnderstoodError
