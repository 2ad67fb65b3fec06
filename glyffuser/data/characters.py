"""The characters of the data set, stored in `definitions.jsonl`, one per line."""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

DEFINITIONS_PATH = Path(__file__).with_name("definitions.jsonl")

CODEPOINTS = range(0x3400, 0xA000)
"""Extension A, the hexagrams (which have no definition) and the main block of CJK unified ideographs."""

RADICALS = range(1, 215)
"""Numbers of the Kangxi radicals."""

STROKES = range(1, 65)
"""Possible numbers of strokes."""

FREQUENCIES = range(1_000_000)
"""Possible numbers of occurrences; the corpus has fewer characters."""

GRADES = range(7)
"""Grades of primary school, and 0."""

Layout = Literal["left-right", "top-bottom", "surround", "other"]
Split = Literal["train", "held-out"]


@dataclass(frozen=True, slots=True)
class Character:
    """One character with its definition and properties.

    Attributes:
        codepoint: in U+3400-4DBF (extension A) or U+4E00-9FFF.
        senses: cleaned English, ASCII, at least one.
        radical: number in the Kangxi dictionary, 1 to 214.
        strokes: of the whole character, radical included.
        layout: arrangement of its components; "other" also where it is unknown.
        pinyin: customary Mandarin reading, with tone marks; "" if Unihan has none.
        frequency: occurrences in the corpus of Unihan's kHanyuPinlu; 0 if there is no count.
        grade: year of primary school in Hong Kong in which it is taught, 1 to 6; 0 if it is not.
        tags: languages and registers that its definition names, such as "Cantonese" or "dialect".
        is_simplified_radical: whether the radical has its simplified form (讠 for 言).
        is_weak: whether no sense says what the character means ("surname", "used in girl's name").
        split: side of the split; variants of a character and characters of equal definition are on the same side.

    Raises:
        ValueError: if a value is out of its range.
    """

    codepoint: int
    senses: tuple[str, ...]
    radical: int
    strokes: int
    layout: Layout
    pinyin: str = ""
    frequency: int = 0
    grade: int = 0
    tags: tuple[str, ...] = ()
    is_simplified_radical: bool = False
    is_weak: bool = False
    split: Split = "train"

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.codepoint not in CODEPOINTS:
            raise ValueError(f"codepoint must be in U+3400-9FFF, not {self.codepoint!r}")
        if not _are_senses(self.senses):
            raise ValueError(f"senses must be one or more non-empty strings, not {self.senses!r}")
        if self.radical not in RADICALS:
            raise ValueError(f"radical must be a whole number from 1 to {RADICALS[-1]}, not {self.radical!r}")
        if self.strokes not in STROKES:
            raise ValueError(f"strokes must be a whole number from 1 to {STROKES[-1]}, not {self.strokes!r}")
        if self.layout not in get_args(Layout):
            raise ValueError(f"layout must be one of {', '.join(get_args(Layout))}, not {self.layout!r}")
        if not isinstance(self.pinyin, str):
            raise ValueError(f"pinyin must be a string, not {self.pinyin!r}")
        if self.frequency not in FREQUENCIES:
            raise ValueError(f"frequency must be a whole number from 0 to {FREQUENCIES[-1]}, not {self.frequency!r}")
        if self.grade not in GRADES:
            raise ValueError(f"grade must be a whole number from 0 to {GRADES[-1]}, not {self.grade!r}")
        if self.split not in get_args(Split):
            raise ValueError(f"split must be one of {', '.join(get_args(Split))}, not {self.split!r}")

    @property
    def char(self) -> str:
        """The character itself."""
        return chr(self.codepoint)

    @property
    def definition(self) -> str:
        """All senses in one line."""
        return "; ".join(self.senses)


DEFAULTS = {
    field.name: field.default for field in dataclasses.fields(Character) if field.default is not dataclasses.MISSING
}
"""Defaults of the optional fields, by name."""


def load_characters(path: Path = DEFINITIONS_PATH) -> list[Character]:
    """Read all characters, sorted by codepoint.

    Raises:
        ValueError: if a line is damaged or out of order; the message has its number.
    """
    characters: list[Character] = []
    with open(path, encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                character = line_to_character(line)
                if characters and character.codepoint <= characters[-1].codepoint:
                    raise ValueError("out of order")
            except ValueError as error:
                raise ValueError(f"Line {number} of {path} is damaged ({error}); rebuild with `make data`.") from error
            characters.append(character)
    return characters


def save_characters(characters: Iterable[Character], path: Path) -> None:
    """Write characters, sorted by codepoint, one JSON object a line."""
    ordered = sorted(characters, key=lambda character: character.codepoint)
    with open(path, "w", encoding="utf-8", newline="\n") as lines:
        lines.writelines(f"{character_to_line(character)}\n" for character in ordered)


def character_to_line(character: Character) -> str:
    """Write one character as JSON: without fields that have their default, with "char" for human readers."""
    row: dict[str, Any] = {"char": character.char, **dataclasses.asdict(character)}
    kept = {name: value for name, value in row.items() if name not in DEFAULTS or value != DEFAULTS[name]}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def line_to_character(line: str) -> Character:
    """Read one character from JSON.

    Raises:
        ValueError: if the line is no JSON object, or a field is missing, unknown or out of range.
    """
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON: {error.msg}") from error
    if not isinstance(row, dict):
        raise ValueError("no JSON object")
    return _row_to_character(row)


def _row_to_character(row: Mapping[str, Any]) -> Character:
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    char = fields.pop("char", None)
    names = {field.name for field in dataclasses.fields(Character)}
    if wrong := sorted((names - DEFAULTS.keys() - fields.keys()) | (fields.keys() - names)):
        raise ValueError(f"missing or unknown: {', '.join(wrong)}")
    character = Character(**fields)
    if char not in (None, character.char):
        raise ValueError(f"codepoint {character.codepoint} is {character.char}, not {char}")
    return character


def _are_senses(value: object) -> bool:
    return isinstance(value, tuple) and len(value) > 0 and all(isinstance(sense, str) and sense for sense in value)
