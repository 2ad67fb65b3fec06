"""Characters found by a word of their definition, by meaning, or by themselves."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from glyffuser.data.characters import Character
from glyffuser.data.definitions import split_outside_parentheses
from glyffuser.map.meanings import Meanings

NUM_NEAREST = 60
"""Characters that a search by meaning finds."""

LAST_LATIN = "\u024f"
"""Last code point of Latin Extended-B; letters beyond it are not English."""

MIN_PART = 3
"""Letters of the shortest query word that is found in longer words."""

EXTENSION_A = range(0x3400, 0x4DC0)
"""Block of the rarer characters, which came to Unicode later."""

WORD = re.compile(r"[a-z0-9']+")
ASIDE = re.compile(r"\([^()]*\)")
ARTICLE = re.compile(r"^(?:an?|the|to)\s+(?=.)")


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
        """Indices of the characters in the query, then of those that `find_by_word` finds."""
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
    """Indices of characters whose definition has every word of the query, the likeliest first; none without a word.

    First come those whose first gloss is the query, then those with another such gloss, then those that have the words
    as words, then those that have them at the beginning or end of longer words. Among each, common characters come
    before rare ones.
    """
    words = _words_of_gloss(query)
    if not words:
        return []
    ranks = {index: rank for index, character in enumerate(characters) if (rank := _rank(character, words)) is not None}
    return sorted(ranks, key=lambda index: (ranks[index], *rarity(characters[index])))


def _rank(character: Character, words: list[str]) -> int | None:
    """How well a character's definition answers the words of a query: 0 (best) to 3; None if it does not."""
    definition, query = character.definition.lower(), [_singular(word) for word in words]
    if not all(word in definition for word in query):
        return None
    glosses = glosses_of(character.senses)
    if query in glosses:
        return 0 if query == glosses[0] else 1
    found = {_singular(word) for word in WORD.findall(definition)}
    missing = [word for word in query if word not in found]
    if not missing:
        return 2
    return 3 if all(_is_part(word, found) for word in missing) else None


def _is_part(part: str, words: set[str]) -> bool:
    """Whether a word begins or ends so ("fish": "fisherman", "goldfish"); "tree" is no part of "street"."""
    return len(part) >= MIN_PART and any(word.startswith(part) or word.endswith(part) for word in words)


def glosses_of(senses: Iterable[str]) -> list[list[str]]:
    """The words of each gloss of a definition, in the singular, without asides and a leading article or "to"."""
    glosses = [gloss for sense in senses for gloss in split_outside_parentheses(sense, ",")]
    return [[_singular(word) for word in _words_of_gloss(ASIDE.sub("", gloss))] for gloss in glosses]


def _words_of_gloss(text: str) -> list[str]:
    return WORD.findall(ARTICLE.sub("", text.strip().lower()))


def _singular(word: str) -> str:
    """A word without the "s" of a plural, so that "cloud" finds "clouds"; no grammar, both sides are cut alike."""
    return word[:-1] if len(word) > MIN_PART and word.endswith("s") and not word.endswith("ss") else word


def rarity(character: Character) -> tuple[int, int, bool, int]:
    """Sort key, common characters first: by frequency, then grade of school, then block and code point."""
    return (
        -character.frequency,
        character.grade or 7,
        character.codepoint in EXTENSION_A,
        character.codepoint,
    )


def latin_of(query: str) -> str:
    """The part of a query that may be English."""
    return "".join(char for char in query if char <= LAST_LATIN).strip()


def _without_duplicates(*indices: list[int]) -> list[int]:
    return list(dict.fromkeys(index for part in indices for index in part))
