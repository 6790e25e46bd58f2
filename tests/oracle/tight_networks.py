"""Small networks that are tight in several slices and time zones, by number, as files for `cdnplan plan`.

    python -m tests.oracle.tight_networks FOLDER [--seed S] [--from NUMBER] [--instances N] [--larger]

In every one some storage, throughput or links are short of what is asked for, appliances hold a few files
each, and regions of different time zones peak in different slices: what fits a pool need not fit its
appliances, and what fits an appliance in one slice need not in another. Some have equal files and costs
(ties), links with capacities, pins, bans, copies, launches, churn, slow fill windows.

Each is valid and has a plan: all files that rules ask for fit onto one appliance of each pool together, and
everything can come from the origin. The table of the week after is for a second night, with ``--previous``.
What it says is known before the command is run: nothing here asks the product.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

GBPS_PER_GB = 2.5e-5
"""Peak rate of one GB a week, about: evening hours see twice the mean. Nothing rests on it."""
WINDOW_GB_PER_GBPS = 12 * 3600 / 8
"""What one Gbps brings in a window of twelve hours [GB]."""
STORAGE_RESERVE = 0.05
PERIODS = ("2026-03-02", "2026-03-09")
"""Weeks that the two demand tables are for."""
PLACES = (
    # time zone, country, latitude, longitude
    ("UTC", "GB", 51.5, -0.1),
    ("America/Los_Angeles", "US", 34.0, -118.2),
    ("Asia/Tokyo", "JP", 35.7, 139.7),
    ("Europe/Paris", "FR", 48.9, 2.4),
    ("Asia/Kolkata", "IN", 19.1, 72.9),
    ("America/Sao_Paulo", "BR", -23.5, -46.6),
    ("Australia/Sydney", "AU", -33.9, 151.2),
)


@dataclass(frozen=True)
class Size:
    """The most that a network has, and the fewest files."""

    sites: int
    models: int
    appliances: int
    regions: int
    fewest_files: int
    files: int


SMALL = Size(sites=3, models=2, appliances=3, regions=3, fewest_files=2, files=6)
LARGER = Size(sites=5, models=2, appliances=4, regions=6, fewest_files=10, files=30)


@dataclass(frozen=True)
class TightNetwork:
    """A network as `write_tight_network` writes it.

    Parameters
    ----------
    label : str
        ``seed:number``.
    topology : dict
        Content of the topology file.
    size_gb : dict of str to float
        By title; each is one file [GB].
    demand : tuple of two lists of (region, title, GB)
        Of the weeks `PERIODS`.
    traits : tuple of str
        What is special about it.
    """

    label: str
    topology: dict[str, Any]
    size_gb: dict[str, float]
    demand: tuple[list[tuple[str, str, float]], list[tuple[str, str, float]]]
    traits: tuple[str, ...]


@dataclass(frozen=True)
class TightFiles:
    """A network that was written: the options of `cdnplan plan` by name.

    ``cdnplan plan --topology T --titles F --demand D --out DIR``; then ``--demand NEXT --previous DIR``.
    """

    topology: Path
    titles: Path
    demand: Path
    next_demand: Path


def write_tight_network(network: TightNetwork, folder: Path) -> TightFiles:
    """Write a network's topology, titles and both demand tables.

    Parameters
    ----------
    network : TightNetwork
    folder : Path
        Made if it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = TightFiles(
        *(folder / name for name in ("topology.yaml", "titles.csv", "demand.csv", "next_demand.csv"))
    )
    # JSON is YAML in which all text is in quotes, times of day among it.
    files.topology.write_text(json.dumps(network.topology, indent=1), encoding="utf-8")
    titles = [f"{title},{gb!r}\n" for title, gb in network.size_gb.items()]
    files.titles.write_text("title,size_gb\n" + "".join(titles), encoding="utf-8")
    for path, day, rows in zip((files.demand, files.next_demand), PERIODS, network.demand, strict=True):
        lines = [f"{day},{region},{title},{gb!r}\n" for region, title, gb in rows]
        path.write_text("date,region,title,gb\n" + "".join(lines), encoding="utf-8")
    return files


