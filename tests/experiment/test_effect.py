"""Estimates against formulas worked by hand, regression, and all assignments."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from cdnplan.errors import InputError
from cdnplan.experiment.effect import (
    Observations,
    by_randomisation,
    degrees_of_freedom,
    differences,
    draw_arms,
    estimate,
)
from cdnplan.experiment.matching import make_pairs, make_strata
from cdnplan.experiment.student import t_quantile


def pairs(gaps: list[float]) -> Observations:
    """Pairs with these differences."""
    n = len(gaps)
    stratum = np.repeat(np.arange(n), 2)
    value = np.array([[10 + g + k, 10 + k] for k, g in enumerate(gaps)]).ravel()
    return Observations(stratum, np.tile([True, False], n), value)


def strata(seed: int, sizes: list[int], effect: float = 0.0) -> Observations:
    rng = np.random.default_rng(seed)
    stratum = np.repeat(np.arange(len(sizes)), sizes)
    treated = draw_arms(stratum, np.array(sizes) // 2, rng)
    value = rng.standard_normal(stratum.size) + 3.0 * stratum + effect * treated
    return Observations(stratum, treated, value)


def test_pairs_are_a_one_sample_t_test() -> None:
    gaps = [0.3, -0.1, 0.4, 0.2, 0.5]
    found = estimate(pairs(gaps))
    error = np.std(gaps, ddof=1) / np.sqrt(5)
    assert found.estimate == pytest.approx(0.26)
    assert found.standard_error == pytest.approx(error)
    assert found.df == 4
    assert found.high == pytest.approx(0.26 + t_quantile(0.975, 4) * error)
    assert found.p_value == pytest.approx(0.0665, abs=2e-3)


def test_one_pair_is_not_enough() -> None:
    with pytest.raises(InputError, match="at least two"):
        estimate(pairs([0.3]))


def test_strata_are_the_hc2_of_a_regression() -> None:
    seen = strata(1, [6, 6, 6, 6], effect=1.0)
    n, size = seen.value.size, seen.n_strata
    # Stratum effects and arms; all strata alike, so the common slope is the mean of the differences.
    x = np.zeros((n, size + 1))
    x[np.arange(n), seen.stratum] = 1
    x[:, size] = seen.treated
    inverse = np.linalg.inv(x.T @ x)
    # HC2 by cells (stratum and arm), as the difference of means in each stratum has it.
    beta = inverse @ x.T @ seen.value
    cell = np.array(
        [[seen.value[(seen.stratum == s) & (seen.treated == a)].mean() for a in (0, 1)] for s in range(size)]
    )
    rest = seen.value - cell[seen.stratum, seen.treated.astype(int)]
    hat = 1 / 3  # each observation weighs a third in its cell of three
    meat = x.T @ np.diag(rest**2 / (1 - hat)) @ x
    variance = (inverse @ meat @ inverse)[size, size]
    found = estimate(seen)
    assert found.estimate == pytest.approx(beta[size])
    assert found.standard_error == pytest.approx(np.sqrt(variance))
    assert found.df == pytest.approx(16)


def test_degrees_of_freedom_of_two_arms_are_those_of_equal_variances() -> None:
    assert degrees_of_freedom(np.array([5]), np.array([10])) == pytest.approx(8)
    assert degrees_of_freedom(np.array([2]), np.array([10])) < 8
    assert degrees_of_freedom(np.array([1] * 7), np.array([2] * 7)) == 6
    assert estimate(strata(2, [5, 7])).df == pytest.approx(
        degrees_of_freedom(np.array([2, 3]), np.array([5, 7]))
    )


def test_all_assignments_of_few_pairs() -> None:
    gaps = np.array([0.3, -0.1, 0.4, 0.2, 0.5, 0.25])
    found = by_randomisation(pairs(gaps.tolist()), seed=0)
    means = np.array([np.mean(gaps * s) for s in itertools.product((1, -1), repeat=6)])
    exact = np.mean(np.abs(means) >= abs(gaps.mean()) - 1e-12)
    assert found.p_value == pytest.approx(exact)
    # Six pairs have 64 assignments: the interval at 5% keeps what at least 4 of them are as unusual as.
    assert found.low < gaps.mean() < found.high
    inside = found.low + 1e-6
    unusual = [abs(np.mean((gaps - inside) * s)) for s in itertools.product((1, -1), repeat=6)]
    assert np.mean(np.array(unusual) >= abs(np.mean(gaps - inside)) - 1e-12) > 0.05


def test_five_pairs_have_too_few_assignments_for_95_percent() -> None:
    found = by_randomisation(pairs([1.0, 2, 3, 4, 5]), seed=0)
    assert (found.low, found.high) == (-np.inf, np.inf)
    assert found.p_value == pytest.approx(2 / 32)


def test_randomisation_of_strata_agrees_with_t() -> None:
    seen = strata(3, [8, 8, 8], effect=2.0)
    by_t, drawn = estimate(seen), by_randomisation(seen, seed=1)
    assert drawn.estimate == pytest.approx(by_t.estimate)
    assert drawn.low == pytest.approx(by_t.low, abs=0.25)
    assert drawn.high == pytest.approx(by_t.high, abs=0.25)
    assert by_randomisation(seen, seed=1) == drawn


def test_arms_are_drawn_evenly_within_strata() -> None:
    stratum = np.array([0, 1, 0, 1, 1, 0, 0])
    rng = np.random.default_rng(0)
    drawn = np.array([draw_arms(stratum, np.array([2, 1]), rng) for _ in range(4_000)])
    assert set(drawn[:, stratum == 0].sum(axis=1)) == {2}
    assert set(drawn[:, stratum == 1].sum(axis=1)) == {1}
    assert drawn.mean(axis=0) == pytest.approx(np.where(stratum == 0, 1 / 2, 1 / 3), abs=0.03)


def test_differences_of_strata() -> None:
    seen = Observations(
        np.array([0, 0, 0, 1, 1]), np.array([1, 0, 0, 1, 0], bool), np.array([5.0, 1, 2, 9, 4])
    )
    assert differences(seen).tolist() == [3.5, 5.0]


def matchings(items: tuple[int, ...]) -> Iterator[list[tuple[int, int]]]:
    """All ways to pair an even number of items."""
    if not items:
        yield []
    for k in range(1, len(items)):
        for rest in matchings(items[1:k] + items[k + 1 :]):
            yield [(items[0], items[k]), *rest]


def test_pairs_are_near_the_best() -> None:
    rng = np.random.default_rng(5)
    ratios = []
    for n in (4, 6, 7, 8) * 10:
        features = rng.standard_normal((n, 2))
        distance = np.square(features[:, None] - features[None]).sum(axis=2)
        found = make_pairs(features)
        assert len(set(found.ravel().tolist())) == 2 * (n // 2)
        left_out = range(n) if n % 2 else (n,)
        best = min(
            sum(distance[a, b] for a, b in pairs)
            for out in left_out
            for pairs in matchings(tuple(i for i in range(n) if i != out))
        )
        ratios.append(distance[found[:, 0], found[:, 1]].sum() / best)
    assert min(ratios) >= 1 - 1e-12
    assert np.mean(ratios) < 1.05
    assert np.mean(np.array(ratios) < 1 + 1e-9) > 0.8


def test_strata_go_by_level() -> None:
    parts = make_strata(np.arange(14.0)[::-1], 4)
    assert [part.size for part in parts] == [4, 5, 5]
    assert np.concatenate(parts).tolist() == list(range(13, -1, -1))
