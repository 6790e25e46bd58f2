"""Whatever happens to a run, a complete verified plan is in force after it, and the next run succeeds."""

from __future__ import annotations

import os
import signal

import pytest

from tests.nightly.crashes import KINDS, NOT_TRIED, Crasher, Trial, trials
from tests.nightly.nights import Project

TRIALS = trials(15, seed=1)
"""`python -m benchmarks.crash` has 200."""


@pytest.fixture(scope="module")
def crasher(first_night: Project, tmp_path_factory: pytest.TempPathFactory) -> Crasher:
    """With a project of its own, that all trials go on with."""
    return Crasher(first_night.copy(tmp_path_factory.mktemp("crashes") / "job"))


def test_every_kind_is_tried() -> None:
    assert {trial.kind for trial in TRIALS} == set(KINDS)


@pytest.mark.parametrize(
    "trial", TRIALS, ids=lambda trial: f"{trial.kind} {trial.phase}".strip().replace(" ", "-")
)
def test_a_plan_is_in_force_and_the_next_night_succeeds(crasher: Crasher, trial: Trial) -> None:
    ended = crasher.run(trial)
    assert ended.exit_code != NOT_TRIED or os.getuid() == 0
    assert (ended.exit_code == -signal.SIGKILL) == trial.kind.startswith("kill")
    assert ended.later > ended.after >= ended.before
