"""The pytest plugin: a fixture ``gradcheck``, a marker, options, and failures that say what is wrong and what to do.

pytest reads this file at each of its starts, so it imports nothing but pytest and the standard library; the library
itself is loaded when the first test asks for it. What the hooks below do is in :mod:`gradcheck.testing.plugin`.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gradcheck.testing.plugin.collected import Collected
from gradcheck.testing.plugin.recorder import RECORDER, TOLD, Recorder
from gradcheck.testing.plugin.settings import MARKER, MARKER_KEYWORDS, SETTINGS, Settings, add_options, misuse

if TYPE_CHECKING:
    from gradcheck.checking import Report


@pytest.fixture(scope="session")
def gradcheck(pytestconfig: pytest.Config) -> "Callable[..., Report]":
    """Check a hand-written gradient as gradcheck.check does, and fail the test if it is wrong.

    Called like ``check``; returns its report. The fixture keeps no state, so it may be used inside ``@given``::

        def test_affine(gradcheck):
            gradcheck(affine_forward, x, w, b, backward=affine_backward)
    """
    return pytestconfig.stash[RECORDER].fixture()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and their twins in the ini file."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Read the settings; what is wrong with them ends the run here."""
    config.addinivalue_line(
        "markers", f"{MARKER}({', '.join(f'{name}=' for name in MARKER_KEYWORDS)}): keywords of the fixture gradcheck"
    )
    settings = config.stash[SETTINGS] = Settings(config)
    config.stash[RECORDER] = Recorder(config, settings)
    config.pluginmanager.register(config.stash[RECORDER], "gradcheck-recorder")
    if hasattr(config, "workerinput"):  # what a worker of pytest-xdist checks, the process that rules it sums up
        return
    config.pluginmanager.register(Collected(settings), "gradcheck-collected")
    if settings.modules:
        from gradcheck.testing.plugin.items import add_named_modules

        add_named_modules(settings, config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Listen no longer."""
    if RECORDER in config.stash:  # not after a usage error
        config.stash[RECORDER].stop()


def pytest_report_header(config: pytest.Config) -> str | None:
    """The settings, where they are not the usual ones."""
    return config.stash[SETTINGS].header(config.get_verbosity() > 0)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """The layers of a module, if they are wanted."""
    settings = parent.config.stash[SETTINGS]
    if file_path.suffix != ".py" or not (settings.all_modules or settings.modules):
        return None
    from gradcheck.testing.plugin.items import LayerModule, is_wanted

    if not is_wanted(file_path, settings, parent.session):
        return None
    module: pytest.Collector = LayerModule.from_parent(parent, path=file_path)
    return module


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse a marker that says what no check understands."""
    if wrong := misuse(item):
        pytest.fail(wrong, pytrace=False)


def pytest_runtest_makereport(item: pytest.Item, call: "pytest.CallInfo[None]") -> None:
    """Make a failed check tell its report, and let tracebacks end in the user's own code."""
    if call.excinfo is not None and "gradcheck.checking.check" in sys.modules:
        from gradcheck.testing.plugin.reporting import tell_failure

        item.stash[TOLD] = tell_failure(item.config.stash[RECORDER], item, call)
