"""What every country watches, week by week: skew, decay by age, tastes, and chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdnplan.model.instance.instance import Floats
from cdnplan.synth.audience.catalog import GENRES, Titles
from cdnplan.synth.given.countries import CONTINENTS, continent_of, languages_of
from cdnplan.synth.given.decay import decay
from cdnplan.synth.given.seeding import stream

HOME_LANGUAGE, FOREIGN_LANGUAGE = 1.0, -0.5
"""Log popularity of titles in a language of the country, and in one that is neither its own nor English."""

GENRE_SPREAD, FACTOR_SPREAD, OWN_SPREAD = 0.25, 0.3, 0.2
"""Standard deviations of log taste: a continent's and a country's likes by genre, of hidden factors, rest."""

N_FACTORS = 6
TITLE_NOISE, COUNTRY_NOISE, WEEK_NOISE = 0.15, 0.15, 0.03
"""Standard deviations of log chance, week by week: of a title, of a title in a country, of a country."""

REGION_SPREAD = 0.35
"""Standard deviation of the log tastes of a region within its country."""


@dataclass(frozen=True, slots=True, eq=False)
class DemandModel:
    """Expected demand of the planned week by country and title, and how other weeks follow from it.

    Parameters
    ----------
    countries : tuple of str
        Sorted.
    titles : Titles
    expected_gb : (n_countries, n_titles) float64
        The planned week without chance [GB].
    seed : int
    """

    countries: tuple[str, ...]
    titles: Titles
    expected_gb: Floats
    seed: int

    def week_gb(self, weeks_back: int) -> Floats:
        """Demand of one week.

        Parameters
        ----------
        weeks_back : int
            0 is the planned week, 1 the last one of the history.

        Returns
        -------
        (n_countries, n_titles) float64
            [GB]; 0 for titles that have not come out by then.
        """
        age = self.titles.age_weeks
        relative = decay(age - weeks_back) / decay(age)
        rng = stream(self.seed, "week", weeks_back)
        n_countries, n_titles = self.expected_gb.shape
        chance = (
            TITLE_NOISE * rng.standard_normal(n_titles)
            + WEEK_NOISE * rng.standard_normal((n_countries, 1))
            + COUNTRY_NOISE * rng.standard_normal((n_countries, n_titles))
        )
        # Half the variance less, so that chance leaves the mean where it was.
        centre = (TITLE_NOISE**2 + WEEK_NOISE**2 + COUNTRY_NOISE**2) / 2
        return np.asarray(self.expected_gb * relative * np.exp(chance - centre))


def region_taste(seed: int, region: str, n_titles: int) -> Floats:
    """Factors by which one region's tastes differ from its country's, mean 1, (n_titles,)."""
    normal = stream(seed, "region taste", *region.encode()).standard_normal(n_titles)
    return np.asarray(np.exp(REGION_SPREAD * normal - REGION_SPREAD**2 / 2))


def make_demand(
    countries: Sequence[str], weekly_gb: Sequence[float], titles: Titles, seed: int
) -> DemandModel:
    """Spread what countries watch in the planned week over titles, by popularity and taste.

    Tastes are of low rank: languages, genres by continent and country, hidden factors by continent and
    country. They are then scaled by rows and columns in turn until the totals of countries and the shares of
    titles both hold [1]_.

    Parameters
    ----------
    countries : sequence of str
        ISO 3166 alpha-2 codes.
    weekly_gb : sequence of float
        Volume of each [GB].
    titles : Titles
    seed : int

    Returns
    -------
    DemandModel

    References
    ----------
    .. [1] R. Sinkhorn, "Diagonal equivalence to matrices with prescribed row and column sums", American
       Mathematical Monthly 74(4), 1967.
    """
    order = sorted(range(len(countries)), key=countries.__getitem__)
    names = tuple(countries[i] for i in order)
    volume = np.array([weekly_gb[i] for i in order], dtype=np.float64)
    expected = np.exp(log_taste(names, titles, seed))
    wanted = titles.weekly_ratio * volume.sum()
    for _ in range(30):
        expected *= wanted / expected.sum(axis=0)
        expected *= (volume / expected.sum(axis=1))[:, None]
    return DemandModel(names, titles, expected, seed)


def log_taste(countries: Sequence[str], titles: Titles, seed: int) -> Floats:
    """Logarithm of how much more a country likes a title than the world does, (n_countries, n_titles)."""
    n_titles = len(titles.name)
    rng = stream(seed, "title factors")
    factors = rng.standard_normal((N_FACTORS, n_titles)) / np.sqrt(N_FACTORS)
    travels = rng.standard_normal(n_titles)
    genre = np.searchsorted(GENRES, titles.genre)
    taste = np.empty((len(countries), n_titles))
    for row, country in enumerate(countries):
        shared = _likes(stream(seed, "continent", list(CONTINENTS).index(continent_of(country))))
        own = _likes(stream(seed, "country", *country.encode()))
        # Two thirds of the variance is shared by the continent, one third is the country's.
        by_genre, by_factor = (
            np.sqrt(2 / 3) * a + np.sqrt(1 / 3) * b for a, b in zip(shared, own, strict=True)
        )
        chance = stream(seed, "own taste", *country.encode()).standard_normal(n_titles)
        language = np.where(titles.language == "en", 0.0, FOREIGN_LANGUAGE + 0.4 * travels)
        language = np.where(np.isin(titles.language, languages_of(country)), HOME_LANGUAGE, language)
        taste[row] = (
            language
            + GENRE_SPREAD * by_genre[genre]
            + FACTOR_SPREAD * (by_factor @ factors)
            + OWN_SPREAD * chance
        )
    return taste


def _likes(rng: np.random.Generator) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Likes by genre and by hidden factor."""
    return rng.standard_normal(len(GENRES)), rng.standard_normal(N_FACTORS)
