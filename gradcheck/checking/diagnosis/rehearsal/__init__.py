"""The forward run again with one operation changed: what would the gradient be if backward had got that step wrong?

The arrays that forward is given tell of every NumPy operation they take part in
(:mod:`~gradcheck.checking.diagnosis.rehearsal.watched`). Run once, the values of each operation are known; run again
near by, one operation can be held constant, let its argument straight through or answer otherwise
(:mod:`~gradcheck.checking.diagnosis.rehearsal.changes`). Differences of that run are the gradient with that one path
missing or wrong, whatever the code is; nothing is differentiated symbolically. What cannot be watched (compiled code,
other libraries) runs as ever, and nothing is said of it.
"""
