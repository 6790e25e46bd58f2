"""Numbers that steer how plans are made: what they may be is checked, and each is explained."""

from __future__ import annotations

import inspect
import re
from dataclasses import FrozenInstanceError, fields, replace
from itertools import pairwise
from typing import Any, get_type_hints

import numpy as np
import pytest

from cdnplan.errors import InputError
from cdnplan.parameters.checked import Checked, Within
from cdnplan.parameters.closing import RoundingParameters
from cdnplan.parameters.parameters import DEFAULTS, Parameters
from cdnplan.parameters.parts import Parts
from cdnplan.parameters.passes import PriceParameters
from tests.conftest import ROOT

KINDS = [type(getattr(DEFAULTS, kind.name)) for kind in fields(Parameters)]
CHECKED = [kind for kind in KINDS if issubclass(kind, Checked)]


@pytest.mark.parametrize("kind", CHECKED, ids=lambda kind: kind.__name__)
def test_every_number_is_checked(kind: type[Any]) -> None:
    """Each has a range; text, truth values and numbers outside of it are found, all at once."""
    hints = get_type_hints(kind, include_extras=True)
    wrong: dict[str, object] = {}
    for one in fields(kind):
        (within,) = hints[one.name].__metadata__
        assert isinstance(within, Within)
        many = isinstance(one.default, tuple)
        for value in ("1", True, None, float("nan"), within.least - 1.0, within.most + 1.0):
            if value in (float("inf"), float("-inf")):
                continue
            wrong[one.name] = (value,) if many else value
            with pytest.raises(InputError) as raised:
                kind(**{one.name: wrong[one.name]})
            assert f"{kind.__name__}.{one.name}: " in str(raised.value)
    with pytest.raises(InputError) as raised:
        kind(**wrong)
    assert len(raised.value.problems) == len(wrong)


@pytest.mark.parametrize("kind", CHECKED, ids=lambda kind: kind.__name__)
def test_numbers_that_rise_do(kind: type[Any]) -> None:
    for names in kind.RISING:
        for low, high in pairwise(names):
            with pytest.raises(InputError, match="expected none below the one before"):
                kind(**{low: getattr(kind, high), high: getattr(kind, low)})


@pytest.mark.parametrize("kind", [*KINDS, Parameters], ids=lambda kind: kind.__name__)
def test_every_number_is_explained(kind: type[Any]) -> None:
    told = re.findall(r"^(\w+(?:, \w+)*) : ", inspect.cleandoc(kind.__doc__), re.MULTILINE)
    assert [name for names in told for name in names.split(", ")] == [one.name for one in fields(kind)]


def test_they_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        DEFAULTS.prices.cooling = 0.5  # type: ignore[misc]


def test_whole_numbers_will_do_where_others_may_be() -> None:
    """But kernels are given what they were compiled for."""
    prices, rounding = (
        PriceParameters(momentum=0, warm_passes=np.int64(3)),
        RoundingParameters(stages=(2, 4.0)),
    )
    assert (type(prices.momentum), type(prices.warm_passes)) == (float, int)
    assert [type(one) for one in rounding.stages] == [float, float]


def test_people_are_told_what_was_expected() -> None:
    with pytest.raises(InputError) as raised:
        PriceParameters(cooling=1.5, newton_steps=2.5)  # type: ignore[arg-type]
    assert str(raised.value).splitlines() == [
        "PriceParameters.cooling: 1.5, expected a number of at least 0 and of at most 1",
        "PriceParameters.newton_steps: 2.5, expected a whole number of at least 0",
    ]
    with pytest.raises(InputError, match="expected a tuple of 3 numbers, each a whole number of at least 0"):
        RoundingParameters(ranks=(1, 2))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="expected a tuple of numbers, each a number of at least 0"):
        RoundingParameters(stages=())
    with pytest.raises(InputError, match="no part 'mastr'; did you mean 'master'"):
        Parts.without("mastr")


def test_some_are_set_and_others_stay() -> None:
    set_once = Parameters(prices=PriceParameters(cooling=0.7), parts=Parts.without("tree"))
    assert replace(set_once, prices=PriceParameters(), parts=Parts()) == DEFAULTS
    assert not set_once.parts.tree and set_once.prices.momentum == DEFAULTS.prices.momentum


def test_documents_name_numbers_that_there_are() -> None:
    kinds = "|".join(one.name for one in fields(Parameters))
    text = (ROOT / "docs" / "method.md").read_text(encoding="utf-8")
    named = re.findall(rf"`({kinds})\.(\w+)`", text)
    assert len(named) > 50
    # A dot also stands before the ending of a file.
    named = [(kind, name) for kind, name in named if name != "py"]
    assert [f"{kind}.{name}" for kind, name in named if not hasattr(getattr(DEFAULTS, kind), name)] == []
