"""Reports opened in a browser: nothing is fetched, nothing goes wrong, and everything works by keyboard."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cdnplan.report.pages.report import report
from cdnplan.report.tables.facts import read_facts
from cdnplan.report.tables.tables_network import regions_table
from tests.report.browser import axe_issues, browser, opened

FIGURES = {
    *("figure-map", "figure-flow", "figure-curve", "figure-full", "figure-gap", "figure-misses"),
}
TABLES = ["regions", "sites", "pools", "titles", "full-limits"]


@pytest.fixture(scope="module")
def started() -> Iterator[Any]:
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def page_file(sample_plan: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(report(sample_plan), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def changed_file(next_plan: Path, small_plan: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "changed.html"
    path.write_text(report(next_plan, small_plan), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "options",
    [
        {"color_scheme": "light"},
        {"color_scheme": "dark"},
        {"color_scheme": "light", "viewport": {"width": 390, "height": 844}},
    ],
    ids=["light", "dark", "phone"],
)
def test_page_is_whole_and_accessible(started: Any, page_file: Path, options: dict[str, Any]) -> None:
    viewport = options.pop("viewport", None)
    with opened(started, page_file, offline=True, **options) as found:
        page = found.page
        if viewport:
            page.set_viewport_size(viewport)
        assert found.requests == [page_file.as_uri()]
        assert found.messages == []
        for key in FIGURES:
            box = page.locator(f"#{key}").bounding_box()
            assert box is not None, key
            assert box["width"] > 250, key
            assert box["height"] > 40, key
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert [page.locator(f"#table-{name} tbody tr").count() for name in TABLES] == [10] * 5
        assert page.evaluate(
            "[...document.querySelectorAll('h1,h2,h3')].map(h => +h.tagName[1]).join('')"
        ).startswith("12")
        assert axe_issues(page) == []
        assert found.messages == []


def test_changes_are_whole_and_accessible(started: Any, changed_file: Path) -> None:
    with opened(started, changed_file, offline=True) as found:
        for key in ("figure-effects", "figure-reasons", "figure-changed-sites", "figure-night"):
            assert found.page.locator(f"#{key} tbody tr").count() > 0, key
        assert axe_issues(found.page) == []
        assert (found.messages, len(found.requests)) == ([], 1)


def test_sort_search_and_download(started: Any, page_file: Path, sample_plan: Path) -> None:
    regions = regions_table(read_facts(sample_plan)).rows()
    with opened(started, page_file) as found:
        page = found.page
        table = page.locator("#table-regions")

        def first_column() -> list[str]:
            return table.locator("tbody th").all_inner_texts()

        assert first_column() == [row["region"] for row in regions[:10]]
        heading = table.get_by_role("button", name="offload [%]", exact=True)
        for way, falling in (("descending", True), ("ascending", False)):
            heading.click()
            assert table.locator(f"th[aria-sort={way}]").count() == 1
            shown = [float(t) for t in table.locator("tbody tr td:nth-child(5)").all_inner_texts()]
            assert shown == sorted(shown, reverse=falling)
            ordered = sorted((row["offload_ratio"] for row in regions), reverse=falling)
            assert shown == pytest.approx([100 * value for value in ordered[:10]], abs=0.006)
        heading.click()
        assert first_column() == [row["region"] for row in regions[:10]]
        table.get_by_role("button", name="Next page of regions").click()
        assert first_column() == [row["region"] for row in regions[10:]]
        wanted = [row for row in regions if row["country"] == "GB"]
        table.get_by_role("searchbox").fill("country:gb")
        table.get_by_text(f"{len(wanted)} of {len(regions)} rows").wait_for()
        assert first_column() == [row["region"] for row in wanted[:10]]
        with page.expect_download() as download:
            table.get_by_role("button", name="Download regions as CSV").click()
        assert download.value.suggested_filename == "regions.csv"
        rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8"))))
        assert [row["region"] for row in rows] == [row["region"] for row in wanted]
        for row, expected in zip(rows, wanted, strict=True):
            assert float(row["offload_ratio"]) == pytest.approx(expected["offload_ratio"], abs=5e-5)
            assert float(row["demand_gb"]) == pytest.approx(expected["demand_gb"], abs=0.5)
        table.get_by_role("searchbox").fill("no such region")
        table.get_by_text(f"0 of {len(regions)} rows").wait_for()
        page.locator("#figure-gap summary").click()
        with page.expect_download() as download:
            page.locator("#figure-gap [data-csv]").click()
        assert (
            Path(download.value.path())
            .read_text(encoding="utf-8")
            .startswith("figure,cost,above_ideal\nideal,")
        )
        assert found.messages == []
        assert [url for url in found.requests if not url.startswith("blob:")] == [page_file.as_uri()]


def test_theme_and_print(started: Any, page_file: Path) -> None:
    with opened(started, page_file, color_scheme="light") as found:
        page = found.page
        theme = page.locator("#theme")

        def paper() -> str:
            return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

        light = paper()
        page.emulate_media(color_scheme="dark")
        dark = paper()
        assert light != dark
        for name, expected in (("light", light), ("dark", dark), ("system", dark)):
            theme.click()
            assert theme.inner_text() == f"Theme: {name}"
            assert paper() == expected
        theme.click()
        page.reload()
        page.wait_for_selector("html.ready")
        assert theme.inner_text() == "Theme: light"
        for name in ("dark", "system"):
            theme.click()
            assert (theme.inner_text(), paper()) == (f"Theme: {name}", dark)
            page.emulate_media(media="print", color_scheme="dark")
            assert paper() == "rgb(255, 255, 255)"
            page.emulate_media(media="screen", color_scheme="dark")
        page.emulate_media(media="print")
        assert not page.locator("#theme").is_visible()
        assert page.locator("#figure-curve svg.chart").is_visible()
        assert len(page.pdf(format="A4")) > 20_000


def test_keyboard_reaches_everything(started: Any, page_file: Path) -> None:
    with opened(started, page_file) as found:
        page = found.page
        # Of radio buttons of one name, Tab reaches the chosen one, arrows the others.
        wanted = page.evaluate(
            """() => {
              const kinds = 'a[href], button, input, select, summary, [tabindex="0"]';
              const reached = (e) => !e.disabled && (e.type !== 'radio' || e.checked);
              const all = [...document.querySelectorAll(kinds)];
              const seen = all.filter((e) => e.checkVisibility() && reached(e));
              seen.forEach((e, i) => { e.dataset.stop = i; });
              return seen.length;
            }"""
        )
        stops: list[str] = []
        for _ in range(wanted + 3):
            page.keyboard.press("Tab")
            stop = page.evaluate("document.activeElement.dataset.stop ?? null")
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            if stop is not None and stop not in stops:
                stops.append(stop)
                assert outline != "none", page.evaluate("document.activeElement.outerHTML.slice(0, 120)")
        assert sorted(map(int, stops)) == list(range(wanted))
        assert wanted > 60
        page.locator("#theme").focus()
        page.keyboard.press("Enter")
        assert page.locator("#theme").inner_text() == "Theme: light"


def test_map_by_mouse_and_keyboard(started: Any, page_file: Path) -> None:
    with opened(started, page_file) as found:
        page = found.page
        svg, frame = page.locator("svg.map"), page.locator(".map-frame")

        def box() -> list[float]:
            return [float(v) for v in str(svg.get_attribute("viewBox")).split()]

        whole = box()
        page.get_by_role("radio", name="Offload, by region").check()
        assert page.locator("g[data-layer]:not(.hidden)").get_attribute("data-layer") == "offload"
        page.get_by_role("radio", name="Storage used, by site").check()
        frame.focus()
        page.keyboard.press("+")
        closer = box()
        assert closer[2] == pytest.approx(whole[2] / 2)
        page.keyboard.press("ArrowRight")
        assert box()[0] > closer[0]
        page.keyboard.press("0")
        assert box() == pytest.approx(whole, abs=0.01)
        name = page.locator("#table-sites tbody th button").first
        site = name.inner_text()
        name.click()
        assert page.evaluate("document.activeElement.className") == "map-frame"
        mark = page.locator("#map-mark")
        assert mark.is_visible()
        # The mark stands on the site: pointing there tells its name, and a click finds it in the tables.
        circle = mark.bounding_box()
        assert circle is not None
        x, y = circle["x"] + circle["width"] / 2, circle["y"] + circle["height"] / 2
        page.mouse.move(x, y)
        assert page.locator(".tip div").first.inner_text() == site
        page.mouse.click(x, y)
        assert page.locator("#table-sites tbody th").all_inner_texts() == [site]
        pools = page.locator("#table-pools tbody th").all_inner_texts()
        assert set(pools) == {site}
        assert found.messages == []


def test_page_says_what_its_policy_is(page_file: Path) -> None:
    text = page_file.read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy is not None
    assert "default-src &#x27;none&#x27;" in policy.group(1)
    assert "unsafe" not in policy.group(1)
