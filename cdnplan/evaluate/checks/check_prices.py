"""Check tables of prices and rebuild the prices that prove bounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cdnplan.evaluate.proof.bound import HIGHEST_PRICE
from cdnplan.evaluate.verdict.report import Check, Ledger
from cdnplan.inputs.plans.plan_folder import PRICE_UNITS, PRICES
from cdnplan.inputs.tables.parquet_columns import Columns
from cdnplan.model.instance.instance import Instance, Ints32
from cdnplan.model.limits.families import CHURN, FAMILIES, FILL
from cdnplan.model.plan.placement import Prices

ROUNDING = 1e-12
"""A price may pass the cost of overload by this part of it; it is cut back to that cost."""


def check_prices(instance: Instance, table: Columns, ledger: Ledger) -> Prices | None:
    """Check every price of `prices.parquet` and rebuild them all.

    Parameters
    ----------
    instance : Instance
    table : Columns
        A limit without a row has price 0.
    ledger : Ledger
        Takes the checks.

    Returns
    -------
    Prices or None
        None when a row is wrong: then the prices prove nothing.
    """
    rebuilt = check_sets(instance, table, PRICES, np.zeros(table.n_rows, dtype=np.int32), 1, ledger)
    return None if rebuilt is None else rebuilt[0]


def check_sets(
    instance: Instance,
    table: Columns,
    file: str,
    number: Ints32,
    n_sets: int,
    ledger: Ledger,
    n_cuts: int = 0,
) -> tuple[Prices, ...] | None:
    """Check a table with several sets of prices and rebuild them all.

    Parameters
    ----------
    instance : Instance
    table : Columns
        A limit without a row has price 0 in that set.
    file : str
        Name of the table's file in the folder.
    number : (n_rows,) int32
        Set of each row, counted from 0.
    n_sets : int
    ledger : Ledger
        Takes the checks.
    n_cuts : int
        Cuts that may have prices.

    Returns
    -------
    tuple of Prices, or None
        None when a row is wrong.
    """
    sets = tuple(replace(Prices.zero(instance), cut=np.zeros(n_cuts)) for _ in range(n_sets))
    names = _names(instance, n_cuts)
    failures: list[Check] = []
    seen: set[tuple[int, str, str, int]] = set()
    columns = (table.texts["limit"], table.texts["name"], table.texts["unit"])
    for i in range(table.n_rows):
        limit, name, unit = (column.at(i) for column in columns)
        at, price, own = int(table.values["slice"][i]), float(table.values["price"][i]), int(number[i])
        row = names.get(limit, {}).get(name)
        fault = _fault(instance, limit, row, at, price, unit)
        if not fault and not 0 <= own < n_sets:
            fault = "no case has these prices"
        if not fault and (own, limit, name, at) in seen:
            fault = "given twice"
        if fault or row is None:
            failures.append(Check("price", False, file, i + 1, f"{limit} {name}", price, detail=fault))
            continue
        seen.add((own, limit, name, at))
        _set(instance, sets[own], row, at, price)
    ledger.rows("price", file, range(len(failures)), failures.__getitem__, f"{table.n_rows:,} rows")
    return None if failures else sets


def looser_prices(instance: Instance, table: Columns) -> dict[str, float]:
    """Prices of earlier plans on new bytes of pools that do not go by the name of the limit there is.

    These had a fill window and a churn limit of a pool as two limits, each with a price.

    Parameters
    ----------
    instance : Instance
    table : Columns
        `prices.parquet`, whatever is wrong with it.

    Returns
    -------
    dict of str to float
        By pool, of the looser one of the two [currency/TB]; empty for the plans of today.
    """
    rows, n = instance.volumes, instance.n_pools
    own = {name: FAMILIES[kind].name for name, kind in zip(instance.pools, rows.family[n:], strict=False)}
    found: dict[str, float] = {}
    limit, name = table.texts["limit"], table.texts["name"]
    for i in np.flatnonzero(limit.positions({FILL.name: 0, CHURN.name: 0}) == 0).tolist():
        if own.get(name.at(i), limit.at(i)) != limit.at(i):
            found[name.at(i)] = float(table.values["price"][i])
    return found


def _names(instance: Instance, n_cuts: int) -> dict[str, dict[str, tuple[str, int]]]:
    """Which row each name of each limit is; launch rules are told apart by their number, cuts have no other.

    Earlier plans may name a fill window and a churn limit of a pool: both limit its new bytes.
    """
    found: dict[str, dict[str, tuple[str, int]]] = {kind.name: {} for kind in FAMILIES}
    for what, rows in (("volume", instance.volumes), ("rate", instance.rates)):
        for i, (kind, name) in enumerate(zip(rows.family.tolist(), rows.names, strict=True)):
            found[FAMILIES[kind].name][name] = (what, i)
    new = found[FILL.name] | found[CHURN.name]
    found[FILL.name] = found[CHURN.name] = new
    rules = (f"{instance.files[f]}#{i}" for i, f in enumerate(instance.launch_file))
    found["launch"] = {name: ("launch", i) for i, name in enumerate(rules)}
    found["cut"] = {str(i + 1): ("cut", i) for i in range(n_cuts)}
    return found


def _fault(
    instance: Instance, limit: str, row: tuple[str, int] | None, at: int, price: float, unit: str
) -> str:
    """What is wrong with one price, empty when nothing is."""
    if limit not in PRICE_UNITS:
        return "no such kind of limit"
    if row is None:
        return "no such limit"
    what, index = row
    if not 0 <= at < (instance.n_slices if what == "rate" else 1):
        return f"no slice {at}"
    if unit != PRICE_UNITS[limit]:
        return f"counted {unit!r}, expected {PRICE_UNITS[limit]!r}"
    if price < 0:
        return "less than 0"
    if price > HIGHEST_PRICE:
        return f"above {HIGHEST_PRICE:g}"
    if what == "volume" and not np.isfinite(instance.volumes.capacity_gb[index]):
        return "a price on a limit that does not exist"
    if what == "rate":
        rows = instance.rates
        most = rows.overload_cost[index] * FAMILIES[rows.family[index]].per
        if price > most * (1 + ROUNDING):
            return f"above the cost of overload, {most:.9g}"
    return ""


def _set(instance: Instance, prices: Prices, row: tuple[str, int], at: int, price: float) -> None:
    what, index = row
    if what == "volume":
        # Of a fill window and a churn limit of a pool both may have a price: they add up.
        prices.volume[index] += price / FAMILIES[instance.volumes.family[index]].per
    elif what == "rate":
        rows = instance.rates
        own = price / FAMILIES[rows.family[index]].per
        prices.rate[index, at] = min(own, float(rows.overload_cost[index]))
    else:
        getattr(prices, what)[index] = price
