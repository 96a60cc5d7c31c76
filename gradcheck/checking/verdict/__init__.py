"""The verdict on one tensor: does it agree within the bounds, and if not, in which entries?

:mod:`~gradcheck.checking.verdict.compare` tells the three steps, :mod:`~gradcheck.checking.verdict.tolerance` how far
apart is apart, :mod:`~gradcheck.checking.verdict.typical` what size errors are judged by;
:mod:`~gradcheck.checking.verdict.locate` searches large tensors by halves, and
:mod:`~gradcheck.checking.verdict.second_opinion` looks again before anyone is accused, and hears the
:mod:`~gradcheck.checking.verdict.excuses`; :mod:`~gradcheck.checking.verdict.subgradients` holds entries that share a
kink to what they may claim together.
"""
