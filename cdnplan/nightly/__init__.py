"""The night as a job: inputs → forecast → plan → guards → publication, with a status for those who watch."""

from cdnplan.nightly.config import NightlyConfig, read_config
from cdnplan.nightly.run import NightlyResult, nightly

__all__ = ["NightlyConfig", "NightlyResult", "nightly", "read_config"]
