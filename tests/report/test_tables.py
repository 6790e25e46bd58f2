"""Every table of a plan's report, against the plan's folder counted again row by row."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cdnplan.evaluate.checks.check_prices import check_prices
from cdnplan.evaluate.verdict.report import Ledger
from cdnplan.evaluate.verify import verify
from cdnplan.optimize.engine import EngineName
from cdnplan.planner import PlanRequest, plan
from cdnplan.report.parts.sheet import NumberColumn, Sheet, TextColumn, packed
from cdnplan.report.tables.facts import PlanFacts, find_worth, read_facts
from cdnplan.report.tables.tables_network import (
    TIERS,
    bin_floor,
    next_tb,
    pools_table,
    prices_of,
    regions_table,
    sites_table,
)
from cdnplan.report.tables.tables_plan import (
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
from tests.replay.networks import write_small
from tests.report.naive import candidates, held_by, out_of_reach, requests, served, tier, worth

CLOSE = 1e-6


def by_name(sheet: Sheet, *names: str) -> dict[Any, dict[str, Any]]:
    """Rows by the texts of some columns."""
    found = {tuple(row[name] for name in names): row for row in sheet.rows()}
    assert len(found) == sheet.n_rows
    return {key[0] if len(names) == 1 else key: row for key, row in found.items()}


def ruled(facts: PlanFacts) -> set[tuple[str, str]]:
    """Pairs of pool and file that a rule asks for."""
    instance = facts.instance
    found = {(instance.pools[p], instance.files[f]) for p, f in np.argwhere(instance.pinned)}
    for rule, file in enumerate(instance.launch_file):
        part = slice(int(instance.launch_ptr[rule]), int(instance.launch_ptr[rule + 1]))
        found |= {(instance.pools[p], instance.files[int(file)]) for p in instance.launch_pool[part]}
    return found


def sides(facts: PlanFacts, folder: Path) -> list[dict[tuple[str, str], tuple[float, float]]]:
    """Space and net savings of copies in place, of those that lack and would save, and of those by rule."""
    instance, worths = facts.instance, worth(facts, folder)
    found: list[dict[tuple[str, str], tuple[float, float]]] = [{}, {}, {}]
    for i, pool in enumerate(instance.pools):
        prices = [r["price"] for r in rows(folder, "prices") if r["name"] == pool and r["limit"] == "fill"]
        for j, file in enumerate(instance.files):
            copies, there = int(instance.copies[i, j]), int(instance.held[i, j])
            size = float(instance.size_gb[j])
            each = float(instance.fill_cost[i]) + sum(prices) / 1000
            net = worths[pool, file] - size * max(0, copies - there) * each
            held, by_rule = file in held_by(folder)[pool], (pool, file) in ruled(facts)
            side = (2 if by_rule else 0) if held else 1
            if copies and (held or (net > 0 and not by_rule)):
                found[side][pool, file] = (size * copies, max(0.0, net))
    return found


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("which", ["small_plan", "next_plan"])
def test_what_copies_save(which: str, compiled: bool, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(which)
    facts = read_facts(folder)
    prices = check_prices(facts.instance, facts.files.prices, Ledger())
    assert prices is not None
    found = find_worth(facts.instance, facts.holds, prices, compiled=compiled)
    gross = sum(worth(facts, folder).values())
    for side, pairs in enumerate(sides(facts, folder)):
        for p, pool in enumerate(facts.instance.pools):
            mine = [both for (name, _), both in pairs.items() if name == pool]
            assert found.stored_gb[side, p].sum() == pytest.approx(sum(space for space, _ in mine))
            assert found.saved[side, p].sum() == pytest.approx(
                # Savings are summed up in single precision, and what fills cost is taken off.
                sum(saved for _, saved in mine),
                rel=1e-5,
                abs=1e-6 * gross,
            )
        assert pairs


def test_regions(facts: PlanFacts, small_plan: Path) -> None:
    sheet = regions_table(facts)
    found = by_name(sheet, "region")
    planned = served(small_plan)
    lost, _ = out_of_reach(facts, small_plan)
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
    worths = facts.worth
    for name, of in (("held", [0, 2]), ("lacking", [1])):
        part = [row for row in curve.rows() if row["copies"] == name]
        values = [row["at_least_per_tb"] for row in part]
        assert values == sorted(values, reverse=True)
        assert part[-1]["total_saves"] == pytest.approx(worths.saved[of].sum())
        assert part[-1]["total_space_tb"] == pytest.approx(worths.stored_gb[of].sum() / 1000)
        for row, above in zip(part, [float("inf"), *values], strict=False):
            # What a bin saves per TB lies between its edges.
            assert row["saves"] <= above * row["space_tb"] * (1 + CLOSE) or above == 0
            assert row["saves"] >= row["at_least_per_tb"] * row["space_tb"] * (1 - CLOSE)
    assert bin_floor()[1:] == pytest.approx(2.0 ** (-40 + np.arange(319) / 4))


def test_next_tb_of_a_pool(facts: PlanFacts, small_plan: Path) -> None:
    held, lacking, _ = sides(facts, small_plan)
    last, following = next_tb(facts)
    for p, pool in enumerate(facts.instance.pools):
        # All pools are smaller than a TB: the last TB is all they hold, the next one all they lack.
        assert facts.instance.size_gb.sum() < 1000
        for pairs, per_tb in ((held, last[p]), (lacking, following[p])):
            mine = [both for (name, _), both in pairs.items() if name == pool]
            space, saved = (sum(both[i] for both in mine) for i in (0, 1))
            if mine:
                assert per_tb == pytest.approx(saved / space * 1000, rel=1e-5)
            else:
                assert np.isnan(per_tb) if pairs is held else per_tb == 0
    assert following.max() > 0


def bracketed(folder: Path) -> int:
    """Check that prices of storage lie between what the last TB of each pool saves and the next one would.

    Copies of a pool miss that by the gap to what prices prove, at most. Gives how many prices there are.
    """
    facts = read_facts(folder)
    numbers = facts.files.plan.numbers
    gap = numbers["upper"] - numbers["lower_priced"]
    last, following = next_tb(facts)
    price = prices_of(facts, "storage", facts.instance.pools)
    for p in range(facts.instance.n_pools):
        held, lacking = (min(1.0, facts.worth.stored_gb[side, p].sum() / 1000) for side in (0, 1))
        least = 1e-4 * price[p] + 1e-6
        assert np.isnan(last[p]) or last[p] >= price[p] - gap / held - least
        assert following[p] <= price[p] + (gap / lacking if lacking > 0 else 0.0) + least
    curve = curve_table(facts).rows()
    highest = max((row["at_least_per_tb"] for row in curve if row["copies"] == "lacking"), default=0.0)
    # The first step right of the line may be shorter than a TB.
    first = next((row["space_tb"] for row in curve if row["copies"] == "lacking"), 1.0)
    assert highest <= price.max() + gap / first + 1e-6
    return int((price > 0).sum())


def test_prices_lie_between_the_last_and_the_next_tb(
    sample_plan: Path, small_plan: Path, next_plan: Path
) -> None:
    assert bracketed(sample_plan) > 5
    bracketed(small_plan)
    bracketed(next_plan)


@pytest.mark.parametrize("engine", ["exact", "fast"])
def test_prices_lie_between_on_a_network_with_a_night(engine: EngineName, tmp_path: Path) -> None:
    small = write_small(tmp_path / "small", fill_gbps=0.02, cold_start="limited")
    plan(
        PlanRequest(
            small.topology,
            small.titles,
            tmp_path / "plan",
            demand=small.demand,
            engine=engine,
            time_limit_s=20.0,
        )
    )
    bracketed(tmp_path / "plan")


def test_part_of_a_tb() -> None:
    from cdnplan.report.tables.tables_network import _first_tb

    stored, serves = np.array([[400.0, 0.0, 1200.0, 50.0]]), np.array([[40.0, 0.0, 24.0, 1.0]])
    assert _first_tb(stored, serves).tolist() == [40.0 + 24.0 * 600 / 1200]
    # Less than a TB is scaled up to one; nothing has no value.
    assert _first_tb(stored / 4, serves)[0] == pytest.approx(65.0 / 0.4125)
    assert np.isnan(_first_tb(stored * 0, serves * 0)).all()


def test_titles(facts: PlanFacts, small_plan: Path) -> None:
    found = by_name(titles_table(facts), "title")
    _, lost = out_of_reach(facts, small_plan)
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
