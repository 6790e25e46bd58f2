"""How many appliances of which model stand where, and how much is asked of them at the peak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import NormalDist

import numpy as np

from cdnplan.model.instance.instance import Floats
from cdnplan.model.network.geo import distance_km
from cdnplan.model.network.topology import ApplianceGroup, Hardware
from cdnplan.synth.given.presets import FULL_CATALOG, Preset
from cdnplan.synth.given.seeding import stream
from cdnplan.synth.network.layout import Exchange, Metro, Rest, allot

Groups = tuple[ApplianceGroup, ...]

STORAGE, FLASH, SMALL = "storage-2u", "flash-1u", "global-1u"
HARDWARE = (
    Hardware(STORAGE, storage_tb=280.0, throughput_gbps=80.0, fill_gbps=1.2),
    Hardware(FLASH, storage_tb=24.0, throughput_gbps=180.0, fill_gbps=0.3),
    Hardware(SMALL, storage_tb=100.0, throughput_gbps=40.0, fill_gbps=0.4),
)
"""Models as built for a full catalogue; see `hardware_for`."""

SERVED_GBPS = {STORAGE: 80.0, FLASH: 45.0, SMALL: 40.0}
"""What an appliance serves in practice: flash has more to give than viewers want of the little it holds."""

PASSED_ON_RATIO = 0.3
"""Share of a metro's peak that its own site is expected to pass on to exchange points."""

SERVED_AT_EXCHANGE_GBPS = 76.0
"""What an appliance at an exchange point serves on average, half of them being flash."""

LEAST_AT_EXCHANGE = 2


def hardware_for(preset: Preset) -> tuple[Hardware, ...]:
    """Scale storage to the catalogue, so that a small one is as hard to place as a full one.

    Fill follows the square root: few titles come out every week even where there are few in all.

    Parameters
    ----------
    preset : Preset

    Returns
    -------
    tuple of Hardware

    Examples
    --------
    >>> from cdnplan.synth.given.presets import scaled
    >>> one = hardware_for(scaled("world", titles=5_000))[0]
    >>> one.name, one.storage_tb, one.throughput_gbps, one.fill_gbps
    ('storage-2u', 70.0, 80.0, 0.6)
    """
    scaled_to_catalog = preset.n_titles / FULL_CATALOG
    models: list[Hardware] = []
    for model in HARDWARE:
        factor = scaled_to_catalog * (1.0 if model.name == FLASH else preset.storage_ratio)
        storage, fill = model.storage_tb * factor, model.fill_gbps * factor**0.5
        models.append(Hardware(model.name, _two_digits(storage), model.throughput_gbps, _two_digits(fill)))
    return tuple(models)


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}")


def embedded_groups(places: Sequence[Metro], preset: Preset, seed: int) -> dict[int, Groups]:
    """Appliances of the metros that have any: those with the largest audience.

    Half of the sites have one appliance, nine tenths at most three, none more than twelve.

    Parameters
    ----------
    places : sequence of Metro
    preset : Preset
    seed : int

    Returns
    -------
    dict of int to groups
        By index of the metro, in its order.
    """
    n_sites = max(1, round(preset.own_site_ratio * len(places)))
    largest = sorted(range(len(places)), key=lambda i: (-places[i].audience, i))[:n_sites]
    normal = NormalDist()
    score = np.array([normal.inv_cdf(1.0 - (k + 0.5) / n_sites) for k in range(n_sites)])
    mixed = 0.8 * score + 0.6 * stream(seed, "appliances").standard_normal(n_sites)
    count = np.clip(np.rint(np.exp(0.75 * mixed)), 1, 12).astype(int)
    # The smaller part of the single appliances are the small model.
    single = score[count == 1]
    small = float(np.quantile(single, 0.4)) if single.size else -np.inf
    models = [_embedded(n, s < small) for n, s in zip(count.tolist(), score.tolist(), strict=True)]
    return dict(sorted(zip(largest, models, strict=True)))


