"""Limits counted from the topology agree with the rows; rows that are wrong are found out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cdnplan.evaluate.count.own_counts import COUNTS, Counted, Given, Judged, own_violations
from cdnplan.evaluate.verdict.verdict import evaluate
from cdnplan.model.instance.build import build_instance
from cdnplan.model.instance.holdings import Holdings
from cdnplan.model.instance.instance import Instance
from cdnplan.model.limits.families import FAMILIES, LINK, POWER, code
from cdnplan.model.plan.placement import Placement
from tests.evaluate import network
from tests.limits import with_limits

COLD, LIMITED, LATER = "free", "limited", "later"


def plan(case: str) -> tuple[Given, Judged]:
    """The small network, planned from nothing, from empty appliances, or from earlier holdings.

    Two of its sites have limits of their own.
    """
    topology = network.topology(cold_start=LIMITED if case == LIMITED else COLD)
    draws = (("idle_w", 100.0), ("w_per_gbps", 50.0))
    own = {"ams-ix": (("power_w", 900.0), ("outside_gb_per_window", 500.0)), "kpn": (("power_w", 300.0),)}
    topology = replace(
        topology,
        hardware=tuple(replace(hardware, limits=draws) for hardware in topology.hardware),
        sites=tuple(replace(site, limits=own.get(site.name, ())) for site in topology.sites),
    )
    earlier: Holdings | None = network.holdings() if case == LATER else None
    instance, _ = build_instance(topology, network.catalog(), network.demand(), earlier)
    made = network.simple_plan(instance, [])
    holds = np.zeros((instance.n_pools, instance.n_files), dtype=bool)
    for p, copies in enumerate(made.copies):
        holds[p, list(copies)] = True
    return Given(topology, case != COLD), Judged(instance, Placement(holds), made.served, made.origin)


def test_every_family_is_counted_or_looked_at_elsewhere() -> None:
    assert {*COUNTS} == {kind.name for kind in FAMILIES} - {LINK.name}


@pytest.mark.parametrize("case", [COLD, LIMITED, LATER])
def test_rows_agree(case: str) -> None:
    given, judged = plan(case)
    assert own_violations(given, judged) == []
    counted = {name: count(given, judged) for name, count in COUNTS.items()}
    assert len(counted["fill"].names) + len(counted["churn"].names) == (
        0 if case == COLD else judged.instance.n_pools
    )


@pytest.mark.parametrize("limit", ["storage_gb", "throughput_gbps", "fill_limit_gb"])
@pytest.mark.parametrize("factor", [0.99, 1.01, 1.5])
def test_a_wrong_row_is_found_out(limit: str, factor: float) -> None:
    given, judged = plan(LIMITED)
    now = {"fill_limit_gb": judged.instance.new_limit_gb}
    values = now.get(limit, getattr(judged.instance, limit, None)) * np.array([factor, 1.0, 1.0, 1.0, 1.0])
    wrong = with_limits(judged.instance, **{limit: values})
    verdict = evaluate(wrong, judged.placement, judged.served_gb, judged.origin_gb, given=given)
    name = f"{wrong.pools[0]}, left by its row"
    assert name in {violation.name for violation in verdict.violations}
    told = [v for v in verdict.violations if v.name == name]
    assert {v.limit for v in told} == {limit.split("_", maxsplit=1)[0]}
    assert all((v.used > v.allowed) == (factor > 1) for v in told)


def test_a_row_that_there_should_not_be_or_that_lacks() -> None:
    given, judged = plan(COLD)
    pool = judged.instance.pools[0]
    lacking = own_violations(replace(given, fill_counted=True), judged)
    assert f"{pool}, row and limit" in {violation.name for violation in lacking}
    given, judged = plan(LIMITED)
    strange = own_violations(replace(given, fill_counted=False), judged)
    assert f"{pool}, row and limit" in {violation.name for violation in strange}


def test_what_rows_hide_is_told() -> None:
    """A builder that forgets half of what is used: its own count says that the limit is passed."""
    given, judged = plan(COLD)
    rates = judged.instance.rates
    most = COUNTS["throughput"](given, judged).used.max(axis=1)
    topology = replace(
        given.topology,
        hardware=tuple(replace(h, throughput_gbps=h.throughput_gbps * 0.3) for h in given.topology.hardware),
    )
    half = replace(rates, use_weight=rates.use_weight * 0.2)
    tight = COUNTS["throughput"](Given(topology, fill_counted=False), judged).allowed
    instance = with_rates(judged.instance, half, tight)
    told = own_violations(Given(topology, fill_counted=False), replace(judged, instance=instance))
    broken = {v.name for v in told if v.limit == "throughput" and v.used > v.allowed and "," not in v.name}
    assert broken == {
        name for name, u, a in zip(instance.pools, most, tight, strict=True) if u > a * 1.000001
    }
    assert broken


def with_rates(instance: Instance, rates: object, throughput: np.ndarray) -> Instance:
    changed = replace(instance, rates=rates)  # type: ignore[arg-type]
    capacity = changed.rates.capacity.copy()
    capacity[: instance.n_pools] = throughput
    return replace(changed, rates=replace(changed.rates, capacity=capacity))


def test_a_made_up_family() -> None:
    """One entry is all that a count takes; here it counts storage of one pool only, and twice."""
    given, judged = plan(COLD)

    def twice(given: Given, judged: Judged) -> Counted:
        plain = COUNTS["storage"](given, judged)
        return Counted(plain.names, 2 * plain.used, plain.allowed)

    told = own_violations(given, judged, {"storage": twice})
    used = COUNTS["storage"](given, judged)
    pools = [name for name, gb in zip(used.names, used.used[:, 0], strict=True) if gb > 0]
    assert [violation.name.split(",")[0] for violation in told] == pools
    over = [v for v in told if v.used > v.allowed and "," not in v.name]
    assert over
    assert all(violation.unit == "GB" for violation in told)


def test_power_and_bytes_from_outside_of_sites() -> None:
    given, judged = plan(LIMITED)
    power, outside = (COUNTS[name](given, judged) for name in ("power", "outside"))
    assert (power.names, power.allowed.tolist()) == (("ams-ix", "kpn"), [900.0, 300.0])
    assert (outside.names, outside.allowed.tolist()) == (("ams-ix",), [500.0])
    gbps = COUNTS["throughput"](given, judged).used
    # Five appliances in two pools, and two in one.
    assert power.used == pytest.approx(np.array([500 + 50 * (gbps[0] + gbps[1]), 200 + 50 * gbps[3]]))
    rates = judged.instance.rates
    weight = np.where(rates.family[rates.use_row] == code(POWER), 2.0, 1.0) * rates.use_weight
    wrong = replace(judged.instance, rates=replace(rates, use_weight=weight))
    told = own_violations(given, replace(judged, instance=wrong))
    assert {(v.limit, v.name) for v in told} <= {("power", f"{n}, left by its row") for n in power.names}
    assert told
