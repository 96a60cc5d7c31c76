"""The LaTeX of a derivation compiles, inline, as rows and as a document, in both languages, without boxes too wide."""

import re
import shutil
import subprocess

import numpy as np
import pytest

from gradcheck import explain
from gradcheck.derivation import Derivations
from gradcheck.derivation.worked_example import AT, RATE, error

RNG = np.random.default_rng(4)
SHAPES = {"q": (2, 3), "k": (4, 3), "v": (4, 2), "t": (2, 2)}
needs_latex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX (pdflatex) is installed")


def attention(q, k, v, t):
    scores = q @ k.T / np.sqrt(q.shape[1])
    weights = np.exp(scores) / np.sum(np.exp(scores), axis=1, keepdims=True)
    return np.sum(weights @ v * t)


def tangled(a_b, x):
    h = np.zeros(2)
    h[0] = np.where(a_b > 0, a_b, 0.1 * a_b) ** x
    h[1] = np.abs(np.sin(a_b)) / (1 + np.exp(-a_b * x)) * 1e-7
    squares = np.einsum("i,i->", h, h)
    both = np.concatenate([h, h])
    return np.max(h) * squares + np.sum(both**3)


def long_sum(x):
    chosen = np.where(x > 1, x**3, x)
    return np.sum(chosen) + np.sum(np.sin(x) * np.exp(x)) + np.sum(np.where(x > 1, np.log(x**2 + 1), np.cos(x)))


def everything():
    arrays = {name: RNG.normal(size=shape) for name, shape in SHAPES.items()}
    return Derivations(
        (
            explain(error, "w1", AT, rate=RATE),
            explain(attention, "k", arrays),
            explain(attention, "q", arrays),
            explain(tangled, "a_b", {"a_b": 0.7, "x": 1.5}, rate=0.1),
            explain(long_sum, "x", {"x": np.array([0.7, -1.3, 2.1])}),
        )
    )


def compiled(folder, source, program="pdflatex"):
    (folder / "it.tex").write_text(source, encoding="utf-8")
    command = [program, "-interaction=nonstopmode", "-halt-on-error", "it.tex"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
    assert run.returncode == 0, run.stdout[-2000:]
    return (folder / "it.log").read_text(errors="replace")


@needs_latex
@pytest.mark.parametrize("options", [{}, {"detail": "full"}, {"ask": True}], ids=["normal", "full", "ask"])
def test_a_document_compiles_and_fits(tmp_path, options):
    log = compiled(tmp_path, everything().latex(form="document", lang="en", **options))
    too_wide = [float(width) for width in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log)]
    assert max(too_wide, default=0.0) < 10
    assert "Missing character" not in log


@needs_latex
def test_inline_and_rows_compile_with_amsmath_alone(tmp_path):
    parts = [f"${d.latex(form='inline')}$\n\n{d.latex()}" for d in everything()]
    compiled(
        tmp_path,
        "\n\n".join([r"\documentclass{article}\usepackage{amsmath}\begin{document}", *parts, r"\end{document}"]),
    )


@pytest.mark.skipif(shutil.which("xelatex") is None, reason="no XeLaTeX is installed")
def test_chinese_compiles(tmp_path):
    found = subprocess.run(["kpsewhich", "ctexart.cls"], capture_output=True, text=True, check=False).stdout
    if not found.strip():
        pytest.skip("the class ctexart is not installed")
    assert "Missing character" not in compiled(tmp_path, everything().latex(form="document", lang="zh"), "xelatex")


@needs_latex
def test_what_is_no_latex_is_noticed(tmp_path):
    with pytest.raises(AssertionError, match="Undefined control sequence"):
        compiled(tmp_path, r"\documentclass{article}\begin{document}$\nonsense$\end{document}")
