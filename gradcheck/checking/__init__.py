"""Do the two agree, and if not, why not?

Read :mod:`~gradcheck.checking.check` first: the one verb, and the order in which it asks. Then the rooms:
:mod:`~gradcheck.checking.conventions` (what can be checked, each made a :mod:`~gradcheck.checking.subject`),
:mod:`~gradcheck.checking.state` (what running it changes, and how that is put back),
:mod:`~gradcheck.checking.conduct` (what needs no differences), :mod:`~gradcheck.checking.verdict` (what does, one
tensor at a time) and :mod:`~gradcheck.checking.together` (several at once), and
:mod:`~gradcheck.checking.adequacy` (could these inputs have told?). What comes of it is a
:mod:`~gradcheck.checking.report`, with its :mod:`~gradcheck.checking.text` and :mod:`~gradcheck.checking.html`. Last,
:mod:`~gradcheck.checking.modules`: everything in a file or module, which is found and given inputs; and
:mod:`~gradcheck.checking.mutation`: would your tests have noticed?

What disagrees goes on to :mod:`~gradcheck.checking.diagnosis` (which mistake explains it) and to
:mod:`~gradcheck.checking.reproducer` (the smallest case that shows it).
"""

from typing import TYPE_CHECKING, Any

from gradcheck.checking.check import check as check
from gradcheck.checking.report import Comparison as Comparison
from gradcheck.checking.report import Diagnosis as Diagnosis
from gradcheck.checking.report import Finding as Finding
from gradcheck.checking.report import GradientError as GradientError
from gradcheck.checking.report import Report as Report
from gradcheck.checking.subject import NotUnderstoodError as NotUnderstoodError

if TYPE_CHECKING:
    from gradcheck.checking.modules import check_module as check_module
    from gradcheck.checking.mutation import Mutant as Mutant
    from gradcheck.checking.mutation import mutants as mutants
    from gradcheck.checking.mutation import survivors as survivors


def __getattr__(name: str) -> Any:
    # On first use: who checks one thing needs none of these.
    if name == "check_module":
        from gradcheck.checking.modules import check_module

        return check_module
    if name in ("Mutant", "mutants", "survivors"):
        from gradcheck.checking import mutation

        return getattr(mutation, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
