"""The worked example of docs/notebook.md, cell by cell."""

from __future__ import annotations

import ast
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pandas as pd
import pytest

from cdnplan.notebook.figures import bars, world
from tests.conftest import ROOT


def run_cell(code: str, names: dict[str, object]) -> object:
    """Execute a cell; the value of its last line, if that is an expression, as notebooks show it."""
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    return (
        eval(compile(ast.Expression(last.value), "cell", "eval"), names)
        if isinstance(last, ast.Expr)
        else None
    )


def test_the_worked_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / "notebook.md").read_text(encoding="utf-8")
    cells = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(cells) >= 8
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    shown = [run_cell(cell, names) for cell in cells]
    for value in shown:
        assert value is not None
        if hasattr(value, "_repr_svg_"):
            ET.fromstring(value._repr_svg_())
    network, first, failures = names["network"], names["first"], names["failures"]
    assert "<svg" in network._repr_html_()  # type: ignore[attr-defined]
    assert "<svg" in first._repr_html_()  # type: ignore[attr-defined]
    table = failures.table  # type: ignore[attr-defined]
    assert isinstance(table, pd.DataFrame)
    assert list(table["cost_change"]) == sorted(table["cost_change"], reverse=True)
    assert names["busy"].summary["cost_change"].iloc[0] > 0  # type: ignore[attr-defined]
    assert (names["worth"].table["price"] > 0).all()  # type: ignore[attr-defined]


def test_figures_are_svg_and_escape_names() -> None:
    drawn = bars("a < b", ["x & y", "z"], [3.0, -1.0], "Gbps")
    texts = ET.fromstring(drawn.svg).iter("{http://www.w3.org/2000/svg}text")
    assert next(texts).text == "a < b"
    ET.fromstring(world("w", [(50.0, 4.0, 3.0, "a & b", True), (51.0, 5.0, 0.0, "c", False)]).svg)
    ET.fromstring(world("empty", []).svg)
    ET.fromstring(bars("empty", [], []).svg)
