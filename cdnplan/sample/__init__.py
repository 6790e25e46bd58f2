"""The embedded sample: a small network, its catalogue and demand, to try every command on.

Made by ``cdnplan synth --preset sample --seed 1``; its README says what is in it.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def sample_folder() -> Path:
    """Folder of the sample: ``topology.yaml``, ``titles.parquet``, ``history.parquet``, ``demand.parquet``.

    Examples
    --------
    >>> sorted(path.name for path in sample_folder().glob("t*"))
    ['titles.parquet', 'topology.yaml']
    """
    return Path(str(files("cdnplan.sample")))
