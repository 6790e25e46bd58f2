"""Edits of topologies in several files: values change in the file where they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdnplan.errors import InputError
from cdnplan.inputs.edits.editor import edit_topology
from cdnplan.inputs.edits.language import parse_operation

BASE = """\
name: base
hardware:
  storage-2u: {storage_tb: 280, throughput_gbps: 80, fill_gbps: 1.2}
origins: [{name: origin, location: [53.3, -6.2]}]
sites:
  - {name: ams-ix, kind: ixp, location: [52.3, 4.9], appliances: [{model: storage-2u, count: 4}]}  # base
  - {name: kpn, kind: embedded, location: [52.1, 5.1], appliances: [{model: storage-2u}]}
regions:
  - {name: nl, country: NL, location: [52.1, 5.1], sites: [kpn, ams-ix]}
overrides:
  small:
    sites: [{name: kpn, appliances: [{model: storage-2u, count: 2}]}]
"""
LAB = """\
include: [base.yaml]
name: lab   # ours
sites:
  - {name: kpn, fill_window: {hours: 6}}
"""


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    (tmp_path / "base.yaml").write_text(BASE, encoding="utf-8")
    (tmp_path / "lab.yaml").write_text(LAB, encoding="utf-8")
    return tmp_path / "lab.yaml"


def edited(path: Path, *operations: str) -> dict[str, str]:
    """Names of the files that change, and their new texts."""
    found = edit_topology(path, [parse_operation(each) for each in operations])
    found.write()
    for file in found.files:
        assert file.path.read_text(encoding="utf-8") == file.after
    return {file.path.name: file.after for file in found.files}


def test_a_value_changes_where_it_stands(lab: Path) -> None:
    found = edited(lab, "set appliance ams-ix/storage-2u count=5", "set site kpn fill_window.hours=7")
    assert found == {
        "base.yaml": BASE.replace("count: 4", "count: 5"),
        "lab.yaml": LAB.replace("hours: 6", "hours: 7"),
    }


def test_a_new_key_stands_where_its_neighbours_do(lab: Path) -> None:
    assert edited(lab, "set site kpn fill_window.start=01:00") == {
        "lab.yaml": LAB.replace("{hours: 6}", '{hours: 6, start: "01:00"}')
    }


def test_new_things_go_to_the_file_that_lists_such_things_last(lab: Path) -> None:
    found = edited(lab, "add site x like ams-ix", "set policy steering=order")
    new = "  - {name: x, kind: ixp, location: [52.3, 4.9], appliances: [{model: storage-2u, count: 4}]}\n"
    assert found == {"lab.yaml": LAB + new + "policy:\n  steering: order\n"}


def test_a_rename_reaches_every_file_and_environment(lab: Path) -> None:
    found = edited(lab, "rename site kpn utrecht", "rename hardware storage-2u big")
    assert found["lab.yaml"] == LAB.replace("kpn", "utrecht")
    assert found["base.yaml"] == BASE.replace("kpn", "utrecht").replace("storage-2u", "big")


def test_a_removal_reaches_every_file_and_environment(lab: Path) -> None:
    found = edited(lab, "remove site kpn cascade")
    assert found["lab.yaml"] == LAB.replace(
        "sites:\n  - {name: kpn, fill_window: {hours: 6}}\n", "sites: []\n"
    )
    assert "kpn" not in found["base.yaml"]
    assert "    sites: []\n" in found["base.yaml"]


def test_environments_are_checked_too(lab: Path) -> None:
    with pytest.raises(InputError, match=r"base\.yaml:12:46: sites\[1\].*unknown hardware 'storage-2u'"):
        edited(
            lab,
            "add hardware x like storage-2u",
            "set appliance */storage-2u model=x",
            "remove hardware storage-2u",
        )
    assert (lab.parent / "base.yaml").read_text(encoding="utf-8") == BASE


def test_what_two_files_give_together_is_not_replaced_in_one(lab: Path) -> None:
    (lab.parent / "base.yaml").write_text(
        BASE.replace("name: kpn, kind", 'name: kpn, fill_window: {start: "03:00"}, kind'), encoding="utf-8"
    )
    with pytest.raises(InputError) as caught:
        edited(lab, "set site kpn fill_window={hours: 9}")
    message = str(caught.value)
    assert 'would also make sites[kpn].fill_window.start "03:00", where absent is expected' in message
    assert "base.yaml:7" in message


def test_a_file_changed_meanwhile_is_left_alone(lab: Path) -> None:
    found = edit_topology(lab, [parse_operation("set topology name=x")])
    lab.write_text(LAB + "# mine\n", encoding="utf-8")
    with pytest.raises(InputError, match="changed by someone else"):
        found.write()
    assert lab.read_text(encoding="utf-8") == LAB + "# mine\n"
    assert sorted(path.name for path in lab.parent.iterdir()) == ["base.yaml", "lab.yaml"]


def test_links_and_rights_of_files_stay(lab: Path) -> None:
    lab.chmod(0o640)
    link = lab.parent / "link.yaml"
    link.symlink_to("lab.yaml")
    edited(link, "set topology name=x")
    assert link.is_symlink()
    assert lab.stat().st_mode & 0o777 == 0o640
    assert lab.read_text(encoding="utf-8") == LAB.replace("name: lab", "name: x")
