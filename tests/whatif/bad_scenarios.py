"""Broken scenarios: the text of ``s.yaml``, and the line and part of the message of each problem."""

from __future__ import annotations

from dataclasses import dataclass, field

Expected = list[tuple[int | None, str]]


@dataclass(frozen=True)
class Case:
    """One broken scenario, with other files beside it."""

    id: str
    text: str | bytes
    expected: Expected
    files: dict[str, str] = field(default_factory=dict)


def change(*lines: str) -> str:
    """A scenario of changes, the first of them in line 3."""
    return "name: s\nchanges:\n" + "".join(f"  - {line}\n" for line in lines)


FORM = (
    Case("empty file", "", [(1, "the file is empty")]),
    Case("not a mapping", "- name: s\n", [(1, "expected a mapping (key: value), found a list")]),
    Case("broken YAML", "name: s\nchanges: [\n", [(3, "")]),
    Case("not UTF-8", b"name: \xff\n", [(1, "is not UTF-8 text")]),
    Case("no name", "changes: []\n", [(1, "'name' is missing")]),
    Case("nothing changes", "name: s\n", [(1, "changes nothing; give changes, combine or grid")]),
    Case("unknown key", "name: s\nchangs: []\n", [(2, "unknown key 'changs'; did you mean 'changes'?")]),
    Case(
        "unknown change", change("fial: {sites: [ams-ix]}"), [(3, "unknown key 'fial'; did you mean 'fail'?")]
    ),
    Case(
        "two kinds in one change",
        change("{fail: {sites: [kpn]}, add: {sites: [bnix], model: box}}"),
        [(3, "found add and fail")],
    ),
    Case("empty change", change("{}"), [(3, "a change is one of")]),
    Case("change without content", change("fail:"), [(3, "'fail' has no content")]),
    Case("fails nothing", change("fail: {}"), [(3, "what fails is named by at least one of")]),
    Case(
        "unknown key inside",
        change("scale_demand: {country: [NL], factor: 2}"),
        [(3, "unknown key 'country'; did you mean 'countries'?")],
    ),
    Case(
        "factor as text",
        change("scale_demand: {factor: '1.2'}"),
        [(3, "expected a number, found the text '1.2'; remove the quotes")],
    ),
    Case("factor below zero", change("scale_demand: {factor: -1}"), [(3, "expected at least 0, found -1")]),
    Case(
        "share above one",
        change("shift_demand: {share: 20, from: {countries: [NL]}, to: {countries: [BE]}}"),
        [(3, "ratios go from 0 to 1")],
    ),
    Case(
        "unknown country code",
        change("scale_demand: {countries: [XX], factor: 2}"),
        [(3, "unknown country code 'XX'")],
    ),
    Case("peak that does not move", change("move_peak: {hours: 0}"), [(3, "expected hours other than 0")]),
    Case(
        "shift to places and titles",
        change("shift_demand: {share: 0.1, from: {}, to: {countries: [BE], titles: [Beta]}}"),
        [(3, "found both in 'to'")],
    ),
    Case(
        "time without quotes",
        change(
            "add_site: {name: n, kind: ixp, location: [52, 5], fill_window: {start: 03:00},"
            " appliances: [{model: box}]}"
        ),
        [(3, "the time 03:00 has to be in quotes")],
    ),
    Case(
        "policy that belongs to the base",
        change("policy: {cold_start: limited}"),
        [(3, "'cold_start' cannot be changed here; say --fills")],
    ),
    Case(
        "several at once",
        "name: s\nchanges:\n  - fail: {site: [kpn]}\n  - add: {sites: [bnix], model: box, count: 0}\n",
        [(3, "unknown key 'site'; did you mean 'sites'?"), (4, "expected at least 1, found 0")],
    ),
    Case(
        "file to combine that is not there",
        "name: s\ncombine: [nowhere.yaml]\n",
        [(2, "cannot combine 'nowhere.yaml': no such file")],
    ),
    Case(
        "circle",
        "name: s\ncombine: [other.yaml]\n",
        [(2, "combine each other in a circle: s.yaml -> other.yaml -> s.yaml")],
        {"other.yaml": "name: o\ncombine: [s.yaml]\n"},
    ),
    Case(
        "grid that is combined",
        "name: s\ncombine: [g.yaml]\n",
        [(2, "'g.yaml' is a grid, which cannot be combined")],
        {"g.yaml": "name: g\ngrid:\n  - {axis: a, points: {none: []}}\n"},
    ),
    Case(
        "grid that is too large",
        "name: s\ngrid:\n" + "".join(f"  - {{axis: a{i}, points: {{x: [], y: []}}}}\n" for i in range(10)),
        [(3, "a grid of 1,024 points, expected at most 1,000")],
    ),
)
"""Broken in themselves."""

