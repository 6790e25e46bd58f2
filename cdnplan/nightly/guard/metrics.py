"""The same for Prometheus: a textfile for the node exporter's textfile collector."""

from __future__ import annotations

import re
from pathlib import Path

from cdnplan.nightly.guard.status import Status

PREFIX = "cdnplan_nightly_"


def write_metrics(status: Status, path: Path) -> None:
    """Write figures of a run, whole or not at all.

    Parameters
    ----------
    status : Status
        Of a run that has ended.
    path : Path
        Ends in ``.prom``, so that the collector finds it.
    """
    from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

    registry = CollectorRegistry()

    def gauge(name: str, help_: str, value: float | None, **labels: str) -> None:
        if value is not None:
            # One family for each name, whatever its labels are.
            family = families.get(name)
            if family is None:
                names = ("job_name", *labels)
                family = families[name] = Gauge(PREFIX + name, help_, names, registry=registry)
            family.labels(status.job, *labels.values()).set(value)

    families: dict[str, Gauge] = {}
    ended = status.ended
    gauge("last_run_timestamp_seconds", "End of the last run", None if ended is None else ended.timestamp())
    published = status.last_published
    since = None if published is None else published.timestamp()
    gauge("last_published_timestamp_seconds", "When a plan was last published", since)
    gauge("exit_code", "Exit code of the last run", status.exit_code)
    gauge("published", "1 when the last run published a plan", float(status.state == "published"))
    gauge("warnings", "Warnings of the last run", len(status.warnings))
    plan, force = status.plan or {}, status.in_force_figures or {}
    gauge("gap_ratio", "Gap of the plan in force", force.get("gap_ratio"))
    gauge("offload_byte_ratio", "Byte offload planned by the plan in force", force.get("offload_byte_ratio"))
    gauge("cost", "Cost of the plan in force, currency per period", force.get("upper"))
    fills = plan.get("fills", {})
    for kind, gb in fills.get("bytes_gb", {}).items():
        gauge("fill_gigabytes", "Bytes that the last plan made fills, by source [GB]", gb, kind=kind)
    gauge("unfilled_gigabytes", "Bytes that it cannot fetch [GB]", fills.get("unfilled", {}).get("gb"))
    left = plan.get("to_fill", {})
    gauge("to_fill_gigabytes", "Bytes that its windows leave for later nights [GB]", left.get("gb"))
    gauge("nights_to_fill", "Nights after it until caches are full, give or take one", left.get("nights"))
    gauge("fill_origin_peak_gbps", "Peak of its fills from origins [Gbit/s]", fills.get("origin_peak_gbps"))
    if status.standing is not None:
        gauge(
            "in_force_holds", "1 when the plan the run began with holds today", float(status.standing.holds)
        )
    for reading in status.guards:
        gauge("guard_value", "Figure of a guard", reading.value, guard=reading.guard)
    for role, ready in status.inputs.items():
        age = (status.started - ready.modified).total_seconds()
        gauge("input_age_seconds", "Age of an input at the start of the run", age, input=role)
    for phase, seconds in status.seconds.items():
        gauge("phase_seconds", "Duration of a phase of the last run", seconds, phase=phase)
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f"{path.name}.*.*"):
        # A run that was killed while it wrote left it: named after its process and thread.
        if re.fullmatch(r"\.[0-9]+\.[0-9]+", left.name.removeprefix(path.name)):
            left.unlink(missing_ok=True)
    write_to_textfile(str(path), registry)
