"""All checks of a run as one JSON document; its form is published beside this file, ``report.schema.json``."""

import json
from pathlib import Path
from typing import Any

from gradcheck import __version__
from gradcheck.testing.plugin.summary import figures

SCHEMA = 1
PUBLISHED = Path(__file__).with_name("report.schema.json")


def document(checks: list[dict[str, Any]]) -> dict[str, Any]:
    """The document as plain data; a change of its form that a reader could stumble over raises ``schema``."""
    return {
        "schema": SCHEMA,
        "gradcheck": __version__,
        "summary": figures(checks),
        "checks": [
            {name: check[name] for name in ("test", "outcome", "duration", "message", "checks", "report")}
            for check in checks
        ],
    }


def written(checks: list[dict[str, Any]]) -> str:
    """As text."""
    return json.dumps(document(checks), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
