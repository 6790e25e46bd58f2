"""`cdnplan replay`: the plan against caches that fill themselves, on the demand that really came."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cdnplan.cli.terminal.stopping import StopSignals

if TYPE_CHECKING:
    from cdnplan.cli.terminal.tables import TableFormat

COLUMNS = (
    "policy",
    "kind",
    "planned_ratio",
    "parent",
    "byte_offload_ratio",
    "request_offload_ratio",
    "origin_peak_gbps",
    "origin_p95_gbps",
    "fill_window_gb",
    "fill_outside_gb",
    "fill_waste_gb",
)
"""Columns of the comparison."""


def replay(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Replay folder to write.")],
    plan: Annotated[Path | None, typer.Option(metavar="PLAN", help="Plan folder to replay.")] = None,
    actual: Annotated[
        Path | None,
        typer.Option("--actual", "--demand", metavar="D", help="Demand table of what came, for a plan."),
    ] = None,
    logged: Annotated[
        Path | None,
        typer.Option(metavar="R", help="Instead: requests that were logged, from cdnplan ingest --requests."),
    ] = None,
    topology: Annotated[
        Path | None, typer.Option(metavar="T", help="Rolling: topology YAML, instead of a plan.")
    ] = None,
    titles: Annotated[
        Path | None,
        typer.Option(metavar="F", help="Titles; with a plan, those that its catalogue lacks as well."),
    ] = None,
    history: Annotated[
        Path | None, typer.Option(metavar="H", help="Rolling: history that is forecast from and served.")
    ] = None,
    files: Annotated[Path | None, typer.Option(metavar="F", help="Files of titles.")] = None,
    countries: Annotated[str, typer.Option(metavar="BE,NL", help="Rolling: only these countries.")] = "",
    periods: Annotated[
        int, typer.Option(metavar="N", min=1, help="Rolling: the last N periods of the history.")
    ] = 1,
    model: Annotated[str, typer.Option(metavar="M", help="Rolling: forecaster.")] = "auto",
    date: Annotated[
        datetime | None, typer.Option(metavar="DATE", formats=["%Y-%m-%d"], help="Period of --actual.")
    ] = None,
    policies: Annotated[
        str,
        typer.Option(
            metavar="P,…", help="lru, lfu, gdsf, s3-fifo, w-tinylfu, lrb (slow), belady; or all; or none."
        ),
    ] = "lru,lfu,gdsf,s3-fifo,w-tinylfu,belady",
    hybrid: Annotated[
        str, typer.Option(metavar="X,…", help="Planned shares of each disk to try; none: no hybrids.")
    ] = "0.5,0.75,0.9",
    hybrid_policy: Annotated[
        str | None, typer.Option(metavar="P", help="Policy of the rest; default: the best reactive one.")
    ] = None,
    prefill: Annotated[
        str,
        typer.Option(metavar="X,…", help="Parts of each disk that the plan fills at first; none: none."),
    ] = "0.5,1",
    sample: Annotated[
        float | None, typer.Option(metavar="R", help="Share of plays to keep; default: 2 million in all.")
    ] = None,
    requests: Annotated[
        float | None,
        typer.Option(metavar="N", help="Instead of --sample: requests a region and period, on average."),
    ] = None,
    play_gb: Annotated[float, typer.Option(metavar="GB", help="Bytes of one play.")] = 2.0,
    days: Annotated[
        float | None, typer.Option(metavar="D", help="Only the first D days of each period.")
    ] = None,
    turnovers: Annotated[
        float, typer.Option(metavar="X", help="Warm-up: requests for each file that fits into a cache.")
    ] = 5.0,
    regret: Annotated[
        bool, typer.Option("--regret/--no-regret", help="Make the plans that regret is counted against.")
    ] = True,
    engine: Annotated[
        Literal["auto", "exact", "fast"], typer.Option(help="Of the plans that are made.")
    ] = "auto",
    gap: Annotated[float | None, typer.Option(metavar="G", min=0.0, help="They stop at this gap.")] = None,
    threads: Annotated[int, typer.Option(metavar="N", min=0, help="0: all cores.")] = 0,
    seed: Annotated[int, typer.Option(metavar="N", help="Of requests and plans.")] = 0,
    force: Annotated[bool, typer.Option(help="Replace an earlier replay at DIR.")] = False,
    quiet: Annotated[bool, typer.Option(help="No progress on stderr.")] = False,
    fmt: Annotated[
        Literal["table", "json", "csv"],
        typer.Option("--format", help="json: print replay.json; csv: the comparison only."),
    ] = "table",
) -> None:
    """Serve what really came with a plan, beside caches that fill themselves on the same network.

    Without --plan, plans are made period by period from what was known before each, and then served.
    """
    import os

    from cdnplan.cli.terminal.progress import progress_on_stderr
    from cdnplan.replay import ReplayRequest
    from cdnplan.replay import replay as run
    from cdnplan.replay.cases.planning import How

    request = ReplayRequest(
        out=out,
        plan=plan,
        actual=actual,
        logged=logged,
        topology=topology,
        titles=titles,
        history=history,
        files=files,
        countries=_countries(countries),
        date=date.date() if date else None,
        periods=periods,
        model=model,
        policies=_policies(policies),
        hybrid=_numbers(hybrid, "hybrid"),
        hybrid_policy=hybrid_policy,
        prefill=_numbers(prefill, "prefill"),
        sample=sample,
        requests=requests,
        play_gb=play_gb,
        days=days,
        turnovers=turnovers,
        regret=regret,
        how=How(engine, gap, None, threads or os.cpu_count() or 1, seed),
        seed=seed,
        replace=force,
    )
    stop = ctx.find_object(StopSignals) or StopSignals()
    with progress_on_stderr(quiet=quiet) as progress:
        result = run(request, progress=stop.watching(progress))
    _print(result.record, out, fmt)


def _countries(text: str) -> frozenset[str]:
    from cdnplan.cli.terminal.countries import country_codes
    from cdnplan.errors import InputError, Problem

    problems: list[Problem] = []
    codes = country_codes(text, problems)
    if problems:
        raise InputError(problems)
    return codes


def _policies(text: str) -> tuple[str, ...]:
    from cdnplan.replay.caches.caches import POLICIES

    names = tuple(name.strip().lower() for name in text.split(",") if name.strip())
    if names == ("all",):
        return tuple(POLICIES)
    return () if names == ("none",) else names


def _numbers(text: str, option: str) -> tuple[float, ...]:
    from cdnplan.errors import InputError, Problem

    if text.strip() in ("", "none"):
        return ()
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise InputError([Problem(f"expected numbers as 0.5,0.9, found {text!r}", path=option)]) from None


def _print(record: dict[str, Any], out: Path, fmt: TableFormat) -> None:
    import json

    from cdnplan.cli.terminal.tables import print_table

    if fmt == "json":
        sys.stdout.write(json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
        return
    rows = [[_rounded(way[name]) for name in COLUMNS] for way in record["policies"]]
    if fmt == "csv":
        print_table(COLUMNS, rows, fmt)
        return
    for name, value in _summary(record):
        sys.stdout.write(f"{name:<26}{value}\n")
    sys.stdout.write("\n")
    print_table(COLUMNS, rows, fmt)
    for warning in record["warnings"]:
        sys.stderr.write(f"warning: {warning}\n")
    sys.stdout.write(f"\nwritten to {out}\n")


def _rounded(value: object) -> object:
    """Rates and volumes for people and tables: more digits would be noise of the sample."""
    return round(value, 5) if isinstance(value, float) else value


def _summary(record: dict[str, Any]) -> list[tuple[str, str]]:
    """What stands above the comparison."""
    from datetime import date

    from cdnplan.model.network.period import first_day, span_text

    names, days = [date.fromisoformat(name) for name in record["periods"]], record["period_days"]
    span = span_text(names[-1], days)
    if len(names) > 1:
        span = f"{len(names)} periods, {first_day(names[0], days)} to {names[-1]}"
    least, most = record["sample_ratio"]["least"], record["sample_ratio"]["most"]
    kept = f"{least:.4%}" if least == most else f"{least:.4%} to {most:.4%}"
    rows = [
        ("period", f"{span}, {record['hours']} hours each"),
        ("requests", f"{record['requests']:,} of {record['plays']:,.0f} plays ({kept})"),
    ]
    if record["best_planned_ratio"] is not None:
        found = record["best_planned_ratio"]
        for kind, text in (("alone", "best planned share"), ("with_parent", "  with a parent tier")):
            if kind in found:
                one = found[kind]
                share = f"{one['planned_ratio']:.0%}, the rest {found['policy']}"
                rows.append((text, f"{share}: {one['byte_offload_ratio']:.2%} of bytes offloaded"))
    if record["best_prefilled"] is not None:
        best = record["best_prefilled"]
        where = f"{best['policy']} after {best['planned_ratio']:.0%}{', parents' if best['parent'] else ''}"
        rows.append(("best prefilled", f"{where}: {best['byte_offload_ratio']:.2%} of bytes offloaded"))
    if record["regret"] is not None:
        parts = record["regret"]
        rows += [
            ("cost", f"{parts['cost']:,.2f}"),
            ("no plan costs less than", f"{parts['bound']:,.2f}"),
            ("regret", f"{parts['total']:,.2f}"),
            ("  forecast error", f"{parts['forecast_error']:,.2f}"),
            ("  fill limits", f"{parts['fill_limits']:,.2f}"),
            ("  optimisation gap", f"{parts['optimisation_gap']:,.2f}"),
        ]
    demand = record["policies"][0]["demand_gb"]
    for cause, gb in sorted(record["misses_gb"]["by_cause"].items(), key=lambda item: -item[1]):
        part = gb / demand if demand > 0 else 0.0
        rows.append((f"missed: {cause}", f"{gb:,.0f} GB ({part:.3%} of all)"))
    return rows
