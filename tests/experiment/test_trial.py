"""Trials from end to end: what is promised holds, seeds decide, and neighbours are noticed."""

from __future__ import annotations

import csv
import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.experiment import SETTINGS, measure
from cdnplan.errors import InputError
from cdnplan.experiment.assign import arm_by_cluster, draw, read_assignment, write_assignment
from cdnplan.experiment.clusters import make_clusters
from cdnplan.experiment.design import Cluster, Design, read_design
from cdnplan.experiment.interference import check_interference, mixed_neighbours
from cdnplan.experiment.outcomes import Outcomes, read_outcomes
from cdnplan.experiment.plan_trial import TrialWish, plan_trial
from cdnplan.experiment.sharing import clusters_by_parent, parents_of, read_parents
from cdnplan.experiment.trial import read_trial, simulate_trials
from cdnplan.inputs.topology.topology_reader import read_topology
from cdnplan.sample import sample_folder
from tests.experiment.worlds import single, world

WISHES = {
    "pairs": TrialWish("pairs", n_rows=14),
    "strata": TrialWish("strata", n_rows=14),
    "switchback": TrialWish("switchback", n_rows=14),
}


def designed(kind: str, seed: int = 1, n: int = 12) -> tuple[Design, Outcomes]:
    outcomes = world(seed, n, 98 + 14)
    wish = replace(WISHES[kind], start=outcomes.day(98))
    return plan_trial(outcomes, single(outcomes), wish), outcomes


@pytest.mark.parametrize("setting", SETTINGS[:3], ids=lambda setting: setting.name)
def test_intervals_and_power_hold_what_they_promise(setting: object) -> None:
    counts = measure(setting, 100, seed=7)  # type: ignore[arg-type]
    # Three standard errors of a share over 100 trials; the long run is benchmarks/experiment.py.
    assert counts.covered_ratio >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 100)
    assert counts.power == pytest.approx(0.8, abs=3 * np.sqrt(0.8 * 0.2 / 100))


@pytest.mark.parametrize("kind", WISHES)
def test_a_known_effect_is_read(kind: str) -> None:
    design, outcomes = designed(kind)
    seed = 5
    treated = draw(design, seed)
    arms = arm_by_cluster(design, treated)
    added = np.zeros((outcomes.n_dates, len(outcomes.units)))
    column = {name: i for i, name in enumerate(outcomes.units)}
    spans = [(b.first, b.last) for b in design.blocks] or [(0, design.n_rows)]
    for k, (first, last) in enumerate(spans):
        for c, cluster in enumerate(design.clusters):
            added[98 + first : 98 + last, column[cluster.units[0]]] = 0.05 * arms[c, k]
    before = read_trial(design, outcomes, treated, seed)
    found = read_trial(design, outcomes.shifted(added), treated, seed)
    assert found.effect.estimate - before.effect.estimate == pytest.approx(0.05, abs=1e-9)
    assert found.effect.low < 0.05 + before.effect.estimate < found.effect.high
    assert found.effect.p_value < 0.01
    assert before.effect.low <= 0 <= before.effect.high
    assert found.treatment - before.treatment == pytest.approx(0.05, abs=1e-9)
    assert found.control == before.control


@pytest.mark.parametrize("kind", WISHES)
def test_nothing_of_the_trial_is_known_to_its_design(kind: str) -> None:
    design, outcomes = designed(kind)
    later = np.zeros((outcomes.n_dates, len(outcomes.units)))
    later[98:] = np.random.default_rng(0).standard_normal(later[98:].shape)
    again = plan_trial(
        outcomes.shifted(later), single(outcomes), replace(WISHES[kind], start=outcomes.day(98))
    )
    assert again == design


