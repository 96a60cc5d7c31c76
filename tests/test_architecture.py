"""The wings import what the table below allows and nothing else; modules stay short; every package says what it is for.

That :mod:`gradcheck.numerical` and :mod:`gradcheck.analytic` never see each other is what a verdict is worth.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import gradcheck

ROOT = Path(gradcheck.__file__).parent.parent
MODULES = sorted((ROOT / "gradcheck").rglob("*.py"))
LONGEST_MODULE = 300


@dataclass(frozen=True)
class Allowed:
    """What a folder or file may import: other wings, libraries, and libraries inside functions only."""

    wings: str = ""
    libraries: str = ""
    inside_functions: str = ""


EVERY_WING = "numerical analytic checking derivation training testing cli"
TABLE = {
    "gradcheck/numerical": Allowed(libraries="numpy"),
    "gradcheck/analytic": Allowed(libraries="numpy"),
    "gradcheck/checking": Allowed("numerical", "numpy"),
    "gradcheck/checking/conventions/frameworks/autograd_function.py": Allowed("numerical", "numpy", "autograd"),
    "gradcheck/derivation": Allowed("numerical", "numpy"),
    "gradcheck/derivation/second_opinion.py": Allowed("numerical", "numpy", "autograd"),
    "gradcheck/training": Allowed("analytic checking", "numpy", "pooch requests sklearn rich matplotlib"),
    "gradcheck/testing": Allowed("checking", "numpy hypothesis"),
    "gradcheck/testing/strategies.py": Allowed("checking analytic", "numpy hypothesis"),
    "gradcheck/testing/layers": Allowed("checking analytic", "numpy hypothesis"),
    "gradcheck/testing/checklist.py": Allowed("checking", "numpy", "pytest"),
    "gradcheck/testing/pytest_plugin.py": Allowed("checking", "pytest"),
    "gradcheck/testing/plugin": Allowed("checking", "pytest numpy"),
    "gradcheck/testing/plugin/explain.py": Allowed("checking derivation", "pytest numpy"),
    "gradcheck/cli": Allowed(EVERY_WING, "numpy", "rich matplotlib"),
    "gradcheck/__init__.py": Allowed(EVERY_WING),
    "gradcheck/__main__.py": Allowed("cli"),
}
MAY_IMPORT_BY_NAME = ("gradcheck/__init__.py", "gradcheck/testing/__init__.py")


def allowed_for(path: str) -> Allowed:
    """The entry of the table for the file itself or the nearest folder above it."""
    return next(TABLE[str(place)] for place in (Path(path), *Path(path).parents) if str(place) in TABLE)


def complaints(path: str, source: str) -> Iterator[str]:
    """What a module of this path imports against the table."""
    allowed = allowed_for(path)
    wing = path.split("/")[1]
    for line, module, inside_function in imported(path, source):
        name, _, rest = module.partition(".")
        if module == "importlib.import_module":
            if path not in MAY_IMPORT_BY_NAME:
                yield f"{path}:{line} imports by name, which this table cannot see"
        elif name == "gradcheck":
            other = wing_of(rest)
            if other and other != wing and other not in allowed.wings.split():
                yield f"{path}:{line} imports gradcheck.{other}, allowed are {allowed.wings or 'no other wings'}"
        elif name not in sys.stdlib_module_names and name not in allowed.libraries.split():
            if name not in allowed.inside_functions.split():
                yield f"{path}:{line} imports {name}, allowed are {allowed.libraries} {allowed.inside_functions}"
            elif not inside_function:
                yield f"{path}:{line} imports {name} at its top; do it inside the function that needs it"


def imported(path: str, source: str) -> Iterator[tuple[int, str, bool]]:
    """Line, full dotted name, and whether it is imported inside a function, of everything imported."""
    tree = ast.parse(source)
    inside = {id(node) for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) for node in ast.walk(f)}
    package = Path(path).parent.parts
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, id(node) in inside
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) + 1 - node.level]) if node.level else ""
            for alias in node.names:
                yield node.lineno, ".".join(filter(None, [base, node.module, alias.name])), id(node) in inside
        elif isinstance(node, ast.Name) and node.id == "__import__":
            yield node.lineno, "importlib.import_module", True


def wing_of(name: str) -> str:
    """The wing of ``gradcheck.<name>``: the first part itself, or where a public name comes from."""
    first = name.partition(".")[0]
    return first if first in EVERY_WING.split() else gradcheck._WING_OF.get(first, "")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_it_imports_what_the_table_allows(path):
    assert list(complaints(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_it_is_short_and_says_what_it_is_for(path):
    source = path.read_text(encoding="utf-8")
    assert source.count("\n") <= LONGEST_MODULE
    assert ast.get_docstring(ast.parse(source))


def test_every_folder_is_a_package():
    folders = {path.parent for path in MODULES}
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


@pytest.mark.parametrize(
    ("path", "source", "told"),
    [
        ("gradcheck/numerical/steps.py", "import gradcheck.analytic", "imports gradcheck.analytic"),
        ("gradcheck/numerical/steps.py", "from gradcheck.analytic import Dense", "imports gradcheck.analytic"),
        ("gradcheck/numerical/steps.py", "from ..analytic.dense import Dense", "imports gradcheck.analytic"),
        ("gradcheck/numerical/steps.py", "from .. import analytic", "imports gradcheck.analytic"),
        ("gradcheck/numerical/steps.py", "from gradcheck import check", "imports gradcheck.checking"),
        ("gradcheck/numerical/steps.py", "def f():\n    from gradcheck import analytic", "imports gradcheck.analytic"),
        ("gradcheck/numerical/steps.py", "import scipy.special", "imports scipy"),
        ("gradcheck/analytic/dense.py", "from gradcheck.numerical import Estimate", "imports gradcheck.numerical"),
        ("gradcheck/checking/check.py", "from gradcheck.analytic import Dense", "imports gradcheck.analytic"),
        ("gradcheck/checking/check.py", "def f():\n    import autograd", "imports autograd"),
        ("gradcheck/checking/conventions/frameworks/autograd_function.py", "import autograd.numpy", "at its top"),
        ("gradcheck/derivation/trace.py", "from gradcheck.checking import check", "imports gradcheck.checking"),
        ("gradcheck/training/digits.py", "from sklearn import datasets", "at its top"),
        ("gradcheck/training/loop.py", "from gradcheck.cli import main", "imports gradcheck.cli"),
        ("gradcheck/testing/pytest_plugin.py", "import numpy", "imports numpy"),
        ("gradcheck/testing/arrays.py", "from gradcheck.analytic import Dense", "imports gradcheck.analytic"),
        ("gradcheck/checking/check.py", "from importlib import import_module", "imports by name"),
        ("gradcheck/checking/check.py", "__import__('gradcheck.analytic')", "imports by name"),
    ],
)
def test_a_forbidden_import_is_seen(path, source, told):
    (complaint,) = complaints(path, source)
    assert complaint.startswith(f"{path}:")
    assert told in complaint


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("gradcheck/numerical/steps.py", "import math\nimport numpy as np\nfrom gradcheck.numerical.noise import f"),
        ("gradcheck/checking/check.py", "from gradcheck.numerical import Estimate\nfrom gradcheck import __version__"),
        (
            "gradcheck/checking/conventions/frameworks/autograd_function.py",
            "def f():\n    from autograd import make_vjp",
        ),
        ("gradcheck/cli/tour.py", "from gradcheck import check, explain\ndef f():\n    import rich"),
    ],
)
def test_an_allowed_import_passes(path, source):
    assert list(complaints(path, source)) == []
