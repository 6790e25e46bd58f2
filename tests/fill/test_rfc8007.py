"""Commands of RFC 8007: worded as its examples, of the right files, at the right time, to the right CDN."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from cdnplan.errors import InputError
from cdnplan.fill.export.rfc8007 import Style
from cdnplan.planner.folder.export import export_rfc8007
from tests.fill.night import EVICTIONS, FILLS, HOUR, NIGHT, write_night, write_table
from tests.fill.rfc8007_rules import CANCEL, EXAMPLE, INVALIDATE, faults

STYLE = Style("https://cdn.example.com/{title}/{file}", ("AS64496:1",))


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    return write_night(tmp_path / "plan")


def exported(plan: Path, style: Style = STYLE, *, purge: bool = False) -> tuple[list[Any], dict[str, Any]]:
    """Rows of the index, and commands by file."""
    out = plan.parent / "out"
    found = export_rfc8007(plan, out, style, purge=purge)
    index = json.loads((out / "index.json").read_text(encoding="utf-8"))
    assert index["content_type"] == "application/cdni; ptype=ci-trigger-command"
    rows = index["commands"]
    bodies = {row["file"]: json.loads((out / row["file"]).read_text(encoding="utf-8")) for row in rows}
    written = {p.relative_to(out).as_posix() for p in out.rglob("*.json")} - {"index.json"}
    assert written == set(bodies)
    assert found.commands == len(rows)
    assert found.urls == sum(row["urls"] for row in rows)
    for body in bodies.values():
        assert faults(body) == []
    return rows, bodies


def test_the_rules_accept_the_examples_and_refuse_what_is_not_like_them() -> None:
    for example in (EXAMPLE, INVALIDATE, CANCEL):
        assert faults(example) == []
    spoilt: list[Any] = [copy.deepcopy(EXAMPLE) for _ in range(8)]
    del spoilt[0]["cdn-path"]
    spoilt[1]["cdn-path"] = ["64496"]
    spoilt[2]["trigger"]["content.patterns"] = [{"pattern": "https://www.example.com/*"}]
    spoilt[3]["trigger"]["type"] = "prefetch"
    spoilt[4]["trigger"]["content.urls"] = ["/a/b/c/1"]
    spoilt[5]["cancel"] = ["https://dcdn.example.com/triggers/1"]
    spoilt[6]["trigger"] = {"type": "preposition"}
    spoilt[7]["trigger"]["content.urls"] = ["https://www.example.com/a b"]
    assert all(len(faults(command)) == 1 for command in spoilt)


def test_the_example_of_the_rfc_comes_out_of_a_plan_like_it(tmp_path: Path) -> None:
    folder = write_night(tmp_path / "plan")
    row = FILLS[0]
    fills = [(row[0], str(n), *row[2:7], n, *row[8:]) for n in (1, 2, 3, 4)]
    write_table(folder / "fills.parquet", fills)
    files = [(str(n), "c", 2.0, None) for n in (1, 2, 3, 4)]
    write_table(folder / "inputs" / "files.parquet", files)
    style = Style(
        "https://www.example.com/a/b/c/{file}", ("AS64496:1",), "https://metadata.example.com/a/b/{title}"
    )
    rows, bodies = exported(folder, style)
    assert list(bodies.values()) == [EXAMPLE]
    assert [(row["to"], row["urls"], row["gb"]) for row in rows] == [("ams", 4, 8.0)]


def test_a_site_is_told_once_what_enters_it_and_nothing_of_what_spreads_within(plan: Path) -> None:
    rows, bodies = exported(plan)
    assert [(row["to"], row["type"], row["urls"], row["gb"]) for row in rows] == [
        ("ams", "preposition", 2, 5.5),
        ("kpn", "preposition", 2, 2.125),
    ]
    assert [body["trigger"]["content.urls"] for body in bodies.values()] == [
        ["https://cdn.example.com/A/a", "https://cdn.example.com/Am%C3%A9lie/Am%C3%A9lie%202"],
        ["https://cdn.example.com/A/a", "https://cdn.example.com/A/b"],
    ]
    assert {row["not_before"] for row in rows} == {"2026-03-08T01:00:00.000Z"}


def test_appliances_get_their_own(plan: Path) -> None:
    rows, bodies = exported(plan, Style(STYLE.content_url, STYLE.cdn_path, per="appliance"))
    assert [(row["to"], row["urls"]) for row in rows] == [
        ("ams/box/1", 2),
        ("ams/box/2", 1),
        ("kpn/box/1", 2),
    ]
    assert list(bodies)[1] == "ams/box/2/preposition-0001.json"
    assert rows[1]["not_before"] == "2026-03-08T02:00:00.000Z"


def test_many_urls_are_split_in_the_order_of_the_schedule(plan: Path) -> None:
    rows, bodies = exported(plan, Style(STYLE.content_url, STYLE.cdn_path, max_urls=1))
    assert [(row["file"], row["not_before"][11:13]) for row in rows] == [
        ("ams/preposition-0001.json", "01"),
        ("ams/preposition-0002.json", "03"),
        ("kpn/preposition-0001.json", "01"),
        ("kpn/preposition-0002.json", "02"),
    ]
    assert all(len(body["trigger"]["content.urls"]) == 1 for body in bodies.values())


def test_a_site_purges_what_none_of_its_appliances_holds(plan: Path) -> None:
    rows, bodies = exported(plan, purge=True)
    purges = [row for row in rows if row["type"] == "purge"]
    assert [(row["to"], row["urls"], row["not_before"][11:13]) for row in purges] == [("ams", 1, "02")]
    assert bodies[purges[0]["file"]]["trigger"] == {
        "type": "purge",
        "content.urls": ["https://cdn.example.com/O/old"],
    }, "kpn keeps older on its second appliance; at ams the last copy goes an hour after the first"
    assert EVICTIONS[1][3] == NIGHT + HOUR


def test_an_appliance_purges_what_it_evicts(plan: Path) -> None:
    rows, _ = exported(plan, Style(STYLE.content_url, STYLE.cdn_path, per="appliance"), purge=True)
    purges = [row["to"] for row in rows if row["type"] == "purge"]
    assert purges == ["ams/box/1", "ams/box/2", "kpn/box/1"]


def test_a_quiet_night_has_no_commands(tmp_path: Path) -> None:
    assert exported(write_night(tmp_path / "plan", quiet=True), purge=True) == ([], {})


BAD = {
    "unknown field": (
        Style("https://x.example/{fil}", ("AS1:a",)),
        "unknown field {fil}; did you mean 'file'?",
    ),
    "no field": (Style("https://x.example/a", ("AS1:a",)), "expected {file} in it"),
    "no whole URL": (Style("x.example/{file}", ("AS1:a",)), "expected a whole URL"),
    "open brace": (Style("https://x.example/{file", ("AS1:a",)), "no template"),
    "id": (Style("https://x.example/{file}", ("AS1",)), "expected AS, a number, a colon and a name"),
    "no id": (Style("https://x.example/{file}", ()), "expected the id of this CDN"),
    "metadata": (Style("https://x.example/{file}", ("AS1:a",), "https://m.example/m"), "{file} or {title}"),
    "no URLs": (Style("https://x.example/{file}", ("AS1:a",), max_urls=0), "expected 1 or more"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_styles_are_told_and_nothing_is_written(plan: Path, case: str) -> None:
    style, message = BAD[case]
    with pytest.raises(InputError) as error:
        export_rfc8007(plan, plan.parent / "out", style)
    assert message in str(error.value)
    assert not (plan.parent / "out").exists()


def test_all_problems_at_once(plan: Path) -> None:
    (plan / "fills.parquet").unlink()
    (plan.parent / "out").mkdir()
    (plan.parent / "out" / "mine").touch()
    with pytest.raises(InputError) as error:
        export_rfc8007(plan, plan.parent / "out", Style("x", ()))
    assert len(error.value.problems) == 5
    assert [p.name for p in (plan.parent / "out").iterdir()] == ["mine"]
