"""The ``gradcheck`` command.

:mod:`~gradcheck.cli.main` reads the command line and decides the exit status, :mod:`~gradcheck.cli.check` is
what ``gradcheck check`` does, :mod:`~gradcheck.cli.tour` is what ``gradcheck tour`` does,
:mod:`~gradcheck.cli.table` the table it prints, and :mod:`~gradcheck.cli.console` how anything is shown: plainly,
or with colour and progress bars.
"""

from gradcheck.cli.main import main as main
