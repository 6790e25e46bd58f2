"""Reading plan folders: what appliances hold afterwards, and everything that can be wrong with tables."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdnplan.errors import InputError, Problem
from cdnplan.inputs.plans.plan_folder import (
    DEMAND,
    FILES,
    HOLDINGS,
    NIGHT,
    PATHS,
    PLACEMENT,
    PROOF_CUTS,
    TABLES,
    TREE,
    holdings_of,
    read_plan,
    sorted_distinct,
    split_appliances,
)
from cdnplan.inputs.plans.plan_inputs import read_plan_inputs
from cdnplan.inputs.plans.plan_json import read_plan_json
from cdnplan.inputs.tables.parquet_columns import read_columns
from tests.evaluate import network
from tests.evaluate.plan_writer import change_json, change_table, write_plan


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan made from earlier holdings."""
    folder = tmp_path_factory.mktemp("plan") / "plan"
    write_plan(folder, holdings=network.holdings())
    return folder


@pytest.fixture
def copy(plan: Path, tmp_path: Path) -> Path:
    """A copy to be changed."""
    return Path(shutil.copytree(plan, tmp_path / "plan"))


def problems(error: InputError) -> list[str]:
    return [f"{Path(p.file).name}|{p.row}|{p.path}|{p.message}" for p in error.problems]


def test_inputs_come_back(plan: Path) -> None:
    catalog, demand, holdings = read_plan_inputs(plan, read_plan(plan).plan)
    assert catalog.files == network.catalog().files
    assert catalog.titles == network.catalog().titles
    assert (catalog.size_gb == network.catalog().size_gb).all()
    assert (catalog.file_title == network.catalog().file_title).all()
    assert np.array_equal(catalog.launch_day, network.catalog().launch_day, equal_nan=True)
    assert demand.regions == network.demand().regions
    assert demand.gb.dtype == np.float32
    for name in ("ptr", "file", "gb"):
        assert (getattr(demand, name) == getattr(network.demand(), name)).all()
    assert (demand.start, demand.period_days) == (network.demand().start, 7.0)
    assert holdings is not None
    assert rows_of(holdings) == rows_of(network.holdings())


def rows_of(holdings: Any) -> list[tuple[str, int, str]]:
    rows = zip(holdings.pool, holdings.appliance, holdings.file, strict=True)
    return [(holdings.pools[p], int(a), holdings.files[f]) for p, a, f in rows]


def test_demand_rows_in_any_order(copy: Path) -> None:
    change_table(copy, DEMAND, lambda rows: rows.reverse())
    _, demand, _ = read_plan_inputs(copy, read_plan(copy).plan)
    assert (demand.gb == network.demand().gb).all()
    assert (demand.file == network.demand().file).all()


def test_holdings_after_the_plan(plan: Path) -> None:
    """Files to keep and to add, not those to evict; sorted."""
    table = pq.read_table(plan / PLACEMENT).to_pylist()
    assert {row["action"] for row in table} == {"keep", "add", "evict"}
    expected = []
    for row in table:
        if row["action"] != "evict":
            pool, _, number = row["appliance"].rpartition("/")
            expected.append((pool, int(number), row["file"]))
    found = rows_of(holdings_of(plan))
    assert found == sorted(expected)
    assert found


def test_appliance_numbers_sort_as_numbers(tmp_path: Path) -> None:
    names = [f"a/m/{n}" for n in (10, 9, 1)]
    write(tmp_path / "t.parquet", {"appliance": names})
    table = read_columns(tmp_path / "t.parquet", {"appliance": "text"})
    pools, pool, number = split_appliances(table, "appliance")
    assert pools == ("a/m",)
    assert pool.tolist() == [0, 0, 0]
    assert number.tolist() == [10, 9, 1]


