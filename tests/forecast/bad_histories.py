"""Histories that are broken or odd, as CSV: with the words of the error, or with what the answer must be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from cdnplan.forecast.base.base import Forecast

HEAD = "date,region,title,gb"
REGIONS = ("BE", "DE", "NL")
TITLES = tuple(f"t{i:02d}" for i in range(15))
WEEKS = 12


def day(week: int) -> str:
    """Date of a week."""
    return str(dt.date(2024, 1, 7) + dt.timedelta(weeks=week))


def rows(
    keep: Callable[[int, str, str], bool] = lambda week, region, title: True,
    gb: Callable[[int, str, str], object] = lambda week, region, title: 10 + TITLES.index(title),
    when: Callable[[int], str] = day,
) -> list[str]:
    """Lines of twelve weeks of three regions and fifteen titles."""
    return [
        f"{when(week)},{region},{title},{gb(week, region, title)}"
        for week in range(WEEKS)
        for region in REGIONS
        for title in TITLES
        if keep(week, region, title)
    ]


def text(*lines: str, head: str = HEAD) -> str:
    """A CSV file."""
    return "\n".join((head, *lines)) + "\n"


@dataclass(frozen=True)
class Bad:
    """A history that is refused, and words of the message."""

    name: str
    csv: str
    words: str
    as_of: dt.date | None = None


@dataclass(frozen=True)
class Odd:
    """A history that is taken, and what must hold of its forecast."""

    name: str
    csv: str
    holds: Callable[[dict[tuple[str, str], float], Forecast], bool]
    as_of: dt.date | None = None


def near(value: float, wanted: float, ratio: float = 0.15) -> bool:
    """Whether a value is about what is wanted."""
    return abs(value - wanted) <= ratio * wanted


BAD = (
    Bad("empty file", "", "the file is empty"),
    Bad("only a header", text(), "the table has no rows"),
    Bad("no volume", text("2024-01-07,BE,t00", head="date,region,title"), "the column 'gb' is missing"),
    Bad("no region", text("2024-01-07,t00,1", head="date,title,gb"), "the column 'region' is missing"),
    Bad(
        "neither title nor file",
        text("2024-01-07,BE,1", head="date,region,gb"),
        "the column 'file' or 'title'",
    ),
    Bad("negative", text(*rows(gb=lambda w, r, t: -1 if w == 3 and t == "t03" else 5)), "found -1"),
    Bad("not a number", text(*rows(), "2024-03-31,BE,t00,lots"), "'lots'"),
    Bad("infinite", text(*rows(), "2024-03-31,BE,t00,inf"), "found inf"),
    Bad("no volume in a row", text(*rows(), "2024-03-31,BE,t00,"), "row 541: gb"),
    Bad("twice", text(*rows(), f"{day(3)},BE,t00,1"), "are there already"),
    Bad("all zero", text(*rows(gb=lambda w, r, t: 0)), "no row has more than 0 GB"),
    Bad("a date that is none", text(*rows(), "2024-02-30,BE,t00,1"), "2024-02-30"),
    Bad("a row without a region", text(*rows(), "2024-03-31,,t00,1"), "row 541: region"),
    Bad("a row without a title", text(*rows(), "2024-03-31,BE,,1"), "row 541: title"),
    Bad("mixed frequency", text(*rows(), "2024-03-27,BE,t00,1"), "2024-03-27"),
    Bad("monthly", text(*(f"2024-{m:02d}-01,BE,t00,1" for m in range(1, 13))), "days apart"),
    Bad("a date in the far future", text(*rows(), "2090-01-01,BE,t00,1"), "is one of these dates wrong?"),
    Bad("nothing known yet", text(*rows()), "the history begins on", dt.date(2023, 1, 1)),
    Bad(
        "titles that nobody knows", text("2024-01-07,BE,x,1", "2024-01-14,BE,x,1"), "no title of the history"
    ),
)

ODD = (
    Odd(
        "one period",
        text(*(x for x in rows() if x.startswith(day(0)))),
        lambda f, m: near(f["BE", "t05"], 15),
    ),
    Odd("one row", text(f"{day(0)},BE,t00,7"), lambda f, m: near(f["BE", "t00"], 7, 0.01) and len(f) == 1),
    Odd("one title", text(*rows(keep=lambda w, r, t: t == "t04")), lambda f, m: near(f["NL", "t04"], 14)),
    Odd("one region", text(*rows(keep=lambda w, r, t: r == "NL")), lambda f, m: near(f["NL", "t04"], 14)),
    Odd("a week is missing", text(*rows(keep=lambda w, r, t: w != 6)), lambda f, m: near(f["NL", "t04"], 14)),
    Odd(
        "a region did not report last week",
        text(*rows(keep=lambda w, r, t: r != "NL" or w != 11)),
        lambda f, m: near(f["NL", "t04"], 14),
    ),
    Odd(
        "a region has long gone",
        text(*rows(keep=lambda w, r, t: r != "NL" or w < 4)),
        lambda f, m: all(f.get(("NL", t), 0.0) < 0.5 * f["BE", t] for t in TITLES),
    ),
    Odd(
        "times and zones",
        text(*rows(when=lambda w: f"{day(w)}T23:00:00Z")),
        lambda f, m: near(f["NL", "t04"], 14),
    ),
    Odd("backwards", text(*reversed(rows())), lambda f, m: near(f["NL", "t04"], 14)),
    Odd(
        "a region is renamed",
        text(*(x.replace(",NL,", ",NL2,") if x[:10] >= day(9) else x for x in rows())),
        lambda f, m: near(f["NL2", "t04"], 14, 0.3) and f.get(("NL", "t04"), 0.0) < 7,
    ),
    Odd(
        "zeros are written out",
        text(*rows(gb=lambda w, r, t: 0 if t == "t04" else 10)),
        lambda f, m: ("NL", "t04") not in f and near(f["NL", "t05"], 10),
    ),
    Odd(
        "later dates than the day asked for",
        text(*rows(gb=lambda w, r, t: 1e6 if w > 9 else 10)),
        lambda f, m: near(f["NL", "t05"], 10) and str(m.cutoff) == day(9),
        dt.date.fromisoformat(day(9)),
    ),
    Odd(
        "one enormous value",
        text(*rows(gb=lambda w, r, t: 1e7 if (w, r, t) == (5, "NL", "t05") else 10)),
        lambda f, m: near(f["BE", "t05"], 10, 0.3) and near(f["NL", "t06"], 10, 0.5),
    ),
    Odd("tiny volumes", text(*rows(gb=lambda w, r, t: 1e-9)), lambda f, m: all(v >= 0 for v in f.values())),
    Odd(
        "a title that the table lacks",
        text(*rows(), *(f"{day(w)},BE,zz,5" for w in range(WEEKS))),
        lambda f, m: any("'zz'" in x for x in m.warnings) and ("BE", "zz") not in f,
    ),
    Odd(
        "a region doubles",
        text(*rows(gb=lambda w, r, t: 20 if r == "NL" and w >= 10 else 10)),
        lambda f, m: near(f["NL", "t05"], 20, 0.1) and near(f["BE", "t05"], 10, 0.1),
    ),
)
