"""An invented catalogue: what there is to watch, how large it is, and how popular."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats, Ints
from cdnplan.synth.given.countries import TITLE_LANGUAGES
from cdnplan.synth.given.decay import decay
from cdnplan.synth.given.names import title_names
from cdnplan.synth.given.seeding import stream

Texts = npt.NDArray[np.str_]
Bools = npt.NDArray[np.bool_]

GB_PER_HOUR_STORED = 12.0
"""A title takes so many GB for each hour of its runtime, all encoding profiles together."""

DENSITY_SPREAD = 1.64
"""Standard deviation of log(bytes watched / bytes stored), over bytes stored: half of what is watched is then
in about 11% of the catalogue's bytes and nine tenths in about 48%, titles sorted by bytes watched."""

GENRES = (
    *("action", "animation", "comedy", "crime", "documentary", "drama"),
    *("family", "fantasy", "horror", "reality", "romance", "thriller"),
)
FILM_SHARE = 0.6
SEASONS_GO_ON = 0.5
"""Chance that a series has one more season."""

LAUNCHES_PER_WEEK = (11.0, 16.0)
"""New titles a week: in a small catalogue, if it is not too small for that, and in one of 20,000."""

NEW_SHARE, LEAST_HORIZON_WEEKS = 0.6, 26.0
"""At most so much of the catalogue came out new, over at least so many weeks up to the planned one."""

LAUNCH_SPREAD, OLD_SPREAD = 0.8, 1.5
"""Spread of log popularity among new titles in their first week, and among old ones."""

LENGTH_PENALTY = 1.0
"""Log popularity per byte lost for each e-fold of length: the longest series are not the most watched."""


@dataclass(frozen=True, slots=True, eq=False)
class Titles:
    """Titles sorted by name, with what the demand follows from.

    Parameters
    ----------
    name : tuple of str
    kind : (n_titles,) str array
        ``film`` or ``tv`` (one season).
    launch_day : (n_titles,) datetime64[D]
    age_weeks : (n_titles,) int64
        Whole weeks from the week of launch to the planned week; 0: launches in the planned week.
    runtime_min, size_gb : (n_titles,) float64
        Runtime [minutes] and stored size [GB].
    genre, language : (n_titles,) str array
    weekly_ratio : (n_titles,) float64
        Share of all bytes watched in the planned week, sum 1.
    """

    name: tuple[str, ...]
    kind: Texts
    launch_day: npt.NDArray[np.datetime64]
    age_weeks: Ints
    runtime_min: Floats
    size_gb: Floats
    genre: Texts
    language: Texts
    weekly_ratio: Floats


def make_titles(count: int, planned_week: dt.date, seed: int) -> Titles:
    """Invent a catalogue.

    Parameters
    ----------
    count : int
        Number of titles.
    planned_week : datetime.date
        Sunday that ends the week to plan: the newest titles launch in it.
    seed : int

    Returns
    -------
    Titles

    Examples
    --------
    >>> titles = make_titles(100, dt.date(2026, 3, 8), seed=1)
    >>> len(titles.name), round(float(titles.weekly_ratio.sum()), 6)
    (100, 1.0)
    """
    rng = stream(seed, "shows")
    work, season = _works(count, rng)
    n_works = int(work.max()) + 1
    is_film = season == 0
    names = title_names(n_works, rng)
    label = [names[w] if s == 0 else f"{names[w]}: Season {s}" for w, s in zip(work, season, strict=True)]
    age, is_new = _ages(work, season, rng)
    runtime = _runtime_min(is_film, rng)
    size = np.round(runtime / 60.0 * GB_PER_HOUR_STORED, 1)
    genre = rng.choice(GENRES, size=n_works)[work]
    languages = np.array(list(TITLE_LANGUAGES))
    language = rng.choice(languages, size=n_works, p=np.array(list(TITLE_LANGUAGES.values())))[work]
    ratio = _weekly_ratio(size, age, is_new, rng)
    # Most titles come out towards the end of a week.
    day = np.datetime64(planned_week, "D") - rng.choice(
        7, size=count, p=[0.05, 0.05, 0.3, 0.3, 0.15, 0.1, 0.05]
    )
    launch = day - 7 * age
    order = np.array(sorted(range(count), key=label.__getitem__))
    return Titles(
        name=tuple(label[i] for i in order),
        kind=np.where(is_film, "film", "tv")[order],
        launch_day=launch[order],
        age_weeks=age[order],
        runtime_min=runtime[order],
        size_gb=size[order],
        genre=genre[order],
        language=language[order],
        weekly_ratio=ratio[order],
    )


