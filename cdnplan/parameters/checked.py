"""What values the numbers of a dataclass may have, and its check.

A number's type says what it may be: ``passes: Count = 8``. A dataclass that is `Checked` finds all its
numbers that are something else when it is made.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Annotated, Any, ClassVar, get_args, get_type_hints

from cdnplan.errors import InputError, Problem


@dataclass(frozen=True, slots=True)
class Within:
    """Values from `least` to `most`, both included; `whole`: integers only; `above`: not `least` itself.

    Examples
    --------
    >>> Within(0.0, 1.0).holds(1.5), Within(1, whole=True).holds(2.0)
    (False, False)
    >>> str(Within(1, whole=True))
    'a whole number of at least 1'
    """

    least: float = -math.inf
    most: float = math.inf
    whole: bool = False
    above: bool = False

    def holds(self, value: object) -> bool:
        """Whether a value is one of them."""
        if isinstance(value, bool) or not isinstance(value, Integral if self.whole else Real):
            return False
        return self.least <= float(value) <= self.most and not (self.above and value == self.least)

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        ends = []
        if math.isfinite(self.least):
            ends.append(f"{'above' if self.above else 'of at least'} {self.least:g}")
        if math.isfinite(self.most):
            ends.append(f"of at most {self.most:g}")
        return " ".join([kind, " and ".join(ends)]).strip()


Count = Annotated[int, Within(0, whole=True)]
"""How many or how often; 0: none, never."""
AtLeastOne = Annotated[int, Within(1, whole=True)]
"""How many or how often, once at least."""
Ratio = Annotated[float, Within(0.0, 1.0)]
"""A part of something."""
Factor = Annotated[float, Within(0.0)]
"""How many times something."""
Positive = Annotated[float, Within(0.0, above=True)]
"""Such a factor, but not 0."""
Logarithm = Annotated[float, Within(most=0.0)]
"""Of something that is at most 1."""
Ratios = Annotated[tuple[float, ...], Within(0.0, 1.0)]
Factors = Annotated[tuple[float, ...], Within(0.0)]
ThreeCounts = Annotated[tuple[int, int, int], Within(0, whole=True)]


class Checked:
    """Base of frozen dataclasses of numbers, which checks them.

    Attributes
    ----------
    RISING : tuple of tuples of str
        Names of numbers of which none may be below the one before.

    Raises
    ------
    InputError
        All numbers that are not what they may be.

    Examples
    --------
    >>> @dataclass(frozen=True)
    ... class Steps(Checked):
    ...     length: Annotated[float, Within(0.0, 1.0)] = 0.5
    >>> Steps(length=2.0)
    Traceback (most recent call last):
    cdnplan.errors.InputError: Steps.length: 2.0, expected a number of at least 0 and of at most 1
    """

    RISING: ClassVar[tuple[tuple[str, ...], ...]] = ()

    def __post_init__(self) -> None:
        problems = []
        for name, hint in get_type_hints(type(self), include_extras=True).items():
            for within in getattr(hint, "__metadata__", ()):
                problems += self._outside(name, within, get_args(hint.__origin__))
                self._normalise(name, within)
        for names in self.RISING:
            values = [getattr(self, name) for name in names]
            if not problems and values != sorted(values):
                found = ", ".join(map(str, values))
                problems.append(
                    self._problem(" ≤ ".join(names), f"{found}, expected none below the one before")
                )
        if problems:
            raise InputError(problems)

    def _outside(self, name: str, within: Within, kinds: tuple[object, ...]) -> list[Problem]:
        """What is wrong with a number, or with a tuple of numbers of such kinds."""
        value: Any = getattr(self, name)
        if not kinds:
            right, expected = within.holds(value), str(within)
        else:
            many = isinstance(value, tuple) and len(value) > 0
            right = many and (... in kinds or len(value) == len(kinds)) and all(map(within.holds, value))
            count = "numbers" if ... in kinds else f"{len(kinds)} numbers"
            expected = f"a tuple of {count}, each {within}"
        return [] if right else [self._problem(name, f"{value!r}, expected {expected}")]

    def _normalise(self, name: str, within: Within) -> None:
        """Make a number what its type says: kernels would be compiled anew for a 0 in the place of 0.0."""
        value, kind = getattr(self, name), int if within.whole else float
        if isinstance(value, tuple):
            object.__setattr__(self, name, tuple(kind(one) if within.holds(one) else one for one in value))
        elif within.holds(value):
            object.__setattr__(self, name, kind(value))

    def _problem(self, where: str, message: str) -> Problem:
        return Problem(message, path=f"{type(self).__name__}.{where}")
