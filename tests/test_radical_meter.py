import re

import pytest
import torch

from glyffuser.data.characters import load_characters
from glyffuser.data.glyphs import render_glyphs
from glyffuser.data.probe import PROBE
from glyffuser.images import x_0_to_uint8
from glyffuser.radicals import RadicalClassifier
from glyffuser.ui.radical_meter import SUGGESTED_FROM, likeliest_radical, radical_note, suggested_radical

SENTENCE = "These words suggest the radical 魚 (fish); a small network that reads radicals sees it in"


@pytest.fixture(scope="module")
def fishes() -> torch.Tensor:
    """Real glyphs with the fish radical, 195, that the classifier gets right."""
    glyphs = render_glyphs([c for c in load_characters() if c.radical == 195][:40])
    return glyphs[RadicalClassifier.load().top_k(glyphs, k=1)[:, 0] == 195]


def test_the_words_suggest_what_the_36_words_mean(pipeline):
    right = [likeliest_radical(pipeline, word)[0] == radical for word, radical in PROBE]
    assert sum(right) >= 32


def test_probabilities_are_some(pipeline):
    probabilities = pipeline.suggest_radicals(["gold", "a kind of fish"])
    assert probabilities.shape == (2, 215) and torch.allclose(probabilities.sum(dim=1), torch.ones(2), atol=1e-4)
    assert probabilities[:, 0].eq(0).all() and probabilities.argmax(dim=1).tolist() == [167, 195]


def test_real_glyphs_are_counted(app_context, fishes):
    water = render_glyphs([c for c in load_characters() if c.char in "河海湖"])
    glyphs = torch.cat([fishes[:5], water])
    assert radical_note(app_context, "fish", x_0_to_uint8(glyphs)) == f"{SENTENCE} 5 of 8."
    assert radical_note(app_context, "fish", x_0_to_uint8(water[:1])) == f"{SENTENCE} 0 of 1."


def test_words_that_leave_it_open_are_told_so(app_context, fishes):
    prompt = "computer"
    assert likeliest_radical(app_context.pipeline, prompt)[1] < SUGGESTED_FROM
    assert radical_note(app_context, prompt, x_0_to_uint8(fishes[:1])) == "These words leave the radical open."
    assert suggested_radical(app_context, prompt) == ": no clear radical"
    assert radical_note(app_context, "", x_0_to_uint8(fishes[:1])) == suggested_radical(app_context, "") == ""


def test_the_guess_is_drawn_and_named_with_how_sure_it_is(app_context):
    image = r'<img class="glyff-radical" src="data:image/png;base64,[^"]+" alt="魚 鱼">'
    suggested = suggested_radical(app_context, "fish")
    (sure,) = re.fullmatch(rf": the radical {image} fish \((\d+)% sure\)", suggested).groups()
    assert 50 < int(sure) <= 100


def test_the_radical_of_heads_is_no_leaf(app_context):
    likeliest = next(word for word in ("leaf", "forehead", "neck", "head") if _number(app_context, word) == 181)
    assert " head, page (" in suggested_radical(app_context, likeliest)


def _number(context, word):
    number, probability = likeliest_radical(context.pipeline, word)
    return number if probability >= SUGGESTED_FROM else 0