def launch_strength(n_titles: int) -> float:
    """Log popularity of new titles in their first week against the median of old ones.

    It grows with the catalogue as the most popular of its old titles do, so that charts turn over alike.

    Examples
    --------
    >>> round(launch_strength(20_000), 1)
    5.9
    """
    return 3.0 + 0.7 * float(np.log(n_titles / 300.0))


def _works(count: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Work (a film or a series) of each title, and its season: 0 for films, 1, 2, … for series."""
    n_films = round(count * FILM_SHARE)
    seasons = rng.geometric(1.0 - SEASONS_GO_ON, size=count - n_films)
    works = np.repeat(np.arange(seasons.size), seasons)[: count - n_films]
    first = np.searchsorted(works, works)
    season = np.concatenate([np.zeros(n_films, dtype=np.int64), np.arange(works.size) - first + 1])
    return np.concatenate([np.arange(n_films), n_films + works]), season


def _ages(work: Ints, season: Ints, rng: np.random.Generator) -> tuple[Ints, Bools]:
    """Weeks since launch, and which titles came out new; the others were licensed when already old."""
    n_works = int(work.max()) + 1
    share = min(1.0, work.size / 20_000)
    per_week = LAUNCHES_PER_WEEK[0] + share * (LAUNCHES_PER_WEEK[1] - LAUNCHES_PER_WEEK[0])
    n_recent = NEW_SHARE * n_works
    per_week = min(per_week, n_recent / LEAST_HORIZON_WEEKS)
    horizon = int(min(104.0, n_recent / per_week))
    n_new = round(per_week * horizon)
    newest = np.full(n_works, -1, dtype=np.int64)
    chosen = rng.permutation(n_works)[:n_new]
    # As many a week as the average says, no more in one week than in another.
    newest[chosen] = np.arange(n_new) * horizon // max(n_new, 1)
    old = newest < 0
    newest[old] = horizon + rng.exponential(300.0, size=int(old.sum())).astype(np.int64)
    last_season = np.zeros(n_works, dtype=np.int64)
    np.maximum.at(last_season, work, season)
    yearly = 52 * (last_season[work] - season)
    age = newest[work] + yearly
    return age, ~old[work] & (yearly == 0)


def _runtime_min(is_film: Bools, rng: np.random.Generator) -> Floats:
    """Films near an hour and three quarters, seasons near six hours with a long tail [minutes]."""
    film = np.clip(np.exp(np.log(103.0) + 0.22 * rng.standard_normal(is_film.size)), 40.0, 240.0)
    tv = np.clip(np.exp(np.log(317.0) + 0.87 * rng.standard_normal(is_film.size)), 60.0, 3000.0)
    return np.asarray(np.round(np.where(is_film, film, tv)), dtype=np.float64)


def _weekly_ratio(size: Floats, age: Ints, is_new: Bools, rng: np.random.Generator) -> Floats:
    """Share of the planned week's bytes: ranks from appeal and age, values from the calibrated skew."""
    appeal = rng.standard_normal(size.size)
    level = np.where(
        is_new, launch_strength(size.size) + LAUNCH_SPREAD * appeal + np.log(decay(age)), OLD_SPREAD * appeal
    )
    level -= LENGTH_PENALTY * np.log(size / np.median(size))
    order = np.argsort(level, kind="stable")
    stored = size[order] / size.sum()
    middle = np.cumsum(stored) - stored / 2
    normal = NormalDist()
    density = np.empty(size.size)
    density[order] = np.exp([DENSITY_SPREAD * normal.inv_cdf(float(q)) for q in middle])
    watched = density * size
    return np.asarray(watched / watched.sum(), dtype=np.float64)
