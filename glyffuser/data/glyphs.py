"""Glyphs: pictures of characters, rendered with a font."""

import importlib.util
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from fontTools.ttLib import TTFont, TTLibError
from PIL import Image, ImageDraw, ImageFont

from glyffuser.config import GLYPH_SIZE, INK, PAPER
from glyffuser.data.characters import Character
from glyffuser.images import uint8_to_x_0

FONT_PACKAGE = "pylopdf_fonts_zh_cn"
FONT_REQUIREMENT = "pylopdf-fonts-zh-cn==0.1.1"
FONT_NAME = "NotoSansSC-Regular.otf"
FONT_VARIABLE = "GLYFFUSER_FONT"

EM_SIZE = 112
"""Font size in pixels."""

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


class GlyphRenderer:
    """Renders characters as black on white pictures of 128x128 pixels.

    Args:
        font_path: an OpenType or TrueType file; `find_font()` if None.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is not a font.
    """

    def __init__(self, font_path: str | os.PathLike[str] | None = None) -> None:
        path = find_font() if font_path is None else Path(font_path)
        data = path.read_bytes()
        try:
            # The basic layout gives the same pixels whether or not Pillow finds the optional Raqm library.
            self._font = ImageFont.truetype(io.BytesIO(data), EM_SIZE, layout_engine=ImageFont.Layout.BASIC)
            self._codepoints = frozenset(TTFont(io.BytesIO(data), lazy=True).getBestCmap() or ())
        except (OSError, TTLibError) as error:
            raise ValueError(f"{path} cannot be read as a font ({error}).") from error

    def supports(self, char: str) -> bool:
        """Whether `char` is one character that the font has a glyph for."""
        return len(char) == 1 and ord(char) in self._codepoints

    def render(self, char: str) -> Image.Image:
        """Render one character.

        Returns:
            Mode "L", 128x128, paper 255, ink 0.

        Raises:
            ValueError: if `char` is not exactly one character, or the font lacks it.
        """
        if len(char) != 1:
            raise ValueError(f"A glyph needs exactly one character, not the {len(char)} of {char!r}.")
        if not self.supports(char):
            raise ValueError(f"The font has no glyph for {char!r} (U+{ord(char):04X}).")
        picture = Image.new("L", (GLYPH_SIZE, GLYPH_SIZE), PAPER)
        ImageDraw.Draw(picture).text(BASELINE_MIDDLE, char, fill=INK, font=self._font, anchor="ms")
        return picture

    def render_all(self, characters: Iterable[str]) -> np.ndarray:
        """Render characters one after the other, about 0.2 ms each.

        Returns:
            uint8 (characters, 128, 128), paper 255, ink 0.

        Raises:
            ValueError: as `render`.
        """
        chars = list(characters)
        pixels = np.empty((len(chars), GLYPH_SIZE, GLYPH_SIZE), np.uint8)
        for index, char in enumerate(chars):
            pixels[index] = np.asarray(self.render(char))
        return pixels


def render_glyphs(characters: Sequence[Character]) -> torch.Tensor:
    """Render characters with the default font: float32 (characters, 1, 128, 128) in [-1, 1]."""
    return uint8_to_x_0(GlyphRenderer().render_all(character.char for character in characters))
