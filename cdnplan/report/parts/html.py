"""Parts of a page: elements as text, every text escaped once, here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from cdnplan.report.parts.labels import label
from cdnplan.report.parts.sheet import NumberColumn, Sheet


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page with a heading of the second level.

    Parameters
    ----------
    key : str
        Anchor.
    heading : str
    body : str
        HTML.
    short : str
        The heading in one word, for the list of sections.
    """

    key: str
    heading: str
    body: str
    short: str


def paragraph(words: str, css: str = "") -> str:
    """Paragraph of plain text."""
    kind = f' class="{css}"' if css else ""
    return f"<p{kind}>{escape(words)}</p>"


def cell(sheet: Sheet, name: str, row: int) -> str:
    """What a cell shows: numbers with their decimals, ratios as percent, a dash where there is nothing."""
    column = sheet.column(name)
    value = column.at(row)
    if value is None:
        return "–"
    if not isinstance(column, NumberColumn) or isinstance(value, str):
        return escape(str(value))
    if name.endswith("_ratio"):
        return f"{value * 100:.{max(0, column.digits - 2)}f}"
    return f"{value:,.{column.digits}f}"


def plain_table(sheet: Sheet, caption: str) -> str:
    """Small table with all its rows."""
    numeric = [isinstance(column, NumberColumn) for column in sheet.columns]
    head = "".join(
        f'<th scope="col"{_right(n)}>{escape(label(c.name))}</th>'
        for c, n in zip(sheet.columns, numeric, strict=True)
    )
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td{_right(n)}>{cell(sheet, c.name, i)}</td>"
            for c, n in zip(sheet.columns, numeric, strict=True)
        )
        + "</tr>"
        for i in range(sheet.n_rows)
    )
    title = f"<caption>{escape(caption)}</caption>"
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}">'
        f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _right(number: bool) -> str:
    return ' class="n"' if number else ""


def figure(key: str, drawn: str, caption: str, sheet: Sheet) -> str:
    """Picture with its caption and, folded away, the table it was drawn from."""
    return (
        f'<figure id="{key}">{drawn}<figcaption>{escape(caption)}</figcaption>'
        f"<details><summary>The numbers of this picture</summary>{plain_table(sheet, caption)}"
        f"{download_button(sheet)}</details></figure>"
    )


def download_button(sheet: Sheet) -> str:
    """Button that the page's script answers with the table as CSV."""
    name = escape(sheet.name)
    return f'<p><button type="button" data-csv="{name}">Download {name}.csv</button></p>'


def bar_table(sheet: Sheet, columns: Sequence[str], bars: Sequence[str], caption: str, heading: str) -> str:
    """Table with a bar in each row: a picture that is read as the numbers it is made of.

    Parameters
    ----------
    sheet : Sheet
    columns : sequence of str
        Columns shown; the first one names the row, and the bar comes next to it.
    bars : sequence of str
        Of each row.
    caption : str
        What the table says, for screen readers and on paper.
    heading : str
        Over the bars.
    """
    numeric = {c.name: isinstance(c, NumberColumn) for c in sheet.columns}
    names = [f'<th scope="col"{_right(numeric[c])}>{escape(label(c))}</th>' for c in columns]
    head = f'{names[0]}<th scope="col" class="bars">{escape(heading)}</th>{"".join(names[1:])}'
    rows = []
    for i, drawn in enumerate(bars):
        cells = "".join(f"<td{_right(numeric[c])}>{cell(sheet, c, i)}</td>" for c in columns[1:])
        name = f'<th scope="row">{cell(sheet, columns[0], i)}</th>'
        rows.append(f'<tr>{name}<td class="bars">{drawn}</td>{cells}</tr>')
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}">'
        f'<table class="with-bars"><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def legend(entries: Sequence[tuple[str, str]]) -> str:
    """Colours with their meaning: (class, words)."""
    items = "".join(
        '<li><svg viewBox="0 0 12 12" aria-hidden="true">'
        f'<rect width="12" height="12" rx="2" class="{css}"/></svg>{escape(words)}</li>'
        for css, words in entries
    )
    return f'<ul class="legend">{items}</ul>'
