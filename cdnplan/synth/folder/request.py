"""What is asked of the generator, checked, and as the command that asks for it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from cdnplan.errors import InputError, Problem
from cdnplan.synth.given.presets import LAST_WEEK, Preset, scaled


@dataclass(frozen=True, slots=True)
class Request:
    """Everything the generated data depends on.

    Parameters
    ----------
    preset : str
        A key of `presets.PRESETS`.
    seed : int
        At least 0.
    regions, titles, weeks : int or None
        Sizes other than the preset's.
    noise_per_region : bool
        Every region has demand of its own, not a share of its country's.
    last_week : datetime.date
        Sunday that ends the last week of the history; the week after it is the one to plan.

    Examples
    --------
    >>> Request("country", seed=3, weeks=8).command()
    'cdnplan synth --preset country --seed 3 --weeks 8'
    """

    preset: str = "sample"
    seed: int = 1
    regions: int | None = None
    titles: int | None = None
    weeks: int | None = None
    noise_per_region: bool = False
    last_week: dt.date = LAST_WEEK

    @property
    def planned_week(self) -> dt.date:
        """Sunday that ends the week to plan."""
        return self.last_week + dt.timedelta(days=7)

    def checked(self) -> Preset:
        """The preset in the size asked for.

        Raises
        ------
        InputError
            With every value that cannot be.
        """
        problems: list[Problem] = []
        if self.seed < 0:
            problems.append(Problem(f"found {self.seed}, expected 0 or more", path="--seed"))
        if self.last_week.isoweekday() != 7:
            sunday = self.last_week - dt.timedelta(days=self.last_week.isoweekday())
            message = f"{self.last_week} is not a Sunday, expected the day that ends a week"
            problems.append(Problem(message, path="--last-week", hint=f"the Sunday before it is {sunday}"))
        try:
            preset = scaled(self.preset, regions=self.regions, titles=self.titles, weeks=self.weeks)
        except InputError as error:
            raise InputError([*problems, *error.problems]) from None
        if problems:
            raise InputError(problems)
        return preset

    def command(self) -> str:
        """The command line that makes the same data again, without where it goes."""
        words = ["cdnplan synth", f"--preset {self.preset}", f"--seed {self.seed}"]
        sizes = (("regions", self.regions), ("titles", self.titles), ("weeks", self.weeks))
        words += [f"--{name} {size}" for name, size in sizes if size is not None]
        words += ["--noise-per-region"] if self.noise_per_region else []
        words += [f"--last-week {self.last_week}"] if self.last_week != LAST_WEEK else []
        return " ".join(words)
