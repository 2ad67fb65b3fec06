"""Glyphs: placement, coverage, and refused characters."""

import random

import numpy as np
import pytest

from glyffuser.data import glyphs
from glyffuser.data.characters import load_characters
from glyffuser.data.glyphs import INK, PAPER, GlyphRenderer, find_font


@pytest.fixture(scope="module")
def renderer():
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("GLYFFUSER_FONT", raising=False)
        return GlyphRenderer()


@pytest.fixture(scope="module")
def chars():
    return [character.char for character in load_characters()]


def ink_box(pixels):
    """First and last column, first and last row with ink."""
    rows, columns = np.nonzero(pixels < PAPER)
    return columns.min(), columns.max(), rows.min(), rows.max()


def test_font_covers_every_character(renderer, chars):
    assert [char for char in chars if not renderer.supports(char)] == []


def test_no_ink_touches_the_border(renderer, chars):
    pixels = renderer.render_all(random.Random(0).sample(chars, 300))
    border = np.concatenate([pixels[:, 0], pixels[:, -1], pixels[:, :, 0], pixels[:, :, -1]], axis=1)
    assert border.shape == (300, 512)
    assert (border == PAPER).all()
    assert (pixels.min(axis=(1, 2)) < 64).all(), "each picture holds ink"


@pytest.mark.parametrize(
    ("char", "box"),
    [("一", (12, 115, 57, 66)), ("口", (22, 106, 23, 112)), ("国", (17, 110, 16, 114)), ("丨", (59, 68, 12, 114))],
)
def test_placement(renderer, char, box):
    assert np.abs(np.subtract(ink_box(np.asarray(renderer.render(char))), box)).max() <= 1


def test_picture_format(renderer):
    picture = renderer.render("口")
    assert (picture.mode, picture.size) == ("L", (128, 128))
    pixels = np.asarray(picture)
    assert pixels[0, 0] == PAPER and pixels[64, 64] == PAPER and pixels[64, 26] == INK


def test_same_picture_every_time(renderer, monkeypatch):
    monkeypatch.delenv("GLYFFUSER_FONT", raising=False)
    again = GlyphRenderer(find_font())
    assert np.array_equal(renderer.render_all("永国龘"), again.render_all(["永", "国", "龘"]))


def test_render_all_keeps_the_order(renderer):
    pixels = renderer.render_all(iter("一口"))
    assert pixels.shape == (2, 128, 128) and pixels.dtype == np.uint8
    assert np.array_equal(pixels[1], np.asarray(renderer.render("口")))
    assert renderer.render_all([]).shape == (0, 128, 128)


@pytest.mark.parametrize("char", ["\U0001f600", "\ue000", "ก"])
def test_unsupported_character_is_refused(renderer, char):
    assert not renderer.supports(char)
    with pytest.raises(ValueError, match=f"no glyph for .*U\\+{ord(char):04X}"):
        renderer.render(char)


@pytest.mark.parametrize("text", ["", "好人"])
def test_exactly_one_character_is_required(renderer, text):
    assert not renderer.supports(text)
    with pytest.raises(ValueError, match=f"exactly one character, not the {len(text)} of"):
        renderer.render(text)


def test_font_of_the_environment(monkeypatch, tmp_path):
    font = tmp_path / "other.otf"
    font.write_bytes(b"any bytes")
    monkeypatch.setenv("GLYFFUSER_FONT", str(font))
    assert find_font() == font
    with pytest.raises(ValueError, match="other.otf cannot be read as a font"):
        GlyphRenderer()


def test_missing_font_of_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("GLYFFUSER_FONT", str(tmp_path / "none.otf"))
    with pytest.raises(FileNotFoundError, match="none.otf is missing; set GLYFFUSER_FONT"):
        find_font()


def test_missing_font_package(monkeypatch):
    monkeypatch.delenv("GLYFFUSER_FONT", raising=False)
    monkeypatch.setattr(glyphs, "FONT_PACKAGE", "no_such_font_package")
    with pytest.raises(FileNotFoundError, match="pip install pylopdf-fonts-zh-cn==0.1.1"):
        find_font()
