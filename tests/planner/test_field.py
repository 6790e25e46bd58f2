"""What appliances hold as the field tells it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from cdnplan.errors import InputError
from cdnplan.planner import plan
from tests.planner.plans import copies, make, rows, sample_request

BE = frozenset({"BE"})


def write(pairs: list[tuple[str, str]], path: Path) -> Path:
    table = pa.table({"appliance": [a for a, _ in pairs], "file": [f for _, f in pairs]})
    if path.suffix == ".csv":
        pa_csv.write_csv(table, path)
    else:
        pq.write_table(table, path)
    return path


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_field_alone_is_as_good_as_the_plan(belgian_plan: Path, tmp_path: Path, suffix: str) -> None:
    told = write(sorted(copies(belgian_plan, "add")), tmp_path / f"field.{suffix}")
    request = sample_request(tmp_path / "p", countries=BE, gap_ratio=0.3, holdings=told)
    record = make(request)
    make(replace(request, holdings=None, previous=belgian_plan, out=tmp_path / "q"))
    assert rows(tmp_path / "p", "placement") == rows(tmp_path / "q", "placement")
    assert record["fills"]["trusted_field"] == 0
    assert "holdings" in record["input_hashes"]


def test_the_field_is_believed(belgian_plan: Path, tmp_path: Path) -> None:
    held = sorted(copies(belgian_plan, "add"))
    empty = held[0][0]
    told = [pair for pair in held if pair[0] != empty][3:]
    request = sample_request(tmp_path / "p", countries=BE, gap_ratio=0.3, previous=belgian_plan)
    record = make(replace(request, holdings=write(told, tmp_path / "field.csv")))
    assert record["fills"]["trusted_field"] == len(held) - len(told)
    assert any("the field is believed" in text for text in record["warnings"])
    assert any("count as empty" in text and empty in text for text in record["warnings"])
    assert not {pair for pair in copies(request.out, "keep", "evict") if pair[0] == empty}


def test_a_table_that_is_none(tmp_path: Path) -> None:
    bad = write([("ixp-london-gb", "x")], tmp_path / "field.csv")
    with pytest.raises(InputError, match="no appliance's name"):
        plan(sample_request(tmp_path / "p", countries=BE, holdings=bad))
    (tmp_path / "other.csv").write_text("appliance,title\na/b/1,x\n", encoding="utf-8")
    with pytest.raises(InputError, match="file"):
        plan(sample_request(tmp_path / "p", countries=BE, holdings=tmp_path / "other.csv"))
    assert not (tmp_path / "p").exists()
