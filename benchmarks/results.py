"""Results of a run, and the JSON file that keeps them."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.traces import gap_ratio, seconds_to
from cdnplan.errors import InputError, Problem

FORMAT = 1
FAST = "fast"


@dataclass(frozen=True)
class Sizes:
    """How large an instance is.

    Parameters
    ----------
    candidates : int
        Region × candidate pool.
    entries : int
        Of the demand matrix.
    variables : int
        Serving variables of the whole model: region × file × candidate, with demand.
    """

    regions: int
    pools: int
    files: int
    slices: int
    links: int
    candidates: int
    entries: int
    variables: int


@dataclass(frozen=True)
class Result:
    """A method on an instance; costs and bounds are above the ideal.

    Parameters
    ----------
    instance : str
        Name in the catalogue.
    seed : int
    method : str
    sizes : Sizes or None
        None where the method did not come as far as the instance.
    cost : float or None
        Of the plan, as the judge counts it [currency].
    lower : float or None
        What the method itself proved; never above the cost.
    value : float or None
        Of a relaxation [currency].
    offload_byte_ratio : float or None
    read_seconds, seconds : float or None
        Reading the input files; the method itself.
    read_memory_gb, peak_memory_gb : float or None
        Most memory its process had, after reading and after the method.
    phases : dict of str to float
        Seconds of parts of the method.
    trace : list of (float, float)
        Seconds and proven gap ratio, whenever it got smaller; the last is the judge's.
    note : str
        What kept it from a result, or how it ended.
    """

    instance: str
    seed: int
    method: str
    sizes: Sizes | None = None
    cost: float | None = None
    lower: float | None = None
    value: float | None = None
    offload_byte_ratio: float | None = None
    read_seconds: float | None = None
    seconds: float | None = None
    read_memory_gb: float | None = None
    peak_memory_gb: float | None = None
    phases: dict[str, float] = field(default_factory=dict)
    trace: list[tuple[float, float]] = field(default_factory=list)
    note: str = ""

    @property
    def key(self) -> tuple[str, int, str]:
        """What there is one result of."""
        return self.instance, self.seed, self.method

    @property
    def gap(self) -> float | None:
        """Gap ratio that the method itself proved."""
        if self.cost is None or self.lower is None:
            return None
        return gap_ratio(self.cost, self.lower)

    def seconds_to(self, gap: float) -> float | None:
        """When a gap was first proven."""
        return seconds_to(self.trace, gap)


@dataclass(frozen=True)
class Run:
    """Results and the machine and options they were measured with."""

    results: tuple[Result, ...] = ()
    about: dict[str, Any] = field(default_factory=dict)

    def of(self, method: str) -> list[Result]:
        """Results of one method, in their order."""
        return [result for result in self.results if result.method == method]

    def find(self, instance: str, seed: int, method: str) -> Result | None:
        """One result."""
        return next((r for r in self.results if r.key == (instance, seed, method)), None)

    def with_results(self, new: Iterable[Result]) -> Run:
        """Newer results replace older ones of the same instance, seed and method."""
        known = {result.key: result for result in self.results}
        known |= {result.key: result for result in new}
        return replace(self, results=tuple(known.values()))


def machine() -> dict[str, Any]:
    """What the times depend on."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in _lines(Path("/proc/cpuinfo"))
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "python": platform.python_version(),
        "highspy": metadata.version("highspy"),
    }


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.is_file() else []


def write_run(run: Run, path: Path) -> None:
    """Write as JSON, whole or not at all."""
    found = {"format": FORMAT, "about": run.about, "results": [asdict(result) for result in run.results]}
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(found, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    partial.replace(path)


def read_run(path: Path) -> Run:
    """Read what `write_run` wrote.

    Raises
    ------
    InputError
        There is no such file, or it is no such JSON.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] != FORMAT:
            message = f"found format {found['format']!r}, expected {FORMAT}"
            raise InputError([Problem(message, file=str(path))])
        return Run(tuple(_result(row) for row in found["results"]), found["about"])
    except FileNotFoundError:
        raise InputError([Problem("no such file, expected results of a run", file=str(path))]) from None
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        message = f"no results of a run: {type(error).__name__}: {error}"
        raise InputError([Problem(message, file=str(path))]) from None


def _result(row: dict[str, Any]) -> Result:
    sizes = None if row["sizes"] is None else Sizes(**row["sizes"])
    trace = [(float(seconds), float(gap)) for seconds, gap in row["trace"]]
    return Result(**{**row, "sizes": sizes, "trace": trace})
