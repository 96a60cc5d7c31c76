"""What a subject could change by being run, and how it is put back.

:mod:`~gradcheck.checking.state.snapshot` first: take one, restore it. What it is made of stands in
:mod:`~gradcheck.checking.state.pieces`; how everything reachable is found, in :mod:`~gradcheck.checking.state.reach`;
whose code is looked into, in :mod:`~gradcheck.checking.state.home`.
"""
