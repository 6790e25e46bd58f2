"""Broken tables: what is read, the files, and part of each problem in the order of the report."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa

from tests.inputs.bad_table_case import GOOD, HEAD, ROW, Case, history, shares
from tests.inputs.bad_table_files import FILE_CASES, VALUE_CASES

TITLE_CASES = (
    Case(
        "twin title",
        "titles",
        {"t.csv": "title\nAlpha\nBeta\nAlpha\n"},
        ("t.csv: row 3: the title 'Alpha' is there already",),
    ),
    Case(
        "title values",
        "titles",
        {"t.csv": "title,launch_date,runtime_min,size_gb\nAlpha,soon,90,1\nBeta,,0,1\nGamma,,5,-1\n"},
        (
            "t.csv: row 1: launch_date: found 'soon', expected a date",
            "t.csv: row 2: runtime_min: found 0, expected a number > 0",
            "t.csv: row 3: size_gb: found -1, expected a number > 0",
        ),
    ),
    Case(
        "no sizes", "catalog", {"titles.csv": "title\nAlpha\n"}, ("size_gb: the column 'size_gb' is missing",)
    ),
    Case(
        "a title without a size",
        "catalog",
        {"titles.csv": "title,size_gb\nAlpha,1\nBeta,\n"},
        ("titles.csv: row 2: size_gb: the title 'Beta' has no size and no files",),
    ),
    Case(
        "shares that do not sum to 1",
        "catalog",
        shares("a1,Alpha,hd,1,0.5,", "a2,Alpha,sd,1,0.4,", "b1,Beta,hd,1,1,BE", "b1,Beta,hd,1,0.2,NL"),
        (
            "files.csv: row 1: demand_ratio: the shares of title 'Alpha' sum to 0.9, expected 1",
            "files.csv: row 4: demand_ratio: the shares of title 'Beta' in region 'NL' sum to 0.2",
        ),
    ),
    Case(
        "files of no title",
        "catalog",
        shares("a1,Alpah,hd,1,1,"),
        ("files.csv: row 1: title: 'Alpah' is not a title of the titles table; did you mean 'Alpha'?",),
    ),
    Case(
        "twin file",
        "catalog",
        shares("a1,Alpha,hd,1,0.5,", "a1,Alpha,hd,1,0.5,"),
        ("files.csv: row 2: the file 'a1' is there already",),
    ),
    Case(
        "a file that contradicts itself",
        "catalog",
        shares("a1,Alpha,hd,1,1,", "a1,Beta,hd,2,1,BE"),
        (
            "files.csv: row 2: title: the file 'a1' has another title in row 1",
            "files.csv: row 2: size_gb: the file 'a1' has another size in row 1",
        ),
    ),
    Case(
        "a file named like a title without files",
        "catalog",
        shares("Beta,Alpha,hd,1,1,"),
        ("titles.csv: row 2: title: the title 'Beta' has no files, but a file of another title",),
    ),
    Case(
        "both tables",
        "catalog",
        {
            "titles.csv": "title,size_gb\nAlpha,0\n",
            "files.csv": "file,title,size_gb,demand_ratio\na,Alpha,1,2\n",
        },
        (
            "titles.csv: row 1: size_gb: found 0, expected a number > 0",
            "files.csv: row 1: demand_ratio: found 2",
        ),
    ),
    Case(
        "both tables unreadable",
        "catalog",
        {"titles.csv": "name\nAlpha\n", "files.csv": ""},
        ("titles.csv: title: the column 'title' is missing", "files.csv: the file is empty"),
    ),
)

DEMAND_CASES = (
    Case(
        "unknown region",
        "demand",
        {"d.csv": f"{HEAD}{ROW}2024-01-07,BEE,Alpha,1\n"},
        ("d.csv: row 2: region: unknown region 'BEE'",),
    ),
    Case(
        "misspelt region",
        "demand",
        {"d.csv": f"{HEAD}{ROW}2024-01-07,nl-kpm,Alpha,1\n"},
        ("draws on it and it is no country; did you mean 'nl-kpn'?",),
    ),
    Case(
        "two names of one region",
        "demand",
        {"d.csv": f"{HEAD}{ROW}2024-01-07,Belgium,Alpha,1\n"},
        ("d.csv: row 2: region: 'Belgium' and 'BE' both stand for demand region 'BE'",),
    ),
    Case(
        "titles that are not in the catalogue",
        "demand",
        {"d.csv": f"{HEAD}{ROW}2024-01-07,BE,Alhpa,1\n2024-01-07,BE,Alhpa,1\n2024-01-07,nl-kpn,Omega,1\n"},
        (
            "d.csv: row 2: title: 'Alhpa' is not a title of the catalogue; did you mean 'Alpha'?",
            "d.csv: row 4: title: 'Omega' is not a title of the catalogue; known: 'Alpha', 'Beta'",
        ),
    ),
    Case(
        "files that are not in the catalogue",
        "demand",
        {"d.csv": "date,region,file,gb\n2024-01-07,BE,alpha,1\n"},
        ("d.csv: row 1: file: 'alpha' is not a file of the catalogue; did you mean 'Alpha'?",),
    ),
    Case(
        "twin rows",
        "demand",
        {"d.csv": f"{HEAD}{ROW}2024-01-14,BE,Alpha,1\n2024-01-07,BE,Beta,1\n{ROW}{ROW}"},
        (
            "d.csv: row 4: 'BE' and 'Alpha' are there already, on the same date in row 1",
            "d.csv: row 5: 'BE' and 'Alpha' are there already, on the same date in row 1",
        ),
    ),
    Case(
        "negative and NaN",
        "demand",
        {"d.parquet": history(gb=pa.array([-1.0, float("nan")]))},
        (
            "d.parquet: row 2: gb: found NaN, expected a number >= 0",
            "d.parquet: row 1: gb: found -1, expected",
        ),
    ),
    Case(
        "another date",
        "demand",
        {"d.parquet": GOOD},
        ("no rows of 2024-01-15, expected a day of its 2 periods from 2024-01-01 to 2024-01-14",),
        {"date": dt.date(2024, 1, 15)},
    ),
    Case(
        "no expected value and no median",
        "demand",
        {"d.csv": "date,region,title,gb,quantile\n2024-01-07,BE,Alpha,1,0.9\n"},
        ("d.csv: row 1: quantile: 2024-01-07 has neither rows without a quantile nor with 0.5",),
    ),
    Case(
        "a quantile above 1",
        "demand",
        {"d.csv": "date,region,title,gb,quantile\n2024-01-07,BE,Alpha,1,90\n2024-01-07,BE,Alpha,1,\n"},
        ("d.csv: row 1: quantile: found 90, expected a number >= 0 and <= 1",),
    ),
    Case(
        "nothing for the plan",
        "demand",
        {"d.csv": f"{HEAD}2024-01-07,Peru,Alpha,1\n"},
        ("d.csv: region: no rows for any of the regions that are planned",),
    ),
    Case(
        "a period that is none",
        "demand",
        {"d.parquet": GOOD.replace_schema_metadata({"period_days": "weekly"})},
        ("d.parquet: the schema metadata has period_days 'weekly', expected a number > 0",),
    ),
    Case(
        "problems of all kinds at once",
        "demand",
        {"d.csv": f"{HEAD}2024-01-07,BEE,Alpha,1\n2024-01-07,BE,Alhpa,1\n2024-01-07,BE,Beta,-1\n"},
        (
            "d.csv: row 1: region: unknown region 'BEE'",
            "d.csv: row 3: gb: found -1",
            "d.csv: row 2: title: 'Alhpa' is not a title",
        ),
    ),
)

HISTORY_CASES = (
    Case(
        "twin history rows",
        "history",
        {"h.csv": f"{HEAD}2024-01-14,BE,Alpha,1\n{ROW}2024-01-14,BE,Alpha,3\n"},
        ("h.csv: row 3: 'BE' and 'Alpha' are there already, on the same date in row 1",),
    ),
    Case(
        "a date between weeks",
        "history",
        {
            "h.csv": f"{HEAD}{ROW}2024-01-14,BE,Alpha,1\n2024-01-17,BE,Alpha,1\n2024-01-21,BE,Alpha,1\n"
            "2024-01-28,BE,Alpha,1\n2024-02-04,BE,Alpha,1\n"
        },
        ("h.csv: row 3: date: found 2024-01-17, expected whole weeks from 2024-01-07",),
    ),
    Case(
        "months",
        "history",
        {"h.csv": f"{HEAD}2024-01-31,BE,Alpha,1\n2024-03-01,BE,Alpha,1\n"},
        ("h.csv: date: dates are usually 30 days apart, expected 1 (daily) or 7 (weekly)",),
    ),
    Case(
        "only zeros",
        "history",
        {"h.csv": f"{HEAD}2024-01-07,BE,Alpha,0\n"},
        ("h.csv: gb: no row has more than 0 GB",),
    ),
)

CASES = FILE_CASES + VALUE_CASES + TITLE_CASES + DEMAND_CASES + HISTORY_CASES
