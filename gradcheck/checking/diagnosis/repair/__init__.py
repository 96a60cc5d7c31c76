"""The backward itself, with one thing in it written otherwise: if that makes the gradient right, that was the mistake.

What might be written otherwise is listed in :mod:`~gradcheck.checking.diagnosis.repair.kinds`, as edits of a syntax
tree (:mod:`~gradcheck.checking.diagnosis.repair.edits`); which functions are at fault is seen by running the backward
(:mod:`~gradcheck.checking.diagnosis.repair.running`); how one is run with an edit, and put back, stands in
:mod:`~gradcheck.checking.diagnosis.repair.rewritten`, and how many are at one point in
:mod:`~gradcheck.checking.diagnosis.repair.stage`. Running a backward takes no differences, so that hundreds of edits
are tried in the time of a few. Where there is no source, nothing is said.
"""
