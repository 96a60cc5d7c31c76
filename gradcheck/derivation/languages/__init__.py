"""What a derivation says, in each language: a catalogue of sentences by key, with places for names and numbers.

A further language is one further file here, called by its code (``fr.py``), with the same keys in ``MESSAGES``
and the same places in each; a test compares. Symbols, formulas and numbers are the same in every language.
"""

from __future__ import annotations

import os
import runpy
from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent
VARIABLE = "GRADCHECK_LANG"


def available() -> list[str]:
    """The codes of the languages there are."""
    return sorted(path.stem for path in _HERE.glob("[a-z]*.py"))


def chosen(lang: str | None) -> str:
    """The code asked for, by argument or by ``GRADCHECK_LANG`` (also ``zh_CN.UTF-8``); English if by neither."""
    asked, source = (lang, "lang") if lang is not None else (os.environ.get(VARIABLE) or "en", VARIABLE)
    code = asked.replace("-", "_").partition("_")[0].partition(".")[0].lower()
    if code not in available():
        raise ValueError(f"{source} is {asked!r}; there are {', '.join(available())}")
    return code


@cache
def catalogue(code: str) -> dict[str, str]:
    """The messages of one language."""
    messages: dict[str, str] = runpy.run_path(str(_HERE / f"{code}.py"))["MESSAGES"]
    return messages
