"""What can be generated: four sizes of network, each a frozen set of numbers."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass

from cdnplan.errors import InputError, Problem, nearest
from cdnplan.synth.given.cities import all_cities
from cdnplan.synth.given.countries import CONTINENTS

FULL_CATALOG = 20_000
"""Titles for which appliances have the storage their model really has; less for smaller catalogues."""

LAST_WEEK = dt.date(2026, 3, 1)
"""Sunday that ends the last week of history, unless another is asked for."""


@dataclass(frozen=True, slots=True)
class Preset:
    """One kind of network, catalogue and history.

    Parameters
    ----------
    name : str
    countries : tuple of str
        ISO 3166 alpha-2 codes, those with most viewers first to stay when `n_regions` is small.
    n_regions : int
        Regions in all: one for the rest of each country, the others an ISP in a metro.
    n_titles, weeks : int
        Size of the catalogue; weeks of history before the week that is planned.
    noise_weeks : int
        The same when every region has demand of its own, which is far more rows.
    n_exchanges : int
        Exchange points.
    own_site_ratio : float
        Share of the ISP regions that have appliances of their own.
    appliances : int
        Appliances in all, the exchange points taking what embedded sites leave; 0: as many as demand needs.
    load_ratio : float
        Median over embedded sites of peak demand / throughput of the site's storage appliances.
    exchange_load_ratio : float
        Peak demand expected at exchange points / their throughput; what `appliances` 0 is solved for.
    rest_ratio : float
        Share of a country's demand that comes from viewers no ISP region stands for.
    storage_ratio : float
        Storage of disk appliances / that of the real models scaled to the catalogue. Exchange points have so
        many appliances, for their throughput, that with 1 they would hold everything.
    origins : tuple of (name, latitude, longitude)
    slices : int
        Time slices of the policy's peak profile.
    """

    name: str
    countries: tuple[str, ...]
    n_regions: int
    n_titles: int
    weeks: int
    noise_weeks: int
    n_exchanges: int
    own_site_ratio: float
    appliances: int
    load_ratio: float
    exchange_load_ratio: float
    rest_ratio: float
    storage_ratio: float
    origins: tuple[tuple[str, float, float], ...]
    slices: int


DUBLIN = ("origin-eu-west", 53.35, -6.26)
ASHBURN = ("origin-us-east", 39.04, -77.49)
OREGON = ("origin-us-west", 45.84, -119.7)
SINGAPORE = ("origin-ap-southeast", 1.35, 103.82)


def _all_countries() -> tuple[str, ...]:
    audience: dict[str, float] = {}
    for city in all_cities():
        audience[city.country] = audience.get(city.country, 0.0) + city.weight
    return tuple(sorted(audience, key=lambda code: (-audience[code], code)))


PRESETS: dict[str, Preset] = {
    "sample": Preset(
        name="sample",
        countries=("GB", "DE", "NL", "BE"),
        n_regions=14,
        n_titles=300,
        weeks=12,
        noise_weeks=12,
        n_exchanges=2,
        own_site_ratio=0.8,
        appliances=0,
        load_ratio=0.9,
        exchange_load_ratio=0.8,
        rest_ratio=0.25,
        storage_ratio=0.3,
        origins=(DUBLIN,),
        slices=4,
    ),
    "country": Preset(
        name="country",
        countries=("FR",),
        n_regions=40,
        n_titles=3_000,
        weeks=16,
        noise_weeks=16,
        n_exchanges=4,
        own_site_ratio=0.7,
        appliances=0,
        load_ratio=0.9,
        exchange_load_ratio=0.8,
        rest_ratio=0.2,
        storage_ratio=0.12,
        origins=(DUBLIN,),
        slices=4,
    ),
    "continent": Preset(
        name="continent",
        countries=tuple(code for code in _all_countries() if code in CONTINENTS["Europe"].split()),
        n_regions=600,
        n_titles=4_000,
        weeks=12,
        noise_weeks=4,
        n_exchanges=60,
        own_site_ratio=0.8,
        appliances=0,
        load_ratio=0.8,
        exchange_load_ratio=0.8,
        rest_ratio=0.25,
        storage_ratio=0.15,
        origins=(DUBLIN, ASHBURN),
        slices=4,
    ),
    "world": Preset(
        name="world",
        countries=_all_countries(),
        n_regions=6_000,
        n_titles=20_000,
        weeks=8,
        noise_weeks=1,
        n_exchanges=207,
        own_site_ratio=1.0,
        appliances=18_000,
        load_ratio=0.7,
        exchange_load_ratio=0.8,
        rest_ratio=0.35,
        storage_ratio=1.0,
        origins=(ASHBURN, OREGON, DUBLIN, SINGAPORE),
        slices=1,
    ),
}
"""By name, from smallest to largest."""


def scaled(
    name: str,
    *,
    regions: int | None = None,
    titles: int | None = None,
    weeks: int | None = None,
) -> Preset:
    """Look a preset up and change its size; sites, exchange points and appliances follow the regions.

    Parameters
    ----------
    name : str
        A key of `PRESETS`.
    regions, titles, weeks : int or None
        New sizes; None keeps the preset's.

    Raises
    ------
    InputError
        The preset does not exist, or a size is too small to mean anything.

    Examples
    --------
    >>> scaled("world", regions=3_000).appliances
    9000
    """
    if name not in PRESETS:
        raise InputError([Problem(f"no preset {name!r}", path="--preset", hint=nearest(name, PRESETS))])
    least = {"--regions": (regions, 4), "--titles": (titles, 50), "--weeks": (weeks, 1)}
    problems = [
        Problem(f"found {value}, expected at least {lowest}", path=option)
        for option, (value, lowest) in least.items()
        if value is not None and value < lowest
    ]
    if problems:
        raise InputError(problems)
    preset = PRESETS[name]
    preset = preset if regions is None else _with_regions(preset, regions)
    return dataclasses.replace(
        preset,
        n_titles=titles or preset.n_titles,
        weeks=weeks or preset.weeks,
        noise_weeks=weeks or preset.noise_weeks,
    )


def _with_regions(preset: Preset, regions: int) -> Preset:
    factor = regions / preset.n_regions
    # A country needs a region for its rest and one ISP: with few regions only the largest countries stay.
    countries = preset.countries[: max(1, regions // 2)]
    return dataclasses.replace(
        preset,
        countries=countries,
        n_regions=regions,
        n_exchanges=max(2, round(preset.n_exchanges * factor)),
        appliances=round(preset.appliances * factor),
    )
