"""`docs/nightly.md` against schema, status and defaults."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from pydantic import BaseModel

from cdnplan.nightly import read_config
from cdnplan.nightly.guard.status import Status
from cdnplan.nightly.settings.guard_limits import DEFAULT_LIMITS
from cdnplan.nightly.settings.wire import GuardWire, InputWire, NightlyWire
from tests.conftest import ROOT
from tests.docs.documents import blocks, inline, table_rows
from tests.docs.test_topology_reference import nested

REFERENCE = ROOT / "docs" / "nightly.md"


def keys_of(model: type[BaseModel], above: str = "") -> set[str]:
    """Paths of all keys; those of inputs and guards under a star."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        below = nested(field.annotation)
        path = f"{above}{name}"
        if not below:
            found.add(path)
        for one in below:
            if issubclass(one, InputWire):
                extra = set(one.model_fields) - set(InputWire.model_fields)
                found |= {path, *(f"inputs.*.{key}" for key in InputWire.model_fields)}
                found |= {f"{path}.{key}" for key in extra}
            elif one is GuardWire:
                found |= {f"guards.*.{key}" for key in one.model_fields}
            else:
                found |= keys_of(one, f"{path}.")
    return found


def test_every_key_is_there_and_no_other() -> None:
    table = {key.strip(" `") for row in table_rows(REFERENCE) for key in row[0].split(",") if len(row) == 2}
    status = set(Status("", "", dt.datetime.now(dt.UTC)).as_dict())
    keys = keys_of(NightlyWire)
    assert keys - table == set()
    assert status - table == set()
    assert table - keys - status == {"key"}


def test_the_example_is_a_config(tmp_path: Path) -> None:
    (text,) = [block.text for block in blocks(REFERENCE) if block.language == "yaml"]
    (tmp_path / "nightly.yaml").write_text(text, encoding="utf-8")
    assert read_config(tmp_path / "nightly.yaml").name == "nightly"


def test_guards_and_their_limits() -> None:
    rows = {row[0].strip("`"): row[2:] for row in table_rows(REFERENCE) if len(row) == 4}
    told = {
        guard: [("-" if limit is None else f"{limit:g}") for limit in (found.warn, found.refuse)]
        for guard, found in DEFAULT_LIMITS.items()
    }
    assert {guard: limits for guard, limits in rows.items() if guard != "guard"} == told


def test_states_that_are_told() -> None:
    named = set(inline(REFERENCE))
    assert {"published", "not-published", "dry-run", "crashed", "locked"} <= named
