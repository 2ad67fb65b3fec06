"""Names for the places of the map: the radicals that gather there, and the two continents of layouts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from glyffuser.data.characters import Character
from glyffuser.data.radical_names import RADICAL_NAMES

MAX_ISLANDS = 40
MIN_ISLAND_SIZE = 60
RADIUS = 0.22
"""Of a place, in standard deviations of the map."""

MIN_SHARE = 0.3


@dataclass(frozen=True)
class Island:
    """A place where one radical or layout prevails.

    Attributes:
        name: English.
        x, y: centre on the map.
        radical: number of the radical; 0 for a continent.
        count: characters of that radical there, or of that layout on the whole map.
        share: their part of all characters there.
    """

    name: str
    x: float
    y: float
    radical: int
    count: int
    share: float


def find_islands(characters: Sequence[Character], positions: np.ndarray) -> list[Island]:
    """For each radical the place where most of its characters stand together, if they prevail there."""
    radicals = np.array([character.radical for character in characters])
    found = [island for radical in np.unique(radicals) if (island := _island(int(radical), radicals, positions))]
    return sorted(found, key=lambda island: -island.count)[:MAX_ISLANDS]


def find_continents(characters: Sequence[Character], positions: np.ndarray) -> list[Island]:
    """Where the glyphs built left to right lie, and those built top to bottom: the medians of their places."""
    layouts = np.array([character.layout for character in characters])
    continents = []
    for layout in ("left-right", "top-bottom"):
        members = layouts == layout
        x, y = np.median(positions[members], axis=0)
        near = np.hypot(*(positions - (x, y)).T) < 1
        share = float((layouts[near] == layout).mean())
        continents.append(Island(layout, float(x), float(y), 0, int(members.sum()), share))
    return continents


def _island(radical: int, radicals: np.ndarray, positions: np.ndarray) -> Island | None:
    members = np.flatnonzero(radicals == radical)
    if len(members) < MIN_ISLAND_SIZE:
        return None
    own = positions[members]
    neighbours = np.array([(np.hypot(*(own - place).T) < RADIUS).sum() for place in own])
    centre = own[np.hypot(*(own - own[neighbours.argmax()]).T) < RADIUS].mean(axis=0)
    near = np.hypot(*(positions - centre).T) < RADIUS
    count = int((radicals[near] == radical).sum())
    share = float(count / near.sum())
    if count < MIN_ISLAND_SIZE / 2 or share < MIN_SHARE:
        return None
    return Island(RADICAL_NAMES[radical - 1], float(centre[0]), float(centre[1]), radical, count, share)
