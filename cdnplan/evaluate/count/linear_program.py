"""A linear program of the judge's own, solved by HiGHS."""

from __future__ import annotations

import highspy
import numpy as np

from cdnplan.model.instance.instance import Floats

OPTIONS: dict[str, str | float] = {"threads": 1, "solver": "ipm", "primal_feasibility_tolerance": 1e-9}
"""Of HiGHS; on large programs of this kind interior points with crossover are faster than simplex."""


class LinearProgram:
    """Columns and rows of a linear program, as they are added."""

    def __init__(self) -> None:
        self.upper: list[float] = []
        self.cost: list[float] = []
        self.bounds: list[tuple[float, float]] = []
        self.entries: list[tuple[int, int, float]] = []

    def column(self, upper: float = highspy.kHighsInf, cost: float = 0.0) -> int:
        """Add a variable of at least 0."""
        self.upper.append(upper)
        self.cost.append(cost)
        return len(self.upper) - 1

    def row(self, lower: float, upper: float) -> int:
        """Add a row."""
        self.bounds.append((lower, upper))
        return len(self.bounds) - 1

    def solve(self) -> Floats | None:
        """Values of the variables at the least cost; None where no values keep all rows."""
        solver = _Quiet()
        for name, option in OPTIONS.items():
            solver.setOptionValue(name, option)
        n = len(self.upper)
        solver.addVars(n, np.zeros(n), np.array(self.upper))
        solver.changeColsCost(n, np.arange(n, dtype=np.int32), np.array(self.cost))
        row, column, value = (np.array(part) for part in zip(*self.entries, strict=True))
        order = np.argsort(row, kind="stable")
        start = np.searchsorted(row[order], np.arange(len(self.bounds)))
        low, high = (np.array(part) for part in zip(*self.bounds, strict=True))
        index = column[order].astype(np.int32)
        solver.addRows(len(low), low, high, order.size, start.astype(np.int32), index, value[order])
        solver.resetGlobalScheduler(True)
        solver.run()
        if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        return np.array(solver.getSolution().col_value)


class _Quiet(highspy.Highs):
    """HiGHS without its banner, which it prints while it is being made."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.setOptionValue("output_flag", False)

    def enableCallbacks(self) -> None:  # noqa: N802  # highspy's name
        """Turn the output off, then go on as highspy does."""
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()  # type: ignore[no-untyped-call]
