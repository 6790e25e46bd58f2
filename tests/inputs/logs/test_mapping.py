"""Mapping files: every mistake with line and column, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdnplan.errors import InputError
from cdnplan.inputs.logs.meaning.mapping import read_mapping
from cdnplan.inputs.logs.meaning.object_names import read_object_table
from cdnplan.inputs.logs.records.regions import read_prefixes, read_region_table


def problems(path: Path, text: str) -> list[str]:
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_mapping(path)
    return [str(problem).removeprefix(str(path)) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("format: combine\n", ":1:9: format: expected 'combined', "),
        ("formt: csv\n", ":1:1: unknown key 'formt'; did you mean 'format'?"),
        ("time: {feld: t}\n", ":1:8: time: unknown key 'feld'; did you mean 'field'"),
        ("time: {field: t, fields: [a, b]}\n", ":1:7: time: expected field or fields, not both"),
        ("time: {field: t, pattern: '%d.%x'}\n", ":1:27: time.pattern: '%d.%x' has the sign %x"),
        ("time: {field: t, pattern: utc}\n", ":1:27: time.pattern: expected iso, epoch, clock, apache or a"),
        ("bytes: {field: b, unit: gib}\n", ":1:25: bytes.unit: expected 'bytes', "),
        ("object: {pattern: '('}\n", ":1:19: object.pattern: no regular expression (RE2)"),
        ("object: {pattern: 'abc'}\n", ":1:19: object.pattern: the pattern has no named group"),
        (
            "object: {pattern: '(?P<name>a)'}\n",
            "the pattern has the group 'name', expected title, file or both",
        ),
        ("region: {}\n", ":1:9: region: expected name, field or prefixes"),
        ("region: {name: BE, field: x}\n", "a region by name stands alone"),
        ("region: {field: x, table: t, prefixes: p}\n", "expected table or prefixes, not both"),
        ("status: {wanted: []}\n", ":1:18: status.wanted: is empty, expected at least one entry"),
        (
            "status: {wanted: ['200']}\n",
            ":1:19: status.wanted[0]: expected a whole number, found the text '200'",
        ),
        ("timezone: Mars/Base\n", ":1:11: timezone: unknown time zone 'Mars/Base'"),
        ("separator: ',,'\n", ":1:12: separator: expected one sign"),
        ("[]\n", ":1:1: expected a mapping (key: value), found an empty list"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, expected: str) -> None:
    (found,) = problems(tmp_path / "m.yaml", text)
    assert expected in found


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    text = "format: x\nbytes: {unit: gb}\nzone: UTC\n"
    assert [problem.split(":")[1] for problem in problems(tmp_path / "m.yaml", text)] == ["1", "2", "3"]


def test_tables_of_regions_and_objects(tmp_path: Path) -> None:
    def told(read: object, text: str) -> str:
        (tmp_path / "t.csv").write_text(text)
        with pytest.raises(InputError) as caught:
            read(tmp_path / "t.csv")  # type: ignore[operator]
        return str(caught.value)

    assert "row 1: prefix: found '10.0.0.1/8', 10.0.0.1/8 has host bits set" in told(
        read_prefixes, "prefix,region\n10.0.0.1/8,BE\n"
    )
    assert "row 2: prefix: found 'x', expected a prefix as 192.0.2.0/24" in told(
        read_prefixes, "prefix,region\n10.0.0.0/8,BE\nx,BE\n"
    )
    assert "row 2: prefix: '10.0.0.0/8' is there already, in row 1, with another region" in told(
        read_prefixes, "prefix,region\n10.0.0.0/8,BE\n10.0.0.0/8,NL\n"
    )
    assert "row 2: value: 'a' is there already, in row 1, with another region" in told(
        read_region_table, "value,region\na,BE\na,NL\n"
    )
    assert "row 2: object: 'a' is there already, in row 1, with another title" in told(
        lambda path: read_object_table(path, None), "object,title\na,x\na,y\n"
    )
