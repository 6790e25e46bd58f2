"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def realdata() -> Path:
    """Folder of the real data; the test is skipped, saying so, where it is absent."""
    folder = Path(os.environ.get("CDNPLAN_REALDATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"SKIPPED: no real data at {folder}; set CDNPLAN_REALDATA to run this test")
    return folder
