"""Prices of launch rules, given all other prices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cdnplan.model.instance.instance import Floats
from cdnplan.model.plan.placement import Prices
from cdnplan.optimize.file.bound import FileSolver
from cdnplan.optimize.problem.priced import Priced


def launch_prices(solver: FileSolver, prices: Prices) -> Floats:
    """Price launch rules one by one: each concerns one file, whose bound is a function of it alone.

    What the rule's dearest needed pools cost to open is where that function bends, so those are tried.

    Parameters
    ----------
    solver : FileSolver
    prices : Prices
        Those of launches are not used.

    Returns
    -------
    (n_launches,) float64
        [currency per required pool]
    """
    inst = solver.instance
    launch = np.zeros(inst.n_launches)
    priced = Priced.of(inst, prices)
    for rule in range(inst.n_launches):
        pools = inst.launch_pool[inst.launch_ptr[rule] : inst.launch_ptr[rule + 1]]
        f, least = int(inst.launch_file[rule]), int(inst.launch_min[rule])
        copies = inst.copies[pools, f].astype(np.int64)
        fresh = np.maximum(0, copies - inst.held[pools, f])
        opening = np.sort(inst.size_gb[f] * (priced.store[pools] * copies + priced.new[pools] * fresh))
        best, best_value = 0.0, -np.inf
        for price in np.unique(np.concatenate([[0.0], opening[max(0, least - 2) : least + 1]])):
            launch[rule] = price
            reward = solver.rewards(replace(prices, launch=launch))
            value = solver.solve(np.array([f], dtype=np.int32), priced, reward)
            if value[0] + price * least > best_value:
                best, best_value = float(price), value[0] + price * least
        launch[rule] = best
    return launch
