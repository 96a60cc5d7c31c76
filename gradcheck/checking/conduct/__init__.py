"""What a backward must do whatever its numbers: checks that need no differences, and are therefore exact.

:mod:`~gradcheck.checking.conduct.examine` has the order of the checks,
:mod:`~gradcheck.checking.conduct.evidence` what they go by; :mod:`~gradcheck.checking.conduct.form` asks for shapes and
types, :mod:`~gradcheck.checking.conduct.algebra` for linearity, :mod:`~gradcheck.checking.conduct.memory` for what is
remembered and touched.
"""
