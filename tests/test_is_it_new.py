from types import SimpleNamespace

import pytest
from PIL import Image

from glyffuser.data.characters import load_characters
from glyffuser.data.glyphs import GlyphRenderer
from glyffuser.map.files import MapFiles
from glyffuser.map.newness import Likeness
from glyffuser.images import encode_png
from glyffuser.ui.tabs.map import Landscape
from glyffuser.ui.components.frame_player import data_url
from glyffuser.ui.is_it_new import answer_with, verdict


@pytest.fixture(scope="module")
def answer(pipeline):
    return answer_with(Landscape(load_characters(), GlyphRenderer(), MapFiles.load(), pipeline))


def picked(picture: str | None) -> SimpleNamespace:
    return SimpleNamespace(picture=picture)


def test_a_picked_glyph_is_shown_with_five_real_ones(answer):
    pixels = GlyphRenderer().render_all("河")[0]
    html = answer(picked(data_url(encode_png(pixels), "image/png")))
    assert html.count("<figure") == 5 and "U+6CB3" in html and "Not new" in html


def test_no_glyph_gets_no_answer(answer):
    assert answer(picked(None)) == ""


@pytest.mark.parametrize("picture", ["nonsense", "data:image/png;base64,AAAA"])
def test_what_is_no_glyph_is_answered_with_a_sentence(answer, picture):
    assert "This glyph cannot be compared: " in answer(picked(picture))


def test_a_picture_of_another_size_is_answered_with_a_sentence(answer, tmp_path):
    Image.new("L", (64, 64)).save(tmp_path / "small.png")
    picture = data_url((tmp_path / "small.png").read_bytes(), "image/png")
    assert "128 by 128" in answer(picked(picture))


@pytest.mark.parametrize(
    ("likeness", "beginning"),
    [
        (Likeness([1, 2], 0.005, True, False), "Not new: "),
        (Likeness([1, 2], 0.07, False, True), "Hardly new: a variant of the first of these; only 7%"),
        (Likeness([1, 2], 0.71, False, False), "New: it is none of the real characters on the map. 71% of them"),
    ],
)
def test_the_verdict_says_how_near_the_nearest_is(likeness, beginning):
    assert verdict(likeness).startswith(beginning)
