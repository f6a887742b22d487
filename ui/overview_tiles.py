"""Rectangles of a treemap: areas in proportion, as square as they get (Bruls et al., 2000)."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Tile:
    """A rectangle; `x` and `y` are its lower left corner."""

    x: float
    y: float
    width: float
    height: float


def tiles(values: Sequence[float], *, width: float, height: float) -> list[Tile]:
    """One rectangle per value, in the given order, largest value first, from the top left.

    Values must be above zero.

    >>> [(tile.x, tile.y, tile.width) for tile in tiles([2, 1, 1], width=4, height=2)]
    [(0, 0.0, 2.0), (2.0, 1.0, 2.0), (2.0, 0.0, 2.0)]
    """
    scale = width * height / sum(values) if values else 0
    rest = Tile(0, 0, width, height)
    areas, made = [value * scale for value in values], []
    while areas:
        short = min(rest.width, rest.height)
        count = 1
        while count < len(areas) and _worst(areas[: count + 1], short) <= _worst(
            areas[:count], short
        ):
            count += 1
        row, rest = _row(areas[:count], rest)
        made += row
        areas = areas[count:]
    return made


def _worst(areas: Sequence[float], side: float) -> float:
    """The largest ratio of sides when the areas share a row along `side`."""
    total = sum(areas)
    return max(
        side * side * max(areas) / (total * total), total * total / (side * side * min(areas))
    )


def _row(areas: Sequence[float], rest: Tile) -> tuple[list[Tile], Tile]:
    """Tiles along the shorter side of what is left, and what is left then."""
    total, made = sum(areas), []
    if rest.width >= rest.height:  # a column at the left, filled from the top
        thick, top = total / rest.height, rest.y + rest.height
        for area in areas:
            top -= area / thick
            made.append(Tile(rest.x, top, thick, area / thick))
        return made, Tile(rest.x + thick, rest.y, max(rest.width - thick, 1e-9), rest.height)
    thick, left = total / rest.width, rest.x
    for area in areas:
        made.append(Tile(left, rest.y + rest.height - thick, area / thick, thick))
        left += area / thick
    return made, Tile(rest.x, rest.y, rest.width, max(rest.height - thick, 1e-9))
