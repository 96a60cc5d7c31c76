"""Importing gradcheck costs next to nothing, and every public name is there when it is asked for."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import gradcheck

LIST_NEW_MODULES = """
import sys
before = set(sys.modules)
{statement}
print(*sorted(set(sys.modules) - before))
"""


def modules_loaded_by(statement: str) -> set[str]:
    """The modules that a fresh interpreter loads for this statement."""
    script = LIST_NEW_MODULES.format(statement=statement)
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


@pytest.mark.parametrize("statement", ["import gradcheck", "import gradcheck.testing", "dir(__import__('gradcheck'))"])
def test_import_loads_neither_numpy_nor_anything_third_party(statement):
    loaded = {name.partition(".")[0] for name in modules_loaded_by(statement)}
    assert loaded - set(sys.stdlib_module_names) == {"gradcheck"}


def test_a_wing_is_loaded_when_one_of_its_names_is_used():
    loaded = modules_loaded_by("import gradcheck; gradcheck.numerical_gradient")
    assert {"numpy", "gradcheck.numerical"} <= loaded
    assert not {"gradcheck.analytic", "gradcheck.checking", "gradcheck.training", "autograd", "hypothesis"} & loaded


def test_checking_loads_no_autograd_before_it_is_needed():
    assert not {"autograd", "hypothesis", "pytest", "rich"} & modules_loaded_by("from gradcheck import check")


@pytest.mark.parametrize("package", ["gradcheck", *(f"gradcheck.{wing}" for wing in gradcheck._WINGS)])
def test_every_public_name_is_there(package):
    module = import_module(package)
    missing = [name for name in getattr(module, "__all__", []) if not hasattr(module, name)]
    assert missing == []


def test_every_wing_is_an_attribute_and_listed():
    for wing in gradcheck._WINGS:
        assert getattr(gradcheck, wing) is import_module(f"gradcheck.{wing}")
    folders = {path.parent.name for path in Path(gradcheck.__file__).parent.glob("*/__init__.py")}
    assert set(gradcheck._WINGS) == folders


def test_dir_lists_the_public_names_and_the_wings():
    assert dir(gradcheck) == sorted([*gradcheck.__all__, *gradcheck._WINGS])
    assert {"check", "explain", "numerical_gradient", "__version__", "analytic"} <= set(dir(gradcheck))


@pytest.mark.parametrize("package", ["gradcheck", "gradcheck.testing"])
def test_an_unknown_name_is_an_attribute_error(package):
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'chekc'"):
        import_module(package).chekc  # noqa: B018 - the access itself is what fails


def lazy_names(module: object) -> dict[str, str]:
    """Name to wing, as the table at run time has it."""
    return dict(module._WING_OF)


def typed_names(source: str) -> dict[str, str]:
    """Name to wing, as the block for type checkers has it; each must be re-exported under its own name."""
    blocks = [node for node in ast.parse(source).body if isinstance(node, ast.If)]
    (block,) = [node for node in blocks if ast.unparse(node.test) == "TYPE_CHECKING"]
    return {
        alias.name: node.module.removeprefix("gradcheck.")
        for node in block.body
        for alias in node.names
        if alias.asname == alias.name
    }


def test_type_checkers_see_the_same_names_as_programs():
    source = Path(gradcheck.__file__).read_text(encoding="utf-8")
    assert typed_names(source) == lazy_names(gradcheck)


def test_a_name_missing_for_type_checkers_would_be_seen():
    source = Path(gradcheck.__file__).read_text(encoding="utf-8")
    less = source.replace("    from gradcheck.checking import check as check\n", "")
    assert set(lazy_names(gradcheck)) - set(typed_names(less)) == {"check"}
