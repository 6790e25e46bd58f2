"""What limits the fills of a night, as the arrays that the schedule reads."""

from __future__ import annotations

import numpy as np

from cdnplan.fill.night.source_kernels import PATIENT, Network
from cdnplan.fill.night.sources import Sources
from cdnplan.fill.night.windows import Windows
from cdnplan.model.instance.instance import Floats, Instance
from cdnplan.model.instance.profile import slice_of_hour
from cdnplan.model.network.topology import Topology
from cdnplan.model.plan.placement import Serving
from cdnplan.optimize.problem.objective import rate_loads


def fill_network(
    topology: Topology, instance: Instance, sources: Sources, windows: Windows, spare: Floats
) -> Network:
    """Collect rates, storage, windows and paths by appliance and site.

    Parameters
    ----------
    topology, instance : Topology, Instance
        Must belong together.
    sources : Sources
    windows : Windows
    spare : (n_links, 24) float64
        See `spare_gbps`.

    Returns
    -------
    Network
    """
    hardware = {model.name: model for model in topology.hardware}
    models = [hardware[instance.models[m]] for m in instance.pool_model]
    count = instance.pool_appliances
    taken = 1.0 - topology.policy.reserves.fill_ratio
    upload = [m.fill_gbps if m.upload_gbps is None else m.upload_gbps for m in models]
    site = np.repeat(instance.pool_site.astype(np.int64), count)
    cap = topology.policy.fill.origin_gbps
    n_sites = len(sources.sites)
    return Network(
        site_ptr=np.searchsorted(site, np.arange(n_sites + 1)).astype(np.int64),
        site=site,
        fill_gbps=np.repeat([m.fill_gbps * taken for m in models], count),
        upload_gbps=np.repeat(upload, count),
        limit_gb=np.repeat(instance.appliance_storage_gb, count),
        open_ptr=windows.open_ptr,
        open_begin=windows.open_begin,
        open_end=windows.open_end,
        closed_ptr=windows.closed_ptr,
        closed_begin=windows.closed_begin,
        closed_end=windows.closed_end,
        near_ptr=sources.near_ptr,
        near_site=sources.near_site,
        near_link_ptr=sources.near_link_ptr,
        near_link=sources.near_link,
        origin_ptr=sources.origin_ptr,
        origin=sources.origin,
        origin_link_ptr=sources.origin_link_ptr,
        origin_link=sources.origin_link,
        spare_gbps=spare,
        origin_cap_gbps=np.array([np.inf if cap is None else cap]),
        size_gb=instance.size_gb,
        n_origins=len(sources.origins),
        patience=np.full(site.size, PATIENT, dtype=np.uint8),
    )


def spare_gbps(instance: Instance, serving: Serving, sources: Sources) -> Floats:
    """What serving leaves of each link in each hour of the UTC day, (n_links, 24) [Gbit/s].

    The load of a slice counts in all its hours; below 0 where it is an overload.
    """
    load = rate_loads(instance, serving.candidate_gb(instance), serving.origin_gb(instance))
    load = load[instance.link_rows]
    index = {name: e for e, name in enumerate(instance.links)}
    spare = np.repeat(sources.capacity_gbps[:, None], 24, axis=1)
    hours = np.array(slice_of_hour(instance.n_slices))
    for e, name in enumerate(sources.links):
        if name in index:
            spare[e] -= load[index[name]][hours]
    return np.ascontiguousarray(spare)