def _embedded(count: int, small: bool) -> Groups:
    if count == 1:
        return (ApplianceGroup(SMALL if small else STORAGE, 1),)
    flash = count // 4
    return _mix(flash, count - flash)


def exchange_group(count: int) -> Groups:
    """Models at an exchange point: half are flash, rounded down.

    Examples
    --------
    >>> [(group.model, group.count) for group in exchange_group(7)]
    [('flash-1u', 3), ('storage-2u', 4)]
    """
    flash = count // 2
    return _mix(flash, count - flash)


def _mix(flash: int, storage: int) -> Groups:
    groups = (ApplianceGroup(FLASH, flash), ApplianceGroup(STORAGE, storage))
    return tuple(group for group in groups if group.count)


def metro_peaks(places: Sequence[Metro], groups: Mapping[int, Groups], preset: Preset, seed: int) -> Floats:
    """Peak demand of each metro, near what its site can serve; half a usual site's where there is none.

    Returns
    -------
    (n_metros,) float64
        [Gbit/s]
    """
    served = np.array(
        [sum(g.count * SERVED_GBPS[g.model] for g in groups.get(i, ())) for i in range(len(places))]
    )
    usual = float(np.median(served[served > 0]))
    served = np.where(served > 0, served, 0.5 * usual)
    chance = np.exp(0.3 * stream(seed, "peaks").standard_normal(len(places)))
    return np.asarray(np.round(preset.load_ratio * served * chance, 1), dtype=np.float64)


def rest_peaks(
    remaining: Sequence[Rest], places: Sequence[Metro], peak: Floats, preset: Preset, seed: int
) -> Floats:
    """Peak demand of viewers whose providers have no appliances, (n_rests,) [Gbit/s]."""
    total: dict[str, float] = {}
    for metro, gbps in zip(places, peak.tolist(), strict=True):
        total[metro.city.country] = total.get(metro.city.country, 0.0) + gbps
    ratio = preset.rest_ratio / (1.0 - preset.rest_ratio)
    chance = np.exp(0.15 * stream(seed, "rest").standard_normal(len(remaining)))
    expected = np.array([rest.share * ratio * total[rest.city.country] for rest in remaining])
    return np.asarray(np.maximum(np.round(expected * chance, 1), 0.1), dtype=np.float64)


def exchange_counts(
    points: Sequence[Exchange],
    places: Sequence[Metro],
    remaining: Sequence[Rest],
    peaks: tuple[Floats, Floats],
    groups: Mapping[int, Groups],
    preset: Preset,
) -> list[int]:
    """Appliances at each exchange point, in proportion to what regions near it want of it.

    Parameters
    ----------
    points : sequence of Exchange
    places, remaining : sequences
        All regions.
    peaks : ((n_metros,), (n_rests,)) float64
        Their peak demand [Gbit/s].
    groups : mapping of int to groups
        Appliances of the metros that have any.
    preset : Preset
    """
    passed_on = np.array([PASSED_ON_RATIO if i in groups else 1.0 for i in range(len(places))])
    load = np.concatenate([peaks[0] * passed_on, peaks[1]])
    at = np.array([*(metro.location for metro in places), *(rest.city.location for rest in remaining)])
    km = distance_km(at[:, None], np.array([point.city.location for point in points])[None])
    # Exchange points of one city are equally near and share its load.
    near = km <= km.min(axis=1, keepdims=True)
    by_point = (load[:, None] * near / near.sum(axis=1, keepdims=True)).sum(axis=0)
    if preset.appliances:
        count = preset.appliances - sum(group.count for site in groups.values() for group in site)
    else:
        count = int(np.ceil(by_point.sum() / SERVED_AT_EXCHANGE_GBPS / preset.exchange_load_ratio))
    return allot(by_point.tolist(), count, least=LEAST_AT_EXCHANGE)
