"""Ingest texts, and read what was written."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from cdnplan.inputs.logs.ingest.outcome import IngestResult
from cdnplan.inputs.logs.ingest.request import IngestRequest
from cdnplan.inputs.logs.ingest.run import ingest
from cdnplan.inputs.logs.meaning.mapping import LogMapping, RegionRule, read_mapping

ONE_REGION = LogMapping(region=RegionRule(name="BE"))


def combined(
    url: str = "/v/alpha",
    *,
    client: str = "192.0.2.1",
    time: str = "10/Oct/2025:13:55:36 +0000",
    request: str | None = None,
    status: str = "200",
    sent: str = "1000",
    tail: str = '"-" "agent"',
) -> str:
    """A line of the combined format."""
    return f'{client} - - [{time}] "{request or f"GET {url} HTTP/1.1"}" {status} {sent} {tail}\n'


def run(
    folder: Path,
    text: str | bytes,
    mapping: LogMapping | str = ONE_REGION,
    name: str = "a.log",
    **options: Any,
) -> tuple[IngestResult, list[dict[str, Any]]]:
    """Ingest a text; the result and the rows of the history."""
    raw = text.encode() if isinstance(text, str) else text
    (folder / name).write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return run_files(folder, (folder / name,), mapping, **options)


def run_files(
    folder: Path, logs: tuple[Path, ...], mapping: LogMapping | str = ONE_REGION, **options: Any
) -> tuple[IngestResult, list[dict[str, Any]]]:
    """Ingest files; `mapping` may be its text."""
    if isinstance(mapping, str):
        (folder / "map.yaml").write_text(mapping, encoding="utf-8")
        mapping = read_mapping(folder / "map.yaml")
    request = IngestRequest(logs=logs, out=folder / "h.csv", mapping=mapping, memory_gb=0.5, threads=1)
    result = ingest(replace(request, **options))
    return result, rows(folder / "h.csv")


def rows(path: Path) -> list[dict[str, Any]]:
    """Rows of a table, dates as text."""
    table = pq.read_table(path) if path.suffix == ".parquet" else pacsv.read_csv(path)
    return [{k: str(v) if k == "date" else v for k, v in row.items()} for row in table.to_pylist()]


def volumes(found: list[dict[str, Any]], by: str) -> Mapping[tuple[str, str, str], float]:
    """Bytes by date, region and name."""
    return {(row["date"], row["region"], row[by]): round(row["gb"] * 1e9) for row in found}
