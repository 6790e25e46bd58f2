"""One broken topology file of the tables, and the valid one they are made from."""

from __future__ import annotations

from dataclasses import dataclass, field

BASE = """\
name: benelux
hardware:
  storage-2u: {storage_tb: 280, throughput_gbps: 80, fill_gbps: 1.2}
  flash-1u: {storage_tb: 24, throughput_gbps: 180, fill_gbps: 0.3}
origins:
  - {name: origin-eu, location: [53.3, -6.3]}
sites:
  - name: ams-ix
    kind: ixp
    country: NL
    location: [52.3, 4.9]
    timezone: Europe/Amsterdam
    fill_window: {start: "02:00", hours: 12}
    appliances: [{model: flash-1u, count: 2}, {model: storage-2u, count: 4}]
  - name: kpn-utrecht
    kind: embedded
    country: NL
    location: [52.1, 5.1]
    appliances: [{model: storage-2u}]
regions:
  - {name: nl-kpn, country: NL, location: [52.1, 5.1], sites: [kpn-utrecht, ams-ix]}
  - {name: nl-ziggo, country: NL, location: [52.0, 4.4], demand: {region: NL, share: 0.38}, sites: [ams-ix]}
links:
  - {from: nl-kpn, to: ams-ix, capacity_gbps: 400, cost_per_gb: 0.002}
  - {from: nl-kpn, to: kpn-utrecht, capacity_gbps: 200}
policy:
  peak_profile: {slices: 4}
  pins: [{title: Opener, sites: [ams-ix]}]
  bans: [{title: Licensed, countries: [NL]}]
"""
"""A valid file; its line numbers are those expected below."""

Expected = list[tuple[int | None, str]]
"""Line (None: the problem has none) and part of the message, in the order of the file."""


@dataclass(frozen=True)
class Case:
    """One broken file, `t.yaml`, with others beside it and options for the command."""

    id: str
    text: str | bytes
    expected: Expected
    files: dict[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()


def swap(*pairs: str) -> str:
    """Replace parts of BASE; each must occur exactly once."""
    text = BASE
    for old, new in zip(pairs[::2], pairs[1::2], strict=True):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def cut(start: str, end: str) -> str:
    """BASE without the lines from the one that starts with `start` to before that with `end`."""
    lines = BASE.splitlines(keepends=True)
    first = next(i for i, line in enumerate(lines) if line.startswith(start))
    last = next(i for i, line in enumerate(lines) if line.startswith(end))
    return "".join(lines[:first] + lines[last:])
