"""What the pytest plugin consists of, loaded part by part when a run needs it.

In reading order: :mod:`~gradcheck.testing.plugin.settings` (what may be set and which setting counts),
:mod:`~gradcheck.testing.plugin.recorder` (what the tests of this process check),
:mod:`~gradcheck.testing.plugin.failure` (what a failed test says) and
:mod:`~gradcheck.testing.plugin.tracebacks` (where it says so), :mod:`~gradcheck.testing.plugin.items` (modules
collected as tests), :mod:`~gradcheck.testing.plugin.record` (a report as plain data, that crosses processes),
:mod:`~gradcheck.testing.plugin.summary`, :mod:`~gradcheck.testing.plugin.document` (JSON),
:mod:`~gradcheck.testing.plugin.page` (HTML) with :mod:`~gradcheck.testing.plugin.pictures`.

pytest loads the settings at each of its starts; nothing here imports more than pytest and the standard library at
its top.
"""
