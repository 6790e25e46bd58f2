"""Check tables of prices and rebuild the prices that prove bounds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from cdnplan.evaluate.bound import HIGHEST_PRICE
from cdnplan.evaluate.report import Check, Ledger
from cdnplan.inputs.parquet_columns import Columns
from cdnplan.inputs.plan_folder import PRICE_UNITS, PRICES
from cdnplan.model.instance import Instance, Ints32
from cdnplan.model.placement import Prices
from cdnplan.units import GB_PER_TB

ROUNDING = 1e-12
"""A link's price may pass the cost of overload by this part of it; it is cut back to that cost."""


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
    seen: set[tuple[int, str, int, int]] = set()
    columns = (table.texts["limit"], table.texts["name"], table.texts["unit"])
    for i in range(table.n_rows):
        limit, name, unit = (column.at(i) for column in columns)
        at, price, own = int(table.values["slice"][i]), float(table.values["price"][i]), int(number[i])
        index = names.get(limit, {}).get(name, -1)
        fault = _fault(instance, limit, index, at, price, unit)
        if not fault and not 0 <= own < n_sets:
            fault = "no case has these prices"
        if not fault and (own, limit, index, at) in seen:
            fault = "given twice"
        if fault:
            failures.append(Check("price", False, file, i + 1, f"{limit} {name}", price, detail=fault))
            continue
        seen.add((own, limit, index, at))
        _set(instance, sets[own], limit, index, at, price)
    ledger.rows("price", file, range(len(failures)), failures.__getitem__, f"{table.n_rows:,} rows")
    return None if failures else sets


def _names(instance: Instance, n_cuts: int) -> dict[str, dict[str, int]]:
    """Index of each name of each limit; launch rules are told apart by their number, cuts have no other."""
    pools = _index(instance.pools)
    rules = (f"{instance.files[f]}#{i}" for i, f in enumerate(instance.launch_file))
    return {
        **dict.fromkeys(("storage", "throughput", "fill", "churn"), pools),
        "link": _index(instance.links),
        "launch": _index(rules),
        "cut": _index(str(cut) for cut in range(1, n_cuts + 1)),
    }


def _index(names: Iterable[str]) -> dict[str, int]:
    return {name: i for i, name in enumerate(names)}


def _fault(instance: Instance, limit: str, index: int, at: int, price: float, unit: str) -> str:
    """What is wrong with one price, empty when nothing is."""
    if limit not in PRICE_UNITS:
        return "no such kind of limit"
    if index < 0:
        return "no such limit"
    if not 0 <= at < (instance.n_slices if limit in ("throughput", "link") else 1):
        return f"no slice {at}"
    if unit != PRICE_UNITS[limit]:
        return f"counted {unit!r}, expected {PRICE_UNITS[limit]!r}"
    if price < 0:
        return "less than 0"
    if price > HIGHEST_PRICE:
        return f"above {HIGHEST_PRICE:g}"
    optional = {"fill": instance.fill_limit_gb, "churn": instance.churn_limit_gb}
    if limit in optional and not np.isfinite(optional[limit][index]):
        return "a price on a limit that does not exist"
    if limit == "link" and price > instance.overload_cost * (1 + ROUNDING):
        return f"above the cost of overload, {instance.overload_cost:.9g}"
    return ""


def _set(instance: Instance, prices: Prices, limit: str, index: int, at: int, price: float) -> None:
    if limit == "throughput":
        prices.throughput[index, at] = price
    elif limit == "link":
        prices.link[index, at] = min(price, instance.overload_cost)
    elif limit in ("launch", "cut"):
        getattr(prices, limit)[index] = price
    else:
        getattr(prices, limit)[index] = price / GB_PER_TB