def tight_network(seed: int, number: int, size: Size = SMALL) -> TightNetwork:
    """Draw one of the networks of a seed; which others are drawn does not matter.

    Parameters
    ----------
    seed, number : int
    size : Size

    Returns
    -------
    TightNetwork

    Examples
    --------
    >>> tight_network(1, 7).label
    '1:7'
    """
    rng = np.random.default_rng([seed, number, 30])
    sizes = _sizes(rng, int(rng.integers(size.fewest_files, size.files + 1)))
    titles = tuple(sizes)
    regions = tuple(f"r{n}" for n in range(int(max(rng.integers(1, size.regions + 1, 2)))))
    demand = _demand(rng, regions, titles)
    pools = [_counts(rng, size) for _ in range(int(min(rng.integers(1, size.sites + 1, 2))))]
    traits: set[str] = set()
    slices = int(rng.choice((1, 2, 4), p=(0.2, 0.4, 0.4)))
    policy: dict[str, Any] = {"peak_profile": {"slices": slices}}
    reserve = STORAGE_RESERVE
    if rng.random() < 0.5:
        policy["reserves"] = {"storage_ratio": 0, "throughput_ratio": 0, "imbalance_ratio": 0}
        reserve = 0.0
        traits.add("no reserves")
    appliances = sum(map(sum, pools))
    asked_gbps = GBPS_PER_GB * sum(gb for _, _, gb in demand)
    slow = rng.random() < 0.3
    if slow:
        traits.add("slow windows")
    hardware = {
        f"m{n}": _model(rng, list(sizes.values()), appliances, asked_gbps, slow) for n in range(size.models)
    }
    sites = [_site(rng, n, counts, slow) for n, counts in enumerate(pools)]
    topology: dict[str, Any] = {
        "name": f"tight-{seed}-{number}",
        "hardware": hardware,
        "origins": [_origin(rng, asked_gbps, traits)],
        "sites": sites,
        "regions": [_region(rng, name, [site["name"] for site in sites], traits) for name in regions],
    }
    if rng.random() < 0.3:
        traits.add("links")
        topology["links"] = _links(rng, topology, asked_gbps)
    usable_gb = min(hardware[a["model"]]["storage_tb"] for s in sites for a in s["appliances"]) * 1000
    policy |= _rules(rng, sizes, usable_gb * (1 - reserve), appliances, sum(map(len, pools)), traits)
    policy |= _policies(rng, traits)
    topology["policy"] = policy
    after = _changed(rng, regions, titles, demand)
    return TightNetwork(f"{seed}:{number}", topology, sizes, (demand, after), tuple(sorted(traits)))


def _counts(rng: np.random.Generator, size: Size) -> list[int]:
    """Appliances of each model of a site; several are more often tight one by one than together."""
    models = 1 if rng.random() < 0.7 else int(rng.integers(1, size.models + 1))
    return [int(max(rng.integers(1, size.appliances + 1, 2))) for _ in range(models)]


def _sizes(rng: np.random.Generator, count: int) -> dict[str, float]:
    """Sizes of titles: all equal, of three kinds, or any [GB]."""
    kind = rng.integers(3)
    if kind == 0:
        gb = np.full(count, 50.0)
    elif kind == 1:
        gb = rng.choice((25.0, 50.0, 100.0), count)
    else:
        gb = np.round(rng.uniform(10, 200, count), 1)
    return {f"t{n}": float(value) for n, value in enumerate(gb)}


