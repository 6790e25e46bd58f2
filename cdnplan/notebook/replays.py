"""What really came: replays, and reports to look at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cdnplan.commands.option import AnyPath, optional_path
from cdnplan.commands.replay import replay_request
from cdnplan.notebook.asking import taking
from cdnplan.notebook.figures import Figure, bars

if TYPE_CHECKING:
    import pandas as pd

    from cdnplan.replay import ReplayRequest


class Replay:
    """A replay folder with its tables.

    Parameters
    ----------
    folder : str or Path
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def __fspath__(self) -> str:
        """Its folder, wherever one is asked for."""
        return str(self.folder)

    @cached_property
    def record(self) -> dict[str, Any]:
        """The content of replay.json."""
        import json

        found: dict[str, Any] = json.loads((self.folder / "replay.json").read_text(encoding="utf-8"))
        return found

    @property
    def policies(self) -> pd.DataFrame:
        """The comparison: a row for each way of filling caches, over all periods."""
        import pandas as pd

        return pd.DataFrame(self.record["policies"])

    @property
    def regret(self) -> pd.Series[Any] | None:
        """What the plan cost more than any plan had to, by cause; None where it was not asked for."""
        import pandas as pd

        found = self.record["regret"]
        return None if found is None else pd.Series(found, name="regret")

    def table(self, name: str) -> pd.DataFrame:
        """One of its tables by name, as ``misses``; see docs/replay.md."""
        import pandas as pd

        return pd.read_parquet(self.folder / f"{name}.parquet")

    def figure(self) -> Figure:
        """Draw what each way keeps from the origin."""
        ways = self.record["policies"]
        labels = [
            f"{way['policy']}, {way['kind']} {way['planned_ratio']:.0%}{', parent' if way['parent'] else ''}"
            for way in ways
        ]
        return bars("bytes offloaded", labels, [100.0 * way["byte_offload_ratio"] for way in ways], "%")

    def _repr_html_(self) -> str:
        """Show the comparison and draw it."""
        return f"{self.policies.to_html(index=False)}{self.figure().svg}"


@taking(replay_request)
def replay(request: ReplayRequest) -> Replay:
    """Serve what really came with a plan, beside caches that fill themselves on the same network.

    Returns
    -------
    Replay
    """
    from cdnplan.replay import replay as run

    return Replay(run(request).folder)


@dataclass(frozen=True, slots=True)
class Page:
    """A report, which notebooks show in a frame.

    Parameters
    ----------
    html : str
        The whole page.
    """

    html: str

    def _repr_html_(self) -> str:
        """Show it in a frame of its own, so that its styles stay there."""
        from html import escape

        frame = 'width="100%" height="800" style="border:0"'
        return f'<iframe {frame} srcdoc="{escape(self.html)}"></iframe>'

    def save(self, path: AnyPath) -> None:
        """Write it to a file."""
        from cdnplan.report.pages.report import write_report

        write_report(self.html, Path(path))


def report(
    subject: AnyPath,
    previous: AnyPath | None = None,
    actual: AnyPath | None = None,
    out: AnyPath | None = None,
) -> Page:
    """Make one HTML page of a plan, a replay or a what-if: figures, map, tables to search and download.

    Parameters
    ----------
    subject, previous, actual
        As for the command.
    out : str or Path, optional
        File to write as well.

    Returns
    -------
    Page
    """
    from cdnplan.report.pages.report import report as make_report

    page = Page(make_report(Path(subject), optional_path(previous), optional_path(actual)))
    if out is not None:
        page.save(out)
    return page
