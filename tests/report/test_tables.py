"""Every table of a plan's report, against the plan's folder counted again row by row."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cdnplan.evaluate.verify import verify
from cdnplan.report.facts import PlanFacts, find_nearest, read_facts
from cdnplan.report.sheet import NumberColumn, Sheet, TextColumn, packed
from cdnplan.report.tables_network import (
    TIERS,
    bin_floor,
    next_tb,
    pools_table,
    regions_table,
    sites_table,
)
from cdnplan.report.tables_plan import (
    certificate_table,
    costs_table,
    curve_table,
    figures_table,
    flow_table,
    full_table,
    misses_table,
    night_table,
    titles_table,
)
from tests.planner.plans import copies, pool_of, rows
from tests.report.naive import candidates, held_by, requests, served, tier, worth

CLOSE = 1e-6


def by_name(sheet: Sheet, *names: str) -> dict[Any, dict[str, Any]]:
    """Rows by the texts of some columns."""
    found = {tuple(row[name] for name in names): row for row in sheet.rows()}
    assert len(found) == sheet.n_rows
    return {key[0] if len(names) == 1 else key: row for key, row in found.items()}


def test_requests_from_their_cheapest_holders(facts: PlanFacts, small_plan: Path) -> None:
    by_copy, by_region, by_file = worth(facts, small_plan)
    instance = facts.instance
    for compiled in (False, True):
        found = find_nearest(instance, facts.holds, compiled=compiled)
        assert found.content_gb == pytest.approx([by_region[r] for r in instance.regions], rel=CLOSE)
        assert found.lost_gb == pytest.approx([by_file[f] for f in instance.files], rel=CLOSE)
        region = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
        per_region = np.bincount(region, found.near_gb)
        assert per_region + found.content_gb == pytest.approx(instance.region_gb(), rel=CLOSE)
        # Copies of a pool are those it holds or might hold; what it may not hold is worth nothing.
        allowed = {
            (p, f): int(instance.copies[i, j])
            for i, p in enumerate(instance.pools)
            for j, f in enumerate(instance.files)
        }
        for side, inside in ((0, True), (1, False)):
            keys = [
                k
                for k, gb in by_copy.items()
                if allowed[k] and gb > 0 and inside == (k[1] in held_by(small_plan)[k[0]])
            ]
            assert found.served_gb[side].sum() == pytest.approx(sum(by_copy[k] for k in keys), rel=1e-5)
            size = dict(zip(instance.files, instance.size_gb.tolist(), strict=True))
            unused = (
                0.0
                if side
                else sum(
                    size[f] * allowed[p, f]
                    for p, held in held_by(small_plan).items()
                    for f in held
                    if by_copy[p, f] <= 0
                )
            )
            space = sum(size[f] * allowed[p, f] for p, f in keys) + unused
            assert found.stored_gb[side].sum() == pytest.approx(space, rel=CLOSE)
    assert sum(by_file.values()) > 0
    assert len(by_copy) > instance.n_files


def test_regions(facts: PlanFacts, small_plan: Path) -> None:
    sheet = regions_table(facts)
    found = by_name(sheet, "region")
    planned = served(small_plan)
    _, lost, _ = worth(facts, small_plan)
    asked: dict[str, float] = defaultdict(float)
    for region, _, gb in requests(facts):
        asked[region] += gb
    places = {region.name: region for region in facts.topology.regions}
    origin_cost = dict(zip(facts.instance.regions, facts.instance.origin_cost.tolist(), strict=True))
    seen = set()
    for name, row in found.items():
        mine = {pool: gb for (region, pool), gb in planned.items() if region == name}
        assert row["demand_gb"] == pytest.approx(asked[name], rel=CLOSE)
        assert row["offload_ratio"] == pytest.approx(1 - mine.get("origin", 0.0) / asked[name])
        for word in TIERS:
            gb = sum(amount for pool, amount in mine.items() if tier(facts, name, pool) == word)
            assert row[f"{word.replace(' ', '_')}_ratio"] == pytest.approx(gb / asked[name], abs=1e-9)
            seen |= {word} if gb > 0 else set()
        cost = dict(candidates(facts, name)) | {"origin": origin_cost[name]}
        paid = sum(cost[pool] * gb for pool, gb in mine.items())
        assert row["cost_per_tb"] == pytest.approx(1000 * paid / asked[name])
        nowhere = sum(row.get(f"{cause}_miss_gb", 0.0) for cause in ("content", "policy", "size"))
        assert nowhere == pytest.approx(lost[name], rel=CLOSE, abs=1e-6)
        assert (row["lat"], row["lon"]) == places[name].location
        assert row["country"] == places[name].country
    assert set(found) == set(places)
    assert seen >= {"own site", "exchange", "origin"}
    demand = sheet.numbers("demand_gb")
    assert (np.diff(demand) <= 0).all()


def test_misses_agree_with_the_judge(facts: PlanFacts, small_plan: Path) -> None:
    told = verify(small_plan).misses
    assert told is not None
    judged = told.totals()
    table = by_name(misses_table(facts), "cause")
    assert {cause: row["gb"] for cause, row in table.items()} == {
        cause: pytest.approx(gb) for cause, gb in judged.items() if gb > 0
    }
    assert len(table) > 1
    regions = regions_table(facts)
    for cause, row in table.items():
        assert regions.numbers(f"{cause}_miss_gb").sum() == pytest.approx(row["gb"])


def test_pools_and_sites(facts: PlanFacts, small_plan: Path) -> None:
    pools = by_name(pools_table(facts), "site", "model")
    limits: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for row in rows(small_plan, "appliances"):
        limits[row["pool"]][0] += row["storage_gb"]
        limits[row["pool"]][1] += row["storage_limit_gb"]
        limits[row["pool"]][2] += 1
    total: dict[str, float] = defaultdict(float)
    for (_, pool), gb in served(small_plan).items():
        total[pool] += gb
    prices = {row["name"]: row["price"] for row in rows(small_plan, "prices") if row["limit"] == "storage"}
    assert set(pools) == {tuple(name.rsplit("/", 1)) for name in facts.instance.pools}
    for (site, model), row in pools.items():
        stored, allowed, count = limits[f"{site}/{model}"]
        assert row["stored_tb"] == pytest.approx(stored / 1000)
        assert row["storage_tb"] == pytest.approx(allowed / 1000)
        assert row["stored_ratio"] == pytest.approx(stored / allowed)
        assert row["appliances"] == count
        assert row["served_gb"] == pytest.approx(total[f"{site}/{model}"])
        assert row["price_per_tb"] == pytest.approx(prices.get(f"{site}/{model}", 0.0))
        assert row["added_gb"] == pytest.approx(stored)
        assert 0 <= row["busy_ratio"] <= 1 + CLOSE
    sites = by_name(sites_table(facts), "site")
    for name, row in sites.items():
        mine = [pool for (site, _), pool in pools.items() if site == name]
        for column in ("stored_tb", "storage_tb", "served_gb", "appliances", "throughput_gbps"):
            assert row[column] == pytest.approx(sum(pool[column] for pool in mine))
        assert row["price_per_tb"] == max(pool["price_per_tb"] for pool in mine)
        assert row["peak_gbps"] <= sum(pool["peak_gbps"] for pool in mine) + CLOSE
    assert sum(row["served_gb"] for row in sites.values()) == pytest.approx(
        sum(total.values()) - total["origin"]
    )


def test_storage_curve(facts: PlanFacts) -> None:
    curve = curve_table(facts)
    nearest = facts.nearest
    for side, name in enumerate(("held", "lacking")):
        part = [row for row in curve.rows() if row["copies"] == name]
        values = [row["at_least_gb_per_tb"] for row in part]
        assert values == sorted(values, reverse=True)
        assert part[-1]["total_serves_gb"] == pytest.approx(nearest.served_gb[side].sum())
        assert part[-1]["total_space_tb"] == pytest.approx(nearest.stored_gb[side].sum() / 1000)
        for row, above in zip(part, [float("inf"), *values], strict=False):
            # What a bin serves per TB lies between its edges.
            assert row["serves_gb"] <= above * row["space_tb"] * (1 + CLOSE) or above == 0
            assert row["serves_gb"] >= row["at_least_gb_per_tb"] * row["space_tb"] * (1 - CLOSE)
    assert bin_floor()[1:] == pytest.approx(2.0 ** (-40 + np.arange(319) / 4))


def test_next_tb_of_a_pool(facts: PlanFacts, small_plan: Path) -> None:
    by_copy, _, _ = worth(facts, small_plan)
    held, instance = held_by(small_plan), facts.instance
    size = dict(zip(instance.files, instance.size_gb.tolist(), strict=True))
    last, following = next_tb(facts)
    for p, pool in enumerate(instance.pools):
        # All pools are smaller than a TB: the last TB is all they hold, the next one all they lack.
        assert sum(size[f] for f in instance.files) < 1000
        mine = {
            f: gb
            for (name, f), gb in by_copy.items()
            if name == pool and instance.copies[p, instance.files.index(f)]
        }
        assert last[p] == pytest.approx(sum(gb for f, gb in mine.items() if f in held[pool]), rel=1e-5)
        assert following[p] == pytest.approx(
            sum(gb for f, gb in mine.items() if f not in held[pool]), rel=1e-5, abs=1e-6
        )
    assert following.max() > 0


def test_part_of_a_tb() -> None:
    from cdnplan.report.tables_network import _first_tb

    stored, serves = np.array([[400.0, 0.0, 1200.0, 50.0]]), np.array([[40.0, 0.0, 24.0, 1.0]])
    assert _first_tb(stored, serves).tolist() == [40.0 + 24.0 * 600 / 1200]


def test_titles(facts: PlanFacts, small_plan: Path) -> None:
    found = by_name(titles_table(facts), "title")
    _, _, lost = worth(facts, small_plan)
    title = dict(
        zip(facts.catalog.files, (facts.catalog.titles[t] for t in facts.catalog.file_title), strict=True)
    )
    asked: dict[str, float] = defaultdict(float)
    for _, file, gb in requests(facts):
        asked[title[file]] += gb
    held = held_by(small_plan)
    for name, row in found.items():
        files = [file for file, of in title.items() if of == name]
        mine = [(a, f) for a, f in copies(small_plan, "keep", "add") if f in files]
        assert row["files"] == len(files) == 2
        assert row["demand_gb"] == pytest.approx(asked[name], rel=CLOSE)
        assert row["in_reach_ratio"] == pytest.approx(1 - sum(lost[f] for f in files) / asked[name], abs=1e-6)
        assert row["copies"] == row["added"] == len(mine)
        assert (
            row["pools"]
            == len({pool_of(a) for a, _ in mine})
            == sum(bool(held[p] & set(files)) for p in held)
        )
        assert row["launch_date"] == ("2026-07-01" if name == "t04" else None)
    assert set(found) == set(facts.catalog.titles)


def test_flow(facts: PlanFacts) -> None:
    flow, regions = by_name(flow_table(facts), "to"), regions_table(facts).rows()
    assert list(flow) == ["all", "NL", "BE"] or list(flow) == ["all", "BE", "NL"]
    for word in TIERS:
        column, share = f"{word.replace(' ', '_')}_gb", f"{word.replace(' ', '_')}_ratio"
        for to, row in flow.items():
            mine = [r for r in regions if to in ("all", r["country"])]
            assert row[column] == pytest.approx(sum(r[share] * r["demand_gb"] for r in mine), abs=1e-6)


def test_claims_of_the_plan(facts: PlanFacts, small_plan: Path) -> None:
    record = json.loads((small_plan / "plan.json").read_text(encoding="utf-8"))
    assert certificate_table(facts).numbers("cost").tolist() == [
        record[k] for k in ("ideal", "lower", "upper")
    ]
    costs = by_name(costs_table(facts), "part")
    assert {part: row["cost"] for part, row in costs.items()} == record["cost"]
    full = full_table(facts).rows()
    assert [(row["limit"], row["name"], row["price_of_one_more"]) for row in full] == [
        (row["limit"], row["name"], row["price"]) for row in record["full"]
    ]
    assert [row["unit"] for row in full] == [row["price_per"] for row in record["full"]]
    scale = {"GB": 1000.0, "Gbps": 1.0}
    assert [row["used"] for row in full] == pytest.approx(
        [r["used"] / scale[r["unit"]] for r in record["full"]]
    )
    figures = {row["figure"]: row["value"] for row in figures_table(facts).rows()}
    assert figures["offload_ratio"] == record["offload_byte_ratio"]
    assert figures["full_limits"] == len(record["full"]) > 0
    assert figures["overload_gbps"] == pytest.approx(sum(row["gbps"] for row in record["overload"]))
    assert figures["stored_tb"] == pytest.approx(
        sum(r["size_gb"] for r in rows(small_plan, "placement")) / 1000
    )
    assert night_table(facts) is None


def test_the_night(next_plan: Path) -> None:
    facts = read_facts(next_plan)
    night = night_table(facts)
    assert night is not None
    fetched: dict[str, float] = defaultdict(float)
    for row in rows(next_plan, "fills"):
        fetched[row["kind"]] += row["size_gb"]
    assert {row["source"]: row["gb"] for row in night.rows() if row["gb"]} == pytest.approx(dict(fetched))
    pools = by_name(pools_table(facts), "site", "model")
    gone: dict[str, float] = defaultdict(float)
    for row in rows(next_plan, "placement"):
        if row["action"] == "evict" and pool_of(row["appliance"]) in facts.instance.pools:
            gone[pool_of(row["appliance"])] += row["size_gb"]
    assert sum(gone.values()) > 0
    assert {
        f"{s}/{m}": row["evicted_gb"] for (s, m), row in pools.items() if row["evicted_gb"]
    } == pytest.approx(dict(gone))


def test_sheets_refuse_what_is_no_table() -> None:
    one, two = NumberColumn("a", np.zeros(1)), NumberColumn("b", np.zeros(2))
    with pytest.raises(ValueError, match="different lengths"):
        Sheet("bad", (one, two))
    with pytest.raises(ValueError, match="two columns of one name"):
        Sheet("bad", (one, one))
    with pytest.raises(TypeError):
        Sheet("good", (one,)).texts("a")


def test_packed_columns_say_the_same() -> None:
    values = np.array([0.00004, 1234567.25, np.nan, -3.5])
    names = TextColumn("kind", ("unused", "x", 'quote "', "y"), np.array([1, 1, -1, 1]))
    sheet = Sheet("s", (names, NumberColumn("v", values, 4), TextColumn.of("each", ["p", "q", "r", None])))
    kind, numbers, each = packed(sheet)["columns"]
    assert [None if v is None else kind["t"][v] for v in kind["v"]] == ["x", "x", None, "x"]
    assert [None if v is None else v / 10**4 for v in numbers["v"]] == [0.0, 1234567.25, None, -3.5]
    assert each["v"] == ["p", "q", "r", None]
    assert "t" not in each
