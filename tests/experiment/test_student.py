"""Student's t against tables, closed forms and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cdnplan.experiment.student import detectable_shift, t_cdf, t_power, t_quantile


@pytest.mark.parametrize(
    ("probability", "df", "value"),
    # Published tables of critical values.
    [
        (0.975, 1, 12.706205),
        (0.975, 2, 4.302653),
        (0.95, 5, 2.015048),
        (0.995, 10, 3.169273),
        (0.975, 30, 2.042272),
        (0.975, 120, 1.979930),
        (0.999, 4, 7.173182),
        (0.025, 9, -2.262157),
    ],
)
def test_critical_values(probability: float, df: float, value: float) -> None:
    assert t_quantile(probability, df) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize("t", [-30.0, -2.0, -0.1, 0.0, 0.3, 1.0, 5.0, 1e6])
def test_closed_forms(t: float) -> None:
    assert t_cdf(t, 1.0) == pytest.approx(0.5 + math.atan(t) / math.pi, abs=1e-12)
    assert t_cdf(t, 2.0) == pytest.approx(0.5 + t / (2 * math.sqrt(2 + t * t)), abs=1e-12)


@pytest.mark.parametrize("df", [0.7, 1.5, 4.0, 17.3, 400.0])
def test_quantiles_undo_the_distribution(df: float) -> None:
    for probability in (0.001, 0.2, 0.5, 0.9, 0.9999):
        assert t_cdf(t_quantile(probability, df), df) == pytest.approx(probability, abs=1e-12)


@pytest.mark.parametrize(("shift", "df"), [(0.0, 1.0), (1.0, 3.0), (3.0, 5.0), (2.8, 60.0)])
def test_power_by_simulation(shift: float, df: float) -> None:
    rng = np.random.default_rng(1)
    n = 400_000
    t = (rng.standard_normal(n) + shift) / np.sqrt(rng.chisquare(df, n) / df)
    found = np.mean(np.abs(t) > t_quantile(0.975, df))
    assert t_power(shift, df, 0.05) == pytest.approx(found, abs=0.003)


@pytest.mark.parametrize("df", [0.7, 1.0, 1.5, 2.0, 7.0, 60.0, 1e6])
def test_power_without_an_effect_is_the_level(df: float) -> None:
    assert t_power(0.0, df, 0.05) == pytest.approx(0.05, abs=1e-9)


def test_detectable_shift_has_the_power() -> None:
    for df in (2.0, 11.0, 200.0):
        assert t_power(detectable_shift(df, 0.05, 0.8), df, 0.05) == pytest.approx(0.8, abs=1e-9)
    assert detectable_shift(1e6, 0.05, 0.8) == pytest.approx(1.959964 + 0.841621, abs=1e-4)
