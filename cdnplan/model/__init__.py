"""Frozen data: topology, policy, catalogue, demand, placement, and the cross-checked `Instance`."""
