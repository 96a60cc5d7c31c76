"""Do the two agree, and if not, why not?

Read :mod:`~gradcheck.checking.check` first: the one verb, and the order in which it asks. Then the rooms:
:mod:`~gradcheck.checking.conventions` (what can be checked, each made a :mod:`~gradcheck.checking.subject`),
:mod:`~gradcheck.checking.state` (what running it changes, and how that is put back),
:mod:`~gradcheck.checking.conduct` (what needs no differences), :mod:`~gradcheck.checking.verdict` (what does), and
:mod:`~gradcheck.checking.adequacy` (could these inputs have told?). What comes of it is a
:mod:`~gradcheck.checking.report`, with its :mod:`~gradcheck.checking.text` and :mod:`~gradcheck.checking.html`.
"""

from gradcheck.checking.check import check as check
from gradcheck.checking.report import Comparison as Comparison
from gradcheck.checking.report import Diagnosis as Diagnosis
from gradcheck.checking.report import Finding as Finding
from gradcheck.checking.report import GradientError as GradientError
from gradcheck.checking.report import Report as Report
from gradcheck.checking.subject import NotUnderstoodError as NotUnderstoodError
