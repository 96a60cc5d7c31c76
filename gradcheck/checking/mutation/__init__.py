"""Would your test notice? Plausible mistakes are made in your own backward, and each is put to the test.

Read :mod:`~gradcheck.checking.mutation.mistakes` first (what people get wrong, as edits of the syntax tree), then
:mod:`~gradcheck.checking.mutation.mutants` (a backward with one such mistake, ready to run),
:mod:`~gradcheck.checking.mutation.trial` (a project's own tests run against each, in a copy) and
:mod:`~gradcheck.checking.mutation.probe` (what the inputs of those tests could tell apart).

References
----------
DeMillo, Lipton and Sayward, Hints on test data selection: help for the practicing programmer, 1978.
"""

from gradcheck.checking.mutation.mutants import Mutant as Mutant
from gradcheck.checking.mutation.mutants import mutants as mutants
from gradcheck.checking.mutation.mutants import survivors as survivors
