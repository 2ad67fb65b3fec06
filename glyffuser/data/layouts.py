"""Layouts from the decompositions of cjk-decomp.txt, and what that table gets wrong about them.

Every character named here was looked at in Noto Sans SC, the font of the glyphs.
"""

import re
from dataclasses import dataclass

from glyffuser.data.characters import Layout

# A suffix says how components join: /t they touch, /m they are moulded together, /s they snap together, /o they
# overlap. Overlapping components (世, 丑) have no layout.
JOIN = "(?:/[tms])?"
LAYOUT_OPERATORS: dict[Layout, re.Pattern[str]] = {
    # a: across (的), ra: repeated across (林), r3a, r4a: 川, 灬, rrefl, rrefr: repeated and mirrored (北).
    "left-right": re.compile(f"(?:a|r[34]?a){JOIN}|rref[lr]"),
    # d: down (字), rd: repeated down (多), r3d: 彡, r3tr: repeated in a triangle (品), r4sq: in a square (㗊).
    "top-bottom": re.compile(f"(?:d|r3?d){JOIN}|r3tr|r4sq"),
    # s: all around (囚), with letters for the sides: stl (厂), sbl (辶), st (門), str (勹), sl (匚); rs: repeated (回).
    "surround": re.compile(f"r?s[tblr]*{JOIN}"),
}

WITHIN = "w"
"""Operator of a component within another (街, 裏)."""

PARTED: dict[Layout, str] = {"left-right": "行弜林玨絲誩辡雔𤲶", "top-bottom": "衣㗊"}
"""Components whose halves move apart for what is within: 行 of 街, 衣 of 裏."""

CLOSED = "囗匚勹門虍"
"""Components that enclose the next one also where the table has them side by side (問, 囷)."""

FRAMES = "冂几凵勹匚匸厂囗尸广廴户戶戸气疒耂虍辶門门鬥"
"""Components that enclose others, as characters of their own; the table takes them apart by strokes."""

CORRECTIONS: dict[Layout, str] = {
    "left-right": "䜪䜫䜬䜱鹇麒麟",
    "top-bottom": "名喣尽帑慰昼笾辱",
    "surround": f"{FRAMES}凡処剋在存成毩毬瓧瓩瓱甦",
    "other": "我戉戊火",
}
"""Characters whose operator in the table says something else."""


@dataclass(frozen=True, slots=True)
class Decomposition:
    """How a character is composed.

    Attributes:
        operator: of cjk-decomp.txt.
        outer: first component, a character or the number of one that is not encoded.
    """

    operator: str
    outer: str


def layout_of(char: str, decomposition: Decomposition | None) -> Layout:
    """Layout of a character; "other" if nothing is known of it."""
    if corrected := _layout_in(CORRECTIONS, char):
        return corrected
    if decomposition is None:
        return "other"
    if decomposition.operator == WITHIN:
        return _layout_in(PARTED, decomposition.outer) or "other"
    layout = operator_to_layout(decomposition.operator)
    return "surround" if layout == "left-right" and decomposition.outer in [*CLOSED] else layout


def operator_to_layout(operator: str) -> Layout:
    """Map an operator of cjk-decomp.txt to a layout; "other" if it implies none."""
    for layout, pattern in LAYOUT_OPERATORS.items():
        if pattern.fullmatch(operator):
            return layout
    return "other"


def _layout_in(table: dict[Layout, str], char: str) -> Layout | None:
    # a list, since "" and numbers of several digits are components, too
    return next((layout for layout, chars in table.items() if char in [*chars]), None)
