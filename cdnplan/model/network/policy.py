"""What the operator wants: reserves, costs, the shape of a day, and rules about files and places."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Literal, TypeVar

EVENING_PEAK: tuple[float, ...] = (
    *(0.045, 0.032, 0.022, 0.015, 0.011, 0.010, 0.012, 0.017),
    *(0.023, 0.028, 0.032, 0.036, 0.040, 0.043, 0.044, 0.046),
    *(0.050, 0.056, 0.064, 0.074, 0.082, 0.084, 0.076, 0.058),
)
"""Share of a day's bytes by local hour, 00 to 23: an evening peak at 21:00, sum 1."""


@dataclass(frozen=True, slots=True)
class Reserves:
    """What is held back from each limit, as ratios in [0, 1).

    `imbalance_ratio` is held back from the throughput of pools of two or more appliances, because
    whole files cannot be spread over them perfectly evenly.
    """

    storage_ratio: float = 0.05
    throughput_ratio: float = 0.10
    fill_ratio: float = 0.0
    imbalance_ratio: float = 0.01


@dataclass(frozen=True, slots=True)
class Costs:
    """Costs [currency per GB] where links carry none, and of filling and overload.

    Serving from a site costs its kind's base plus the distance; `overload_per_gbps` is charged for
    every Gbit/s above a link's or an origin's capacity in every slice (None: ten times what the
    dearest origin path would cost for the same bytes).
    """

    embedded_per_gb: float = 0.0
    ixp_per_gb: float = 0.002
    origin_per_gb: float = 0.03
    per_gb_per_1000km: float = 0.004
    fill_per_gb: float = 0.002
    overload_per_gbps: float | None = None


@dataclass(frozen=True, slots=True)
class PeakProfile:
    """Weights of the 24 local hours and the number of slices of the UTC day in which limits hold."""

    slices: int = 1
    hourly: tuple[float, ...] = EVENING_PEAK


@dataclass(frozen=True, slots=True)
class FillPolicy:
    """Limits on where fills come from.

    Parameters
    ----------
    origin_gbps : float or None
        All origins together give fills at most so much at any time [Gbit/s]; None: no limit.
    tier_max_cost_per_gb : float or None
        Paths from other sites may cost at most so much [currency/GB]; None: no more than from the origin.
    """

    origin_gbps: float | None = None
    tier_max_cost_per_gb: float | None = None


@dataclass(frozen=True, slots=True)
class Files:
    """Which files a rule speaks of: exactly one of the attributes is set.

    `title` and `file` are names or globs; `top` is the number of files with most GB demanded;
    `newer_than_days` selects titles launched less than so many days before the planned period's start
    (or not launched yet).
    """

    title: str | None = None
    file: str | None = None
    top: int | None = None
    newer_than_days: int | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """Where a rule holds; each attribute narrows, empty means everywhere. `sites` may be globs."""

    sites: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """Files × places, with the rule's place in its source for messages (``topology.yaml:12:5``)."""

    files: Files
    places: Places = field(default_factory=Places)
    source: str = ""


AnyRule = TypeVar("AnyRule", bound=Rule)


@dataclass(frozen=True, slots=True)
class Pin(Rule):
    """These files must be held by every pool in these places."""


@dataclass(frozen=True, slots=True)
class Ban(Rule):
    """These files may not be held by any pool in these places (licences by country)."""


@dataclass(frozen=True, slots=True)
class CopyRule(Rule):
    """A pool here that holds one of these files holds `copies`, at most one per appliance."""

    copies: int = 2


@dataclass(frozen=True, slots=True)
class LaunchRule(Rule):
    """Each of these files must be held by at least `min_pools` of the pools in these places."""

    min_pools: int = 1


@dataclass(frozen=True, slots=True)
class Wait(Rule):
    """Files that pins do not bind here and for which launches do not count on these pools: not filled yet."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything an operator decides that is not hardware.

    Parameters
    ----------
    steering : {"cost", "order"}
        ``cost``: a region is served by the cheapest candidate that holds a file; the order of its
        `sites` breaks ties. ``order``: a later site never counts as cheaper than an earlier one.
    max_sites : int
        Candidate sites per region when the region lists none.
    churn_ratio : float or None
        New bytes per plan and pool, at most so much of its usable storage, in [0, 1].
    copy_load_ratio : float or None
        A pool holds another copy of a file for each such part of one appliance's throughput that its
        regions may ask of the file, in (0, 1]; None: load asks for no copies.
    cold_start : {"free", "limited"}
        Without a previous plan: ``free``: appliances arrive stocked, fill limits and costs do not
        count; ``limited``: everything has to be filled within one window.
    period_days : float or None
        Days that one period of a demand table stands for; None: found from its dates, else 7.
    fill : FillPolicy
        Where fills may come from.
    waits : tuple of Wait
        What pins and launches ask for and windows have not brought yet.
    """

    reserves: Reserves = field(default_factory=Reserves)
    costs: Costs = field(default_factory=Costs)
    peak_profile: PeakProfile = field(default_factory=PeakProfile)
    steering: Literal["cost", "order"] = "cost"
    max_sites: int = 6
    churn_ratio: float | None = None
    copy_load_ratio: float | None = 0.5
    cold_start: Literal["free", "limited"] = "free"
    period_days: float | None = None
    fill: FillPolicy = field(default_factory=FillPolicy)
    pins: tuple[Pin, ...] = ()
    bans: tuple[Ban, ...] = ()
    copies: tuple[CopyRule, ...] = ()
    launches: tuple[LaunchRule, ...] = ()
    waits: tuple[Wait, ...] = ()

    def restricted_to(self, sites: tuple[str, ...]) -> Policy:
        """Drop what rules say of sites that are not kept, and rules that are left with none.

        Parameters
        ----------
        sites : tuple of str
            Names of the sites that stay.
        """
        return replace(
            self,
            pins=_rules_at(self.pins, sites),
            bans=_rules_at(self.bans, sites),
            copies=_rules_at(self.copies, sites),
            launches=_rules_at(self.launches, sites),
            waits=_rules_at(self.waits, sites),
        )


def _rules_at(rules: tuple[AnyRule, ...], sites: tuple[str, ...]) -> tuple[AnyRule, ...]:
    kept: list[AnyRule] = []
    for rule in rules:
        globs = tuple(g for g in rule.places.sites if any(fnmatchcase(name, g) for name in sites))
        if globs or not rule.places.sites:
            kept.append(replace(rule, places=replace(rule.places, sites=globs)))
    return tuple(kept)
