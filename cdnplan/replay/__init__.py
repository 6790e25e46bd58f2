"""Plans and reactive caches side by side on the demand that really came."""

from cdnplan.replay.cases.request import ReplayRequest
from cdnplan.replay.run.run import ReplayResult, replay

__all__ = ["ReplayRequest", "ReplayResult", "replay"]
