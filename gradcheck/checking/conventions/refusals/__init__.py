"""What is said where there is nothing to check: ``stub`` (not written yet), ``nothing`` (nothing varies), ``misfits``.

The last is about what no convention understands: what was looked for, what was found, what would do.
"""
