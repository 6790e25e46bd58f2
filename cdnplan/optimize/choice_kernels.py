"""Annealing over known columns: which one each file takes, so that limits hold at least cost."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

Array = Any

AT_A_TIME = 1024
"""Moves between changes of the temperature."""


@njit(cache=True)
def excess_cost(load: float, limit: float, price: float, step: float) -> float:
    """What use above a limit is charged: a price for each unit, and a step for any excess at all."""
    return step + price * (load - limit) if load > limit else 0.0


@njit(cache=True, nogil=True)
def anneal_columns(
    starts: Array, ptr: Array, cost: Array, use: Array, limit: Array, strict: Array, scaled: Array,
    price: Array, step: Array, soft: float, firm: float, moves: int, hot: float, cold: float,
    best_pick: Array, best_cost: Array,
) -> None:  # fmt: skip
    """Anneal from each file's first column, for every number in `starts` with other random moves.

    `ptr` are the columns of each file, cheapest first; `cost` their costs, `use` (n, n_limits) their uses.
    Excess is charged at `price`, where `scaled` `soft` times at first and `firm` times at last. Results by
    start: the cheapest choice met that keeps the strict limits, and its cost (inf: none was met).
    """
    n_files, n_limits = ptr.size - 1, limit.size
    steps = max(1, moves // AT_A_TIME)
    for start in starts:
        state = np.uint64(88172645463325252) + np.uint64(start) * np.uint64(2654435769)
        pick = ptr[:-1].copy()
        load = np.zeros(n_limits)
        total = 0.0
        for f in range(n_files):
            total += cost[pick[f]]
            for i in range(n_limits):
                load[i] += use[pick[f], i]
        best_cost[start] = np.inf
        for number in range(steps):
            done = number / steps
            heat = hot * (cold / hot) ** done
            charge = soft * (firm / soft) ** done
            for _ in range(AT_A_TIME):
                state ^= state << np.uint64(13)
                state ^= state >> np.uint64(7)
                state ^= state << np.uint64(17)
                f = np.int64((state >> np.uint64(33)) % np.uint64(n_files))
                n = ptr[f + 1] - ptr[f]
                if n < 2:
                    continue
                state ^= state << np.uint64(13)
                state ^= state >> np.uint64(7)
                state ^= state << np.uint64(17)
                # Columns with small reduced costs more often than others.
                draw = np.float64(state >> np.uint64(11)) / 9007199254740992.0
                new, old = ptr[f] + np.int64(draw * draw * n), pick[f]
                if new == old:
                    continue
                change = cost[new] - cost[old]
                for i in range(n_limits):
                    if use[new, i] != use[old, i]:
                        more = load[i] + use[new, i] - use[old, i]
                        times = charge if scaled[i] else 1.0
                        change += times * (
                            excess_cost(more, limit[i], price[i], step[i])
                            - excess_cost(load[i], limit[i], price[i], step[i])
                        )
                if change > 0.0:
                    state ^= state << np.uint64(13)
                    state ^= state >> np.uint64(7)
                    state ^= state << np.uint64(17)
                    if np.float64(state >> np.uint64(11)) / 9007199254740992.0 >= np.exp(-change / heat):
                        continue
                pick[f] = new
                total += cost[new] - cost[old]
                for i in range(n_limits):
                    load[i] += use[new, i] - use[old, i]
                if total >= best_cost[start]:
                    continue
                real = total
                for i in range(n_limits):
                    if load[i] > limit[i]:
                        if strict[i]:
                            real = np.inf
                        else:
                            times = firm if scaled[i] else 1.0
                            real += times * price[i] * (load[i] - limit[i])
                if real < best_cost[start]:
                    best_cost[start] = real
                    best_pick[start] = pick
