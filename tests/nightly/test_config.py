"""The config file: what is wrong with it is told together, with line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdnplan.errors import InputError
from cdnplan.nightly import read_config
from cdnplan.nightly.settings.guard_limits import DEFAULT_LIMITS, Limit
from cdnplan.nightly.settings.wire import GuardsWire

GOOD = """\
inputs:
  topology: {path: topology.yaml}
  titles: {path: titles.csv}
  history: {path: "s3://bucket/history.parquet", max_age_hours: 36, options: {anon: true}}
  overrides: [{path: o1.yaml}, {path: o2.yaml}]
deadline: {at: "05:30", timezone: Europe/Lisbon}
publish: {folder: published}
guards:
  churn_ratio: {refuse: 0.4}
  gap_ratio: {warn: null}
"""


def problems_of(tmp_path: Path, text: str) -> list[str]:
    (tmp_path / "n.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_config(tmp_path / "n.yaml")
    return [str(problem).removeprefix(f"{tmp_path}/") for problem in caught.value.problems]


def test_a_config(tmp_path: Path) -> None:
    (tmp_path / "benelux.yaml").write_text(GOOD, encoding="utf-8")
    config = read_config(tmp_path / "benelux.yaml")
    assert config.name == "benelux"
    where = {source.role: source.where for source in config.sources}
    assert where["topology"] == str(tmp_path / "topology.yaml")
    assert where["history"] == "s3://bucket/history.parquet"
    assert where["override 2"] == str(tmp_path / "o2.yaml")
    assert config.metrics == tmp_path / "published" / "cdnplan.prom"


def test_limits_not_given_are_the_usual_ones(tmp_path: Path) -> None:
    (tmp_path / "n.yaml").write_text(GOOD, encoding="utf-8")
    limits = read_config(tmp_path / "n.yaml").limits
    assert limits["churn_ratio"] == Limit(DEFAULT_LIMITS["churn_ratio"].warn, 0.4)
    assert limits["gap_ratio"] == Limit(None, None)
    assert limits["demand_factor"] == DEFAULT_LIMITS["demand_factor"]


def test_every_guard_has_a_key() -> None:
    assert set(GuardsWire.model_fields) == set(DEFAULT_LIMITS)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("deadline:", "dedline:", "n.yaml:6:1: unknown key 'dedline'; did you mean 'deadline'?"),
        (
            "max_age_hours: 36",
            "max_age_hours: soon",
            "n.yaml:4:65: inputs.history.max_age_hours: expected a number",
        ),
        ("titles:", "title:", "n.yaml:3:3: inputs: unknown key 'title'; did you mean 'titles'?"),
        ('"05:30"', "05:30", "n.yaml:6:16: deadline.at: the time 05:30 has to be in quotes"),
        ('"05:30"', '"25:30"', 'n.yaml:6:16: deadline.at: expected a time as "HH:MM"'),
        ("Europe/Lisbon", "Europe/Lisboa", "n.yaml:6:35: deadline.timezone: unknown time zone"),
        ("s3://", "s9://", "n.yaml:4:19: inputs.history: no file system is known for 's9://'"),
        ("refuse: 0.4", "refuse: -1", "n.yaml:9:25: guards.churn_ratio.refuse: expected at least 0"),
        ("churn_ratio", "churn", "n.yaml:9:3: guards: unknown key 'churn'; did you mean 'churn_ratio'?"),
        (
            "  history:",
            "  demand: {path: d.csv}\n  history:",
            "n.yaml:2:3: inputs: expected exactly one of history",
        ),
        ('at: "05:30", ', "", "n.yaml:6:11: deadline: expected exactly one of minutes and at"),
        ("publish: {folder: published}", "publish: {folder: work/p}", "may not contain each other"),
        ("path: titles.csv", "path: work/titles.csv", "n.yaml:3:18: titles is in the work folder"),
    ],
)
def test_what_is_wrong(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert old in GOOD
    (problem,) = problems_of(tmp_path, GOOD.replace(old, new, 1))
    assert expected in problem


def test_all_problems_at_once(tmp_path: Path) -> None:
    text = (
        GOOD.replace("deadline:", "dedline:").replace("refuse: 0.4", "refuse: x").replace("folder:", "foldr:")
    )
    assert len(problems_of(tmp_path, text)) == 3


def test_no_mapping_no_file_nothing(tmp_path: Path) -> None:
    assert "expected a mapping" in problems_of(tmp_path, "[1, 2]\n")[0]
    assert problems_of(tmp_path, "") != []
    with pytest.raises(InputError, match="no such file"):
        read_config(tmp_path / "none.yaml")


def test_an_input_that_is_a_link_in_a_circle_is_for_the_night_to_miss(tmp_path: Path) -> None:
    (tmp_path / "titles.csv").symlink_to(tmp_path / "titles.csv")
    (tmp_path / "n.yaml").write_text(GOOD, encoding="utf-8")
    where = {source.role: source.where for source in read_config(tmp_path / "n.yaml").sources}
    assert where["titles"] == str(tmp_path / "titles.csv")
