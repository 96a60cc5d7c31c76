"""What a plugin costs a test run that does not use it: pytest on one empty test, with the plugin and without.

    python benchmarks/plugin_startup.py [--runs 15]

Processor time of whole runs, which take turns; the least of each counts, as everything else adds to it. Every run has
header and summary, as plugins do work in these too. Plugins that are not installed are left out.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

PLUGINS = {
    "none": (),
    "gradcheck": ("gradcheck.testing.pytest_plugin",),
    "pytest-regressions": ("pytest_datadir.plugin", "pytest_regressions.plugin"),
    "pytest-benchmark": ("pytest_benchmark.plugin",),
    "hypothesis": ("_hypothesis_pytestplugin",),
}
REPORT_MODULES = "import sys, pytest; status = pytest.main(sys.argv[1:]); print(len(sys.modules)); sys.exit(status)"


def run(folder: str, plugins: tuple[str, ...]) -> tuple[float, int]:
    """Seconds of processor time, and the number of modules loaded at the end."""
    options = [part for name in plugins for part in ("-p", name)]
    command = [sys.executable, "-c", REPORT_MODULES, "-p", "no:cacheprovider", *options, "test_empty.py"]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPYCACHEPREFIX": f"{folder}/cache"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # as installed, everything is compiled already
    before = processor_seconds()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return processor_seconds() - before, int(done.stdout.split()[-1])


def processor_seconds() -> float:
    """Of all children so far; what other programs do meanwhile does not count."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def installed(plugins: tuple[str, ...]) -> bool:
    """Whether all its modules are there."""
    return all(find_spec(name.partition(".")[0]) for name in plugins)


def main() -> None:
    """Print a row for each plugin."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=15, metavar="N", help="of each plugin")
    runs = parser.parse_args().runs
    chosen = {name: plugins for name, plugins in PLUGINS.items() if installed(plugins)}
    seconds: dict[str, list[float]] = {name: [] for name in chosen}
    modules = {}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_empty.py").write_text("def test_empty():\n    pass\n", encoding="utf-8")
        for _ in range(runs):
            for name, plugins in chosen.items():
                taken, modules[name] = run(folder, plugins)
                seconds[name].append(taken)
    least = {name: 1000 * min(taken) for name, taken in seconds.items()}
    print(f"{'plugin':<20} {'run':>8} {'costs':>8} {'modules':>8}")
    for name, taken in least.items():
        print(f"{name:<20} {taken:>5.0f} ms {taken - least['none']:>5.1f} ms {modules[name] - modules['none']:>8}")


if __name__ == "__main__":
    main()
