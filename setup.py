"""Packaging of gradcheck; the version stands in gradcheck/__init__.py and nowhere else."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
INIT = (HERE / "gradcheck/__init__.py").read_text(encoding="utf-8")
VERSION = re.search(r'^__version__ = "([^"]+)"$', INIT, re.M)

EXAMPLES = ["rich>=13", "matplotlib>=3.8", "pooch>=1.8", "scikit-learn>=1.3"]
TEST = [*EXAMPLES, "pytest-xdist>=3.5", "setuptools>=77"]
COMPANIONS = ["pytest-randomly>=3.15", "pytest-cov>=5", "pytest-benchmark>=5", "pytest-regressions>=2.5"]
DEV = [*TEST, *COMPANIONS, "distributed>=2024.8", "playwright>=1.50", "ruff>=0.8", "mypy>=1.11"]

setup(
    name="gradcheck",
    version=VERSION.group(1),
    description="Check hand-written gradients: right or wrong, why, and how the right one comes about.",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    python_requires=">=3.11",
    packages=find_packages(include=["gradcheck", "gradcheck.*"]),
    package_data={
        "gradcheck": ["py.typed", "testing/plugin/page.html", "testing/plugin/report.schema.json"],
        "gradcheck.cli.draw": ["page/*"],
    },
    install_requires=["numpy>=1.26", "autograd>=1.7", "hypothesis>=6.112", "pytest>=8"],
    extras_require={"examples": EXAMPLES, "test": TEST, "dev": DEV},
    entry_points={
        "console_scripts": ["gradcheck = gradcheck.cli:main"],
        "pytest11": ["gradcheck = gradcheck.testing.pytest_plugin"],
    },
    classifiers=[
        "Development Status :: 4 - Beta",
        "Framework :: Pytest",
        "Intended Audience :: Education",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: Software Development :: Testing",
        "Typing :: Typed",
    ],
)
