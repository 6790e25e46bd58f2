"""Reports of replays and what-ifs: tables against what the folders say, and pages that are whole."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdnplan.errors import InputError
from cdnplan.report.pages.report import report
from cdnplan.report.pages.whatif_page import changed_table, limits_table, scenarios_table
from cdnplan.report.sections.maps import replay_layers
from cdnplan.report.tables import replay_tables
from cdnplan.report.tables.replay_tables import (
    causes_table,
    links_table,
    missed_regions_table,
    missed_table,
    offload_series,
    periods_table,
    read_replay,
    regret_table,
    replayed_regions_table,
    replayed_sites_table,
    ways_table,
)
from tests.report.replays import DEMAND_GB, MISSES, WAYS, whatif_tree, write_replay


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_replay(tmp_path_factory.mktemp("replay") / "r")


def test_ways_and_periods(folder: Path) -> None:
    facts = read_replay(folder)
    ways, periods = ways_table(facts), periods_table(facts)
    assert ways.texts("way") == [
        *("perfect, bound", "lru, hybrid, 80% planned", "lru, live, parents", "plan", "lru, live")
    ]
    expected = {
        name: 1 - sum(d * (1 - o) for d, o in zip(DEMAND_GB, way[4], strict=True)) / sum(DEMAND_GB)
        for name, way in zip(dict.fromkeys(periods.texts("way")), WAYS, strict=True)
    }
    found = dict(zip(ways.texts("way"), ways.numbers("byte_offload_ratio").tolist(), strict=True))
    assert found == pytest.approx(expected)
    assert periods.n_rows == len(WAYS) * 2
    series = offload_series(periods, "lru, live", ["2026-07-06", "2026-07-13", "2026-07-20"])
    assert series[:2].tolist() == [0.70, 0.75]
    assert np.isnan(series[2])


def test_regions_beside_the_best_live_cache(folder: Path) -> None:
    facts = read_replay(folder)
    rows = list(replayed_regions_table(facts, "lru, live, parents").rows())
    assert [(row["region"], row["country"], row["lat"], row["lon"]) for row in rows] == [
        ("be", "BE", 50.8, 4.4),
        ("nl", "NL", 52.1, 5.1),
    ]
    assert [row["demand_gb"] for row in rows] == [1000.0, 3000.0]
    assert [row["plan_ratio"] for row in rows] == pytest.approx([0.85, 0.85])
    assert [row["live_ratio"] for row in rows] == pytest.approx([0.825, 0.825])
    alone = replayed_regions_table(facts, None)
    assert "live_ratio" not in {column.name for column in alone.columns}


def test_a_region_that_the_live_cache_does_not_list_has_no_ratio(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "replay"
    shutil.copytree(folder, other)
    path = other / "regions.parquet"
    rows = pq.read_table(path).to_pylist()
    kept = [row for row in rows if (row["policy"], row["kind"], row["region"]) != ("lru", "live", "nl")]
    pq.write_table(pa.Table.from_pylist(kept), path)
    shown = list(replayed_regions_table(read_replay(other), "lru, live, parents").rows())
    assert [row["live_ratio"] is None for row in shown] == [False, True]


def test_map_of_what_came(folder: Path) -> None:
    text = report(folder)
    assert 'id="figure-map"' in text
    for layer, column in (("plan", "plan_ratio"), ("live", "live_ratio")):
        assert f'value="{layer}" data-sheet="regions" data-column="{column}"' in text
    # Both points lie in the class from 80% to 95%, and ask for a fourth of the most at least, in both layers.
    assert text.count('class="dot s3 d1"') == 2
    assert text.count('class="dot ') == 2


def test_classes_of_the_map_follow_the_offload() -> None:
    low, high = replay_layers(0.45), replay_layers(0.98)
    assert [layer.bounds[-1] for layer in low] == [0.95, 0.95]
    assert [layer.bounds[-1] for layer in high] == [0.999, 0.999]


def test_misses_add_up(folder: Path) -> None:
    facts = read_replay(folder)
    causes = {row["cause"]: row for row in causes_table(facts).rows()}
    assert {cause: row["gb"] for cause, row in causes.items()} == {
        "capacity": 500,
        "content": 100,
        "launch": 100,
    }
    assert causes["capacity"]["demand_ratio"] == 500 / sum(DEMAND_GB)
    remedies = {row["avoided_by"]: row["gb"] for row in causes_table(facts, "avoided_by").rows()}
    assert remedies == {"forecast": 60, "storage": 40, "throughput": 500, "fill window": 100}
    rows = missed_table(facts).rows()
    assert [tuple(row.values()) for row in rows] == sorted(MISSES, key=lambda row: -row[5])
    where = {row["region"]: row for row in missed_regions_table(facts).rows()}
    assert where["nl"]["capacity_miss_gb"] == 500
    assert where["be"] == {"region": "be", "content_miss_gb": 100, "capacity_miss_gb": 0, "launch_miss_gb": 0}


def test_small_misses_are_added_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay_tables, "MISSES_SHOWN", 1)
    rows = missed_table(read_replay(folder)).rows()
    assert sum(row["gb"] for row in rows) == sum(row[5] for row in MISSES)
    assert [(row["region"], row["cause"], row["gb"]) for row in rows] == [
        *(("nl", "capacity", 500), ("all others", "content", 100), ("all others", "launch", 100))
    ]


def test_links_sites_and_regret(folder: Path) -> None:
    facts = read_replay(folder)
    [link] = links_table(facts).rows()
    assert link == {
        "link": "a>b",
        "way": "plan",
        "peak_gbps": 7.0,
        "p95_gbps": 6.0,
        "capacity_gbps": 10.0,
        "used_ratio": 0.7,
    }
    [site] = replayed_sites_table(facts).rows()
    assert (site["site"], site["byte_offload_ratio"]) == ("ams", 0.9)
    regret = regret_table(facts)
    assert regret is not None
    assert regret.numbers("cost").tolist() == [7.0, 2.0, 1.0]


def test_page_of_a_replay(folder: Path) -> None:
    text = report(folder)
    assert report(folder) == text
    for key in ("figure-ways", "figure-time", "figure-misses", "figure-regret"):
        assert f'id="{key}"' in text
    # The plan serves 82.5%, the best live cache 83.75%.
    assert "1.25 points less than that of the best live cache (lru, live, parents): 50 GB more" in text
    assert "Best of all that can be run: lru, hybrid, 80% planned." in text
    assert "a &lt;strange&gt; thing" in text


def test_folders_that_are_no_replay(folder: Path, tmp_path: Path) -> None:
    broken = write_replay(tmp_path / "broken")
    table = pq.read_table(broken / "misses.parquet").drop_columns(["gb"])
    pq.write_table(table.append_column("gb", pa.array(["x"] * table.num_rows)), broken / "misses.parquet")
    (broken / "links.parquet").unlink()
    with pytest.raises(InputError) as raised:
        report(broken)
    assert len(raised.value.problems) == 2


def test_what_if(tmp_path: Path) -> None:
    tree = whatif_tree()
    scenarios = scenarios_table(tree).rows()
    assert [(row["scenario"], row["answer"], row["cost_change"]) for row in scenarios] == [
        *(
            ("site fails", "at once", 40.0),
            ("site fails", "after filling", 20.0),
            ("more disk", "after filling", -5.0),
        )
    ]
    assert [row["offload_change_points"] for row in scenarios] == pytest.approx([-20.0, -5.0, 5.0])
    assert [row["to_fill_tb"] for row in scenarios] == [None, 1.5, 1.5]
    assert [row["price_of_one_more"] for row in limits_table(tree).rows()] == [None, 3.5, 3.5]
    assert changed_table(tree, "regions").numbers("km").tolist() == [20.0] * 3
    file = tmp_path / "what.json"
    file.write_text(json.dumps(tree), encoding="utf-8")
    text = report(file)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "whatif.json").write_text(json.dumps(tree), encoding="utf-8")
    assert report(tmp_path / "folder") == text
    for words in ("late one: not begun", "there is no &lt;plan&gt;", "ban of x", "figure-cost-change"):
        assert words in text
    assert "/somewhere" not in text
