"""What is installed is what is meant to be: one version, four requirements, every module and the type marker."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import gradcheck

ROOT = Path(__file__).parent.parent
VERSION = re.compile(rf"(?<![\w.]){re.escape(gradcheck.__version__)}(?![\w.])")
# A made-up home of "me" is nobody's.
LOCAL_PATH = re.compile(r"(?<![\w.~/-])/(?:work|root|home|Users|opt|tmp|mnt)/(?!me/)")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The wheel that pip would build of this checkout, built in a copy of it."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    shutil.copytree(ROOT / "gradcheck", copy / "gradcheck", ignore=shutil.ignore_patterns("__pycache__"))
    build = "from setuptools.build_meta import build_wheel; print(build_wheel('dist'))"
    subprocess.run([sys.executable, "-c", build], cwd=copy, check=True, capture_output=True)
    (path,) = (copy / "dist").glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


@pytest.fixture(scope="session")
def metadata(wheel):
    (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    return wheel.read(name).decode()


@pytest.fixture(scope="session")
def tracked():
    """The text of every tracked file, by path."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout, so there are no tracked files")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    paths = [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8", errors="ignore") for path in paths}


def test_the_wheel_holds_every_module_page_and_the_type_marker(wheel):
    inside = {name for name in wheel.namelist() if ".dist-info/" not in name}
    files = {path for path in (ROOT / "gradcheck").rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert inside == {path.relative_to(ROOT).as_posix() for path in files}
    assert {"gradcheck/py.typed", "gradcheck/cli/draw/page/index.html"} <= inside


def test_the_core_needs_exactly_four_packages(metadata):
    needed = re.findall("^Requires-Dist: (.*)$", metadata, re.M)
    core = [re.match(r"[\w-]+", line).group() for line in needed if "extra ==" not in line]
    assert sorted(core) == ["autograd", "hypothesis", "numpy", "pytest"]
    assert "Requires-Python: >=3.11" in metadata
    assert re.findall("Provides-Extra: (.*)", metadata) == ["examples", "test", "dev"]


def test_the_license_is_in_the_wheel(wheel):
    assert any(name.endswith("LICENSE") for name in wheel.namelist())


def test_the_version_stands_in_one_place(metadata, tracked):
    assert f"Version: {gradcheck.__version__}\n" in metadata
    assert [path for path, text in tracked.items() if VERSION.search(text)] == ["CHANGELOG.md", "gradcheck/__init__.py"]


def test_the_changelog_begins_with_this_version_and_its_date():
    first = re.search(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M).group(1)
    assert re.fullmatch(rf"\[{re.escape(gradcheck.__version__)}\] - \d{{4}}-\d\d-\d\d", first)


def test_the_command_and_the_plugin_are_registered():
    (command,) = entry_points(group="console_scripts", name="gradcheck")
    (plugin,) = entry_points(group="pytest11", name="gradcheck")
    assert command.value == "gradcheck.cli:main"
    assert plugin.value == "gradcheck.testing.pytest_plugin"
    assert callable(command.load())


def test_it_runs_as_a_module():
    run = subprocess.run([sys.executable, "-m", "gradcheck", "--version"], capture_output=True, text=True, check=True)
    assert run.stdout == f"gradcheck {gradcheck.__version__}\n"


def test_no_tracked_file_names_a_local_path(tracked):
    assert [(path, LOCAL_PATH.findall(text)) for path, text in tracked.items() if LOCAL_PATH.search(text)] == []


@pytest.mark.parametrize("place", ["work", "root", "home", "tmp"])
def test_a_local_path_would_be_seen(place):
    assert LOCAL_PATH.search(f'data = "{os.sep}{place}{os.sep}someone/data"')
    assert not LOCAL_PATH.search(f"see https://example.org/{place}/page or ~/{place}/page")
