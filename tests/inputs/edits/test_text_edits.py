"""Edits of texts, byte for byte: only what an operation speaks of changes."""
# ruff: noqa: E501, ISC004 (what people type and what they are told stand here as they are)

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from cdnplan.errors import InputError
from cdnplan.inputs.edits.editor import Edited, edit_topology
from cdnplan.inputs.edits.language import parse_operation
from cdnplan.sample import sample_folder
from tests.conftest import ROOT

BASE = """\
# A small network
name: benelux  # its name
hardware:
  storage-2u: {storage_tb: 280, throughput_gbps: 80, fill_gbps: 1.2}   # bought 2024
  flash-1u: {storage_tb: 24, throughput_gbps: 180, fill_gbps: 0.3}
origins:
  - {name: origin-eu-west, location: [53.35, -6.26]}

sites:
  # the exchange
  - name: ams-ix
    kind: ixp
    country: NL
    location: [52.3, 4.9]
    fill_window: &night {start: "02:00", hours: 12}  # quiet hours
    appliances:
      - model: flash-1u
        count: 2
      # three more in May
      - model: storage-2u
        count: 4
  - name: 'kpn-utrecht'
    kind: embedded
    country: NL
    location: [52.1, 5.1]
    fill_window: *night
    appliances: [{model: storage-2u}]
  - {name: kpn-zwolle, kind: embedded, country: NL, location: [52.5, 6.1], fill_window: *night, appliances: [{model: storage-2u}]}
regions:
- {name: nl-kpn, country: NL, location: [52.1, 5.1], demand: {region: NL, share: 0.6}, sites: [kpn-utrecht, ams-ix]}
- name: nl-rest
  country: NL
  location: [52.4, 4.9]
  demand:
    region: NL
    share: 0.4
  sites:
  - ams-ix      # the only one
links:
  - {from: nl-kpn, to: kpn-utrecht, cost_per_gb: 0}
  - {from: nl-kpn, to: ams-ix}  # rented
policy:
  pins:
    - {title: "Winter*", sites: ["kpn-*"]}
"""


def edited(tmp_path: Path, *operations: str, text: str = BASE, drop_comments: bool = False) -> Edited:
    path = tmp_path / "t.yaml"
    path.write_bytes(text.encode("utf-8"))
    return edit_topology(path, [parse_operation(each) for each in operations], drop_comments=drop_comments)


def after(tmp_path: Path, *operations: str, text: str = BASE, drop_comments: bool = False) -> str:
    found = edited(tmp_path, *operations, text=text, drop_comments=drop_comments)
    return found.files[0].after if found.files else text


def refused(tmp_path: Path, *operations: str, text: str = BASE) -> str:
    with pytest.raises(InputError) as caught:
        edited(tmp_path, *operations, text=text)
    return str(caught.value).replace(f"{tmp_path}/", "")


def changed_to(text: str, *pairs: tuple[str, str]) -> str:
    """The text with some of it replaced, each once."""
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def test_a_value_of_the_policy_can_be_switched_off_and_left_to_its_default(tmp_path: Path) -> None:
    off = after(tmp_path, "set policy copy_load_ratio=null")
    assert yaml.safe_load(off)["policy"]["copy_load_ratio"] is None
    assert after(tmp_path, "remove policy copy_load_ratio", text=off) == BASE


@pytest.mark.parametrize("name", ["sample", "one-isp", "backbone", "four-countries"])
def test_an_edit_that_changes_nothing_leaves_every_byte(name: str, tmp_path: Path) -> None:
    root = Path(__file__).parents[3] / "topologies"
    source = sample_folder() / "topology.yaml" if name == "sample" else root / f"{name}.yaml"
    text = source.read_text(encoding="utf-8")
    assert (
        edited(tmp_path, "set topology name=" + text.split("\nname: ")[1].split()[0], text=text).files == ()
    )
    there = after(tmp_path, "set policy max_sites=7", text=text)
    assert after(tmp_path, "set policy max_sites=7", "remove policy max_sites", text=text) == text
    assert there != text


