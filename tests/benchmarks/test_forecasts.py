"""The measurement of forecasts in `make bench`, on a tiny history."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.documents import fill
from benchmarks.forecasts import (
    DOCUMENT,
    Measured,
    main,
    read_measured,
    world_table,
    write_measured,
)


def test_a_tiny_world_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "found.json"
    assert main(["--sizes", "tiny", "--threads", "1", "--json", str(path)]) == 0
    [found] = read_measured(path)
    assert found.history_rows > 40 * 28
    assert 0 < found.forecast_rows <= 40 * 300
    assert found.processor_seconds > 0
    assert 0.05 < found.peak_gib < 2
    assert "40 × 300" in capsys.readouterr().out


def test_growth_is_that_of_the_size_before(tmp_path: Path) -> None:
    half = Measured("half", 10, 100, 4.0, 5.0, 1.0, 2)
    found = [replace(half, size="world", processor_seconds=11.0, peak_gib=2.5), half]
    table = world_table(found)
    assert [row[0] for row in table.rows] == ["3,000 × 20,000", "6,000 × 20,000"]
    assert [row[-2:] for row in table.rows] == [[None, None], [2.2, 2.5]]
    write_measured(found, tmp_path / "found.json")
    assert read_measured(tmp_path / "found.json") == found


def test_the_document_has_a_place_for_the_table() -> None:
    row = Measured("world", 123_456, 100, 4.0, 5.0, 1.0, 2)
    assert "| 123,456 |" in fill(DOCUMENT.read_text(encoding="utf-8"), [world_table([row])])


def test_bad_requests(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--sizes", "wrold"]) == 2
    assert "did you mean 'world'?" in capsys.readouterr().err
    assert main(["--write-docs", "--json", str(tmp_path / "none.json")]) == 2
    assert "no such file" in capsys.readouterr().err
    (tmp_path / "odd.json").write_text('{"format": 2}')
    assert main(["--write-docs", "--json", str(tmp_path / "odd.json")]) == 2
    assert "found format 2" in capsys.readouterr().err
