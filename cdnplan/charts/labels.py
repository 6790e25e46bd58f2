"""Names beside points, as many as fit without covering each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

CHARACTER = 0.56
"""Width of an average letter, in sizes of the type."""
GAP = 3.0


@dataclass(frozen=True, slots=True)
class Label:
    """A text on the page: where its baseline starts or ends [px]."""

    text: str
    x: float
    y: float
    anchor: str


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle [px]."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Whether two rectangles share a point."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


def place_labels(
    points: Iterable[tuple[str, float, float, float]], page: Box, size: float, most: int, taken: list[Box]
) -> list[Label]:
    """Place names greedily.

    Parameters
    ----------
    points : iterable of (text, x, y, radius)
        The most important first [px].
    page : Box
        No label leaves it.
    size : float
        Of the type [px].
    most : int
        Labels at most.
    taken : list of Box
        Where nothing may be written. Filled with what is written.

    Returns
    -------
    list of Label
        Right, left, below or above of its point; a name that would cover another one is left out.
    """
    found: list[Label] = []
    for text, x, y, radius in points:
        if len(found) == most:
            break
        width = len(text) * size * CHARACTER
        away = radius + GAP
        for label in (
            Label(text, x + away, y + size * 0.35, "start"),
            Label(text, x - away, y + size * 0.35, "end"),
            Label(text, x, y + away + size * 0.8, "middle"),
            Label(text, x, y - away, "middle"),
        ):
            left = label.x - {"start": 0.0, "end": width, "middle": width / 2}[label.anchor]
            box = Box(left, label.y - size * 0.85, left + width, label.y + size * 0.25)
            inside = (
                box.left >= page.left
                and box.right <= page.right
                and box.top >= page.top
                and box.bottom <= page.bottom
            )
            if inside and not any(box.meets(other) for other in taken):
                taken.append(box)
                found.append(label)
                break
    return found