CASES = {
    "a number": (["set hardware storage-2u storage_tb=300"], [("storage_tb: 280", "storage_tb: 300")]),
    "a key in a flow map, in the usual place": (
        ["set hardware flash-1u upload_gbps=2"],
        [("fill_gbps: 0.3}", "fill_gbps: 0.3, upload_gbps: 2}")],
    ),
    "a key in a block map, in the usual place": (
        ["set site ams-ix timezone=Europe/Amsterdam"],
        [("[52.3, 4.9]\n", "[52.3, 4.9]\n    timezone: Europe/Amsterdam\n")],
    ),
    "a count in a block list": (["set appliance ams-ix/storage-2u count=6"], [("count: 4", "count: 6")]),
    "a pool in a block list": (
        ["remove appliance ams-ix/flash-1u"],
        [("      - model: flash-1u\n        count: 2\n", "")],
    ),
    "a pool added to a flow list": (
        ["add appliance kpn-utrecht/flash-1u count=2"],
        [
            (
                "[{model: storage-2u}]\n  - {name: kpn-z",
                "[{model: storage-2u}, {model: flash-1u, count: 2}]\n  - {name: kpn-z",
            )
        ],
    ),
    "a pool added to a block list": (
        ["add hardware box storage_tb=1 throughput_gbps=1 fill_gbps=1", "add appliance ams-ix/box"],
        [
            (
                "fill_gbps: 0.3}\n",
                "fill_gbps: 0.3}\n  box: {storage_tb: 1, throughput_gbps: 1, fill_gbps: 1}\n",
            ),
            ("        count: 4\n", "        count: 4\n      - model: box\n"),
        ],
    ),
    "a site of a block list": (
        ["set region nl-kpn sites=[ams-ix]", "remove link nl-kpn kpn-utrecht", "remove site kpn-utrecht"],
        [
            (BASE[BASE.index("  - name: 'kpn-utrecht'") : BASE.index("  - {name: kpn-zwolle")], ""),
            ("sites: [kpn-utrecht, ams-ix]", "sites: [ams-ix]"),
            ("  - {from: nl-kpn, to: kpn-utrecht, cost_per_gb: 0}\n", ""),
        ],
    ),
    "a key within quotes": (
        ["rename site kpn-utrecht 'utrecht nl'"],
        [
            ("'kpn-utrecht'", "'utrecht nl'"),
            ("[kpn-utrecht, ams-ix]", "[utrecht nl, ams-ix]"),
            ("to: kpn-utrecht", "to: utrecht nl"),
            ('["kpn-*"]', '["kpn-*", utrecht nl]'),
        ],
    ),
    "a list that is not indented": (
        ["set region nl-rest sites+=kpn-zwolle"],
        [("  - ams-ix      # the only one\n", "  - ams-ix      # the only one\n  - kpn-zwolle\n")],
    ),
    "the last of a list, and its end": (
        ["remove link nl-kpn *"],
        [
            ("links:\n", "links: []\n"),
            (
                "  - {from: nl-kpn, to: kpn-utrecht, cost_per_gb: 0}\n  - {from: nl-kpn, to: ams-ix}  # rented\n",
                "  # (removed: nl-kpn>ams-ix) rented\n",
            ),
        ],
    ),
    "a new section of the policy": (
        ["add ban title='Summer: 1' countries=[NL]"],
        [('["kpn-*"]}\n', '["kpn-*"]}\n  bans:\n    - {title: "Summer: 1", countries: [NL]}\n')],
    ),
    "a text that would be read as something else": (
        ["add site 'no' kind=ixp location=[1, 2] country=NO appliances=[{model: flash-1u}]"],
        [
            (
                "appliances: [{model: storage-2u}]}\nreg",
                'appliances: [{model: storage-2u}]}\n  - {name: "no", kind: ixp, country: "NO", location: [1, 2],'
                " appliances: [{model: flash-1u}]}\nreg",
            ),
        ],
    ),
    "a region keeps its row of the demand table": (
        ["remove region nl-kpn demand", "set region nl-rest demand.share=0.5", "rename region nl-kpn nl-1"],
        [
            (
                "name: nl-kpn, country: NL, location: [52.1, 5.1], demand: {region: NL, share: 0.6}",
                "name: nl-1, country: NL, location: [52.1, 5.1], demand: {region: nl-kpn}",
            ),
            ("share: 0.4", "share: 0.5"),
            ("{from: nl-kpn, to: kpn", "{from: nl-1, to: kpn"),
            ("{from: nl-kpn, to: ams", "{from: nl-1, to: ams"),
        ],
    ),
    "an alias that is given its own value": (
        ["set site kpn-utrecht fill_window.hours=8"],
        [("    fill_window: *night\n", "    fill_window: {<<: *night, hours: 8}\n")],
    ),
    "an alias that is replaced": (
        ["set site kpn-zwolle fill_window={hours: 3}"],
        [("fill_window: *night, ", "fill_window: {hours: 3}, ")],
    ),
    "an alias that is taken away": (["remove site kpn-zwolle fill_window"], [("fill_window: *night, ", "")]),
    "an anchor that all share": (["set site * fill_window.hours=8"], [("hours: 12", "hours: 8")]),
    "an anchor whose owner goes": (
        [
            "remove region nl-rest",
            "set region nl-kpn sites=[kpn-utrecht]",
            "remove link nl-kpn ams-ix",
            "remove site ams-ix",
        ],
        [
            (
                BASE[BASE.index("  - name: ams-ix") : BASE.index("  - name: 'kpn")],
                "  # (removed: ams-ix) quiet hours\n  # (removed: ams-ix) three more in May\n",
            ),
            ("    fill_window: *night\n", '    fill_window: &night {start: "02:00", hours: 12}\n'),
            (
                BASE[BASE.index("- name: nl-rest") : BASE.index("links:")],
                "# (removed: nl-rest) the only one\n",
            ),
            ("[kpn-utrecht, ams-ix]", "[kpn-utrecht]"),
            ("  - {from: nl-kpn, to: ams-ix}  # rented\n", "  # (removed: nl-kpn>ams-ix) rented\n"),
        ],
    ),
    "the first keys of a list's item": (
        ["add site x like kpn-utrecht", "rename site x y", "remove site y"],
        [],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_only_what_is_meant_changes(name: str, tmp_path: Path) -> None:
    operations, pairs = CASES[name]
    assert after(tmp_path, *operations) == changed_to(BASE, *pairs)


def test_line_ends_and_byte_order_marks_stay(tmp_path: Path) -> None:
    text = "\ufeff" + BASE.replace("\n", "\r\n")
    found = after(tmp_path, "set site ams-ix timezone=UTC", "remove appliance ams-ix/flash-1u", text=text)
    wanted = changed_to(
        BASE,
        ("[52.3, 4.9]\n", "[52.3, 4.9]\n    timezone: UTC\n"),
        ("      - model: flash-1u\n        count: 2\n", ""),
    )
    assert found == "\ufeff" + wanted.replace("\n", "\r\n")


def test_a_file_without_a_last_line_end_keeps_it_so(tmp_path: Path) -> None:
    text = BASE.rstrip("\n")
    found = after(tmp_path, "set policy steering=order", "add pin file=x", text=text)
    assert found == text + "\n    - {file: x}\n  steering: order"


def test_comments_may_go_with_what_is_removed(tmp_path: Path) -> None:
    operations = ("remove link nl-kpn ams-ix", "remove link nl-kpn kpn-utrecht")
    assert "rented" in after(tmp_path, *operations)
    assert "rented" not in after(tmp_path, *operations, drop_comments=True)


def test_an_anchor_that_others_share_is_not_changed_for_one(tmp_path: Path) -> None:
    assert refused(tmp_path, "set site ams-ix fill_window.hours=8") == (
        "t.yaml:15:18: 'set site ams-ix fill_window.hours=8': sites[ams-ix].fill_window.hours is part of the anchor"
        " '&night', which is also used in lines 26, 28; change all of them together, or give them values of their"
        " own first"
    )


MERGED = BASE.replace("  - name: 'kpn-utrecht'\n", "  - &isp\n    name: 'kpn-utrecht'\n").replace(
    "{name: kpn-zwolle, kind: embedded, country: NL,", "{<<: *isp, name: kpn-zwolle,"
)


def test_a_new_key_of_a_merged_map_is_written_once_for_all_that_get_it(tmp_path: Path) -> None:
    found = after(tmp_path, "set site kpn-* timezone=UTC", text=MERGED)
    assert found == changed_to(MERGED, ("[52.1, 5.1]\n    fill", "[52.1, 5.1]\n    timezone: UTC\n    fill"))


@pytest.mark.parametrize(
    ("operation", "wanted"),
    [
        (
            "set site kpn-utrecht timezone=UTC",
            "t.yaml:22:5: {}: sites[kpn-utrecht].timezone is part of the anchor",
        ),
        (
            "remove site kpn-utrecht country",
            "t.yaml:22:5: {}: sites[kpn-utrecht].country is part of the anchor",
        ),
        (
            "remove site kpn-zwolle country",
            "t.yaml:25:5: {}: sites[kpn-zwolle].country comes from an anchor through '<<'",
        ),
    ],
)
def test_what_a_merged_map_gives_to_others_is_not_changed_for_one(
    operation: str, wanted: str, tmp_path: Path
) -> None:
    assert refused(tmp_path, operation, text=MERGED).startswith(wanted.format(f"'{operation}'"))


def test_a_merged_map_is_given_a_key_of_its_own(tmp_path: Path) -> None:
    found = after(tmp_path, "set site kpn-zwolle country=BE", text=MERGED)
    assert found == changed_to(
        MERGED, ("{<<: *isp, name: kpn-zwolle,", "{<<: *isp, name: kpn-zwolle, country: BE,")
    )


def test_an_alias_of_which_nothing_stays_is_replaced(tmp_path: Path) -> None:
    text = BASE.replace('{start: "02:00", hours: 12}', "{hours: 12}")
    found = after(tmp_path, "set site kpn-* fill_window={hours: 5}", text=text)
    assert found == text.replace("fill_window: *night", "fill_window: {hours: 5}")


def test_a_hash_within_a_text_is_no_comment(tmp_path: Path) -> None:
    text = BASE.replace("# its name", "").replace("name: benelux", 'name: "bene # lux"')
    assert after(tmp_path, "set topology name=x", text=text) == text.replace('"bene # lux"', '"x"')


FIRST_KEYS = BASE.replace(
    "      - model: flash-1u\n        count: 2\n", "      - count: 2  # pair\n        model: flash-1u\n"
)


def test_the_key_in_the_line_of_a_dash_is_taken_away(tmp_path: Path) -> None:
    found = after(tmp_path, "remove appliance ams-ix/flash-1u count", text=FIRST_KEYS)
    assert found == changed_to(
        FIRST_KEYS,
        (
            "- count: 2  # pair\n        model: flash-1u\n",
            "- model: flash-1u\n      # (removed: count) pair\n",
        ),
    )


def test_flow_lists_over_several_lines_stay_so(tmp_path: Path) -> None:
    text = BASE.replace("[kpn-utrecht, ams-ix]", "[\n    kpn-utrecht,  # first\n    ams-ix,\n  ]")
    text = text.replace(text[text.index("links:") : text.index("policy:")], "")
    found = after(tmp_path, "set region nl-kpn sites+=kpn-zwolle", text=text)
    assert found == text.replace("    ams-ix,\n", "    ams-ix, kpn-zwolle,\n")
    found = after(tmp_path, "set region nl-kpn sites-=kpn-*", text=text)
    assert "sites: [\n    ams-ix,\n  ]" in found
    assert "# (removed: kpn-utrecht) first" in found


@pytest.mark.parametrize(
    ("operation", "wanted"),
    [
        ("set site amx-* kind=ixp", "no site matches 'amx-*'; nearest: 'ams-ix'"),
        ("set site ams-x kind=ixp", "unknown site 'ams-x'; nearest: 'ams-ix'"),
        (
            "set site * kind=ixp where country=BE",
            "of 3 sites that match '*' none has country=BE; country is one of: NL",
        ),
        ("set site ams-ix fil_window.hours=3", "a site has no key 'fil_window'; did you mean 'fill_window'?"),
        (
            "set hardware flash-1u storage_gb=3",
            "a hardware has no key 'storage_gb'; did you mean 'storage_tb'? 1 TB = 1000 GB",
        ),
        ("set site ams-ix appliances[flash].count=3", "there is no 'flash'; nearest: 'flash-1u'"),
        ("add site ams-ix kind=ixp", "there is a site 'ams-ix' already; change it with 'set'"),
        ("add region ams-ix country=NL", "there is a site 'ams-ix' already"),
        ("add appliance */storage-2u", "ams-ix, kpn-utrecht, kpn-zwolle have 'storage-2u' already"),
        ("rename site ams-ix nl-kpn", "the name 'nl-kpn' is already that of a region"),
        ("rename site * x", "3 sites would share one name; write the new name with a '*', as 'nl-*'"),
        ("rename site ams-ix a/b", "'a/b' is no name"),
        ("rename site ams-ix kpn-1", "policy.pins[0].sites [kpn-*] would speak of 'kpn-1', too"),
        ("rename link a b c", "a link cannot be renamed: links are named by their ends"),
        ("scale site ams-ix kind=2", "none has a number kind to scale"),
        ("scale hardware * storage_tb=lots", "expected a factor, found 'lots'; write 1.2, +20% or -10%"),
        ("set region nl-rest sites-=nowhere", "there is nothing to take away from sites"),
        ("set region nl-kpn timezone+=x", "timezone has no list to add to"),
        ("remove site ams-ix timezone", "there is no timezone to remove"),
        ("remove policy", "there is one policy, which cannot be removed"),
        ("remove ban *", "no ban matches '*'; there are none"),
        ("set site ams-ix location=[1", "location: '[1' is not a value"),
        (
            "set site ams-ix fill_window.hours=",
            "fill_window.hours is given no value; write: remove site ams-ix fill_window.hours",
        ),
        ("set site ams-ix", "nothing to change; write: set KIND NAME KEY=VALUE ..."),
        ("sett site ams-ix a=1", "unknown operation 'sett'; did you mean 'set'?"),
        ("set sit ams-ix a=1", "unknown kind 'sit'; did you mean 'site'?"),
        ("set link nl-kpn cost_per_gb=1", "'nl-kpn' is one end of a link; name both: A B, or 'A>B'"),
        ("remove appliance ams-ix", "'ams-ix' names no appliances; write SITE/MODEL"),
    ],
)
def test_operations_that_cannot_be_carried_out_say_why(operation: str, wanted: str, tmp_path: Path) -> None:
    assert wanted in refused(tmp_path, operation)


def test_an_invalid_result_is_refused_with_the_usual_problems(tmp_path: Path) -> None:
    message = refused(tmp_path, "set site kpn-zwolle fill_window={hours: 30}", "remove site kpn-utrecht")
    assert message.splitlines() == [
        "t.yaml:22:97: sites[1].fill_window.hours: expected at most 24, found 30",
        "t.yaml:24:96: regions[0].sites[0]: unknown site 'kpn-utrecht'; add 'cascade' to 'remove site kpn-utrecht' to"
        " take out what mentions it",
        "t.yaml:34:24: links[0].to: unknown region, site or origin 'kpn-utrecht'; add 'cascade' to 'remove site"
        " kpn-utrecht' to take out what mentions it",
    ]


def test_a_broken_file_can_be_put_right(tmp_path: Path) -> None:
    text = BASE.replace("count: 4", "count: 0")
    assert after(tmp_path, "set appliance ams-ix/storage-2u count=4", text=text) == BASE
    assert "t.yaml:3:1: duplicate key" in refused(
        tmp_path, "set topology name=x", text="name: a\nhardware: {}\nname: b\n"
    )


@pytest.mark.parametrize("policy", ["", "policy: {}\n", "policy:\n"])
def test_several_keys_of_a_map_that_is_not_there_yet(policy: str, tmp_path: Path) -> None:
    text = (ROOT / "topologies" / "one-isp.yaml").read_text(encoding="utf-8")
    words = "set policy reserves.storage_ratio=0.125 churn_ratio=0.3 reserves.throughput_ratio=0.1"
    text = after(tmp_path, words, text=text[: text.index("policy:")] + policy)
    meant = {"reserves": {"storage_ratio": 0.125, "throughput_ratio": 0.1}, "churn_ratio": 0.3}
    assert yaml.safe_load(text)["policy"] == meant
