"""The commands as functions for notebooks: results as DataFrames, figures that draw themselves.

Every function has the name and the options of its command; folders and files may be given as text. Modules
load what they need when a function is called, so that importing this takes no time.

Examples
--------
>>> from cdnplan.notebook import Network
>>> Network.sample()
Network 'sample': 10 sites, 22 appliances, 14 regions, 40 links
"""

from cdnplan.notebook import experiment, topology
from cdnplan.notebook.inputs import backtest, forecast, ingest, new, synth
from cdnplan.notebook.network import Network
from cdnplan.notebook.plans import diff, export, nightly, plan, verify
from cdnplan.notebook.questions import prices, sweep, whatif
from cdnplan.notebook.replays import replay, report
from cdnplan.notebook.sizing import size

__all__ = [
    "Network",
    "backtest",
    "diff",
    "experiment",
    "export",
    "forecast",
    "ingest",
    "new",
    "nightly",
    "plan",
    "prices",
    "replay",
    "report",
    "size",
    "sweep",
    "synth",
    "topology",
    "verify",
    "whatif",
]
