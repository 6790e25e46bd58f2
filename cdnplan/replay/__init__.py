"""Plans and reactive caches side by side on the demand that really came."""

from cdnplan.replay.request import ReplayRequest
from cdnplan.replay.run import ReplayResult, replay

__all__ = ["ReplayRequest", "ReplayResult", "replay"]
