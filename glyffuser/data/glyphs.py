"""Glyphs: pictures of characters, rendered with a font."""

import importlib.util
import io
import os
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from fontTools.ttLib import TTCollection, TTFont, TTLibError
from PIL import Image, ImageDraw, ImageFont

from glyffuser.config import GLYPH_SIZE, INK, PAPER, InputError
from glyffuser.data.characters import CODEPOINTS, Character
from glyffuser.images import uint8_to_x_0

FONT_PACKAGE = "pylopdf_fonts_zh_cn"
FONT_REQUIREMENT = "pylopdf-fonts-zh-cn==0.1.1"
FONT_NAME = "NotoSansSC-Regular.otf"
FONT_VARIABLE = "GLYFFUSER_FONT"

EM_SIZE = 112
"""Font size in pixels."""

PLACEHOLDER_MARGIN = 24
"""Pixels between a placeholder and the border."""

BASELINE_MIDDLE = (64, 106)
"""Pixel at the middle of the baseline. At this point and font size no character's ink touches the border."""


def find_font() -> Path:
    """Find the font file: the one that `GLYFFUSER_FONT` names, else Noto Sans SC of the installed font package.

    Raises:
        FileNotFoundError: if there is no such file.
    """
    if named := os.environ.get(FONT_VARIABLE):
        path, remedy = Path(named), f"set {FONT_VARIABLE} to a font file or unset it"
    else:
        path, remedy = _packaged_font(), f"run `pip install {FONT_REQUIREMENT}`"
    if not path.is_file():
        raise FileNotFoundError(f"The font {path} is missing; {remedy}.")
    return path


def _packaged_font() -> Path:
    spec = importlib.util.find_spec(FONT_PACKAGE)  # finds the folder without running the package's code
    folders = spec.submodule_search_locations if spec else None
    return Path(folders[0] if folders else FONT_PACKAGE) / FONT_NAME


@dataclass(frozen=True)
class Face:
    """A face of a font file.

    Attributes:
        index: its place in a collection; 0 in a file of one face.
        name: family, such as "Noto Sans CJK SC".
        codepoints: that it has glyphs for.
    """

    index: int
    name: str
    codepoints: frozenset[int]

    @property
    def rank(self) -> tuple[int, bool]:
        """Larger for the better one: more of the characters that we know, then shapes as in mainland China."""
        is_chinese = bool({"SC", "CN", "GB"} & set(self.name.split()))
        return len(self.codepoints.intersection(CODEPOINTS)), is_chinese


def read_face(data: bytes) -> Face:
    """The face of a font file, the best one of a collection (.ttc, .otc).

    Raises:
        TTLibError: if it is not a font.
    """
    if data[:4] != b"ttcf":
        return _face(0, TTFont(io.BytesIO(data), lazy=True))
    faces = [_face(index, font) for index, font in enumerate(TTCollection(io.BytesIO(data), lazy=True))]
    return max(faces, key=lambda face: face.rank)


def _face(index: int, font: TTFont) -> Face:
    name = font["name"].getBestFamilyName() if "name" in font else None
    return Face(index, name or "", frozenset(font.getBestCmap() or ()))


class GlyphRenderer:
    """Renders characters as black on white pictures of 128x128 pixels.

    Args:
        font_path: an OpenType or TrueType file, or a collection, whose best face is taken; `find_font()` if None.
        has_placeholders: whether a frame with a cross stands for a character that the font lacks, as a page needs it;
            else it is refused, as data need it.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is not a font.
    """

    def __init__(self, font_path: str | os.PathLike[str] | None = None, has_placeholders: bool = False) -> None:
        self._path = find_font() if font_path is None else Path(font_path)
        self._has_placeholders = has_placeholders
        data = self._path.read_bytes()
        try:
            face = read_face(data)
            # The basic layout gives the same pixels whether or not Pillow finds the optional Raqm library.
            self._font = ImageFont.truetype(
                io.BytesIO(data), EM_SIZE, index=face.index, layout_engine=ImageFont.Layout.BASIC
            )
        except (OSError, TTLibError, struct.error) as error:
            raise InputError(
                "font_unreadable", "{path} cannot be read as a font ({reason}).", path=self._path, reason=error
            ) from error
        self._codepoints = face.codepoints

    def supports(self, char: str) -> bool:
        """Whether `char` is one character that the font has a glyph for."""
        return len(char) == 1 and ord(char) in self._codepoints

    def check_all(self, characters: Iterable[str]) -> None:
        """Check that the font has a glyph for every character.

        Raises:
            ValueError: if it lacks some; the message counts them.
        """
        chars = list(characters)
        missing = [char for char in chars if not self.supports(char)]
        if len(missing) == 1:
            raise InputError("font_lacks_one", "The font has no glyph for {char}.", char=_spell(missing[0]))
        if missing:
            raise InputError(
                "font_lacks_many",
                "The font {path} has no glyph for {count:,} of {total:,} characters, {char} among them; name another "
                "one in {variable}.",
                path=self._path,
                count=len(missing),
                total=len(chars),
                char=_spell(missing[0]),
                variable=FONT_VARIABLE,
            )

    def render(self, char: str) -> Image.Image:
        """Render one character.

        Returns:
            Mode "L", 128x128, paper 255, ink 0.

        Raises:
            ValueError: if `char` is not exactly one character, or the font lacks it and there are no placeholders.
        """
        if len(char) != 1:
            raise ValueError(f"A glyph needs exactly one character, not the {len(char)} of {char!r}.")
        picture = Image.new("L", (GLYPH_SIZE, GLYPH_SIZE), PAPER)
        if self._has_placeholders and not self.supports(char):
            return _draw_placeholder(picture)
        self.check_all([char])
        ImageDraw.Draw(picture).text(BASELINE_MIDDLE, char, fill=INK, font=self._font, anchor="ms")
        return picture

    def render_all(self, characters: Iterable[str]) -> np.ndarray:
        """Render characters one after the other, about 0.2 ms each.

        Returns:
            uint8 (characters, 128, 128), paper 255, ink 0.

        Raises:
            ValueError: as `render`, before the first one is drawn.
        """
        chars = list(characters)
        if not self._has_placeholders:
            self.check_all(chars)
        pixels = np.empty((len(chars), GLYPH_SIZE, GLYPH_SIZE), np.uint8)
        for index, char in enumerate(chars):
            pixels[index] = np.asarray(self.render(char))
        return pixels


def _draw_placeholder(picture: Image.Image) -> Image.Image:
    """A frame with a cross, as fonts draw a glyph that they lack."""
    draw, low, high = ImageDraw.Draw(picture), PLACEHOLDER_MARGIN, GLYPH_SIZE - 1 - PLACEHOLDER_MARGIN
    draw.rectangle((low, low, high, high), outline=INK, width=2)
    low, high = low + 2, high - 2  # the ends of a line are blunt
    draw.line((low, low, high, high), fill=INK, width=2)
    draw.line((low, high, high, low), fill=INK, width=2)
    return picture


def _spell(char: str) -> str:
    codepoints = " ".join(f"U+{ord(part):04X}" for part in char)
    return f"{char!r} ({codepoints})"


def render_glyphs(characters: Sequence[Character]) -> torch.Tensor:
    """Render characters with the default font: float32 (characters, 1, 128, 128) in [-1, 1]."""
    return uint8_to_x_0(GlyphRenderer().render_all(character.char for character in characters))
