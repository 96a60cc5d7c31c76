"""Everything with a gradient in a module: found, given inputs, checked under several settings.

In reading order: :mod:`~gradcheck.checking.modules.check_module` (the verb),
:mod:`~gradcheck.checking.modules.importing` (the module), :mod:`~gradcheck.checking.modules.discovery` (what in it has
a gradient; functions by ``partners``, frameworks by ``customs``), :mod:`~gradcheck.checking.modules.run` (one of
these), :mod:`~gradcheck.checking.modules.search` (find inputs on which it runs),
:mod:`~gradcheck.checking.modules.settings` (then others), and :mod:`~gradcheck.checking.modules.result`. Guesses
(:mod:`~gradcheck.checking.modules.guesses`) rest on :mod:`~gradcheck.checking.modules.vocabulary` (names),
:mod:`~gradcheck.checking.modules.source` (the code; ``lookups`` and ``entries`` for dictionaries),
:mod:`~gradcheck.checking.modules.worlds` (layouts) and :mod:`~gradcheck.checking.modules.sizes` (axes);
:mod:`~gradcheck.checking.modules.plan` is all of them together.

For tools that collect, ``discover(module)`` lists candidates and ``run(candidate)`` checks one.
"""

from gradcheck.checking.modules.attempt import How as How
from gradcheck.checking.modules.check_module import check_module as check_module
from gradcheck.checking.modules.discovery import Candidate as Candidate
from gradcheck.checking.modules.discovery import discover as discover
from gradcheck.checking.modules.importing import ModuleError as ModuleError
from gradcheck.checking.modules.importing import load as load
from gradcheck.checking.modules.result import ModuleReport as ModuleReport
from gradcheck.checking.modules.result import Result as Result
from gradcheck.checking.modules.run import run as run
