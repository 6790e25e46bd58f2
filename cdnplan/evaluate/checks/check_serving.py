"""Check `serving.parquet`: rows against candidates, peaks against volumes."""

from __future__ import annotations

import numpy as np

from cdnplan.evaluate.verdict.report import TOLERANCE, Check, Ledger
from cdnplan.inputs.plans.plan_folder import ORIGIN, SERVING
from cdnplan.inputs.tables.parquet_columns import Columns
from cdnplan.model.instance.instance import Floats, Instance, Ints


def check_serving(instance: Instance, table: Columns, ledger: Ledger) -> tuple[Floats, Floats]:
    """Check every row and rebuild the volumes; whether they are possible is the judge's next question.

    Parameters
    ----------
    instance : Instance
    table : Columns
        `serving.parquet`.
    ledger : Ledger
        Takes the checks.

    Returns
    -------
    served_gb : (n_cand,) float64
        Through each candidate entry [GB].
    origin_gb : (n_regions,) float64
        From the origin [GB].
    """
    region = table.texts["region"].positions({name: i for i, name in enumerate(instance.regions)})
    entry = _entries(instance, table, region)
    gb, peak = table.values["gb"], table.values["peak_gbps"]
    known = np.flatnonzero(entry >= 0)
    found = np.zeros(table.n_rows)
    found[known] = gb[known] * instance.gbps_per_gb.max(axis=1)[region[known]]
    wrong = known[~(np.abs(peak - found) <= TOLERANCE * np.abs(found))[known]]
    order = known[np.argsort(entry[known], kind="stable")]
    twice = order[1:][np.diff(entry[order]) == 0]

    def failure(
        check: str, i: int, detail: str = "", claimed: float | None = None, due: float | None = None
    ) -> Check:
        key = f"{table.texts['region'].at(i)} from {table.texts['pool'].at(i)}"
        return Check(check, False, SERVING, i + 1, key, claimed, due, detail)

    ledger.rows(
        "known region",
        SERVING,
        np.flatnonzero(region < 0),
        lambda i: failure("known region", i, "no such region"),
    )
    ledger.rows(
        "candidate",
        SERVING,
        np.flatnonzero((region >= 0) & (entry < 0)),
        lambda i: failure("candidate", i, "the region cannot be served from there"),
    )
    ledger.rows(
        "one row per region and pool",
        SERVING,
        twice,
        lambda i: failure("one row per region and pool", i, "in another row, too"),
        f"{table.n_rows:,} rows",
    )
    ledger.rows(
        "peak_gbps", SERVING, wrong, lambda i: failure("peak_gbps", i, "", float(peak[i]), float(found[i]))
    )
    volume = np.zeros(instance.cand_pool.size + instance.n_regions)
    np.add.at(volume, entry[known], gb[known])
    return volume[: instance.cand_pool.size], volume[instance.cand_pool.size :]


def _entries(instance: Instance, table: Columns, region: Ints) -> Ints:
    """Candidate entry of each row, -1 for none; the origin of region r comes after all, at n_cand + r."""
    n_places = instance.n_pools + 1
    known = {name: i for i, name in enumerate(instance.pools)} | {ORIGIN: instance.n_pools}
    pool = table.texts["pool"].positions(known)
    owner = np.repeat(np.arange(instance.n_regions), np.diff(instance.cand_ptr))
    origins = np.arange(instance.n_regions) * n_places + instance.n_pools
    key = np.concatenate([owner * n_places + instance.cand_pool, origins])
    order = np.argsort(key, kind="stable")
    wanted = np.where((region >= 0) & (pool >= 0), region * n_places + pool, -1)
    at = np.minimum(np.searchsorted(key[order], wanted), max(0, key.size - 1))
    return np.where(key[order][at] == wanted, order[at], -1)
