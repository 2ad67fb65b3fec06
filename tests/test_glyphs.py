"""Glyphs: placement, coverage, and refused characters."""

import random

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection

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


# fonts that are not the usual one


def build_font(chars, family, width):
    """A font whose glyphs are bars of a width, in units of a thousandth of the font size."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for corner in [(0, 500), (width, 500), (width, 0)]:
        pen.lineTo(corner)
    pen.closePath()
    names = [".notdef", *(f"uni{ord(char):04X}" for char in chars)]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(char): name for char, name in zip(chars, names[1:], strict=True)})
    builder.setupGlyf(dict.fromkeys(names, pen.glyph()))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (1000, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    return builder.font


@pytest.fixture
def collection(tmp_path):
    """Saves fonts as a collection."""

    def save(*fonts):
        file = TTCollection()
        file.fonts = list(fonts)
        file.save(tmp_path / "all.ttc")
        return tmp_path / "all.ttc"

    return save


def ink_width(renderer, char):
    first, last, _, _ = ink_box(np.asarray(renderer.render(char)))
    return last - first + 1


def test_the_face_of_a_collection_that_has_the_characters_is_taken(collection):
    path = collection(build_font("abc", "Latin", 300), build_font("一口", "Few", 500), build_font("一", "One", 700))
    renderer = GlyphRenderer(path)
    assert renderer.supports("口") and not renderer.supports("a")
    assert ink_width(renderer, "一") == pytest.approx(0.5 * glyphs.EM_SIZE, abs=1)


def test_of_faces_with_the_same_characters_that_of_mainland_china_is_taken(collection):
    path = collection(
        *(build_font("一口", f"Sans CJK {region}", 300 + 200 * i) for i, region in enumerate(["JP", "SC", "TC"]))
    )
    assert ink_width(GlyphRenderer(path), "一") == pytest.approx(0.5 * glyphs.EM_SIZE, abs=1)


def test_a_cut_off_collection_is_refused_in_one_sentence(collection):
    path = collection(build_font("一", "A", 300), build_font("一", "B", 500))
    for length in (4, 14, 40, 200):
        cut = path.with_name("cut.ttc")
        cut.write_bytes(path.read_bytes()[:length])
        with pytest.raises(ValueError, match=r"cut\.ttc cannot be read as a font"):
            GlyphRenderer(cut)


@pytest.fixture
def small_font(tmp_path):
    build_font("一口", "Small", 500).save(tmp_path / "small.ttf")
    return tmp_path / "small.ttf"


def test_data_are_not_drawn_with_a_font_that_lacks_characters(small_font):
    renderer = GlyphRenderer(small_font)
    expected = (
        r"small\.ttf has no glyph for 2 of 3 characters, '二' .U\+4E8C. among them; name another one in GLYFFUSER_FONT"
    )
    with pytest.raises(ValueError, match=expected):
        renderer.render_all("一二三")
    with pytest.raises(ValueError, match="no glyph for '二'"):
        renderer.render("二")


def test_a_page_draws_a_placeholder_for_a_character_that_the_font_lacks(small_font):
    renderer = GlyphRenderer(small_font, has_placeholders=True)
    one, other, drawn = renderer.render_all("二三一")
    assert np.array_equal(one, other) and not np.array_equal(one, drawn)
    assert ink_box(one) == (24, 103, 24, 103) and one[64, 64] == INK
    with pytest.raises(ValueError, match="has no glyph for '二'"):
        renderer.check_all(["二"])
    with pytest.raises(ValueError, match="exactly one character"):
        renderer.render("二三")
