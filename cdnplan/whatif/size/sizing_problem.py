"""The network with additions: instances to plan, and one relaxed instance that has room for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cdnplan.errors import InputError
from cdnplan.model.instance.build import build_instance
from cdnplan.model.instance.instance import Floats, Instance, Ints
from cdnplan.model.network.catalog import Catalog
from cdnplan.model.network.demand import Demand
from cdnplan.model.network.policy import Policy
from cdnplan.model.network.topology import ApplianceGroup, Topology
from cdnplan.whatif.size.sizing_file import Sizing
from cdnplan.whatif.size.sizing_targets import Broken, without_site

Counts = tuple[int, ...]
"""Appliances added, by candidate."""


@dataclass(frozen=True, slots=True, eq=False)
class SizingProblem:
    """A sizing question with what it is asked about.

    Parameters
    ----------
    topology, catalog, demand : Topology, Catalog, Demand
        The network as it is, with the new models; demand already grown. Filling does not count: what is asked
        is how the network does once new appliances are stocked.
    sizing : Sizing
    policy : Policy
        As the network has it: `topology` says that appliances arrive stocked.
    """

    topology: Topology
    catalog: Catalog
    demand: Demand
    sizing: Sizing
    policy: Policy

    @classmethod
    def of(cls, topology: Topology, catalog: Catalog, demand: Demand, sizing: Sizing) -> SizingProblem:
        """Take the question to a network."""
        policy = replace(topology.policy, cold_start="free")
        grown = replace(topology, hardware=(*topology.hardware, *sizing.hardware), policy=policy)
        factor = np.float32(sizing.demand_factor)
        more = replace(demand, gb=demand.gb * factor) if sizing.demand_factor != 1.0 else demand
        return cls(grown, catalog, more, sizing, topology.policy)

    def price(self, counts: Counts) -> float:
        """What additions cost [currency]."""
        priced = zip(self.sizing.candidates, counts, strict=True)
        return float(sum(candidate.price * count for candidate, count in priced))

    def fits(self, counts: Counts) -> bool:
        """Whether there is room for additions."""
        return all(
            sum(u * n for u, n in zip(room.use, counts, strict=True)) <= room.allowed * (1 + 1e-12) + 1e-12
            for room in self.sizing.rooms
        ) and all(n <= c.most for c, n in zip(self.sizing.candidates, counts, strict=True))

    def network(self, counts: Counts) -> Topology:
        """The topology with additions."""
        added: dict[str, dict[str, int]] = {}
        for candidate, count in zip(self.sizing.candidates, counts, strict=True):
            if count:
                added.setdefault(candidate.site, {})[candidate.model] = count
        return with_appliances(self.topology, added)

    def proposed(self, counts: Counts) -> Topology:
        """The topology with additions, its policy as it was: to be planned with from then on."""
        return replace(self.network(counts), policy=self.policy)

    def instance(self, counts: Counts) -> Instance:
        """The placement problem with additions.

        Raises
        ------
        InputError
            Pins or launch rules that these appliances cannot keep.
        """
        return self.built(counts)[0]

    def built(self, counts: Counts) -> tuple[Instance, list[str]]:
        """The placement problem with additions, and what building it warns of; raises as `instance`."""
        return build_instance(self.network(counts), self.catalog, self.demand)

    def broken(self, counts: Counts, site: str) -> Broken:
        """What is left of the network with additions when a site has failed."""
        network = without_site(self.network(counts), site)
        return Broken(network, build_instance(network, self.catalog, self.demand)[0])

    def relaxed(self, failed: str | None = None) -> Relaxed:
        """The problem in which all additions have their room; see `Relaxed`.

        Parameters
        ----------
        failed : str or None
            Site that is taken out first.
        """
        everything = tuple(candidate.most for candidate in self.sizing.candidates)
        present = {(s.name, g.model) for s in self.topology.sites for g in s.appliances}
        one_each = tuple(int((c.site, c.model) not in present) for c in self.sizing.candidates)
        if failed is None:
            plain = replace(self, topology=_without_new_rules(self.topology))
            large, small = plain.instance(everything), plain.instance(one_each)
        else:
            large, small = (self.broken(counts, failed).instance for counts in (everything, one_each))
        try:
            now = self.instance(tuple(0 for _ in everything))
            pins = dict(zip(now.pools, now.pinned, strict=True))
        except InputError:  # the network as it is keeps its rules no more: none of them is counted on
            pins = {}
        return Relaxed.of(self, large, small, {} if failed else pins)


@dataclass(frozen=True, slots=True, eq=False)
class Relaxed:
    """One instance whose plans include those of every set of additions, and its limits by units.

    A unit is one more appliance of a candidate. Copies are the fewest that any set asks for, pins hold where
    pools exist already, launch rules are left out: so a bound on its plans is a bound on those of any set.

    Parameters
    ----------
    instance : Instance
        With all units.
    candidate, number : (n_units,) int64
        The candidate of each unit, and which of its appliances it is, from 1.
    pool : (n_units,) int64
        Units at a site that has failed add nothing, whichever pool that says.
    storage_gb, throughput_gbps : (n_units,) float64
        What a unit adds to its pool's limits.
    base_storage_gb, base_throughput_gbps : (n_pools,) float64
        The pools' limits without additions; 0 for pools that are not there yet.
    """

    instance: Instance
    candidate: Ints
    number: Ints
    pool: Ints
    storage_gb: Floats
    throughput_gbps: Floats
    base_storage_gb: Floats
    base_throughput_gbps: Floats

    @classmethod
    def of(
        cls,
        problem: SizingProblem,
        large: Instance,
        small: Instance,
        pins: Mapping[str, npt.NDArray[np.bool_]],
    ) -> Relaxed:
        """Put it together from the instances with all additions and with as few as there are pools."""
        copies = np.where(
            (large.copies == 0) | (small.copies == 0),
            np.maximum(large.copies, small.copies),
            np.minimum(large.copies, small.copies),
        )
        pinned = np.zeros_like(large.pinned)
        for p, name in enumerate(large.pools):
            if name in pins:
                pinned[p] = pins[name] & (copies[p] > 0)
        instance = replace(large, copies=copies, pinned=pinned)
        at = {name: p for p, name in enumerate(large.pools)}
        candidates = problem.sizing.candidates
        count = [c.most for c in candidates]
        candidate = np.repeat(np.arange(len(candidates)), count)
        number = np.concatenate([np.zeros(0, dtype=np.int64), *(np.arange(n) + 1 for n in count)])
        pools = [at.get(c.pool, -1) for c in candidates]
        there = np.repeat(np.array(pools, dtype=np.int64) >= 0, count)
        pool = np.repeat(np.maximum(0, np.array(pools, dtype=np.int64)), count)
        existing = large.pool_appliances.astype(np.int64)
        for c in candidates:
            if c.pool in at:
                existing[at[c.pool]] -= c.most
        spread = 1 - problem.topology.policy.reserves.imbalance_ratio

        def gbps(pools: Ints, appliances: Ints) -> Floats:
            """Throughput of pools with so many appliances, as `build_instance` counts it."""
            one = large.appliance_throughput_gbps[pools]
            return np.asarray(one * appliances * np.where(appliances > 1, spread, 1.0))

        after = np.where(there, existing[pool] + number, 0)
        return cls(
            instance=instance,
            candidate=candidate,
            number=number,
            pool=pool,
            storage_gb=np.where(there, large.appliance_storage_gb[pool], 0.0),
            throughput_gbps=np.where(there, gbps(pool, after) - gbps(pool, after - 1), 0.0),
            base_storage_gb=large.appliance_storage_gb * existing,
            base_throughput_gbps=gbps(np.arange(large.n_pools), existing),
        )

    @property
    def n_units(self) -> int:
        """Number of units."""
        return int(self.candidate.size)

    def units(self, counts: Counts) -> Floats:
        """Which units are bought, (n_units,) of 0 and 1."""
        return (self.number <= np.array(counts, dtype=np.int64)[self.candidate]).astype(np.float64)

    def counts(self, units: Floats) -> Counts:
        """Appliances by candidate, from units."""
        n = int(self.candidate.max(initial=-1)) + 1
        bought = np.bincount(self.candidate, np.round(units), minlength=n)
        return tuple(int(value) for value in bought)

    def limits(self, units: Floats) -> tuple[Floats, Floats]:
        """Storage and throughput of the pools with (parts of) units, (n_pools,) each."""
        pools = self.instance.n_pools
        storage = self.base_storage_gb + np.bincount(self.pool, self.storage_gb * units, minlength=pools)
        throughput = self.base_throughput_gbps + np.bincount(
            self.pool, self.throughput_gbps * units, minlength=pools
        )
        return storage, throughput


def with_appliances(topology: Topology, added: Mapping[str, Mapping[str, int]]) -> Topology:
    """Add appliances to sites.

    Parameters
    ----------
    topology : Topology
    added : mapping of str to mapping of str to int
        Appliances by site and model.
    """
    sites = []
    for site in topology.sites:
        more = dict(added.get(site.name, {}))
        groups = [
            ApplianceGroup(group.model, group.count + more.pop(group.model, 0)) for group in site.appliances
        ]
        groups += [ApplianceGroup(model, count) for model, count in sorted(more.items())]
        sites.append(replace(site, appliances=tuple(groups)))
    return replace(topology, sites=tuple(sites))


def _without_new_rules(topology: Topology) -> Topology:
    """Without pins and launch rules, which some sets of additions could not keep."""
    return replace(topology, policy=replace(topology.policy, pins=(), launches=()))