def _demand(
    rng: np.random.Generator, regions: Sequence[str], titles: Sequence[str]
) -> list[tuple[str, str, float]]:
    """What each region asks for: few round numbers, or any; one title may outweigh all others [GB]."""
    n_regions, n_titles = len(regions), len(titles)
    if rng.random() < 0.5:
        gb = rng.choice((100_000.0, 500_000.0, 2_100_000.0), (n_regions, n_titles))
    else:
        gb = np.round(1e5 * np.exp(rng.normal(0.0, 1.2, (n_regions, n_titles))), 1)
    gb[rng.random(gb.shape) >= rng.uniform(0.25, 1.0)] = 0.0
    if rng.random() < 0.4:
        gb[:, rng.integers(n_titles)] *= 10.0
    if not gb.any():
        gb[0, 0] = 100_000.0
    return [(regions[r], titles[f], round(float(gb[r, f]), 1)) for r, f in np.argwhere(gb).tolist()]


def _changed(
    rng: np.random.Generator,
    regions: Sequence[str],
    titles: Sequence[str],
    before: Sequence[tuple[str, str, float]],
) -> list[tuple[str, str, float]]:
    """The week after: a little different, the same with titles exchanged, or drawn anew."""
    kind = rng.integers(3)
    if kind == 0:
        return [(r, t, round(gb * float(rng.uniform(0.7, 1.4)), 1)) for r, t, gb in before]
    if kind == 1:
        other = dict(zip(titles, rng.permutation(titles).tolist(), strict=True))
        return [(r, other[t], gb) for r, t, gb in before]
    return _demand(rng, regions, titles)


def _model(
    rng: np.random.Generator, sizes: Sequence[float], appliances: int, asked_gbps: float, slow: bool
) -> dict[str, float]:
    """An appliance with room for all files, or of which all together have room for some of them."""
    mean = sum(sizes) / len(sizes)
    if rng.random() < 0.3:
        gb = sum(sizes)
    elif rng.random() < 0.5:
        # So many of the larger files exactly, or a little more than them.
        gb = max(sizes) * int(rng.integers(1, 4)) / (1 if rng.random() < 0.5 else 1 - STORAGE_RESERVE)
    else:
        gb = max(mean, float(rng.uniform(0.3, 1.5)) * sum(sizes) / appliances)
    gbps = max(0.1, float(rng.uniform(0.2, 1.0)) * asked_gbps / appliances)
    window_gb = float(rng.uniform(0.5, 4.0)) * mean if slow else 100.0 * max(sizes)
    return {
        "storage_tb": round(gb / 1000, 4),
        "throughput_gbps": round(gbps) if gbps > 10 else round(gbps, 2),
        "fill_gbps": round(max(0.001, window_gb / WINDOW_GB_PER_GBPS), 4),
    }


def _site(rng: np.random.Generator, number: int, counts: Sequence[int], slow: bool) -> dict[str, Any]:
    zone, country, latitude, longitude = PLACES[int(rng.integers(len(PLACES)))]
    site: dict[str, Any] = {
        "name": f"s{number}",
        "kind": "ixp" if rng.random() < 0.6 else "embedded",
        "country": country,
        "location": [latitude, longitude],
        "timezone": zone,
        "appliances": [{"model": f"m{n}", "count": count} for n, count in enumerate(counts)],
    }
    if slow:
        site["fill_window"] = {"start": f"{int(rng.integers(24)):02}:00", "hours": int(rng.integers(4, 13))}
    return site


def _origin(rng: np.random.Generator, asked_gbps: float, traits: set[str]) -> dict[str, Any]:
    origin: dict[str, Any] = {"name": "origin", "location": [53.35, -6.26]}
    if rng.random() < 0.2:
        traits.add("tight origin")
        origin["capacity_gbps"] = round(max(0.1, float(rng.uniform(0.1, 0.9)) * asked_gbps), 1)
    return origin


