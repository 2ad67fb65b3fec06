from types import SimpleNamespace

import pytest

from glyffuser.data.glyphs import GlyphRenderer
from glyffuser.newness import Newness
from glyffuser.ui.tabs.newness import answer_with, verdict


@pytest.fixture(scope="module")
def answer(app_context):
    app_context.finished.keep("a run", "river", GlyphRenderer().render_all("河"))
    return answer_with(app_context)


def picked(run: object, index: object) -> SimpleNamespace:
    return SimpleNamespace(_data={"run": run, "index": index})


def test_a_picked_glyph_is_shown_with_five_real_ones(answer):
    html = answer(picked("a run", 0))
    assert html.count("<figure") == 5 and "U+6CB3" in html and "Not new" in html


def test_no_glyph_gets_no_answer(answer):
    assert answer(picked("a run", None)) == ""


@pytest.mark.parametrize(("run", "index"), [("another", 0), ("a run", 1), ("a run", "0"), (None, 0), ({}, -1)])
def test_a_glyph_that_is_not_kept_is_answered_with_a_sentence(answer, run, index):
    assert "The server no longer has this run" in answer(picked(run, index))


@pytest.mark.parametrize(
    ("newness", "beginning"),
    [
        (Newness([1, 2], 1.0, 1.1, 0.005), "Not new: "),
        (Newness([1, 2], 1.0, 1.1, 0.07), "Hardly new: a variant of the first of these; only 7%"),
        (Newness([1, 2], 1.0, 1.1, 0.71), "New: it is none of the real characters on the map. 71% of them"),
    ],
)
def test_the_verdict_says_how_near_the_nearest_is(newness, beginning):
    assert verdict(newness).startswith(beginning)
