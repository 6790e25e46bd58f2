"""Check what `plan.json` says of the night of filling."""

from __future__ import annotations

import numpy as np

from cdnplan.evaluate.night.fill_limits import ApplianceLimits
from cdnplan.evaluate.night.fill_replay_kernels import Replay
from cdnplan.evaluate.night.fill_rows import EvictionRows, FillRows
from cdnplan.evaluate.night.fill_windows import MS_PER_HOUR, in_words, to_ms
from cdnplan.evaluate.verdict.report import Check, Ledger
from cdnplan.inputs.plans.plan_folder import FILL_KINDS, FROM_ORIGIN, TIER
from cdnplan.inputs.plans.plan_json import PLAN_JSON, FillClaims
from cdnplan.inputs.tables.parquet_columns import Columns
from cdnplan.model.instance.instance import Floats


def check_fill_claims(
    claims: FillClaims,
    limits: ApplianceLimits,
    rows: FillRows | None,
    found: Replay | None,
    unfilled: Columns,
    ledger: Ledger,
) -> None:
    """Compare every figure with the tables.

    Parameters
    ----------
    claims : FillClaims
    limits : ApplianceLimits
        Says when the last window ends.
    rows, found : FillRows, Replay or None
        The night; None where there was nothing to fill.
    unfilled : Columns
        `unfilled.parquet`.
    ledger : Ledger
        Takes the checks.
    """
    by_kind: Floats = np.zeros(len(FILL_KINDS))
    peak, again = 0.0, 0.0
    if rows is not None and found is not None:
        known = rows.kind >= 0
        np.add.at(by_kind, rows.kind[known], rows.size_gb[known])
        peak = float(found.origin_peak_gbps[0])
        again = _entered_again_gb(rows)
    total = float(by_kind.sum())
    for kind, gb in zip(FILL_KINDS, by_kind, strict=True):
        ledger.number(PLAN_JSON, f"fills.bytes_gb.{kind}", claims.bytes_gb[kind], float(gb), scale=total)
    entered = float(by_kind[FILL_KINDS.index(TIER)] + by_kind[FILL_KINDS.index(FROM_ORIGIN)])
    for key, number in (
        ("naive_origin_gb", total),
        ("entered_gb", entered),
        ("entered_again_gb", again),
        ("origin_peak_gbps", peak),
    ):
        ledger.number(PLAN_JSON, f"fills.{key}", claims.numbers[key], number, scale=total)
    for key, number in (
        ("count", float(unfilled.n_rows)),
        ("gb", float(unfilled.values["size_gb"].sum())),
        ("value", float(unfilled.values["value"].sum())),
    ):
        ledger.number(PLAN_JSON, f"fills.unfilled.{key}", claims.unfilled[key], number)
    _check_trusted(claims, ledger)
    _check_until(claims, limits, ledger)


def check_away(claims: FillClaims, evictions: EvictionRows, found: Replay, ledger: Ledger) -> None:
    """Compare what the plan says of files that no appliance holds for a time.

    Parameters
    ----------
    claims : FillClaims
    evictions : EvictionRows
    found : Replay
        What evictions left the network without.
    ledger : Ledger
        Takes the checks.
    """
    away = found.away_ms > 0
    size = evictions.table.values["size_gb"]
    for key, number in (
        ("count", float(away.sum())),
        ("gb", float(size[away].sum())),
        ("longest_hours", float(found.away_ms.max(initial=0)) / MS_PER_HOUR),
    ):
        ledger.number(PLAN_JSON, f"fills.away.{key}", claims.away[key], number)


def _check_trusted(claims: FillClaims, ledger: Ledger) -> None:
    """Holdings of the folder are what was trusted; how much the previous plan said otherwise is a count."""
    trusted = claims.numbers["trusted_field"]
    ledger.checks.append(
        Check(
            "a count",
            ok=trusted >= 0 and trusted == round(trusted),
            file=PLAN_JSON,
            key="fills.trusted_field",
            claimed=trusted,
        )
    )


def _check_until(claims: FillClaims, limits: ApplianceLimits, ledger: Ledger) -> None:
    """The night ends when the last window does."""
    begin, until = (to_ms(moment.replace(tzinfo=None)) for moment in (claims.begin, claims.until))
    last = int(limits.end.max(initial=begin))
    ledger.checks.append(
        Check(
            "the night",
            ok=until == last,
            file=PLAN_JSON,
            key="fills.until",
            claimed=in_words(until),
            found=in_words(last),
            detail="where the last window ends",
        )
    )


def _entered_again_gb(rows: FillRows) -> float:
    """Bytes of files that came to a site from outside, beyond one copy of each [GB]."""
    _, site = rows.places.sites()
    source = np.where(rows.places.is_origin(rows.source), -1, rows.source)
    outside = np.flatnonzero(rows.sound & (np.append(site, -1)[source] != site[rows.appliance]))
    entry = site[rows.appliance[outside]] * max(1, rows.places.fleet.instance.n_files) + rows.file[outside]
    more = np.ones(outside.size, dtype=bool)
    more[np.unique(entry, return_index=True)[1]] = False
    return float(rows.size_gb[outside[more]].sum())
