"""Broken histories are refused with a reason, odd ones get a sensible answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cdnplan.errors import InputError
from cdnplan.forecast.asked.run import forecast_demand
from cdnplan.inputs.demand.history_reader import read_history
from tests.forecast.bad_histories import BAD, ODD, TITLES, Bad, Odd
from tests.forecast.histories import make_titles

CATALOGUE = make_titles(dict.fromkeys(TITLES, "2020-01-01"))


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.name)
def test_refused(case: Bad, tmp_path: Path) -> None:
    path = tmp_path / "h.csv"
    path.write_text(case.csv)
    with pytest.raises(InputError) as caught:
        forecast_demand(read_history(path), CATALOGUE, case.as_of)
    assert case.words in str(caught.value)


@pytest.mark.parametrize("model", ["auto", "recent"])
@pytest.mark.parametrize("case", ODD, ids=lambda case: case.name)
def test_answered(case: Odd, model: str, tmp_path: Path) -> None:
    path = tmp_path / "h.csv"
    path.write_text(case.csv)
    made = forecast_demand(read_history(path), CATALOGUE, case.as_of, 1, model)
    assert np.isfinite(made.gb).all()
    assert (made.gb > 0).all()
    found = {
        (made.regions[r], made.titles[t]): float(gb)
        for r, t, gb in zip(made.region, made.title, made.gb, strict=True)
    }
    if model == "auto" or case.name not in {"a region doubles", "a region is renamed", "one enormous value"}:
        assert case.holds(found, made), found
