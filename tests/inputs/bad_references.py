"""Broken topologies: names, references and what is missing."""

from __future__ import annotations

from tests.inputs.bad_case import Case, cut, swap

CROSS_CASES = [
    Case(
        "site without appliances",
        swap("[{model: storage-2u}]", "[]"),
        [(19, "sites[1].appliances: is empty, expected at least one entry")],
    ),
    Case(
        "site without the key",
        swap("    appliances: [{model: storage-2u}]\n", ""),
        [(15, "sites[1]: 'appliances' is missing")],
    ),
    Case(
        "no regions",
        cut("  - {name: nl-kpn", "policy:").replace("regions:\n", "regions: []\n"),
        [(20, "regions: is empty, expected at least one entry")],
    ),
    Case(
        "no origins",
        swap("origins:\n  - {name: origin-eu, location: [53.3, -6.3]}", "origins: []"),
        [(5, "origins: is empty, expected at least one entry")],
    ),
    Case("no sites", cut("sites:", "regions:"), [(1, "'sites' is missing")]),
    Case(
        "sites are a mapping",
        cut("  - name: ams-ix", "regions:").replace("sites:\n", "sites: {ams-ix: {kind: ixp}}\n"),
        [(7, "sites: expected a list, found a mapping")],
    ),
    Case(
        "no hardware",
        swap(
            "  storage-2u: {storage_tb: 280, throughput_gbps: 80, fill_gbps: 1.2}\n",
            "",
            "  flash-1u: {storage_tb: 24, throughput_gbps: 180, fill_gbps: 0.3}\n",
            "  {}\n",
        ),
        [
            (3, "hardware: is empty"),
            (13, "unknown hardware 'flash-1u'"),
            (13, "unknown hardware 'storage-2u'"),
            (18, "unknown hardware 'storage-2u'"),
        ],
    ),
    Case(
        "duplicate site",
        swap(
            "name: kpn-utrecht",
            "name: ams-ix",
            "[kpn-utrecht, ams-ix]",
            "[ams-ix]",
            "  - {from: nl-kpn, to: kpn-utrecht, capacity_gbps: 200}\n",
            "",
        ),
        [(15, "the name 'ams-ix' is already that of the site at ")],
    ),
    Case(
        "region named as a site",
        swap("name: nl-ziggo", "name: ams-ix"),
        [(22, "the name 'ams-ix' is already that of the site at ")],
    ),
    Case(
        "region named as an origin",
        swap("name: nl-ziggo", "name: origin-eu"),
        [(22, "already that of the origin at ")],
    ),
    Case(
        "duplicate hardware",
        swap("  flash-1u: {", "  storage-2u: {", "{model: flash-1u, count: 2}, ", ""),
        [(4, "duplicate key 'storage-2u'; it is already set in line 3")],
    ),
    Case(
        "unknown site",
        swap("[kpn-utrecht, ams-ix]", "[kpn-utrect, ams-ix]"),
        [(21, "regions[0].sites[0]: unknown site 'kpn-utrect'; did you mean 'kpn-utrecht'?")],
    ),
    Case(
        "site listed twice",
        swap("[kpn-utrecht, ams-ix]", "[ams-ix, ams-ix]"),
        [(21, "site 'ams-ix' is listed twice")],
    ),
    Case("empty list of sites", swap("[kpn-utrecht, ams-ix]", "[]"), [(21, "or leave the key out")]),
    Case(
        "unknown model",
        swap("{model: storage-2u}", "{model: storage-3u}"),
        [(19, "unknown hardware 'storage-3u'; did you mean 'storage-2u'?")],
    ),
    Case(
        "model listed twice",
        swap("{model: flash-1u, count: 2}", "{model: storage-2u, count: 2}"),
        [(14, "'storage-2u' is listed twice at site 'ams-ix'; give one entry with the whole count")],
    ),
    Case(
        "unknown end of a link",
        swap("{from: nl-kpn, to: ams-ix,", "{from: nl-kpm, to: ams-xi,"),
        [
            (24, "unknown region, site or origin 'nl-kpm'; did you mean 'nl-kpn'?"),
            (24, "unknown region, site or origin 'ams-xi'; did you mean 'ams-ix'?"),
        ],
    ),
    Case(
        "link to itself",
        swap("{from: nl-kpn, to: ams-ix,", "{from: ams-ix, to: ams-ix,"),
        [(24, "a link from 'ams-ix' to itself")],
    ),
    Case(
        "second link",
        swap("{from: nl-kpn, to: kpn-utrecht, capacity_gbps: 200}", "{from: ams-ix, to: nl-kpn}"),
        [(25, "a second link between 'ams-ix' and 'nl-kpn'")],
    ),
    Case(
        "link between regions",
        swap("{from: nl-kpn, to: ams-ix,", "{from: nl-kpn, to: nl-ziggo,"),
        [(24, "a link between two regions, 'nl-kpn' and 'nl-ziggo'")],
    ),
    Case(
        "no path to a listed site",
        swap("  - {from: nl-kpn, to: kpn-utrecht, capacity_gbps: 200}\n", ""),
        [(21, "regions[0].sites[0]: no path of links joins region 'nl-kpn' and site 'kpn-utrecht'")],
    ),
    Case(
        "shares over 1",
        swap(
            "location: [52.1, 5.1], sites", "location: [52.1, 5.1], demand: {region: NL, share: 0.7}, sites"
        ),
        [(22, "shares of the demand of 'NL' sum to 1.08, expected at most 1 (nl-kpn 0.7, nl-ziggo 0.38)")],
    ),
    Case(
        "share beside the whole",
        swap("{region: NL, share: 0.38}", "{region: nl-kpn, share: 0.38}"),
        [(22, "sum to 1.38")],
    ),
    Case(
        "pin on an unknown site",
        swap("sites: [ams-ix]}]", "sites: [ams-xi]}]"),
        [(28, "policy.pins[0].sites[0]: no site matches 'ams-xi'; did you mean 'ams-ix'?")],
    ),
    Case(
        "glob without a site",
        swap("sites: [ams-ix]}]", 'sites: ["lon-*"]}]'),
        [(28, "no site matches 'lon-*'")],
    ),
    Case(
        "rule on unknown hardware",
        swap("{title: Licensed, ", "{title: Licensed, models: [flash-2u], "),
        [(29, "unknown hardware 'flash-2u'; did you mean 'flash-1u'?")],
    ),
    Case(
        "rule on an unknown kind",
        swap("{title: Licensed, ", "{title: Licensed, kinds: [embeded], "),
        [(29, "did you mean 'embedded'?")],
    ),
    Case(
        "ban needs a country",
        swap("    kind: embedded\n    country: NL\n", "    kind: embedded\n"),
        [(15, "site 'kpn-utrecht' needs a country because the policy bans by country")],
    ),
]
