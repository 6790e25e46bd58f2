"""From a request to a folder: the embedded sample, determinism, tables, what is refused."""

from __future__ import annotations

import datetime as dt
import filecmp
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from cdnplan.errors import InputError
from cdnplan.inputs.topology.topology_reader import read_topology
from cdnplan.sample import sample_folder
from cdnplan.synth.folder.generate import FILES, make_world, synth
from cdnplan.synth.folder.request import Request

TABLES = ("titles.parquet", "history.parquet", "demand.parquet")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("synth") / "sample"
    synth(Request("sample", seed=1), folder)
    return folder


def test_embedded_sample_is_what_the_command_makes(sample: Path) -> None:
    for name in ("topology.yaml", "README.md"):
        assert (sample / name).read_bytes() == (sample_folder() / name).read_bytes()
    for name in TABLES:
        assert pq.read_table(sample / name).equals(pq.read_table(sample_folder() / name))
    size = sum((sample_folder() / name).stat().st_size for name in FILES)
    assert size < 300_000


def test_same_seed_same_bytes(sample: Path, tmp_path: Path) -> None:
    synth(Request("sample", seed=1), tmp_path / "again")
    same, different, missing = filecmp.cmpfiles(sample, tmp_path / "again", FILES, shallow=False)
    assert (sorted(same), different, missing) == (sorted(FILES), [], [])
    synth(Request("sample", seed=2), tmp_path / "other")
    _, different, _ = filecmp.cmpfiles(sample, tmp_path / "other", FILES, shallow=False)
    assert sorted(different) == sorted(FILES)


def test_sample_has_one_of_everything() -> None:
    topology = read_topology(sample_folder() / "topology.yaml")
    policy = topology.policy
    assert len(topology.sites) >= 8
    assert len(topology.regions) >= 12
    assert sum(site.kind == "ixp" for site in topology.sites) == 2
    assert [len(rules) for rules in (policy.pins, policy.bans, policy.copies, policy.launches)] == [
        1,
        1,
        1,
        1,
    ]
    assert policy.peak_profile.slices == 4
    assert policy.bans[0].files.title != policy.pins[0].files.title
    assert "# A licence" in (sample_folder() / "topology.yaml").read_text()


def test_one_link_of_the_sample_is_tight() -> None:
    world = make_world(Request("sample", seed=1))
    peak = world.network.peak_gbps
    links = [link for link in world.topology.links if link.from_ in peak and link.capacity_gbps is not None]
    tight = [link for link in links if (link.capacity_gbps or 0) < peak[link.from_]]
    assert len(tight) == 1
    # And there is another way out.
    others = [link for link in world.topology.links if link.from_ == tight[0].from_]
    assert len(others) == 2


def test_rules_speak_of_titles_that_are_there(sample: Path) -> None:
    titles = pq.read_table(sample / "titles.parquet").to_pydict()
    launch = dict(zip(titles["title"], titles["launch_date"], strict=True))
    policy = read_topology(sample / "topology.yaml").policy
    named = [rule.files.title for rule in (*policy.pins, *policy.bans, *policy.launches)]
    assert set(named) <= set(launch)
    # The launch rule is for a title that the history cannot know.
    assert launch[policy.launches[0].files.title] > dt.date(2026, 3, 1)
    seen = set(pq.read_table(sample / "history.parquet")["title"].to_pylist())
    assert policy.launches[0].files.title not in seen
    assert {policy.pins[0].files.title, policy.bans[0].files.title} <= seen


def test_tables_of_the_sample(sample: Path) -> None:
    history, demand = (pq.read_table(sample / f"{name}.parquet") for name in ("history", "demand"))
    assert history.schema.names == demand.schema.names == ["date", "region", "title", "gb"]
    assert demand.schema.metadata[b"period_days"] == b"7"
    dates = sorted(set(history["date"].to_pylist()))
    assert len(dates) == 12
    assert all(date.isoweekday() == 7 for date in dates)
    assert set(demand["date"].to_pylist()) == {dates[-1] + dt.timedelta(days=7)}
    assert demand.num_rows == 4 * 300
    for table in (history, demand):
        assert pc.min(table["gb"]).as_py() > 0
        keys = list(zip(*(table[name].to_pylist() for name in ("date", "region", "title")), strict=True))
        assert keys == sorted(set(keys))
    assert set(history["region"].to_pylist()) == {"BE", "DE", "GB", "NL"}


def test_volumes_keep_three_digits(sample: Path) -> None:
    world = make_world(Request("sample", seed=1))
    written = np.array(pq.read_table(sample / "demand.parquet")["gb"]).reshape(4, 300)
    assert np.allclose(written, world.demand.week_gb(0), rtol=5e-4)


def test_demand_does_not_depend_on_the_length_of_the_history(tmp_path: Path) -> None:
    synth(Request("sample", seed=1, weeks=2), tmp_path / "short")
    short = pq.read_table(tmp_path / "short" / "history.parquet")
    assert len(set(short["date"].to_pylist())) == 2
    assert pq.read_table(tmp_path / "short" / "demand.parquet").equals(
        pq.read_table(sample_folder() / "demand.parquet")
    )
    late = pq.read_table(sample_folder() / "history.parquet", filters=[("date", ">=", dt.date(2026, 2, 22))])
    assert short["gb"].to_pylist() == late["gb"].to_pylist()


def test_noise_per_region(tmp_path: Path) -> None:
    request = Request("country", seed=1, titles=200, weeks=2, noise_per_region=True)
    summary = synth(request, tmp_path / "own")
    topology = read_topology(tmp_path / "own" / "topology.yaml")
    demand = pq.read_table(tmp_path / "own" / "demand.parquet")
    assert summary.demand_rows == demand.num_rows == 40 * 200
    assert set(demand["region"].to_pylist()) == {region.demand.region for region in topology.regions}
    # All pairs differ: no two regions ask for titles in the same proportions.
    gb = np.array(demand["gb"]).reshape(40, 200)
    tilt = np.log(gb / gb.sum(axis=1, keepdims=True))
    apart = np.abs(tilt[:, None] - tilt[None]).max(axis=2)
    assert apart[~np.eye(40, dtype=bool)].min() > 0.1
    # Together they want about what the country wants.
    whole = make_world(Request("country", seed=1, titles=200)).demand.week_gb(0).sum()
    assert gb.sum() == pytest.approx(whole, rel=0.05)


def test_another_last_week(tmp_path: Path) -> None:
    synth(Request("sample", seed=1, weeks=1, last_week=dt.date(2025, 6, 29)), tmp_path / "june")
    demand = pq.read_table(tmp_path / "june" / "demand.parquet")
    assert set(demand["date"].to_pylist()) == {dt.date(2025, 7, 6)}
    assert "--last-week 2025-06-29" in (tmp_path / "june" / "README.md").read_text()


def test_bad_requests_name_every_value() -> None:
    request = Request("sample", seed=-1, titles=3, last_week=dt.date(2026, 3, 3))
    with pytest.raises(InputError) as caught:
        request.checked()
    assert [problem.path for problem in caught.value.problems] == ["--seed", "--last-week", "--titles"]
    assert "2026-03-01" in str(caught.value)


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    synth(Request("sample", seed=1, weeks=1), tmp_path / "x", progress=told.append)
    assert told == ["network and catalogue", "history, week to 2026-03-01", "demand, week to 2026-03-08"]