@pytest.mark.parametrize("kind", WISHES)
def test_designs_and_assignments_are_written_and_read(tmp_path: Path, kind: str) -> None:
    design, _ = designed(kind)
    (tmp_path / "d.json").write_text(json.dumps(design.as_dict()))
    assert read_design(tmp_path / "d.json") == design
    write_assignment(design, 9, tmp_path / "a.csv")
    seed, treated = read_assignment(design, tmp_path / "a.csv")
    assert (seed, treated.tolist()) == (9, draw(design, 9).tolist())
    with (tmp_path / "a.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 12 * max(1, len(design.blocks))
    assert {row["arm"] for row in rows} == {"control", "treatment"}
    assert (rows[0]["first_date"], rows[-1]["last_date"]) == ("2025-04-14", "2025-04-27")
    if kind == "pairs":
        arm = {row["unit"]: row["arm"] for row in rows}
        assert all(len({arm[design.clusters[c].name] for c in pair}) == 2 for pair in design.strata)


def test_arms_that_the_seed_does_not_draw(tmp_path: Path) -> None:
    design, _ = designed("pairs")
    write_assignment(design, 9, tmp_path / "a.csv")
    text = (tmp_path / "a.csv").read_text()
    (tmp_path / "b.csv").write_text(text.replace("treatment", "control", 1))
    with pytest.raises(InputError, match="found 'control', but seed 9 draws 'treatment'"):
        read_assignment(design, tmp_path / "b.csv")
    with pytest.raises(InputError, match="was drawn for the design"):
        read_assignment(replace(design, alpha=0.1), tmp_path / "a.csv")
    (tmp_path / "c.csv").write_text("".join(text.splitlines(keepends=True)[:-1]))
    with pytest.raises(InputError, match="is missing"):
        read_assignment(design, tmp_path / "c.csv")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "broken JSON"),
        ("[]", "expected an object with keys"),
        ('{"cdnplan_experiment": 1, "knd": 2}', "unknown key 'knd'"),
    ],
)
def test_what_is_no_design(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "d.json").write_text(text)
    with pytest.raises(InputError, match=expected):
        read_design(tmp_path / "d.json")


def test_few_clusters_switch_by_themselves_and_washouts_are_left_out() -> None:
    outcomes = world(2, 2, 150)
    wish = TrialWish("switchback", n_rows=30, block_rows=3, washout_rows=1, start=outcomes.day(120))
    design = plan_trial(outcomes, single(outcomes), wish)
    assert (design.crossed, len(design.blocks), design.df) == (False, 10, 9)
    treated = draw(design, 1)
    carried = np.zeros((150, 2))
    for block in design.blocks:
        carried[120 + block.first] = 7.0  # whatever happens on the first day of a block is not seen
    before, after = (read_trial(design, o, treated, 1) for o in (outcomes, outcomes.shifted(carried)))
    assert after.effect.estimate == pytest.approx(before.effect.estimate, abs=1e-12)


def test_clusters_without_a_figure_are_dropped_with_their_pair() -> None:
    design, outcomes = designed("pairs")
    gone = outcomes.units.index(design.clusters[design.strata[0][0]].units[0])
    above = outcomes.above.copy()
    above[98:, gone] = np.nan
    found = read_trial(design, replace(outcomes, above=above), draw(design, 1), 1)
    assert (found.strata, found.dropped) == (5, (outcomes.units[gone],))


def test_a_trial_that_is_not_over() -> None:
    design, outcomes = designed("pairs")
    short = replace(outcomes, above=outcomes.above[:-1], below=outcomes.below[:-1])
    with pytest.raises(InputError, match="expected from 2025-03-17 to 2025-04-27"):
        read_trial(design, short, draw(design, 1), 1)


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (TrialWish("pairs", n_rows=100), "the history has 112 dates"),
        (TrialWish("switchback", n_rows=14, block_rows=2, washout_rows=2), "a washout of 2 leaves nothing"),
        (TrialWish("switchback", n_rows=14, block_rows=7), "fewer than four blocks"),
        (TrialWish("strata", n_rows=14, stratum_size=3), "expected at least 4"),
    ],
)
def test_trials_that_cannot_be(wish: TrialWish, expected: str) -> None:
    outcomes = world(1, 12, 112)
    if "dates" in expected:
        wish = replace(wish, baseline_rows=30)
    with pytest.raises(InputError, match=expected):
        plan_trial(outcomes, single(outcomes), wish)


