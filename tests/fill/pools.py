"""Instances for tests of the split: pools whose files have exactly the loads asked for."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cdnplan.fill.deal.appliances import Assignment
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.apart import mask_words
from cdnplan.model.plan.placement import Placement, Serving
from tests.limits import instance_of
from tests.signatures import words_of


@dataclass(frozen=True)
class Pool:
    """One pool: sizes [GB] and loads [Gbit/s], (n,) or (n, n_slices), of the files it holds."""

    size_gb: npt.ArrayLike
    gbps: npt.ArrayLike
    appliances: int
    storage_gb: float = 1e9
    throughput_gbps: float = 1e9
    copies: npt.ArrayLike | None = None
    pinned: tuple[int, ...] = ()
    launches: tuple[int, ...] = field(default=())

    def case(self, names: tuple[str, ...] | None = None) -> tuple[Instance, Placement, Serving]:
        """The pool alone, holding all its files; one region for each slice, with all its rate there."""
        size = np.asarray(self.size_gb, dtype=np.float64)
        loads = np.asarray(self.gbps, dtype=np.float64).reshape(size.size, -1)
        n, slices = loads.shape
        copies = np.ones(n, dtype=np.uint8) if self.copies is None else np.asarray(self.copies, np.uint8)
        demand = [np.flatnonzero(loads[:, t] > 0) for t in range(slices)]
        pinned = np.zeros((1, n), dtype=np.bool_)
        pinned[0, list(self.pinned)] = True
        instance = instance_of(
            regions=tuple(f"r{t}" for t in range(slices)),
            pools=("site/model",),
            files=names or tuple(f"f{i:05}" for i in range(n)),
            region_row=np.arange(slices, dtype=np.int32),
            region_share=np.ones(slices),
            demand_ptr=np.concatenate(([0], np.cumsum([files.size for files in demand]))).astype(np.int64),
            demand_file=np.concatenate(demand).astype(np.int32),
            demand_gb=np.concatenate([loads[demand[t], t] for t in range(slices)]).astype(np.float32),
            gbps_per_gb=np.eye(slices),
            cand_ptr=np.arange(slices + 1, dtype=np.int64),
            cand_pool=np.zeros(slices, np.int32),
            cand_cost=np.zeros(slices),
            origin_cost=np.ones(slices),
            storage_gb=np.array([self.storage_gb * self.appliances]),
            throughput_gbps=np.array([self.throughput_gbps * self.appliances]),
            fill_cost=np.zeros(1),
            size_gb=size,
            copies=copies[None, :],
            held=np.zeros((1, n), np.uint8),
            pinned=pinned,
            launch_ptr=np.arange(len(self.launches) + 1, dtype=np.int64),
            launch_pool=np.zeros(len(self.launches), np.int32),
            launch_file=np.array(self.launches, dtype=np.int32),
            launch_min=np.ones(len(self.launches), np.int32),
            pool_appliances=np.array([self.appliances], np.int32),
            appliance_storage_gb=np.array([float(self.storage_gb)]),
            appliance_throughput_gbps=np.array([float(self.throughput_gbps)]),
            period_days=7.0,
        )
        placement = Placement(np.ones((1, n), dtype=np.bool_))
        return instance, placement, all_from_first(instance, placement)


def all_from_first(instance: Instance, placement: Placement) -> Serving:
    """Every request served by the first candidate that holds the file, or the origin."""
    return served(instance, placement, np.random.default_rng(0), split=False)


def served(instance: Instance, placement: Placement, rng: np.random.Generator, *, split: bool) -> Serving:
    """Some serving of a placement: by the first holder, or split at random among holders and origin."""
    ptr, masks, volumes, shares = [0], [], [], []
    for r in range(instance.n_regions):
        pools = instance.cand_pool[instance.cand_ptr[r] : instance.cand_ptr[r + 1]]
        row = instance.region_row[r]
        entries = slice(instance.demand_ptr[row], instance.demand_ptr[row + 1])
        seen: dict[int, float] = {}
        for f, gb in zip(instance.demand_file[entries], instance.demand_gb[entries], strict=True):
            mask = sum(1 << k for k, p in enumerate(pools) if placement.holds[p, f])
            seen[mask] = seen.get(mask, 0.0) + instance.region_share[r] * float(gb)
        for mask in sorted(seen):
            bits = [k for k in range(len(pools)) if mask >> k & 1]
            if bits and split:
                shares.append(dict(zip(bits, rng.dirichlet(np.ones(len(bits) + 1))[:-1], strict=True)))
            else:
                shares.append(dict.fromkeys(bits[:1], 1.0))
            masks.append(mask)
            volumes.append(seen[mask])
        ptr.append(len(masks))
    return Serving(
        ptr=np.array(ptr, np.int64),
        mask=words_of(masks, mask_words(instance.cand_ptr)),
        gb=np.array(volumes, np.float64),
        share_ptr=np.cumsum([0, *map(len, shares)]).astype(np.int64),
        slot=np.array([k for row in shares for k in row], np.int32),
        ratio=np.array([ratio for row in shares for ratio in row.values()], np.float64),
    )


def check(instance: Instance, placement: Placement, assignment: Assignment, loads: np.ndarray) -> None:
    """Assert all that must hold for any assignment of one pool. `loads`: (n_files, n_slices)."""
    rows = list(zip(assignment.pool, assignment.appliance, assignment.file, strict=True))
    assert rows == sorted(set(rows))
    assert assignment.pool.dtype == assignment.appliance.dtype == assignment.file.dtype == np.int32
    m = int(instance.pool_appliances[0])
    on = np.zeros((m, instance.n_files), dtype=int)
    on[assignment.appliance - 1, assignment.file] = 1
    copies = instance.copies[0].astype(int)
    dropped = np.zeros(instance.n_files, dtype=bool)
    dropped[assignment.dropped_file] = True
    wanted = np.where(placement.holds[0] & ~dropped, copies, 0)
    np.testing.assert_array_equal(on.sum(axis=0), wanted)
    np.testing.assert_allclose(assignment.storage_gb, on @ instance.size_gb, rtol=1e-9, atol=1e-9)
    assert (assignment.storage_gb <= instance.appliance_storage_gb[0] * (1 + 2e-9)).all()
    by_slice = on @ (loads / np.maximum(copies, 1)[:, None])
    scale = max(1e-9, float(loads.sum()))
    np.testing.assert_allclose(assignment.peak_gbps, by_slice.max(axis=1), rtol=1e-6, atol=1e-9 * scale)
    np.testing.assert_allclose(by_slice.sum(axis=0), loads[wanted > 0].sum(axis=0), rtol=1e-9, atol=1e-12)
