"""YAML text to marked nodes: agreement with PyYAML, and no exception whatever the text."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cdnplan.inputs.yamls.yaml_nodes import ListNode, MapNode, ScalarNode, plain
from cdnplan.inputs.yamls.yaml_text import core_value, parse_yaml, read_yaml


def _text(max_size: int) -> st.SearchStrategy[str]:
    """Texts but those as 1E3: PyYAML, of YAML 1.1, leaves them bare, and they are numbers in YAML 1.2."""
    return st.text(max_size=max_size).filter(
        lambda text: not re.fullmatch(r"[-+]?[0-9]+[eE][-+]?[0-9]+", text)
    )


_KEYS = _text(8)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9)
    | _text(12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)


def read(text: str) -> object:
    root, problems = parse_yaml(text, "t.yaml")
    assert problems == []
    assert root is not None
    return plain(root)


@settings(max_examples=150, deadline=None)
@given(_VALUES)
def test_what_pyyaml_writes_is_read_back(value: object) -> None:
    assert read(yaml.safe_dump(value)) == value


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | st.text("ab:&*!<>[]{}-?|'\"%@` \n\t#,1.", max_size=60))
def test_no_text_raises(text: str) -> None:
    root, problems = parse_yaml(text, "t.yaml")
    assert root is not None or problems
    assert all(problem.line is not None and problem.line >= 1 for problem in problems)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60))
def test_no_bytes_raise(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.yaml"
    path.write_bytes(data)
    root, problems = read_yaml(path)
    assert root is not None or problems


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("22:00", "22:00"),
        ("02:00", "02:00"),
        ("010", "010"),
        ("1_000", "1_000"),
        ("0x1F", "0x1F"),
        ("-0", 0),
        ("1e3", 1000.0),
        ("1e-05", 1e-05),
        (".5", 0.5),
        ("5.", 5.0),
        ("+3", 3),
        ("1.2.3", "1.2.3"),
        ("-", "-"),
        (".", "."),
        ("~", None),
        ("", None),
        ("2024-01-01", "2024-01-01"),
        ("1" * 30, float("1" * 30)),
    ],
)
def test_core_schema(text: str, value: object) -> None:
    found = core_value(text)
    assert found == value
    assert type(found) is type(value)


def test_anchors_and_merge_keys() -> None:
    text = """\
base: &base {hours: 12, start: "02:00"}
other: &other {hours: 6, zone: x}
one: *base
two: {<<: *base, hours: 3}
three:
  <<: [*other, *base]
  zone: y
"""
    assert read(text) == {
        "base": {"hours": 12, "start": "02:00"},
        "other": {"hours": 6, "zone": "x"},
        "one": {"hours": 12, "start": "02:00"},
        "two": {"hours": 3, "start": "02:00"},
        "three": {"hours": 6, "zone": "y", "start": "02:00"},
    }


def test_a_quoted_merge_sign_is_a_key() -> None:
    assert read("a: {'<<': 1}") == {"a": {"<<": 1}}


def test_marks_count_from_one_and_in_characters() -> None:
    root, _ = parse_yaml("å: 日本\nb:\n  - {ж: x, y: 2}\n", "t.yaml")
    assert isinstance(root, MapNode)
    assert str(root.key_mark("b")) == "t.yaml:2:1"
    listed = root.entries["b"]
    assert isinstance(listed, ListNode)
    item = listed.items[0]
    assert isinstance(item, MapNode)
    assert str(item.mark) == "t.yaml:3:5"
    assert str(item.entries["y"].mark) == "t.yaml:3:15"


def test_quotes_are_remembered() -> None:
    root, _ = parse_yaml('a: "80"\nb: 80\nc: |\n  80\nd: !!str 80\n', "t.yaml")
    assert isinstance(root, MapNode)
    nodes = [root.entries[key] for key in "abcd"]
    assert [node.value for node in nodes if isinstance(node, ScalarNode)] == ["80", 80, "80\n", "80"]
    assert [node.quoted for node in nodes if isinstance(node, ScalarNode)] == [True, False, True, True]


def test_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_bytes("a: 1\nb: [x]\n".replace("\n", "\r\n").encode("utf-8-sig"))
    root, problems = read_yaml(path)
    assert problems == []
    assert root is not None
    assert plain(root) == {"a": 1, "b": ["x"]}


def test_many_aliases_of_moderate_size_are_allowed() -> None:
    text = "base: &base [{model: a, count: 1}]\nitems:\n" + "  - *base\n" * 20_000
    root, problems = parse_yaml(text, "t.yaml")
    assert problems == []
    assert root is not None


def test_merging_ever_larger_mappings_is_stopped() -> None:
    lines = ["k0: &m0 {k: 1}"] + [f"k{i}: &m{i} {{<<: *m{i - 1}, x{i}: 1}}" for i in range(1, 5000)]
    root, problems = parse_yaml("\n".join(lines), "t.yaml")
    assert root is None
    assert "aliases expand this" in problems[-1].message


def test_all_problems_before_a_syntax_error_are_kept() -> None:
    root, problems = parse_yaml("a: 1\na: 2\nb: [1\n", "t.yaml")
    assert root is None
    assert [problem.line for problem in problems] == [2, 3]


@pytest.mark.skipif(os.geteuid() == 0, reason="SKIPPED: root may read every file")
def test_unreadable_file(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text("a: 1\n", encoding="utf-8")
    path.chmod(0)
    _, problems = read_yaml(path)
    assert [problem.message for problem in problems] == ["cannot be read: Permission denied"]


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "missing/t.yaml"])
def test_impossible_names(tmp_path: Path, name: str) -> None:
    root, problems = read_yaml(tmp_path / name)
    assert root is None
    assert len(problems) == 1


def test_directory_with_a_topology(tmp_path: Path) -> None:
    (tmp_path / "topology.yaml").write_text("a: 1\n", encoding="utf-8")
    _, problems = read_yaml(tmp_path)
    assert "found a directory" in problems[0].message
    assert "topology.yaml" in problems[0].hint
