"""Every broken table of the list: all problems at once, each with its place, and never another exception."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from cdnplan.errors import InputError
from cdnplan.inputs.demand.catalog_reader import read_catalog
from cdnplan.inputs.demand.demand_reader import read_demand
from cdnplan.inputs.demand.history_reader import read_history
from cdnplan.inputs.demand.titles_reader import read_titles
from tests.inputs.bad_table_case import TITLES, Case, Content, Cut
from tests.inputs.bad_tables import CASES

KNOWN = {"BE": "BE", "nl-kpn": "NL"}


def test_the_list_is_large_and_its_names_differ() -> None:
    assert len(CASES) >= 50
    assert len({case.id for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id.replace(" ", "-"))
def test_all_problems_are_reported_where_they_are(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, content in case.files.items():
        write(Path(name), content)
    with pytest.raises(InputError) as caught:
        read(case)
    found = [str(problem) for problem in caught.value.problems]
    assert len(found) == len(case.expected), found
    for text, part in zip(found, case.expected, strict=True):
        assert part in text


def write(path: Path, content: Content | Cut) -> None:
    if isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    elif isinstance(content, bytes):
        path.write_bytes(content)
    else:
        pq.write_table(content.table if isinstance(content, Cut) else content, path)
        if isinstance(content, Cut):
            path.write_bytes(path.read_bytes()[: content.n_bytes])


def read(case: Case) -> None:
    paths = [Path(name) for name in case.files] or [Path("absent.csv")]
    if case.reader == "titles":
        read_titles(paths[0])
    elif case.reader == "catalog":
        read_catalog(*paths)
    elif case.reader == "history":
        read_history(paths[0])
    else:
        Path("titles.csv").write_text(TITLES, encoding="utf-8")
        catalog, shares = read_catalog(Path("titles.csv"))
        options = {"date": None, "period_days": None, **case.args}
        read_demand(paths[0], catalog, shares, known=KNOWN, wanted=frozenset(KNOWN), **options)
