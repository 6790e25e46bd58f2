"""Topologies read, checked, written, compared and counted.

Others use: `topology_reader` (`read_topology`), `topology_writer`, `topology_diff`, `topology_summary`,
`topology_warnings`.
"""
