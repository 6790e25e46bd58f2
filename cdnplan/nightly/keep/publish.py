"""Publication: a plan is in force once ``current`` names it, and ``current`` changes in one step.

plans/NNNNNN-DATE/   published plans; numbers only grow, whatever the clock says
current              symbolic link to one of them
.staging/            what is being written; swept at the start of a run
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from cdnplan.folders import real_path
from cdnplan.inputs.plans.plan_json import PLAN_JSON
from cdnplan.nightly.keep.disk import (
    next_number,
    numbered,
    own_folder,
    own_place,
    put_in_place,
    remove_whole,
    sync,
)

PLANS = "plans"
CURRENT = "current"
_STAGING = ".staging"
_PLAN = r"[0-9]{6,}-[0-9]{4}-[0-9]{2}-[0-9]{2}"
_IN_STAGING = re.compile(rf"(current|{_PLAN}|removed-{_PLAN}|\.{_PLAN}\.(partial|old)-[0-9]+)")
"""What runs of earlier releases left in a folder without a mark."""


class Publication:
    """A publication folder; only the run that holds the lock writes to it.

    Parameters
    ----------
    folder : Path
        It exists.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._staging = folder / _STAGING

    def prepare(self) -> None:
        """Make the folders; remove what a run that was killed left.

        Raises
        ------
        InputError
            One of them is not the job's own.
        """
        plans = self.folder / PLANS
        own_place(plans)
        # Releases that did not mark the folder made that of plans beside it, in their first run.
        before = plans.is_dir()
        own_folder(self._staging, lambda name: before and _IN_STAGING.fullmatch(name) is not None)
        plans.mkdir(exist_ok=True)

    def staged(self, period: str) -> Path:
        """Name of a folder for the next plan: on the disk where it is to be published, seen by nobody."""
        return self._staging / f"{next_number(self.folder / PLANS):06d}-{period}"

    def publish(self, staged: Path) -> Path:
        """Put a plan in force that is complete, verified and on disk.

        Parameters
        ----------
        staged : Path

        Returns
        -------
        Path
            Its folder. Until the last step ``current`` names the earlier plan, from then on this one.
        """
        place = self.folder / PLANS / staged.name
        put_in_place(staged, place)
        link = self._staging / CURRENT
        link.symlink_to(Path(PLANS) / place.name)
        link.replace(self.folder / CURRENT)
        sync(self.folder)
        return place

    def is_in_force(self, name: str) -> bool:
        """Whether ``current`` names this plan."""
        current = self.folder / CURRENT
        return current.is_symlink() and current.readlink().name == name

    def drop_old(self, keep: int) -> list[str]:
        """Remove the oldest plans but so many; the one in force stays in any case.

        Returns
        -------
        list of str
            Names of those removed.
        """
        current = self.folder / CURRENT
        plans = [path for _, path in numbered(self.folder / PLANS) if (path / PLAN_JSON).is_file()]
        in_force = Path(os.path.realpath(current)) if current.is_symlink() else None
        others = [path for path in plans if real_path(path) != in_force]
        gone = others[: max(0, len(others) - (keep - 1))] if in_force else others[:-keep]
        for path in gone:
            remove_whole(path, self._staging)
        return [path.name for path in gone]
