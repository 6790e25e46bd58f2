"""`cdnplan new`: a working project to start from."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make; may be there if empty.")],
    csv: Annotated[
        bool, typer.Option("--csv", help="Tables as CSV, to look at and change; default: Parquet.")
    ] = False,
) -> None:
    """Start a project: a small network with its titles, history and demand, ready to plan.

    Change topology.yaml and the tables into your own, or put your own in their place.
    """
    from cdnplan.synth.folder.project import new as new_project

    new_project(folder, csv=csv)
    kind = "csv" if csv else "parquet"
    sys.stdout.write(
        f"{folder}: topology.yaml, titles.{kind}, history.{kind}, demand.{kind}, README.md\n"
        "next:\n"
        f"  cdnplan plan --topology {folder}/topology.yaml --titles {folder}/titles.{kind}"
        f" --history {folder}/history.{kind} --out {folder}/plans/first\n"
    )
