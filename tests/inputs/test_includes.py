"""Includes and overrides: precedence, merging by name, conflicts, marks."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdnplan.errors import InputError, Problem
from cdnplan.inputs.topology.topology_reader import read_topology
from cdnplan.inputs.yamls.includes import Sources, read_sources
from cdnplan.inputs.yamls.yaml_nodes import ListNode, MapNode, Node, plain
from cdnplan.inputs.yamls.yaml_text import read_yaml


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def sources(folder: Path, *overrides: str) -> Sources:
    return read_sources(folder / "t.yaml", [folder / f"{name}.yaml" for name in overrides])


def merged(folder: Path, env: str | None = None, *overrides: str) -> object:
    found = sources(folder, *overrides)
    assert found.problems == ()
    assert found.complete
    root = found.merged(env)
    assert root is not None
    return plain(root)


def find(root: Node | None, *steps: str | int) -> Node:
    node = root
    for step in steps:
        if isinstance(step, str):
            assert isinstance(node, MapNode)
            node = node.entries[step]
        else:
            assert isinstance(node, ListNode)
            node = node.items[step]
    assert node is not None
    return node


def test_the_whole_order_of_precedence(tmp_path: Path) -> None:
    """Each key is set by everything up to one level; the strongest of them wins."""
    write(
        tmp_path,
        deep="v0: deep\nv1: deep\n",
        a="include: [deep.yaml]\nv1: a\nv2: a\n",
        t="include: [a.yaml]\nv2: t\nv3: t\noverrides:\n  prod: {v3: env, v4: env}\n  test: {v3: other}\n",
        o1="v4: o1\nv5: o1\n",
        o2="v5: o2\n",
    )
    assert merged(tmp_path, "prod", "o1", "o2") == {
        "v0": "deep",
        "v1": "a",
        "v2": "t",
        "v3": "env",
        "v4": "o1",
        "v5": "o2",
    }
    assert merged(tmp_path) == {"v0": "deep", "v1": "a", "v2": "t", "v3": "t"}


def test_lists_merge_by_name_and_keep_their_order(tmp_path: Path) -> None:
    write(
        tmp_path,
        a="sites:\n  - {name: x, kind: ixp, appliances: [1, 2]}\n  - {name: y, kind: ixp}\n",
        t="include: [a.yaml]\nsites:\n  - {name: z}\n  - {name: x, appliances: [3]}\n",
    )
    assert merged(tmp_path) == {
        "sites": [
            {"name": "x", "kind": "ixp", "appliances": [3]},
            {"name": "y", "kind": "ixp"},
            {"name": "z"},
        ]
    }


def test_links_merge_by_their_ends_in_either_direction(tmp_path: Path) -> None:
    write(
        tmp_path,
        a="links:\n  - {from: r, to: x, capacity_gbps: 1, cost_per_gb: 2}\n  - {from: r, to: y}\n",
        t="include: [a.yaml]\nlinks:\n  - {from: x, to: r, capacity_gbps: 9}\n",
    )
    assert merged(tmp_path) == {
        "links": [{"from": "x", "to": "r", "capacity_gbps": 9, "cost_per_gb": 2}, {"from": "r", "to": "y"}]
    }


def test_other_lists_are_replaced(tmp_path: Path) -> None:
    write(
        tmp_path,
        a="policy: {pins: [{title: A}], max_sites: 3}\n",
        t="include: [a.yaml]\npolicy: {pins: [{title: B}]}\n",
    )
    assert merged(tmp_path) == {"policy": {"pins": [{"title": "B"}], "max_sites": 3}}


def test_a_value_can_be_taken_back_with_null(tmp_path: Path) -> None:
    write(tmp_path, t="links: [{from: a, to: b, capacity_gbps: 5}]\n")
    write(tmp_path, o="links: [{from: a, to: b, capacity_gbps: ~}]\n")
    assert merged(tmp_path, None, "o") == {"links": [{"from": "a", "to": "b", "capacity_gbps": None}]}


def test_duplicates_of_one_list_survive_merging(tmp_path: Path) -> None:
    """Otherwise a duplicate name would vanish silently instead of being reported."""
    write(
        tmp_path,
        a="sites:\n  - {name: x, a: 1}\n",
        t="include: [a.yaml]\nsites:\n  - {name: x, b: 2}\n  - {name: x, c: 3}\n",
    )
    assert merged(tmp_path) == {"sites": [{"name": "x", "a": 1, "b": 2}, {"name": "x", "c": 3}]}


def test_included_environments_win_over_the_including_file(tmp_path: Path) -> None:
    write(
        tmp_path,
        a="overrides: {prod: {v: env-a, sites: [{name: x, k: 1}]}}\n",
        t="include: [a.yaml]\nv: t\nsites: [{name: x, k: 0}]\n"
        "overrides: {prod: {sites: [{name: x, j: 2}]}}\n",
    )
    assert merged(tmp_path, "prod") == {"v": "env-a", "sites": [{"name": "x", "k": 1, "j": 2}]}
    assert sources(tmp_path).environments == ("prod",)


def test_override_files_may_include_and_have_environments(tmp_path: Path) -> None:
    write(
        tmp_path,
        t="v: t\nw: t\n",
        part="v: part\n",
        o="include: [part.yaml]\noverrides: {prod: {w: o-prod}}\n",
    )
    assert merged(tmp_path, "prod", "o") == {"v": "part", "w": "o-prod"}
    assert merged(tmp_path, None, "o") == {"v": "part", "w": "t"}


def test_marks_survive_merging(tmp_path: Path) -> None:
    write(
        tmp_path,
        a="sites:\n  - name: x\n    kind: ixp\n",
        t="include: [a.yaml]\nsites:\n  - {name: x, country: NL}\n",
        o="sites:\n\n  - {name: x, country: BE}\n",
    )
    root = sources(tmp_path, "o").merged(None)
    assert str(find(root, "sites", 0, "kind").mark) == f"{tmp_path / 'a.yaml'}:3:11"
    assert str(find(root, "sites", 0, "country").mark) == f"{tmp_path / 'o.yaml'}:3:24"


def test_paths_are_relative_to_the_including_file(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.yaml").write_text("include: [b.yaml, ../c.yaml]\n", encoding="utf-8")
    (tmp_path / "sub" / "b.yaml").write_text("b: 1\n", encoding="utf-8")
    write(tmp_path, t="include: [sub/a.yaml]\n", c="c: 2\n")
    assert merged(tmp_path) == {"b": 1, "c": 2}


def test_includes_that_agree_are_no_conflict(tmp_path: Path) -> None:
    write(
        tmp_path,
        d="v: 1\nw: [1, {x: 2}]\n",
        a="include: [d.yaml]\n",
        b="include: [d.yaml]\nw: [1, {x: 2}]\n",
        t="include: [a.yaml, b.yaml]\n",
    )
    assert merged(tmp_path) == {"v": 1, "w": [1, {"x": 2}]}


@pytest.mark.parametrize(
    ("one", "two"), [("v: 1", "v: 2"), ("v: 1", "v: '1'"), ("v: [1]", "v: [1, 2]"), ("v: {a: 1}", "v: 3")]
)
def test_includes_that_differ_are_a_conflict_until_settled(tmp_path: Path, one: str, two: str) -> None:
    write(tmp_path, a=one, b=two, t="include: [a.yaml, b.yaml]\n")
    (problem,) = sources(tmp_path).problems
    assert problem.file == str(tmp_path / "b.yaml")
    assert str(tmp_path / "a.yaml:1:4") in problem.message
    assert "t.yaml" in problem.hint
    write(tmp_path, t="include: [a.yaml, b.yaml]\nv: 7\n")
    assert merged(tmp_path) == {"v": 7}


def test_a_conflict_inside_a_named_item_is_settled_there(tmp_path: Path) -> None:
    write(
        tmp_path,
        a="sites: [{name: x, kind: ixp, k: 1}]\n",
        b="sites: [{name: x, kind: embedded, k: 2}]\n",
        t="include: [a.yaml, b.yaml]\nsites: [{name: y, k: 3}, {name: x, kind: ixp}]\n",
    )
    (problem,) = sources(tmp_path).problems
    assert problem.path == "sites.x.k"


def test_many_paths_to_one_file_cost_nothing(tmp_path: Path) -> None:
    """Thirty files, each including the next twice: a billion paths, thirty files read."""
    for i in range(30):
        write(tmp_path, **{f"f{i}": f"include: [f{i + 1}.yaml, f{i + 1}.yaml]\nv{i}: {i}\n"})
    write(tmp_path, f30="end: 1\n", t="include: [f0.yaml]\n")
    assert merged(tmp_path) == {"end": 1, **{f"v{i}": i for i in range(30)}}


def test_a_circle_shows_its_chain(tmp_path: Path) -> None:
    write(tmp_path, t="include: [a.yaml]\n", a="include: [b.yaml]\n", b="x: 1\ninclude:\n  - a.yaml\n")
    found = sources(tmp_path)
    (problem,) = found.problems
    assert (problem.file, problem.line, problem.column) == (str(tmp_path / "b.yaml"), 3, 5)
    assert problem.message.endswith(
        " -> ".join(str(tmp_path / name) for name in ("t.yaml", "a.yaml", "b.yaml", "a.yaml"))
    )
    assert not found.complete


def test_a_very_long_chain_is_stopped(tmp_path: Path) -> None:
    for i in range(80):
        write(tmp_path, **{f"f{i}": f"include: [f{i + 1}.yaml]\n"})
    write(tmp_path, t="include: [f0.yaml]\n", f80="v: 1\n")
    (problem,) = sources(tmp_path).problems
    assert "more than 50 includes" in problem.message


def test_a_missing_include_is_reported_where_it_is_named(tmp_path: Path) -> None:
    write(tmp_path, t="name: x\ninclude: [a.yaml,\n  bsae.yaml]\n", a="v: 1\n", base="v: 1\n")
    found = sources(tmp_path)
    (problem,) = found.problems
    assert (problem.line, problem.column, problem.hint) == (3, 3, "did you mean 'base.yaml'?")
    assert not found.complete


def test_names_no_file_can_have(tmp_path: Path) -> None:
    write(tmp_path, t='include: ["a\\0b", "' + "x" * 5000 + '"]\n')
    found = sources(tmp_path)
    assert len(found.problems) == 2
    assert all(problem.line == 1 for problem in found.problems)


def test_a_file_that_links_to_itself(tmp_path: Path) -> None:
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    write(tmp_path, t="include: [loop.yaml]\n")
    (problem,) = sources(tmp_path).problems
    assert problem.line == 1


@pytest.mark.parametrize(
    "content",
    ["root:x:0:0:root:/root\ndaemon:x:1:1\n", "- hunter2\n", "password: hunter2\nkey: [a]\n", '"hunter2'],
)
def test_nothing_is_shown_of_an_included_file_that_is_no_topology(tmp_path: Path, content: str) -> None:
    outside = tmp_path / "secret"
    outside.write_text(content, encoding="utf-8")
    write(tmp_path, t=f"include: [{outside}]\nname: x\n")
    with pytest.raises(InputError) as caught:
        read_topology(tmp_path / "t.yaml")
    told = str(caught.value)
    assert str(outside) in told
    assert not any(word in told for word in ("hunter2", "password", "root:", "daemon"))


def test_a_file_that_has_to_be_whole_opens_no_other(tmp_path: Path) -> None:
    opened: list[Path] = []

    def read(path: Path) -> tuple[Node | None, list[Problem]]:
        opened.append(path)
        return read_yaml(path)

    write(tmp_path, t="include: [a.yaml]\nname: x\n", a="name: y\n")
    found = read_sources(tmp_path / "t.yaml", read=read, includes=False)
    assert opened == [tmp_path / "t.yaml"]
    assert "nothing that it includes is read" in found.problems[0].message
    assert not found.complete