NAMES = (
    Case(
        "unknown site",
        change("fail: {sites: [asm-ix]}"),
        [(3, "unknown site 'asm-ix'; did you mean 'ams-ix'?")],
    ),
    Case("glob without a match", change('fail: {sites: ["ixp-*"]}'), [(3, "no site matches 'ixp-*'")]),
    Case(
        "appliance number",
        change("fail: {appliances: [ams-ix/box/3]}"),
        [(3, "unknown appliance 'ams-ix/box/3'")],
    ),
    Case(
        "appliance without its site",
        change("fail: {appliances: [box]}"),
        [(3, "expected SITE/MODEL or SITE/MODEL/NUMBER, found 'box'")],
    ),
    Case("unknown link", change("fail: {links: [kpn>bnix]}"), [(3, "unknown link 'kpn>bnix'")]),
    Case(
        "link without its ends",
        change("fail: {links: [ams-ix]}"),
        [(3, "expected a link as FROM>TO, found 'ams-ix'")],
    ),
    Case("last origin", change("fail: {origins: [origin]}"), [(3, "no origin would be left")]),
    Case(
        "nothing is left", change('fail: {sites: ["*"]}'), [(3, "no appliance would be left in the network")]
    ),
    Case(
        "unknown model",
        change("add: {sites: [bnix], model: bix}"),
        [(3, "unknown hardware 'bix'; did you mean")],
    ),
    Case(
        "model that is not at the site",
        change("upgrade: {sites: [bnix], from: big, to: box}"),
        [(3, "site 'bnix' has no appliances of 'big'; it has 'box'")],
    ),
    Case(
        "more than there are",
        change("remove: {sites: [bnix], model: box, count: 2}"),
        [(3, "site 'bnix' has 1 appliances of 'box', fewer than 2")],
    ),
    Case(
        "replaced by itself",
        change("upgrade: {sites: [bnix], from: box, to: box}"),
        [(3, "'box' is replaced by itself")],
    ),
    Case(
        "hardware that is there",
        change("add_hardware: {box: {storage_tb: 1, throughput_gbps: 1, fill_gbps: 1}}"),
        [(3, "hardware 'box' is there already")],
    ),
    Case(
        "name that is taken",
        change("add_site: {name: kpn, kind: ixp, location: [52, 5], appliances: [{model: box}]}"),
        [(3, "the name 'kpn' is already that of a site")],
    ),
    Case(
        "second link",
        change("add_link: {from: bnix, to: ams-ix}"),
        [(3, "there is a link between 'bnix' and 'ams-ix' already")],
    ),
    Case(
        "unknown region",
        change("scale_demand: {regions: [nl-kpm], factor: 2}"),
        [(3, "unknown region 'nl-kpm'; did you mean 'nl-kpn'?")],
    ),
    Case(
        "country without regions",
        change("scale_demand: {countries: [FR], factor: 2}"),
        [(3, "no region of the network is in 'FR'")],
    ),
    Case(
        "unknown title",
        change("launch: {title: Delta, like: Alhpa}"),
        [(3, "unknown title 'Alhpa'; did you mean 'Alpha'?")],
    ),
    Case(
        "title that is there",
        change("launch: {title: Beta, like: Alpha}"),
        [(3, "title 'Beta' is there already")],
    ),
    Case(
        "unknown profile", change("scale_demand: {profiles: [8k], factor: 2}"), [(3, "unknown profile '8k'")]
    ),
    Case(
        "region on both sides",
        change("shift_demand: {share: 0.1, from: {countries: [NL]}, to: {regions: [nl-kpn]}}"),
        [(3, "region 'nl-kpn' is both in 'from' and in 'to'")],
    ),
    Case(
        "rule for no site",
        change("policy: {bans: [{title: Alpha, sites: [nowhere]}]}"),
        [(3, "unknown site 'nowhere'")],
    ),
    Case(
        "another network",
        "name: s\nbase: large\nchanges:\n  - scale_demand: {factor: 2}\n",
        [(2, "the scenario is for network 'large', the plan is of 'small'")],
    ),
)
"""Names that the base does not know, and what it does not allow."""

CONFLICTS = (
    Case(
        "failed twice",
        change("fail: {sites: [kpn]}", "fail: {sites: [kpn]}"),
        [(4, "conflict: site 'kpn' is gone since s.yaml:3:")],
    ),
    Case(
        "changed after it failed",
        change("fail: {sites: [kpn]}", "add: {sites: [kpn], model: box}"),
        [(4, "conflict: site 'kpn' is gone since")],
    ),
    Case(
        "link of a site that failed",
        change("fail: {sites: [ams-ix]}", "set_links: {links: [ams-ix>bnix], capacity_factor: 2}"),
        [(4, "conflict: link 'ams-ix>bnix' is gone since")],
    ),
    Case(
        "appliance that failed",
        change("fail: {appliances: [ams-ix/box/1]}", "fail: {appliances: [ams-ix/box/1]}"),
        [(4, "conflict: appliance 'ams-ix/box/1' is gone since")],
    ),
    Case(
        "cost set twice",
        change("policy: {costs: {origin_per_gb: 1}}", "policy: {costs: {origin_per_gb: 2}}"),
        [(4, "conflict: policy costs.origin_per_gb is already set at s.yaml:3:")],
    ),
    Case(
        "model set twice",
        change("set_hardware: {model: box, storage_tb: 1}", "set_hardware: {model: box, storage_tb: 2}"),
        [(4, "conflict: storage_tb of hardware box is already set")],
    ),
    Case(
        "link set twice",
        change(
            "set_links: {links: [ams-ix>bnix], capacity_gbps: 1}",
            "set_links: {links: [bnix>ams-ix], capacity_gbps: 2}",
        ),
        [(4, "conflict: capacity_gbps of link ams-ix>bnix is already set")],
    ),
    Case(
        "peak moved twice",
        change("move_peak: {hours: 1}", "move_peak: {hours: 2}"),
        [(4, "conflict: the peak of all regions is already set")],
    ),
    Case(
        "launched twice",
        change("launch: {title: D, like: Alpha}", "launch: {title: D, like: Beta}"),
        [(4, "title 'D' is there already")],
    ),
    Case(
        "conflict between files",
        "name: s\ncombine: [a.yaml, b.yaml]\n",
        [(4, "conflict: site 'kpn' is gone since a.yaml:3:")],
        {
            "a.yaml": change("fail: {sites: [kpn]}"),
            "b.yaml": "name: b\n\nchanges:\n  - upgrade: {sites: [kpn], from: box, to: big}\n",
        },
    ),
)
"""Changes that contradict each other."""

CASES = (*FORM, *NAMES, *CONFLICTS)
