"""Broken table files and values that no table may have."""

from __future__ import annotations

import pyarrow as pa

from tests.inputs.bad_table_case import GOOD, HEAD, ROW, Case, Cut, history

FILE_CASES = (
    Case("missing file", "titles", {}, ("absent.csv: no such file",)),
    Case("other ending", "titles", {"t.xlsx": "x"}, ("t.xlsx: not a table, expected a name that ends in",)),
    Case("empty csv", "titles", {"t.csv": ""}, ("t.csv: the file is empty",)),
    Case("blank csv", "titles", {"t.csv": "\n\n"}, ("t.csv: the file is empty",)),
    Case("empty parquet", "history", {"h.parquet": b""}, ("h.parquet: the file is empty",)),
    Case("header alone", "titles", {"t.csv": "title,size_gb\n"}, ("t.csv: the table has no rows",)),
    Case("header without line end", "titles", {"t.csv": "title"}, ("t.csv: the table has no rows",)),
    Case(
        "parquet without rows",
        "history",
        {"h.parquet": GOOD.slice(0, 0)},
        ("h.parquet: the table has no rows",),
    ),
    Case(
        "parquet cut short",
        "history",
        {"h.parquet": Cut(GOOD, 300)},
        ("h.parquet: cannot be read, broken or",),
    ),
    Case(
        "text as parquet", "history", {"h.parquet": HEAD + ROW}, ("h.parquet: cannot be read, broken or cut",)
    ),
    Case(
        "gz that is none",
        "history",
        {"h.csv.gz": HEAD + ROW},
        ("h.csv.gz: cannot be read, broken or cut short",),
    ),
    Case(
        "gz cut short",
        "history",
        {"h.csv.gz": b"\x1f\x8b\x08\x00\x00"},
        ("h.csv.gz: cannot be read, broken",),
    ),
    Case(
        "latin-1 header",
        "titles",
        {"t.csv": b"title,gr\xf6\xdfe\nx,1\n"},
        ("t.csv: the header is not UTF-8 text",),
    ),
    Case("latin-1 row", "titles", {"t.csv": b"title\nAlpha\nCaf\xe9\n"}, ("t.csv: row 2: not UTF-8 text",)),
    Case(
        "twin columns",
        "history",
        {"h.csv": "date,region,title,gb,gb\n"},
        ("gb: the column is there more than once",),
    ),
    Case(
        "too few and too many values",
        "history",
        {"h.csv": f"{HEAD}{ROW}2024-01-14,BE,Alpha\n2024-01-14,BE,Beta,-1\n2024-01-14,BE,Beta,1,1\n"},
        (
            "h.csv: row 2: found 3 values, expected 4 as in the header",
            "h.csv: row 4: found 5 values, expected 4",
            "h.csv: row 3: gb: found -1, expected a number >= 0",
        ),
    ),
    Case(
        "semicolons",
        "history",
        {"h.csv": "date;region;title;gb\n2024-01-07;BE;Alpha;1\n"},
        (
            "date: the column 'date' is missing; columns are separated by commas",
            "region: the column 'region' is missing",
            "gb: the column 'gb' is missing",
            "title: the column 'file' or 'title' is missing",
        ),
    ),
    Case(
        "misspelt column",
        "history",
        {"h.csv": "date,regoin,title,GB\n"},
        (
            "region: the column 'region' is missing; did you mean 'regoin'?",
            "gb: the column 'gb' is missing; did you mean 'GB'?",
        ),
    ),
    Case(
        "wrong types",
        "history",
        {
            "h.parquet": history(
                date=pa.array([1, 2]), region=pa.array([1.5, 2.5]), gb=pa.array([True, False])
            )
        },
        (
            "date: the column holds int64, expected dates",
            "region: the column holds double, expected text",
            "gb: the column holds bool, expected numbers",
        ),
    ),
)

VALUE_CASES = (
    Case(
        "empty values",
        "history",
        {"h.csv": f"{HEAD}{ROW},BE,Alpha,1\n2024-01-14,,Alpha,1\n2024-01-14,BE,,1\n2024-01-14,BE,Beta,\n"},
        (
            "h.csv: row 2: date: found nothing, expected a date as 2021-07-04",
            "h.csv: row 3: region: found nothing, expected a name",
            "h.csv: row 4: title: found nothing, expected a name",
            "h.csv: row 5: gb: found nothing, expected a number >= 0",
        ),
    ),
    Case(
        "blank name",
        "history",
        {"h.csv": HEAD + '2024-01-07,BE," ",1\n'},
        ("h.csv: row 1: title: found nothing",),
    ),
    Case(
        "nulls in parquet",
        "history",
        {"h.parquet": history(region=pa.array(["BE", None]), gb=pa.array([None, 1.0]))},
        (
            "h.parquet: row 2: region: found nothing",
            "h.parquet: row 1: gb: found nothing, expected a number >= 0",
        ),
    ),
    Case(
        "nulls in a dictionary",
        "history",
        {"h.parquet": history(title=pa.array(["Alpha", None]).dictionary_encode())},
        ("h.parquet: row 2: title: found nothing, expected a name",),
    ),
    Case(
        "a column of nothing",
        "history",
        {"h.parquet": history(gb=pa.nulls(2))},
        ("h.parquet: row 1: gb: found nothing", "h.parquet: row 2: gb: found nothing"),
    ),
    Case(
        "NaN and infinity",
        "history",
        {"h.parquet": history(gb=pa.array([float("nan"), float("inf")]))},
        (
            "h.parquet: row 1: gb: found NaN, expected a number",
            "h.parquet: row 2: gb: found inf, expected a number",
        ),
    ),
    Case(
        "NaN in csv",
        "history",
        {"h.csv": f"{HEAD}2024-01-07,BE,Alpha,nan\n"},
        ("h.csv: row 1: gb: found NaN",),
    ),
    Case(
        "text among numbers",
        "history",
        {"h.csv": HEAD + ROW + '2024-01-14,BE,Alpha,lots\n2024-01-14,BE,Beta,"1,5"\n2024-01-14,NL,Beta,-2\n'},
        (
            "h.csv: row 2: gb: found 'lots', expected a number >= 0",
            "h.csv: row 3: gb: found '1,5', expected a number >= 0",
            "h.csv: row 4: gb: found -2, expected a number >= 0",
        ),
    ),
    Case(
        "text among numbers in parquet",
        "history",
        {"h.parquet": history(gb=pa.array(["3", "many"]))},
        ("h.parquet: row 2: gb: found 'many', expected a number",),
    ),
    Case(
        "dates of another country",
        "history",
        {"h.csv": f"{HEAD}07/01/2024,BE,Alpha,1\n{ROW}2024-02-30,BE,Alpha,1\n2024-W03-7,BE,Alpha,1\n"},
        (
            "h.csv: row 1: date: found '07/01/2024', expected a date as 2021-07-04",
            "h.csv: row 3: date: found '2024-02-30', expected a date",
            "h.csv: row 4: date: found '2024-W03-7', expected a date",
        ),
    ),
    Case(
        "many of a kind",
        "history",
        {"h.csv": HEAD + "2024-01-07,BE,Alpha,-1\n" * 30},
        (
            *(f"h.csv: row {row}: gb: found -1" for row in range(1, 21)),
            "h.csv: gb: … and 10 more like the last",
        ),
    ),
)
