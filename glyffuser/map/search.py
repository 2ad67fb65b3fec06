"""Characters found by a word of their definition, by meaning, or by themselves."""

import re
from dataclasses import dataclass

import numpy as np

from glyffuser.data.characters import Character
from glyffuser.map.meanings import Meanings

NUM_NEAREST = 60
"""Characters that a search by meaning finds."""

LAST_LATIN = "\u024f"
"""Last code point of Latin Extended-B; letters beyond it are not English."""


@dataclass(frozen=True)
class Search:
    """Searches all characters.

    Attributes:
        characters: in code point order.
        meanings: sentence vectors of their definitions.
    """

    characters: list[Character]
    meanings: Meanings

    def by_word(self, query: str) -> list[int]:
        """Indices of the characters in the query, then of those whose definition has all of its words."""
        return _without_duplicates(self._themselves(query), find_by_word(self.characters, latin_of(query)))

    def by_meaning(self, query: str, sentence_vector: np.ndarray) -> list[int]:
        """Indices of the characters in the query, then of the nearest definitions.

        Args:
            query: what was typed.
            sentence_vector: float32 (text_channels,), that of `latin_of(query)`, which is not empty.
        """
        nearest = self.meanings.nearest(sentence_vector, NUM_NEAREST)[0].tolist()
        return _without_duplicates(self._themselves(query), nearest)

    def _themselves(self, query: str) -> list[int]:
        return [index for index, character in enumerate(self.characters) if character.char in query]


def find_by_word(characters: list[Character], query: str) -> list[int]:
    """Indices of characters whose definition has every word of the query, in order; none without a word."""
    words = set(re.findall(r"[a-z0-9']+", query.lower()))
    patterns = [re.compile(rf"\b{re.escape(word)}\b", re.IGNORECASE) for word in words]
    return [
        index
        for index, character in enumerate(characters)
        if patterns and all(pattern.search(character.definition) for pattern in patterns)
    ]


def latin_of(query: str) -> str:
    """The part of a query that may be English."""
    return "".join(char for char in query if char <= LAST_LATIN).strip()


def _without_duplicates(*indices: list[int]) -> list[int]:
    return list(dict.fromkeys(index for part in indices for index in part))
