"""What every sequence of edits has to keep."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from cdnplan.errors import InputError
from cdnplan.inputs.edits.editor import edit_topology
from cdnplan.inputs.edits.language import parse_operation
from cdnplan.inputs.topology.topology_reader import read_topology
from cdnplan.inputs.topology.topology_writer import topology_text
from cdnplan.model.network.topology import Topology
from tests.inputs.edits.decorated import comments
from tests.inputs.edits.random_edits import unmarked


def check_sequence(path: Path, texts: list[str], wanted: Topology, scratch: Path) -> bool:
    """Compare text and model after a sequence; what the model makes invalid has to be refused.

    Returns
    -------
    bool
        Whether the edits were accepted.
    """
    scratch.write_text(topology_text(wanted), encoding="utf-8")
    operations = [parse_operation(text) for text in texts]
    try:
        wanted = read_topology(scratch)
    except InputError:
        with pytest.raises(InputError):
            edit_topology(path, operations)
        return False
    edited = edit_topology(path, operations)
    assert unmarked(edited.topology) == unmarked(wanted), texts
    before = path.read_text(encoding="utf-8")
    after = edited.files[0].after if edited.files else before
    # A comment that stood in what was removed says so before its own words.
    left = Counter(
        comment.partition("(removed: ")[2].partition(") ")[2] or comment for comment in comments(after)
    )
    assert Counter(comments(before)) - left == Counter(), texts
    return True
