"""Near names: what people type is often a part of the name."""

from __future__ import annotations

import pytest

from cdnplan.errors import nearest

SITES = ("ixp-paris-fr", "ixp-london-gb", "solishome-london-gb", "coraltel-lyon-fr")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("paris", "did you mean 'ixp-paris-fr'?"),
        ("Paris FR", "did you mean 'ixp-paris-fr'?"),
        ("fr-paris", "did you mean 'ixp-paris-fr'?"),
        ("london", "did you mean 'ixp-london-gb' or 'solishome-london-gb'?"),
        ("solish", "did you mean 'solishome-london-gb'?"),
        ("ixp-pariss-fr", "did you mean 'ixp-paris-fr'?"),
        ("IXP-LONDON-GB", "did you mean 'ixp-london-gb'?"),
    ],
)
def test_a_part_of_a_name(name: str, hint: str) -> None:
    assert nearest(name, SITES) == hint


def test_nothing_near() -> None:
    many = [f"site-{i:02d}-paris" for i in range(9)]
    assert nearest("madrid", many) == ""
    # Of too many that have the word, none is nearer than the others.
    assert nearest("paris", [*many, "ixp-lyon"]) == ""
    assert nearest("fr", SITES).startswith("known: ")
    assert nearest("--", SITES).startswith("known: ")
