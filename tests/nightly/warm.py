"""Imports everything that a night needs, so that processes forked from here begin at once."""

import fsspec.implementations.local  # noqa: F401
import prometheus_client  # noqa: F401

import tests.nightly.crashes  # noqa: F401