def _region(rng: np.random.Generator, name: str, sites: Sequence[str], traits: set[str]) -> dict[str, Any]:
    zone, country, latitude, longitude = PLACES[int(rng.integers(len(PLACES)))]
    region: dict[str, Any] = {
        "name": name,
        "country": country,
        "location": [latitude, longitude],
        "timezone": zone,
    }
    if rng.random() < 0.8:
        few = rng.random() < 0.4
        count = int(rng.integers(1, len(sites) + 1)) if few else len(sites)
        region["sites"] = [sites[n] for n in rng.permutation(len(sites))[:count].tolist()]
        if few:
            traits.add("few candidates")
    return region


def _links(rng: np.random.Generator, topology: dict[str, Any], asked_gbps: float) -> list[dict[str, Any]]:
    """Every site is joined to the origin and to the regions; some links are dear, some narrow."""
    sites = [site["name"] for site in topology["sites"]]
    regions = [region["name"] for region in topology["regions"]]
    ends = [("origin", site) for site in sites]
    ends += [(site, region) for site in sites for region in regions]
    if rng.random() < 0.5:
        ends += [("origin", region) for region in regions]
    if rng.random() < 0.5:
        ends += list(itertools.pairwise(sites))
    links = []
    for one, other in ends:
        link: dict[str, Any] = {"from": one, "to": other}
        if rng.random() < 0.5:
            share = float(rng.uniform(0.05, 0.8))
            link["capacity_gbps"] = round(max(0.1, share * asked_gbps / len(regions)), 1)
        if rng.random() < 0.7:
            link["cost_per_gb"] = float(rng.choice((0.001, 0.002, 0.01)))
        links.append(link)
    return links


def _rules(
    rng: np.random.Generator,
    sizes: dict[str, float],
    usable_gb: float,
    appliances: int,
    n_pools: int,
    traits: set[str],
) -> dict[str, Any]:
    """Pins, launches, bans and copies; what pins and launches ask for fits onto any one appliance."""
    left, required = usable_gb, []
    for title in rng.permutation(list(sizes)).tolist():
        if sizes[title] <= left:
            required.append(title)
            left -= sizes[title]
    rules: dict[str, Any] = {}
    if required and rng.random() < 0.25:
        rules["pins"] = [{"title": required[0]}]
    if len(required) > 1 and rng.random() < 0.25:
        chosen = required[1 : 2 + int(rng.integers(2))]
        rules["launches"] = [
            {"title": title, "min_pools": int(rng.integers(1, n_pools + 1))} for title in chosen
        ]
    free = [title for title in sizes if title not in required[:3]]
    if free and rng.random() < 0.15:
        rules["bans"] = [{"title": free[0], "sites": ["s0"]}]
    if appliances > 1 and rng.random() < 0.25:
        rules["copies"] = [{"top": int(rng.integers(1, len(sizes) + 1)), "copies": int(rng.integers(2, 4))}]
    traits.update(rules)
    return rules


def _policies(rng: np.random.Generator, traits: set[str]) -> dict[str, Any]:
    """Steering, reach and churn."""
    policy: dict[str, Any] = {}
    if rng.random() < 0.2:
        policy["steering"] = "order"
    if rng.random() < 0.15:
        policy["max_sites"] = 1
    if rng.random() < 0.15:
        policy["churn_ratio"] = float(rng.choice((0.0, 0.3, 0.6)))
    if rng.random() < 0.2:
        policy["costs"] = {"per_gb_per_1000km": 0}
    traits.update(policy)
    return policy


def main(arguments: Sequence[str] | None = None) -> int:
    """Write networks as folders named by number; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.oracle.tight_networks", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument("--from", dest="first", type=int, default=0, metavar="NUMBER")
    parser.add_argument("--instances", type=int, default=10, metavar="N")
    parser.add_argument("--larger", action="store_true", help="up to five sites and thirty files")
    given = parser.parse_args(arguments)
    for number in range(given.first, given.first + given.instances):
        network = tight_network(given.seed, number, LARGER if given.larger else SMALL)
        write_tight_network(network, given.folder / str(number))
        print(f"{given.folder / str(number)}: {', '.join(network.traits)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
