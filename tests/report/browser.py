"""Debian's Chromium, driven from tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
SERIOUS = ("serious", "critical")
PATIENCE_MS = 120_000


def find_chromium() -> str:
    """Path of a browser; the test is skipped, saying so, where there is none."""
    found = os.environ.get("CDNPLAN_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("SKIPPED: no Chromium, so no report was opened in a browser; apt-get install chromium")
    return found


@dataclass
class Opened:
    """A page that was opened, and everything it said and asked for."""

    page: Any
    requests: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)


@contextmanager
def browser() -> Iterator[Any]:
    """A browser for several pages."""
    path = find_chromium()
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield started
        finally:
            started.close()


@contextmanager
def opened(started: Any, file: Path, **options: Any) -> Iterator[Opened]:
    """Open a file as a reader would, but note what it asks for; the network is off."""
    # Places are where they are at once, without scrolling there.
    still = {"viewport": {"width": 1280, "height": 900}, "accept_downloads": True, "reduced_motion": "reduce"}
    context = started.new_context(**still, **options)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    found = Opened(page)
    page.on("request", lambda request: found.requests.append(request.url))
    page.on("console", lambda message: found.messages.append(message.text))
    page.on("pageerror", lambda error: found.messages.append(str(error)))
    try:
        page.goto(file.as_uri())
        page.wait_for_selector("html.ready")
        yield found
    finally:
        context.close()


def axe_issues(page: Any) -> list[str]:
    """Serious issues of accessibility that axe-core finds, with an element of each."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found if v["impact"] in SERIOUS]
