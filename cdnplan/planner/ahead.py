"""Compile what comes last in a plan, before it is needed.

Kernels are compiled when they are first called, and kept on disk for later runs and for other processes. So a
second process can compile those of dealing and judging while the first one still optimises.

    python -m cdnplan.planner.ahead

It ends when it is done, or when its standard input does.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np

from cdnplan.evaluate.proof.bound import file_bounds
from cdnplan.evaluate.proof.facility_kernels import bound_block
from cdnplan.fill.deal.appliances import split_pools
from cdnplan.fill.deal.appliances_kernels import split
from cdnplan.model.instance.instance import Instance
from cdnplan.model.plan.placement import Placement, Prices, Serving
from cdnplan.planner.inputs.load import load
from cdnplan.planner.inputs.request import PlanRequest
from cdnplan.sample import sample_folder

LAST_KERNELS: dict[str, Any] = {"appliances": split, "judge": bound_block}
"""By phase: with all that they call, most of what a plan compiles after its optimisation."""

MANY_CASES = 1_000_000
"""Bounds of so many cases are worth compiling on any network."""


def compile_ahead() -> None:
    """Compile `LAST_KERNELS` by using them on a small network, as a plan does.

    Decisions do not matter: every pool is asked to hold all files, and nobody is served.
    """
    sample = sample_folder()
    request = PlanRequest(
        topology=sample / "topology.yaml",
        titles=sample / "titles.parquet",
        demand=sample / "demand.parquet",
        countries=frozenset({"NL"}),
        out=Path(os.devnull),
    )
    instance = load(request).instance
    everything = Placement(np.ones((instance.n_pools, instance.n_files), dtype=np.bool_))
    split_pools(instance, everything, _no_serving(instance))
    file_bounds(instance, Prices.zero(instance), cases=MANY_CASES)
    for kernel in LAST_KERNELS.values():
        for code in _machine_code(kernel):
            # numba goes by the content of the source: machine code may be older and good all the same.
            code.touch()


def compiled(phase: str | None = None) -> bool:
    """Whether kernels have been compiled since their sources changed, by any process.

    Parameters
    ----------
    phase : str, optional
        Of a plan: whether what it needs of `LAST_KERNELS` is compiled; all of them by default.
    """
    needed = LAST_KERNELS.items()
    return all(_on_disk(kernel) for used_in, kernel in needed if phase in (None, used_in))


def _on_disk(kernel: Any) -> bool:
    """Whether there is machine code of a kernel that is not older than its source."""
    source = Path(kernel.py_func.__code__.co_filename)
    return any(code.stat().st_mtime >= source.stat().st_mtime for code in _machine_code(kernel))


def _machine_code(kernel: Any) -> list[Path]:
    """Files with what numba has compiled of a kernel, whatever their age."""
    code, folder = kernel.py_func.__code__, Path(kernel.stats.cache_path)
    return list(folder.glob(f"{Path(code.co_filename).stem}.{code.co_name}-{code.co_firstlineno}.*.nbc"))


def _no_serving(instance: Instance) -> Serving:
    """All files have all candidates as holders, and no demand goes to any."""
    n_regions = instance.n_regions
    candidates = np.diff(instance.cand_ptr)
    return Serving(
        ptr=np.arange(n_regions + 1),
        mask=((np.uint64(1) << candidates.astype(np.uint64)) - np.uint64(1)).reshape(-1, 1),
        gb=np.zeros(n_regions),
        share_ptr=np.zeros(n_regions + 1, dtype=np.int64),
        slot=np.zeros(0, dtype=np.int32),
        ratio=np.zeros(0),
    )


def _end_with_input() -> None:
    """Whoever started this process ends it by closing its input, or by ending."""
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    gc.set_threshold(20_000, 20, 20)  # as `cdnplan.cli.main.run`
    threading.Thread(target=_end_with_input, daemon=True).start()
    compile_ahead()
