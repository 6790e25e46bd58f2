"""The night as a job: inputs → forecast → plan → guards → publication, with a status for those who watch."""

from cdnplan.nightly.job.run import NightlyResult, nightly
from cdnplan.nightly.settings.config import NightlyConfig, read_config

__all__ = ["NightlyConfig", "NightlyResult", "nightly", "read_config"]
