"""The backward itself, with one thing in it written otherwise: if that makes the gradient right, that was the mistake.

What might be written otherwise is listed in :mod:`~gradcheck.checking.diagnosis.repair.edits`; how a backward is run
with it, and put back, in :mod:`~gradcheck.checking.diagnosis.repair.rewritten`. Running a backward takes no
differences, so that hundreds of edits are tried in the time of a few. Where there is no source, nothing is said.
"""
