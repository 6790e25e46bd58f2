"""The page: the same each time, closed to the world, part of a plan's folder."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cdnplan.errors import InputError
from cdnplan.evaluate.verify import verify
from cdnplan.inputs.plans.manifest_files import REPORT
from cdnplan.inputs.plans.plan_folder import sha256
from cdnplan.planner import plan
from cdnplan.report.pages import report as module
from cdnplan.report.pages.page import Page, html_page
from cdnplan.report.pages.plan_page import plan_page
from cdnplan.report.pages.report import report, report_of_plan, write_report
from cdnplan.report.parts.html import Section
from cdnplan.report.parts.labels import LABELS
from cdnplan.report.parts.sheet import NumberColumn, Sheet, TextColumn
from tests.evaluate.plan_writer import change_json, write_plan
from tests.planner.plans import write_small_network


def test_the_same_folder_gives_the_same_bytes(next_plan: Path, small_plan: Path, tmp_path: Path) -> None:
    first = report(next_plan, small_plan)
    # The same plan made elsewhere, in another time.
    elsewhere = shutil.copytree(next_plan, tmp_path / "elsewhere")
    change_json(elsewhere, lambda plan: plan.update(seconds={"read": 7.125}, peak_memory_gb=77.5))
    assert report(elsewhere, shutil.copytree(small_plan, tmp_path / "before")) == first
    write_report(first, tmp_path / "new" / "r.html")
    assert (tmp_path / "new" / "r.html").read_text(encoding="utf-8") == first
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["r.html"]


def test_nothing_is_referred_to_and_nothing_else_may_run(small_plan: Path) -> None:
    text = report(small_plan)
    assert re.findall(r'(?:src|href|action|data|poster)="([^#"][^"]*)"', text) == []
    assert re.findall(r"url\(|@import|<iframe|<link|\sstyle=|\son\w+=", text) == []
    assert set(re.findall(r"https?://[^\s\"']+", text)) <= {"http://www.w3.org/2000/svg"}
    policy = html.unescape(re.search(r'Policy" content="([^"]+)"', text).group(1))  # type: ignore[union-attr]
    assert policy.startswith("default-src 'none';")
    for tag, source in (("style", "style-src"), ("script", "script-src")):
        [body] = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{source} 'sha256-{digest}'" in policy
    assert text.count("<script") == 2


def test_names_cannot_break_out_of_the_page() -> None:
    evil = '</script><script>alert("x")</script>\u2028&<b>'
    sheet = Sheet("evil", (TextColumn.of("title", [evil]), NumberColumn("gb", np.ones(1))))
    page = Page(evil, (evil,), (Section("summary", evil, "", evil),), ((sheet, evil),), (), ((evil, evil),))
    text = html_page(page)
    assert text.count("<script") == 2
    assert "<b>" not in text
    data = re.search(r'id="data">(.*?)</script>', text, re.DOTALL)
    assert data is not None
    assert json.loads(gzip.decompress(base64.b64decode(data.group(1))))["sheets"][0]["columns"][0]["v"] == [
        evil
    ]


def test_every_column_has_a_heading(next_plan: Path, small_plan: Path) -> None:
    page = plan_page(next_plan, small_plan)
    sheets = [*page.sheets, *(sheet for sheet, _ in page.tables)]
    assert {column.name for sheet in sheets for column in sheet.columns} <= set(LABELS)
    assert len({sheet.name for sheet in sheets}) == len(sheets)
    assert [section.key for section in page.sections][:4] == ["summary", "map", "flow", "storage"]


def test_a_plan_carries_its_report(tmp_path: Path) -> None:
    request = replace(write_small_network(tmp_path / "network"), engine="fast", gap_ratio=0.5)
    warned: list[str] = []
    more = report_of_plan(None, always=True, warn=warned.append)
    record = plan(request, more=more).record
    assert warned == []
    text = (request.out / REPORT).read_text(encoding="utf-8")
    assert text == report(request.out)
    assert record["files"][REPORT] == sha256(request.out / REPORT)
    assert record["id"] in text
    assert record["seconds"]["report"] > 0
    assert json.loads((request.out / "plan.json").read_text(encoding="utf-8")) == record
    assert verify(request.out).ok
    plain = plan(replace(request, out=tmp_path / "plain")).record
    assert plain["id"] == record["id"]
    assert REPORT not in plain["files"]
    (request.out / REPORT).write_text(text + " ", encoding="utf-8")
    assert [check.file for check in verify(request.out).failed] == [REPORT]


def test_a_plan_does_not_fail_for_want_of_a_report(
    small_plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warned: list[str] = []
    assert report_of_plan(tmp_path / "none", always=True, warn=warned.append)(small_plan) == ()
    assert "no such plan folder" in warned[0]
    monkeypatch.setattr(module, "CHEAP_COPIES", 3)
    assert report_of_plan(None, always=False, warn=warned.append)(small_plan) == ()
    assert len(warned) == 1
    assert not (small_plan / REPORT).exists()


def test_what_no_report_can_be_made_of(small_plan: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such plan folder"):
        report(tmp_path / "none")
    (tmp_path / "what.json").write_text("[]", encoding="utf-8")
    with pytest.raises(InputError, match="expected an object"):
        report(tmp_path / "what.json")
    with pytest.raises(InputError, match="--previous is for reports of plans"):
        report(tmp_path / "what.json", small_plan)
    with pytest.raises(InputError, match="cannot be written"):
        write_report("x", tmp_path / "what.json" / "deep.html")


def test_it_says_what_proves_the_bound(small_plan: Path, tmp_path: Path) -> None:
    """Prices, a tree of cases, cuts, or a search that nobody can check."""
    write_plan(tmp_path / "tree", tree=True)
    write_plan(tmp_path / "cuts", cuts=True)
    searched = Path(shutil.copytree(small_plan, tmp_path / "searched"))
    change_json(searched, lambda plan: plan.update(bound_proof="branch-and-bound"))
    again = "in the plan's folder alone; cdnplan verify computes it again."
    for folder, said in (
        (small_plan, f"The bound follows from the prices {again}"),
        (tmp_path / "tree", f"The bound follows from the tree of cases, each with prices, {again}"),
        (tmp_path / "cuts", f"The bound follows from the prices and the cuts {again}"),
        (searched, "the rest is the solver's branch and bound."),
    ):
        assert said in html.unescape(report(folder)), folder