@pytest.mark.parametrize("name", ["", "x", "/1", "a/b/0", "a/b/01", "a/b/-1", "a/b/", "a/b/x", "a/b/²"])
def test_names_that_are_no_appliances(name: str, tmp_path: Path) -> None:
    write(tmp_path / "t.parquet", {"appliance": ["a/b/1", name]})
    table = read_columns(tmp_path / "t.parquet", {"appliance": "text"})
    with pytest.raises(InputError) as caught:
        split_appliances(table, "appliance")
    assert problems(caught.value) == [f"t.parquet|2|appliance|no appliance's name: {name!r}"]


def test_sorted_distinct() -> None:
    assert sorted_distinct(np.array([3, 1, 3, 2, 1])).tolist() == [1, 2, 3]
    assert sorted_distinct(np.zeros(0, dtype=np.int64)).tolist() == []


def write(path: Path, columns: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


def test_texts_share_codes_over_row_groups(tmp_path: Path) -> None:
    names = ["b", "a", "c", "a", "b", "c", "c"]
    pq.write_table(pa.table({"n": names, "x": range(7)}), tmp_path / "t.parquet", row_group_size=2)
    texts = read_columns(tmp_path / "t.parquet", {"n": "text"}).texts["n"]
    assert texts.names == ("a", "b", "c")
    assert [texts.at(i) for i in range(7)] == names
    assert texts.positions({"a": 7, "c": 9}).tolist() == [-1, 7, 9, 7, -1, 9, 9]


@pytest.mark.parametrize("kind", ["plain", "large", "dictionary"])
def test_kinds_of_text(kind: str, tmp_path: Path) -> None:
    array = pa.array(["x", "y", "x"])
    changed = {
        "plain": array,
        "large": array.cast(pa.large_string()),
        "dictionary": array.dictionary_encode(),
    }
    write(tmp_path / "t.parquet", {"n": changed[kind]})
    assert read_columns(tmp_path / "t.parquet", {"n": "text"}).texts["n"].code.tolist() == [0, 1, 0]


BAD_COLUMNS = [
    ("text", pa.array([1, 2]), "None|c|expected texts, found int64"),
    ("text", pa.array(["a", None]), "2|c|no value"),
    ("number", pa.array(["1"]), "None|c|expected numbers, found string"),
    ("number", pa.array([1.0, None, 2.0]), "2|c|no value"),
    ("number", pa.array([1.0, 2.0, float("nan")]), "3|c|nan is not a number one can use"),
    ("number", pa.array([float("-inf")]), "1|c|-inf is not a number one can use"),
    ("float32", pa.array([True]), "None|c|expected numbers, found bool"),
    ("integer", pa.array([1.5]), "None|c|expected whole numbers, found double"),
    ("integer", pa.array([1, 2**31]), "None|c|a whole number of more than 32 bits"),
    ("date", pa.array(["2026-01-01"]), "None|c|expected dates, found string"),
]


@pytest.mark.parametrize(("kind", "column", "said"), BAD_COLUMNS)
def test_bad_columns(kind: Any, column: Any, said: str, tmp_path: Path) -> None:
    write(tmp_path / "t.parquet", {"c": column})
    with pytest.raises(InputError) as caught:
        read_columns(tmp_path / "t.parquet", {"c": kind})
    assert problems(caught.value) == [f"t.parquet|{said}"]


def test_missing_columns_with_the_nearest(tmp_path: Path) -> None:
    write(tmp_path / "t.parquet", {"size": [1.0], "aplliance": ["x"]})
    with pytest.raises(InputError) as caught:
        read_columns(tmp_path / "t.parquet", {"appliance": "text", "gb": "number"})
    first, second = caught.value.problems
    assert first == Problem(
        "missing column", str(tmp_path / "t.parquet"), path="appliance", hint="did you mean 'aplliance'?"
    )
    assert second.path == "gb"


BAD_INPUTS = [
    (FILES, lambda rows: rows.append(dict(rows[3])), "files.parquet|25||file 't01.sd' given twice"),
    (
        FILES,
        lambda rows: rows[2].update(size_gb=0.0),
        "files.parquet|3|size_gb|size 0 GB, expected",
    ),
    (DEMAND, lambda rows: rows[1].update(gb=-2.0), "demand.parquet|2|gb|-2 GB, expected more than 0"),
    (DEMAND, lambda rows: rows[4].update(file="t77"), "demand.parquet|5|file|file 't77' is not in"),
    (DEMAND, lambda rows: rows.append(dict(rows[0])), "demand.parquet|49||demand of 'BE' for one file given"),
    (HOLDINGS, lambda rows: rows[0].update(appliance=0), "holdings.parquet|1|appliance|appliance 0, numbers"),
]


@pytest.mark.parametrize(("file", "change", "said"), BAD_INPUTS)
def test_bad_inputs(file: str, change: Any, said: str, copy: Path) -> None:
    change_table(copy, file, change)
    with pytest.raises(InputError) as caught:
        read_plan_inputs(copy, read_plan(copy).plan)
    (line,) = problems(caught.value)
    assert line.startswith(said)


BAD_CLAIMS = [
    (lambda c: c.pop("upper"), "plan.json|None|upper|missing"),
    (lambda c: c["cost"].pop("fill"), "plan.json|None|cost.fill|missing"),
    (lambda c: c.update(cost=3), "plan.json|None|cost|expected an object, found 3"),
    (lambda c: c.update(lower="1"), "plan.json|None|lower|expected a number, found '1'"),
    (lambda c: c.update(lower=True), "plan.json|None|lower|expected a number, found True"),
    (lambda c: c.update(ideal=None), "plan.json|None|ideal|expected a number, found None"),
    (lambda c: c.update(upper=10**400), "plan.json|None|upper|expected a number"),
    (lambda c: c.update(status="great"), "plan.json|None|status|unknown 'great'"),
    (lambda c: c.update(engine=1), "plan.json|None|engine|expected a text"),
    (lambda c: c.update(fill_counted="no"), "plan.json|None|fill_counted|expected true or false"),
    (lambda c: c["period"].update(start="July"), "plan.json|None|period.start|expected a date"),
    (lambda c: c["period"].update(days=0), "plan.json|None|period.days|expected more than 0"),
    (lambda c: c.update(overload={}), "plan.json|None|overload|expected a list"),
    (lambda c: c.update(overload=[{"link": "x"}]), "plan.json|None|overload[0]|expected a link"),
    (lambda c: c.update(full=None), "plan.json|None|full|expected a list"),
    (lambda c: c.update(full=[{"limit": "link"}]), "plan.json|None|full[0]|expected limit, name"),
    (lambda c: c.update(files=[]), "plan.json|None|files|expected names with checksums"),
    (lambda c: c["files"].update({"../x": "0" * 64}), "plan.json|None|files|not a path within"),
    (lambda c: c["files"].update({"/etc/passwd": "0" * 64}), "plan.json|None|files|not a path within"),
    (lambda c: c["files"].update({"a": "xyz"}), "plan.json|None|files.a|expected a SHA-256"),
]


@pytest.mark.parametrize(("change", "said"), BAD_CLAIMS)
def test_bad_claims(change: Any, said: str, copy: Path) -> None:
    change_json(copy, change)
    with pytest.raises(InputError) as caught:
        read_plan_json(copy / "plan.json")
    assert any(line.startswith(said) for line in problems(caught.value)), problems(caught.value)


def test_all_missing_keys_at_once(copy: Path) -> None:
    change_json(copy, lambda claims: [claims.pop(key) for key in ("upper", "ideal", "period")])
    with pytest.raises(InputError) as caught:
        read_plan_json(copy / "plan.json")
    assert [p.path for p in caught.value.problems] == ["period", "upper", "ideal"]


def test_every_table_has_its_columns(plan: Path) -> None:
    for name, kinds in TABLES.items():
        if name in (PATHS, *NIGHT, *TREE, PROOF_CUTS):  # this plan was made without the planner: it has none
            continue
        table = read_columns(plan / name, kinds)
        assert table.n_rows > 0
        assert set(table.texts) | set(table.values) == set(kinds)
