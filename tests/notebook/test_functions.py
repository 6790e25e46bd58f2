"""What functions for notebooks give back, on inputs as small as can be."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from cdnplan import notebook
from cdnplan.errors import InputError
from cdnplan.inputs.topology.topology_reader import read_topology
from cdnplan.notebook import experiment, ingest, replay, report, size, topology
from cdnplan.notebook.plans import Plan
from cdnplan.sample import sample_folder
from tests.experiment.worlds import write_world
from tests.inputs.appliance_lists import write_list
from tests.inputs.logs.ingesting import combined
from tests.replay.conftest import small, small_plan
from tests.replay.networks import Small
from tests.whatif.lowlands import write_example

__all__ = ["small", "small_plan"]


def test_size_answers_and_writes(tmp_path: Path) -> None:
    folder = write_example(tmp_path)
    sizing = (folder / "sizing.yaml").read_text(encoding="utf-8")
    (folder / "sizing.yaml").write_text(f"{sizing}\ncurve_points: 0\nrunner_ups: 0\n", encoding="utf-8")
    titles, demand = folder / "titles.csv", folder / "demand.csv"
    network = notebook.Network(folder / "topology.yaml")
    found = size(folder / "sizing.yaml", None, network, titles, demand, out=folder / "answer")
    assert found.ok
    assert list(found.options["option"]) == ["now", "cheapest"]
    assert found.goals["ok"].all()
    assert found.record["price"] == found.options["price"].iloc[1] > 0
    assert notebook.verify(folder / "answer" / "plan").ok
    with pytest.raises(InputError, match="another sizing"):
        size(folder / "sizing.yaml", None, network, titles, demand, out=folder / "answer")


def test_replay_and_its_report(small: Small, small_plan: Path, tmp_path: Path) -> None:
    plan = Plan(small_plan)
    found = replay(tmp_path / "r", plan, small.demand, policies=(), hybrid=(), sample=0.1, regret=False)
    assert found.regret is None
    assert "plan" in set(found.policies["policy"])
    assert found.policies["byte_offload_ratio"].between(0, 1).all()
    assert found.table("misses")["gb"].sum() > 0
    page = report(found, out=tmp_path / "r.html")
    assert (tmp_path / "r.html").read_text(encoding="utf-8") == page.html
    assert "srcdoc=" in page._repr_html_()
    with pytest.raises(InputError, match="reports of plans"):
        report(found, previous=plan)
    assert report(plan).html.startswith("<!doctype html>")


@pytest.mark.filterwarnings("ignore:the logs do not span")
def test_ingest_writes_a_history(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text(combined("/v/a/1") + combined("/v/b/1", status="404") + "broken\n", encoding="utf-8")
    options = {"region": "BE", "pattern": "^/v/(?P<title>[^/]+)/"}
    with pytest.warns(UserWarning, match="1 malformed lines"):
        made = ingest(log, out=tmp_path / "h.parquet", **options)  # type: ignore[arg-type]
    assert made.history["title"].tolist() == ["a"]
    assert (made.summary["lines"], made.summary["counted"], made.summary["malformed"]) == (3, 1, 1)
    assert made.examples["line"].tolist() == [3]
    with pytest.raises(InputError, match="1 malformed lines so far"):
        ingest(log, out=tmp_path / "n.parquet", max_bad=0, **options)  # type: ignore[arg-type]
    assert not (tmp_path / "n.parquet").exists()


def test_an_experiment_from_power_to_reading(tmp_path: Path) -> None:
    outcomes = tmp_path / "o.csv"
    write_world(outcomes, seed=1, n_clusters=12, n_days=112)
    power = experiment.power(outcomes, "hit_gb/gb", days=[14])
    assert power["design"].tolist() == ["pairs", "strata", "switchback"]
    made = experiment.design(outcomes, "hit_gb/gb", tmp_path / "d.json", days=14, arms=("lru", "plan"))
    assert len(made.clusters) == made.summary["clusters"] == 12
    assigned = experiment.assign(made, 3, tmp_path / "a.csv")
    assert len(assigned.table) == assigned.summary["rows"] == 12
    assert set(assigned.table["arm"]) == {"lru", "plan"}
    simulated = experiment.simulate(made, outcomes, trials=5)
    assert simulated["effect"].tolist() == [0.0, made.summary["minimum_detectable"]]
    with pytest.raises(InputError, match="no design is possible"):
        experiment.power(outcomes, "hit_gb/gb", days=[500])


def test_a_trial_is_read(tmp_path: Path) -> None:
    outcomes = tmp_path / "o.csv"
    write_world(outcomes, seed=1, n_clusters=12, n_days=112)
    start = pd.Timestamp("2025-04-14").date()
    made = experiment.design(outcomes, "hit_gb/gb", tmp_path / "d.json", days=14, start=start)
    assigned = experiment.assign(made, 3, tmp_path / "a.csv")
    found = experiment.read(made, assigned, outcomes)
    assert found["low, 95% confidence"] < found["effect of treatment"] < found["high, 95% confidence"]


def test_topologies_are_edited_and_compared(tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    before = (sample_folder() / "topology.yaml").read_text(encoding="utf-8")
    file.write_text(before, encoding="utf-8")
    old = notebook.Network(file)
    words = "scale hardware storage-2u storage_tb=+20%"
    tried = topology.edit(file, words, dry_run=True)
    assert file.read_text(encoding="utf-8") == before
    assert tried.diff.count("\n+") == 2  # the heading, and one line
    done = topology.edit(file, words)
    assert done.table["did"].tolist() == ["storage-2u: storage_tb 1.3 -> 1.56"]
    found = topology.diff(old, file)
    assert found.changes[["did", "name", "key"]].to_numpy().tolist() == [
        ["changed", "storage-2u", "storage_tb"]
    ]
    assert (found.totals["storage_b_tb"] > found.totals["storage_a_tb"]).all()
    with pytest.raises(InputError, match="nothing to do"):
        topology.edit(file)


def test_a_list_is_imported(tmp_path: Path) -> None:
    listed = write_list(tmp_path / "list.csv")
    made = topology.import_(listed, tmp_path / "t.yaml", origin={"here": (50.8, 4.4)}, near_sites=1)
    assert (made.name, len(made.regions), int(made.sites["appliances"].sum())) == ("t", 19, 21)
    assert [origin.name for origin in read_topology(tmp_path / "t.yaml").origins] == ["here"]
    with pytest.raises(InputError, match="embedded_share"):
        topology.import_(listed, tmp_path / "n.yaml", embedded_share=2.0)
    assert not (tmp_path / "n.yaml").exists()
