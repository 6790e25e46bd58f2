"""Models by horizon on generated days with weekdays, decay, tastes of low rank and chance.

python -m tests.forecast.horizons
"""

from __future__ import annotations

import json

from cdnplan.forecast.backtest.backtest import backtest
from cdnplan.forecast.models.models import make_models
from tests.forecast.truth import drawn

STEPS = (1, 3, 7, 14, 21, 28)


def main() -> None:
    """Print WAPE by model and step, and what the intervals of `auto` cover."""
    truth = drawn(0, n_periods=84, n_regions=20, n_titles=200)
    found = backtest(truth.history, truth.titles, make_models(), cutoffs=4, horizon=STEPS[-1])
    for score in found.scores:
        if score.by == "all" and score.step in STEPS and score.model != "oracle":
            row = {"model": score.model, "days ahead": score.step, "wape": round(score.wape, 3)}
            if score.model == "auto":
                row |= {"covers 80": round(score.coverage_80, 3), "covers 95": round(score.coverage_95, 3)}
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
