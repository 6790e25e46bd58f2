"""A project to start from: the embedded sample, with a README and what git should leave out."""

from __future__ import annotations

import shutil
from pathlib import Path

from cdnplan.folders import Kind
from cdnplan.sample import sample_folder
from cdnplan.synth.folder.folder import write_folder

TABLES = ("titles", "history", "demand")
PROJECT = Kind("project", "topology.yaml", lambda _: (), replaceable=False)

_GITIGNORE = """\
# Plans are made from what is here, and can be large.
plans/
"""

_README = """\
# A project for cdnplan

| file | what it is |
|---|---|
| topology.yaml | the network: hardware, sites, regions, links, and the policy. Edit it by hand |
| titles.{kind} | what there is to watch, with size, kind and launch date |
| history.{kind} | GB by week, region and title, to forecast from |
| demand.{kind} | GB of the week after the history: to plan as if it were known, or to judge a forecast |

It is a small invented network in four countries. Replace file by file with your own.

## Next

Check the network after every change:

    cdnplan topology check topology.yaml

Plan next week from the history:

    cdnplan plan --topology topology.yaml --titles titles.{kind} --history history.{kind} --out plans/first

Have the plan checked from its files alone, limits, costs and bound:

    cdnplan verify plans/first
"""


def new(folder: Path, *, csv: bool = False) -> None:
    """Write a working project.

    Parameters
    ----------
    folder : Path
        Folder to make; it may be there if it is empty.
    csv : bool
        Write tables as CSV instead of Parquet.

    Raises
    ------
    InputError
        The folder is there and not empty, or cannot be written.
    """

    def fill(target: Path) -> None:
        source = sample_folder()
        shutil.copyfile(source / "topology.yaml", target / "topology.yaml")
        for table in TABLES:
            if csv:
                _as_csv(source / f"{table}.parquet", target / f"{table}.csv")
            else:
                shutil.copyfile(source / f"{table}.parquet", target / f"{table}.parquet")
        kind = "csv" if csv else "parquet"
        (target / "README.md").write_text(_README.format(kind=kind), encoding="utf-8")
        (target / ".gitignore").write_text(_GITIGNORE, encoding="utf-8")

    write_folder(folder, fill, PROJECT)


def _as_csv(source: Path, target: Path) -> None:
    import pyarrow.csv
    import pyarrow.parquet

    pyarrow.csv.write_csv(pyarrow.parquet.read_table(source), target)
