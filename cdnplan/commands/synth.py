"""`synth`: a seeded network with catalogue, history and demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from cdnplan.commands.option import AnyPath, Day, Option, Seed, Switch
from cdnplan.errors import InputError, Problem, nearest

if TYPE_CHECKING:
    from cdnplan.synth.folder.generate import Summary

Preset = Literal["sample", "country", "continent", "world"]


@dataclass(frozen=True, slots=True)
class SynthOptions:
    """What to generate, and where.

    Parameters
    ----------
    out : path
        Folder to make.
    preset : {"sample", "country", "continent", "world"}
        sample: 14 regions, 300 titles; country: 40, 3,000; continent: 600, 4,000; world: 6,000, 20,000.
    seed : int
        The same seed makes the same files.
    regions : int or None
        Other number of regions; sites and appliances follow.
    titles : int or None
        Other number of titles; storage follows.
    weeks : int or None
        Weeks of history; default 12, 16, 12, 8 by preset.
    noise_per_region : bool
        Every region has demand of its own, not a share of its country's. World: 120 million rows a week, and
        one week of history.
    last_week : datetime.date or None
        Sunday that ends the last week of the history; default 2026-03-01.
    force : bool
        Replace a folder that was generated before.

    Raises
    ------
    InputError
        There is no such preset.
    """

    out: Annotated[AnyPath, Option("DIR")]
    preset: Preset = "sample"
    seed: Seed = 1
    regions: Annotated[int | None, Option("N")] = None
    titles: Annotated[int | None, Option("N")] = None
    weeks: Annotated[int | None, Option("N")] = None
    noise_per_region: Switch = field(default=False, kw_only=True)
    last_week: Day = field(default=None, kw_only=True)
    force: Switch = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        presets = get_args(Preset)
        if self.preset not in presets:
            hint = nearest(self.preset, presets)
            raise InputError([Problem(f"unknown preset {self.preset!r}", path="preset", hint=hint)])


def synth(options: SynthOptions, progress: Callable[[str], None] = lambda _: None) -> Summary:
    """Generate it.

    Parameters
    ----------
    options : SynthOptions
    progress : callable
        Told what is being made.

    Returns
    -------
    Summary

    Raises
    ------
    InputError
        With every value that cannot be.
    """
    from cdnplan.synth.folder.generate import synth as generate
    from cdnplan.synth.folder.request import Request
    from cdnplan.synth.given.presets import LAST_WEEK

    request = Request(
        options.preset,
        options.seed,
        options.regions,
        options.titles,
        options.weeks,
        options.noise_per_region,
        options.last_week or LAST_WEEK,
    )
    return generate(request, Path(options.out), force=options.force, progress=progress)
