"""Variables of the exact model: only those that can matter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.optimize.problem.rules import Bools, fitting_placements


@dataclass(frozen=True, slots=True, eq=False)
class Variables:
    """Index arrays of the model's columns: all x, then all y, then all origin shares, then all overloads.

    A request is a (region, file) with demand. A share exists for each request and each candidate entry
    whose pool may hold the file; an overload for each rate row that may be passed, and slice.

    Parameters
    ----------
    hold_pool, hold_file : (n_holds,) int64
        Pool and file of each x.
    hold_pinned, hold_fits : (n_holds,) bool
        x is fixed to 1; x may be 1 at all, within the pool's limits.
    request_region, request_file, request_gb : (n_requests,) int64, int64, float64
        Requests by region, then file, with v [GB]; each has one origin share.
    share_request, share_entry, share_hold : (n_shares,) int64
        Request, candidate entry and x of each y.
    n_overloads : int
        Rate rows with a cost of overload × n_slices, in that order.
    """

    hold_pool: Ints
    hold_file: Ints
    hold_pinned: Bools
    hold_fits: Bools
    request_region: Ints
    request_file: Ints
    request_gb: Floats
    share_request: Ints
    share_entry: Ints
    share_hold: Ints
    n_overloads: int

    @property
    def n_holds(self) -> int:
        """Number of x."""
        return int(self.hold_pool.size)

    @property
    def n_shares(self) -> int:
        """Number of y from candidates."""
        return int(self.share_entry.size)

    @property
    def n_requests(self) -> int:
        """Number of requests, and of y from the origin."""
        return int(self.request_gb.size)

    @property
    def first_share(self) -> int:
        """Column of the first y."""
        return self.n_holds

    @property
    def first_origin(self) -> int:
        """Column of the first origin share."""
        return self.first_share + self.n_shares

    @property
    def first_overload(self) -> int:
        """Column of the first overload."""
        return self.first_origin + self.n_requests

    @property
    def n_columns(self) -> int:
        """Number of all variables."""
        return self.first_overload + self.n_overloads

    @classmethod
    def of(cls, instance: Instance) -> Variables:
        """List the variables of an instance.

        An x that no request can use and no rule mentions is left out: holding never saves anything by itself.
        """
        region, file, gb = _requests(instance)
        request, entry = _share_entries(instance, region)
        pool = instance.cand_pool[entry].astype(np.int64)
        permitted = instance.copies > 0
        keep = permitted[pool, file[request]]
        request, entry, pool = request[keep], entry[keep], pool[keep]

        wanted = instance.pinned.copy()
        wanted[pool, file[request]] = True
        launch = np.repeat(np.arange(instance.n_launches), np.diff(instance.launch_ptr))
        wanted[instance.launch_pool, instance.launch_file[launch]] = True
        hold_pool, hold_file = np.nonzero(wanted & (permitted | instance.pinned))
        number = np.full(wanted.shape, -1, dtype=np.int64)
        number[hold_pool, hold_file] = np.arange(hold_pool.size)
        return cls(
            hold_pool=hold_pool.astype(np.int64),
            hold_file=hold_file.astype(np.int64),
            hold_pinned=instance.pinned[hold_pool, hold_file],
            hold_fits=fitting_placements(instance)[hold_pool, hold_file],
            request_region=region,
            request_file=file,
            request_gb=gb,
            share_request=request,
            share_entry=entry,
            share_hold=number[pool, file[request]],
            n_overloads=int(np.isfinite(instance.rates.overload_cost).sum()) * instance.n_slices,
        )


def _requests(instance: Instance) -> tuple[Ints, Ints, Floats]:
    """Region, file and GB of everything asked for, by region, then file."""
    start = instance.demand_ptr[instance.region_row]
    count = instance.demand_ptr[instance.region_row + 1] - start
    region = np.repeat(np.arange(instance.n_regions, dtype=np.int64), count)
    position = ranges(start, count)
    gb = instance.region_share[region] * instance.demand_gb[position].astype(np.float64)
    asked = gb > 0
    return region[asked], instance.demand_file[position[asked]].astype(np.int64), gb[asked]


def _share_entries(instance: Instance, region: Ints) -> tuple[Ints, Ints]:
    """Each request with each candidate entry of its region."""
    start = instance.cand_ptr[region]
    count = instance.cand_ptr[region + 1] - start
    return np.repeat(np.arange(region.size, dtype=np.int64), count), ranges(start, count)


def ranges(start: Ints, count: Ints) -> Ints:
    """Concatenate ``start[i], …, start[i] + count[i] − 1`` for all i.

    Examples
    --------
    >>> ranges(np.array([5, 0]), np.array([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    skipped = np.cumsum(count) - count
    return np.asarray(np.repeat(start - skipped, count) + np.arange(int(count.sum())), dtype=np.int64)
