"""Named regions of the map: islands, where one radical prevails, and continents, where one layout does."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from glyffuser.data.characters import Character
from glyffuser.data.radical_names import radical_of

MAX_ISLANDS = 40

MIN_ISLAND_SIZE = 60
"""Least number of characters of a radical for which an island is looked for; an island holds at least half as many."""

ISLAND_RADIUS = 0.22
"""In standard deviations of the map, as positions are."""

CONTINENT_RADIUS = 1.0

MIN_SHARE = 0.3
"""Least share of an island's characters that have its radical."""


@dataclass(frozen=True)
class Island:
    """A region where one radical or layout prevails.

    Attributes:
        name: key of the radical, or the layout.
        x: centre on the map.
        y: centre on the map.
        radical: number of the radical; 0 for a continent.
        count: characters of that radical in the region; for a continent, those of that layout on the whole map.
        share: share of the region's characters that have the radical or layout, in [0, 1].
    """

    name: str
    x: float
    y: float
    radical: int
    count: int
    share: float


def find_islands(characters: Sequence[Character], positions: np.ndarray) -> list[Island]:
    """Find each radical's densest region, if the radical prevails there; at most 40, largest first."""
    radicals = np.array([character.radical for character in characters])
    found = [_find_island(int(radical), radicals, positions) for radical in np.unique(radicals)]
    islands = [island for island in found if island is not None]
    return sorted(islands, key=lambda island: -island.count)[:MAX_ISLANDS]


def find_continents(characters: Sequence[Character], positions: np.ndarray) -> list[Island]:
    """Find the median position of the left-right glyphs, and that of the top-bottom glyphs."""
    layouts = np.array([character.layout for character in characters])
    continents = []
    for layout in ("left-right", "top-bottom"):
        members = layouts == layout
        x, y = np.median(positions[members], axis=0)
        near = _is_near(positions, np.array((x, y)), CONTINENT_RADIUS)
        share = float((layouts[near] == layout).mean())
        continents.append(Island(layout, float(x), float(y), 0, int(members.sum()), share))
    return continents


def _find_island(radical: int, radicals: np.ndarray, positions: np.ndarray) -> Island | None:
    """The mean position around the member with most other members near it; None if the radical does not prevail."""
    members = np.flatnonzero(radicals == radical)
    if len(members) < MIN_ISLAND_SIZE:
        return None
    own = positions[members]
    num_near = np.array([_is_near(own, position, ISLAND_RADIUS).sum() for position in own])
    centre = own[_is_near(own, own[num_near.argmax()], ISLAND_RADIUS)].mean(axis=0)
    near = _is_near(positions, centre, ISLAND_RADIUS)
    count = int((radicals[near] == radical).sum())
    share = float(count / near.sum())
    if count < MIN_ISLAND_SIZE / 2 or share < MIN_SHARE:
        return None
    return Island(radical_of(radical).key, float(centre[0]), float(centre[1]), radical, count, share)


def _is_near(positions: np.ndarray, centre: np.ndarray, radius: float) -> np.ndarray:
    """Which positions (glyphs, 2) lie within a radius of a centre (2,): bool (glyphs,)."""
    return np.hypot(*(positions - centre).T) < radius
