"""Reading lists of appliances, good and bad."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdnplan.errors import InputError
from cdnplan.inputs.appliance_list.appliance_list import ListedAppliance, read_appliance_list
from tests.inputs.appliance_lists import HEADER, ROWS, row, write_list


def text(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join((header, *rows)).encode()


GOOD = row("Delft", "Netherlands", "RTM", "Net", 52.0, 4.4)
FIRST = "list.csv:2: "

BAD: dict[str, tuple[bytes, list[str]]] = {
    "empty": (b"", ["list.csv: empty, expected a CSV with a header"]),
    "blank lines": (b"\n\n  \n", ["list.csv: empty, expected a CSV with a header"]),
    "header only": (text(), ["list.csv: no row of an active appliance with IP Version IPv4"]),
    "only IPv6": (text(GOOD.replace("IPv4", "IPv6")), ["no row of an active appliance"]),
    "not text": (b"PAR1\x15\x04\xff\xfe" + b"\x00" * 40, ["list.csv:1: not a CSV in UTF-8: byte 0xff"]),
    "NUL": (text(GOOD) + b"\n\0\0", ["list.csv:3: not a CSV: a NUL character"]),
    "latin-1": (
        text(GOOD.replace("Delft", "Malmö")).decode().encode("latin-1"),
        ["list.csv:2: not a CSV in UTF-8"],
    ),
    "open quote": (text('Any,"Delft'), ["list.csv:2: not a CSV: unexpected end of data"]),
    "semicolons": (
        text(GOOD).replace(b",", b";"),
        ["list.csv:1: not a list of appliances: one column only; expected columns separated by ','"],
    ),
    "missing columns": (
        text(GOOD, header=HEADER.replace("Latitude", "Latitud").replace("CDN Type", "Kind")),
        [
            "list.csv:1: column 'CDN Type' is missing",
            "list.csv:1: column 'Latitude' is missing; found 'Latitud'?",
        ],
    ),
    "column twice": (
        text(GOOD + ",1", header=HEADER + ",Latitude"),
        ["list.csv:1: column 'Latitude' is there twice"],
    ),
    "short row": (text("Any,Delft", GOOD), [FIRST + "2 cells, expected 10 as in the header"]),
    "long row": (text(GOOD + ",x"), [FIRST + "11 cells, expected 10"]),
    "no coordinates": (
        text(GOOD.replace("52.0,4.4", ",")),
        [
            FIRST + "Latitude: no coordinate, expected degrees",
            FIRST + "Longitude: no coordinate, expected degrees",
        ],
    ),
    "text for a number": (
        text(GOOD.replace("52.0", "N52")),
        [FIRST + "Latitude: found 'N52', expected a number of degrees"],
    ),
    "off the globe": (
        text(GOOD.replace("52.0,4.4", "91,-180.5")),
        [
            FIRST + "Latitude: found '91', expected degrees from -90 to 90",
            FIRST + "Longitude: found '-180.5', expected degrees from -180 to 180",
        ],
    ),
    "NaN and inf": (
        text(GOOD.replace("52.0,4.4", "nan,inf")),
        [FIRST + "Latitude: found 'nan'", FIRST + "Longitude: found 'inf'"],
    ),
    "unknown country": (
        text(GOOD.replace("Netherlands", "Netherlandia")),
        [FIRST + "Country: unknown country 'Netherlandia', expected an English name or an ISO 3166 code"],
    ),
    "unknown kind": (
        text(GOOD.replace(",ISP,", ",IPS,")),
        [FIRST + "CDN Type: found 'IPS', expected ISP or IXP"],
    ),
    "unknown version": (
        text(GOOD.replace("IPv4", "4")),
        [FIRST + "IP Version: found '4', expected IPv4 or IPv6"],
    ),
    "no city": (
        text(GOOD.replace("Delft", "").replace("RTM", "")),
        [FIRST + "City: neither a city nor an airport code"],
    ),
    "several": (
        text("Any,Delft", GOOD.replace("52.0", "x"), GOOD, GOOD.replace("Netherlands", "Nowhere")),
        [
            "list.csv:2: 2 cells, expected 10 as in the header",
            "list.csv:3: Latitude: found 'x', expected a number of degrees",
            "list.csv:5: Country: unknown country 'Nowhere', expected an English name or an ISO 3166 code",
        ],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_lists(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content, expected = BAD[case]
    monkeypatch.chdir(tmp_path)
    Path("list.csv").write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_appliance_list(Path("list.csv"))
    found = [str(problem) for problem in caught.value.problems]
    assert len(found) == len(expected)
    for text_found, part in zip(found, expected, strict=True):
        assert part in text_found


def test_missing_file_and_folder(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "none.csv", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(InputError, match=f"cannot be read: {why}"):
            read_appliance_list(path)


def test_many_problems_are_counted(tmp_path: Path) -> None:
    path = write_list(tmp_path / "list.csv", [GOOD.replace("52.0", "x")] * 30 + [GOOD.replace("4.4", "y")])
    with pytest.raises(InputError) as caught:
        read_appliance_list(path)
    found = [str(problem) for problem in caught.value.problems]
    assert len(found) == 12
    assert found[10].endswith("list.csv:32: Longitude: found 'y', expected a number of degrees")
    assert found[11].endswith("list.csv: Latitude: and 20 more rows like these")


def test_rows_and_counts(tmp_path: Path) -> None:
    listed = read_appliance_list(write_list(tmp_path / "list.csv"))
    assert (len(listed.appliances), listed.ipv6_rows, listed.inactive_rows) == (21, 2, 1)
    assert listed.appliances[0] == ListedAppliance("ixp", "", "NL", "Amsterdam", "AMS", (52.309, 4.765))
    assert listed.appliances[15] == ListedAppliance(
        "embedded", "Fjord & Søn", "NL", "Rotterdam", "RTM", (51.95, 4.43)
    )
    assert listed.appliances[-1].country == "NA"


def test_optional_columns_byte_order_mark_and_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    header = "Longitude,Latitude,City,Country,IP Version,ISP Name,CDN Type"
    path.write_bytes(b"\xef\xbb\xbf" + f"{header}\r\n4.4,52,Delft,nl,ipv4,Net,isp\r\n\r\n".encode())
    listed = read_appliance_list(path)
    assert listed.appliances == (ListedAppliance("embedded", "Net", "NL", "Delft", "", (52.0, 4.4)),)


def test_no_country_is_kept_for_later(tmp_path: Path) -> None:
    path = write_list(tmp_path / "list.csv", [*ROWS, row("Prishtina", "", "PRN", "Net", 42.57, 21.04)])
    assert read_appliance_list(path).appliances[-1].country == ""