def test_simulated_trials_on_history() -> None:
    design, outcomes = designed("pairs", n=16)
    none = simulate_trials(design, outcomes, 0.0, 60, 1, randomised=True)
    assert none.covered_ratio == 1 - none.found_ratio >= 0.85
    assert none.randomised_covered_ratio >= 0.85
    large = simulate_trials(design, outcomes, 3 * design.minimum_detectable, 60, 1)
    assert large.found_ratio > 0.95 < large.promised_power
    assert large.mean_estimate == pytest.approx(3 * design.minimum_detectable, rel=0.15)
    assert simulate_trials(design, outcomes, 0.0, 60, 1, randomised=True) == none


def neighbourly(effect: float) -> float:
    """P value of no interference, where a unit's figure rises with the share of treated neighbours."""
    rng = np.random.default_rng(11)
    n = 48
    outcomes = world(4, n, 112)
    flat = replace(outcomes, above=outcomes.below * (0.9 + 0.001 * rng.standard_normal(outcomes.above.shape)))
    parents = {unit: frozenset({f"p{i % 12}"}) for i, unit in enumerate(outcomes.units)}
    design = plan_trial(flat, single(flat), TrialWish("pairs", n_rows=14, start=flat.day(98)))
    treated = draw(design, 3)
    arm = arm_by_cluster(design, treated)[:, 0]
    by_unit = {c.units[0]: arm[i] for i, c in enumerate(design.clusters)}
    share = np.array(
        [np.mean([by_unit[o] for o in flat.units if o != u and parents[o] == parents[u]]) for u in flat.units]
    )
    added = np.zeros((112, n))
    added[98:] = effect * share
    found = check_interference(design, treated, parents, flat.shifted(added), seed=2)
    assert (found.units, found.mixed > 30, found.focal) == (48, True, 24)
    assert found.p_value is not None
    return found.p_value


def test_neighbours_that_disturb_are_noticed() -> None:
    assert neighbourly(0.02) < 0.01
    assert neighbourly(0.0) > 0.05


def test_clusters_by_parent_have_no_neighbours_of_the_other_arm() -> None:
    outcomes = world(4, 48, 112)
    parents = {unit: frozenset({f"p{i % 12}"}) for i, unit in enumerate(outcomes.units)}
    clusters = make_clusters(outcomes.units, "region", parents=parents, together=True)
    assert [len(cluster.units) for cluster in clusters] == [4] * 12
    design = plan_trial(outcomes, clusters, TrialWish("pairs", n_rows=14, start=outcomes.day(98)))
    assert mixed_neighbours(design, draw(design, 1), parents, None).mixed == 0


def test_parents_by_the_sample_network(tmp_path: Path) -> None:
    topology = read_topology(sample_folder() / "topology.yaml")
    regions = parents_of(topology, "region", 1)
    assert len(regions) == 14
    assert all(len(parents) == 1 for parents in regions.values())
    sites = parents_of(topology, "site", 2)
    assert set(sites) == {site.name for site in topology.sites}
    region = next(name for name, two in parents_of(topology, "region", 2).items() if len(two) == 2)
    one, other = sorted(parents_of(topology, "region", 2)[region])
    assert f"region {region}" in sites[one] & sites[other]
    (tmp_path / "p.csv").write_text("region,parent\na,x\nb,x\nb,y\nc,z\n")
    table = read_parents(tmp_path / "p.csv", "region")
    assert clusters_by_parent("abc", table) == (Cluster("a", ("a", "b")), Cluster("c", ("c",)))


def test_outcomes_of_a_table(tmp_path: Path) -> None:
    text = "date,region,title,gb,hit_gb\n2025-10-05,BE,a,4,3\n2025-10-05,BE,b,4,1\n2025-10-12,NL,a,5,5\n"
    (tmp_path / "h.csv").write_text(text)
    found = read_outcomes(tmp_path / "h.csv", "hit_gb/gb", "region")
    assert (found.first_day, found.period_days, found.units) == (dt.date(2025, 10, 5), 7, ("BE", "NL"))
    assert found.mean(0, 2).tolist() == [0.5, 1.0]
    assert np.isnan(found.mean(0, 1)[1])
    for metric in ("gb/gb", "/gb", "gb/"):
        with pytest.raises(InputError, match="expected a column, or two as hit_gb/gb"):
            read_outcomes(tmp_path / "h.csv", metric, "region")
    with pytest.raises(InputError, match="missing"):
        read_outcomes(tmp_path / "h.csv", "hits/gb", "region")
