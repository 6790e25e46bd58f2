"""One HTML page from sections and tables: nothing is fetched, no script may run but its own."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from typing import Any

import pyarrow as pa

from cdnplan.report.parts.html import Section
from cdnplan.report.parts.labels import LABELS
from cdnplan.report.parts.sheet import Sheet, packed


@dataclass(frozen=True, slots=True)
class Page:
    """A report before it is text.

    Parameters
    ----------
    title : str
        What the report is of.
    about : tuple of str
        Lines below the title.
    sections : tuple of Section
    tables : tuple of (Sheet, str)
        Tables to search and sort, with a sentence about each, in the order of the page.
    sheets : tuple of Sheet
        Further tables that can be downloaded: those of the pictures.
    facts : tuple of (str, str)
        Where it all comes from, at the foot.
    """

    title: str
    about: tuple[str, ...]
    sections: tuple[Section, ...]
    tables: tuple[tuple[Sheet, str], ...]
    sheets: tuple[Sheet, ...]
    facts: tuple[tuple[str, str], ...]


def html_page(page: Page) -> str:
    """Write the page.

    Parameters
    ----------
    page : Page

    Returns
    -------
    str
        The same for the same page: no time, no random names.
    """
    style, script = _static("report.css"), _static("report.js")
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"style-src {_hashed(style)}; script-src {_hashed(script)}"
    )
    data = {
        "labels": LABELS,
        "sheets": [packed(sheet) for sheet in (*page.sheets, *(sheet for sheet, _ in page.tables))],
    }
    sections = [*page.sections, _tables_section(page.tables), _origin_section(page.facts)]
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer"><meta name="color-scheme" content="light dark">',
        f"<title>{escape(page.title)}</title>",
        f"<style>{style}</style>\n</head>\n<body>",
        '<a class="skip" href="#summary">Skip to the summary</a>',
        _header(page, sections),
        "<main>",
        *(_section(section) for section in sections),
        "</main>",
        f'<script type="text/plain" id="data">{_compressed(data)}</script>',
        f"<script>{script}</script>\n</body>\n</html>\n",
    ]
    return "\n".join(parts)


def _header(page: Page, sections: Sequence[Section]) -> str:
    about = "".join(f"<p>{escape(line)}</p>" for line in page.about)
    links = "".join(f'<li><a href="#{s.key}">{escape(s.short)}</a></li>' for s in sections)
    buttons = (
        '<div class="tools script"><button type="button" id="theme" aria-live="polite">Theme: system</button>'
        '<button type="button" id="print">Print</button></div>'
    )
    return (
        f'<header><div class="head"><div><h1>{escape(page.title)}</h1>{about}</div>{buttons}</div>'
        f'<nav aria-label="Sections"><ul>{links}</ul></nav></header>'
    )


def _section(section: Section) -> str:
    key, heading = section.key, escape(section.heading)
    return (
        f'<section id="{key}" aria-labelledby="{key}-heading">'
        f'<h2 id="{key}-heading">{heading}</h2>{section.body}</section>'
    )


def _tables_section(tables: Sequence[tuple[Sheet, str]]) -> Section:
    body = "".join(
        f'<section id="table-{sheet.name}" class="sheet" data-sheet="{sheet.name}"'
        f' aria-labelledby="table-{sheet.name}-heading">'
        f'<h3 id="table-{sheet.name}-heading">{escape(sheet.name.replace("-", " ").capitalize())}</h3>'
        f"<p>{escape(words)}</p></section>"
        for sheet, words in tables
    )
    return Section(
        "tables", "Tables", f"<noscript><p>The tables need JavaScript.</p></noscript>{body}", "Tables"
    )


def _origin_section(facts: Sequence[tuple[str, str]]) -> Section:
    rows = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts)
    return Section("origin", "Where this comes from", f'<dl class="facts">{rows}</dl>', "Inputs")


def _compressed(data: dict[str, Any]) -> str:
    """JSON, by gzip to a third, as text that cannot end the element it stands in.

    By Arrow's compressor, whose version the lock pins: the same data give the same bytes on every machine.
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(pa.compress(text.encode(), codec="gzip", asbytes=True)).decode()


def _static(name: str) -> str:
    return resources.files("cdnplan.report").joinpath("static", name).read_text(encoding="utf-8")


def _hashed(text: str) -> str:
    """Content-Security-Policy source that allows exactly this text."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
