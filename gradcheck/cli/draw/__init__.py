"""``gradcheck draw``: a page on which to draw a digit, and see what a network takes it for, and why.

In reading order: :mod:`~gradcheck.cli.draw.command` is the command, :mod:`~gradcheck.cli.draw.model` where the network
comes from, :mod:`~gradcheck.cli.draw.picture` how a drawing becomes a picture like MNIST's,
:mod:`~gradcheck.cli.draw.classifier` what the network is asked, :mod:`~gradcheck.cli.draw.answer` what is said of a
drawing, and the check of its gradient; :mod:`~gradcheck.cli.draw.server` serves that and the files in ``page``.
"""
