"""All checks of a run as one HTML page: nothing to fetch, light or dark as the reader's system is, usable by keyboard.

The parts of each check fold (``<details>``), the verdicts filter (radio buttons), and every picture says in words what
it shows; the page reads the same without scripts, but for the filter.
"""

from collections.abc import Iterator
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from gradcheck import __version__
from gradcheck.testing.plugin.summary import WORDS, figures

FRAME = Path(__file__).with_name("page.html")
ORDER = ("disagree", "undecided", "agree")
SIGNS = {"agree": "✓", "disagree": "✗", "undecided": "?"}
HEADS = ("index", "analytic", "numerical", "± bound", "verdict")
TITLES = {"analytic": "analytic", "numerical": "numerical", "error": "analytic − numerical"}
UNMEASURED = "Settled along random directions: no entry was measured by itself, so there is nothing numerical to draw."
LONGEST = 4000
"""Characters of the text of a report."""


def page(checks: list[dict[str, Any]]) -> str:
    """The page, what is wrong first."""
    total = figures(checks)
    order = sorted(checks, key=lambda check: ORDER.index(check["verdict"]))
    frame = Template(FRAME.read_text(encoding="utf-8"))
    return frame.substitute(
        version=escape(__version__),
        summary=f"{total['checks']:,} checks in {total['tests']:,} tests, {total['tensors']:,} tensors, "
        f"{total['entries']:,} entries, {total['evaluations']:,} evaluations",
        filters="".join(_filters(total, len(checks))),
        rows="\n".join(_row(check, number) for number, check in enumerate(order, 1)),
    )


def _filters(total: dict[str, Any], rows: int) -> Iterator[str]:
    choices = {"all": ("all", rows), **{verdict: (word, total[verdict]) for verdict, word in WORDS.items()}}
    for value, (word, count) in choices.items():
        checked = " checked" if value == "all" else ""
        yield f"<label><input type=radio name=verdict value={value}{checked}> {word} ({count:,})</label>"


def _row(check: dict[str, Any], number: int) -> str:
    """A row of the table, and below it what unfolds."""
    verdict = check["verdict"]
    tensors = ", ".join(f"{t['name']} {'×'.join(map(str, t['shape'])) or 'scalar'}" for t in check["tensors"])
    known = [t["resolution"] for t in check["tensors"] if t["verdict"] == "agree" and t["resolution"] is not None]
    resolution = f"{max(known):.1e}" if known else ""
    opened = " open" if verdict != "agree" and number <= 3 else ""
    drawn = "".join(map(_tensor, sorted(check["tensors"], key=lambda tensor: ORDER.index(tensor["verdict"]))))
    return (
        f"<tbody class={verdict}><tr><th scope=row>{escape(check['test'])}</th>"
        f"<td>{escape(check['name'])}</td><td class=v>{SIGNS[verdict]} {WORDS[verdict]}</td>"
        f"<td>{escape(tensors)}</td><td class=n>{resolution}</td><td class=n>{check['evaluations']:,}</td>"
        f"<td class=n>{check['duration']:.2f}</td></tr>"
        f"<tr class=more><td colspan=7><details{opened}><summary>{escape(check['message'])}</summary>"
        f"{drawn}<pre tabindex=0>{escape(check['text'][:LONGEST])}</pre></details></td></tr></tbody>"
    )


def _tensor(tensor: dict[str, Any]) -> str:
    """The pictures of a tensor, and its worst entries as a table."""
    name = f"d{escape(tensor['name'])}"
    pictures = tensor["pictures"]
    if pictures is None:
        return f"<h3>{name}</h3><p>There is no gradient to show. {escape(tensor['reason'])}</p>"
    drawn = "".join(_figure(name, tensor, pictures, one) for one in pictures["maps"])
    note = "" if len(pictures["maps"]) == 3 else f"<p>{UNMEASURED}</p>"
    scale = f"<p class=scale><span>−{pictures['scale']}</span><i></i><span>+{pictures['scale']}</span></p>"
    return f"<h3>{name}</h3><div class=maps>{drawn}</div>{scale}{note}{_entries(name, tensor)}"


def _figure(name: str, tensor: dict[str, Any], pictures: dict[str, Any], one: dict[str, Any]) -> str:
    title = TITLES[one["of"]]
    wrong = f"; {tensor['wrong']:,} of {tensor['entries']:,} entries wrong" if tensor["wrong"] else ""
    worst = f", worst at {tensor['worst'][0][0]}" if wrong and tensor["worst"] else ""
    spoken = (
        f"Heat map of {name}, {title}: {pictures['rows']} by {pictures['columns']} entries, "
        f"largest {one['largest']} on a scale of {pictures['scale']}{wrong}{worst}."
    )
    rows, columns = min(pictures["rows"], 24), min(pictures["columns"], 24)
    size = f"width={columns * 12} height={rows * 12}"
    return f'<figure><img src={one["image"]} {size} alt="{spoken}"><figcaption>{title}</figcaption></figure>'


def _entries(name: str, tensor: dict[str, Any]) -> str:
    """The worst entries as numbers."""
    if not tensor["worst"]:
        return ""
    head = "".join(f"<th scope=col{' class=n' if i else ''}>{title}</th>" for i, title in enumerate(HEADS))
    rows = "".join(
        f"<tr><th scope=row>{index}</th>{''.join(f'<td class=n>{cell}</td>' for cell in cells)}</tr>"
        for index, *cells in tensor["worst"]
    )
    caption = f"Entries of {name} that differ most"
    return (
        f"<table class=entries><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )
