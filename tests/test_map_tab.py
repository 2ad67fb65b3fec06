import dataclasses
import io
import re
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from messages import problems
from PIL import Image

from glyffuser.config import SampleConfig
from glyffuser.data.characters import Character, load_characters
from glyffuser.data.radical_names import radical_of
from glyffuser.map.search import NUM_NEAREST, find_by_word
from glyffuser.request import Request
from glyffuser.ui.figures import character_figure, radical_image
from glyffuser.ui.generation import denoise_request
from glyffuser.ui.protocol import GoMessage, LightMessage, PathMessage
from glyffuser.ui.streaming import from_data_url
from glyffuser.ui.tabs.map import BY_MEANING, BY_WORD, MapSearch, go_to, panel_of, stream_path, summary


@pytest.fixture(scope="module")
def characters():
    return load_characters()


def found(characters, query):
    return [characters[index] for index in find_by_word(characters, query)]


FIRST = {
    "fire": "火", "bird": "鳥", "gold": "金", "fish": "魚", "water": "水", "horse": "馬", "tree": "木樹",
    "mountain": "山", "river": "河", "woman": "女", "man": "人", "child": "童", "sun": "日", "moon": "月",
    "dog": "狗犬", "cat": "貓", "cow": "牛", "sheep": "羊", "pig": "豬", "tiger": "虎", "dragon": "龍", "snake": "蛇",
    "rain": "雨", "snow": "雪", "wind": "風", "stone": "石", "tea": "茶", "wine": "酒", "eye": "眼目", "ear": "耳",
    "hand": "手", "foot": "足", "mouth": "口", "heart": "心", "house": "家屋", "road": "路", "bamboo": "竹",
    "flower": "花", "grass": "草", "salt": "鹽", "book": "書", "to eat": "吃食", "see": "見", "walk": "走",
    "fly": "飛", "white": "白", "cloud": "雲", "metal": "金",
}  # fmt: skip
"""Characters that everybody expects among the first three."""


@pytest.mark.parametrize("query", FIRST)
def test_what_everybody_expects_comes_first(characters, query):
    assert {c.char for c in found(characters, query)[:3]} >= set(FIRST[query])


@pytest.mark.parametrize("query", ["fire", "bird", "gold", "fish", "water", "horse"])
def test_the_character_of_the_word_is_the_first_of_all(characters, query):
    assert found(characters, query)[0].char == FIRST[query]


def character_of(char, *senses, frequency=0, grade=0):
    return Character(ord(char), senses, 1, 1, "other", frequency=frequency, grade=grade)


def test_first_gloss_other_gloss_whole_word_part_of_a_word():
    characters = [
        character_of("㐀", "a goldfish", frequency=9),
        character_of("㐁", "made of gold", frequency=9),
        character_of("㐂", "metal, gold", frequency=9),
        character_of("㐃", "metal", "the gold (of alchemists)", frequency=8),
        character_of("㐄", "gold, metal"),
        character_of("㐅", "silver"),
    ]
    assert "".join(c.char for c in found(characters, "Gold")) == "㐄㐂㐃㐁㐀"


def test_common_characters_come_before_rare_ones():
    characters = [
        character_of("㐀", "gold"),
        character_of("丁", "gold"),
        character_of("七", "gold", grade=2),
        character_of("万", "gold", grade=1),
        character_of("丈", "gold", frequency=1),
    ]
    assert "".join(c.char for c in found(characters, "gold")) == "丈万七丁㐀"


def test_parts_are_beginnings_and_ends_of_words():
    characters = [character_of("㐀", "goldfish"), character_of("㐁", "fisherman"), character_of("㐂", "selfishness")]
    assert "".join(c.char for c in found(characters, "fish")) == "㐀㐁"


def test_short_words_are_not_looked_for_in_longer_ones(characters):
    assert all(re.search(r"\bi\b", c.definition.lower()) for c in found(characters, "i"))
    assert found([character_of("㐀", "a goldfish")], "go") == []


def test_every_word_must_be_there(characters):
    both = found(characters, "metal ring")
    assert both and all("metal" in c.definition.lower() and "ring" in c.definition.lower() for c in both)
    assert len(both) < len(find_by_word(characters, "metal"))


def test_nothing_finds_nothing(characters):
    assert find_by_word(characters, "") == find_by_word(characters, "qwertz") == []


@pytest.mark.parametrize(
    ("hits", "how", "has_words", "sentence"),
    [
        (0, BY_WORD, True, "No definition holds these words; try by meaning."),
        (0, BY_MEANING, False, "There are no English words here to search by, and none of the characters."),
        (1, BY_WORD, True, "1 character found, shown below the map."),
        (1234, BY_WORD, True, "1,234 characters found, shown below the map."),
        (60, BY_MEANING, True, "The 60 nearest characters, shown below the map."),
        (2, BY_MEANING, False, "2 characters found, shown below the map."),
    ],
)
def test_the_number_of_hits_is_said(hits, how, has_words, sentence):
    assert summary(hits, how, has_words) == sentence


@pytest.fixture(scope="module")
def search(app_context) -> MapSearch:
    return MapSearch(app_context)


def test_a_search_by_meaning_brings_the_nearest_first(search, characters):
    hits = search.find("happy", BY_MEANING)
    assert len(hits) == NUM_NEAREST and "happy" in characters[hits[0]].definition
    assert search.find("", BY_MEANING) == []


@pytest.mark.parametrize("how", [BY_WORD, BY_MEANING])
def test_characters_find_themselves(search, characters, how):
    assert {characters[index].char for index in search.find("河 山", how)} == {"河", "山"}
    both = search.find("河 dragon", how)
    assert characters[both[0]].char == "河" and all("dragon" in characters[i].definition for i in both[1:4])


def test_a_map_of_other_characters_is_refused(app_context, characters):
    with pytest.raises(ValueError, match="the map has 20592 glyphs, the data 20591: build it with .make map."):
        dataclasses.replace(app_context, characters=characters[1:])


@pytest.mark.parametrize("value", [-1, 20592, 1.5, "3", None, True])
def test_an_index_that_is_none_is_refused(app_context, value):
    with pytest.raises(gr.Error, match="no such character"):
        app_context.checked_index(value)


def test_messages_for_the_map_are_what_the_protocol_says(search):
    lit = search.light("fish")
    assert problems(lit, LightMessage) == [] and len(lit["indices"]) == len(lit["weights"]) == 400
    dark = search.light("")
    assert problems(dark, LightMessage) == [] and dark["indices"] is None and dark["id"] != lit["id"]
    assert problems(go_to(7), GoMessage) == [] and go_to(7) != go_to(7)


def test_the_path_ends_at_the_finished_glyph(app_context):
    request = Request("fish", [0], SampleConfig())
    frames = denoise_request(app_context.pipeline, request)
    always = SimpleNamespace(is_due=lambda: True)
    *before, (last, picture) = stream_path(app_context, request, frames, always)
    assert len(before) == SampleConfig().num_inference_steps - 1
    assert all(path["nearest"] is None and not isinstance(html, str) for path, html in before)
    assert problems(last, PathMessage) == [] and len(last["points"]) == SampleConfig().num_inference_steps
    assert "The glyph that was drawn" in picture and f'data-index="{last["nearest"]}"' in picture
    assert np.abs(last["points"]).max() < 3


def test_the_panel_shows_a_character_and_its_neighbours(app_context, characters):
    index = next(i for i, c in enumerate(characters) if c.char == "河")
    panel = panel_of(app_context, index)
    assert panel.count("<figure") == 9 and panel.count('data-action="go"') == 8
    assert "Radical 85 水: water · layout: left-right" in panel and 'data-action="generate"' in panel
    assert panel.count('alt="水 氵"') == 1


def test_a_figure_has_the_character_as_text_with_its_reading(app_context, characters):
    indices = {c.char: index for index, c in enumerate(characters) if c.char in "河一㐂"}
    figures = {char: character_figure(app_context, index) for char, index in indices.items()}
    assert '<span class="glyff-character" lang="zh">河</span> <span lang="zh-Latn">hé</span>' in figures["河"]
    assert '<img src="data:image/png;base64,' in figures["河"] and "U+6CB3 · 8 strokes" in figures["河"]
    assert "U+4E00 · 1 stroke<" in figures["一"]
    assert '㐂</span> <span lang="zh-Latn"></span>' in figures["㐂"]


@pytest.mark.parametrize(("number", "num_forms", "alt"), [(167, 3, "金 釒 钅"), (104, 1, "疒")])
def test_a_radical_is_drawn_in_all_its_forms(app_context, number, num_forms, alt):
    image = radical_image(app_context.renderer, radical_of(number))
    source, drawn_alt = re.search(r'src="([^"]+)" alt="([^"]+)"', image).groups()
    pixels = np.asarray(Image.open(io.BytesIO(from_data_url(source))))
    assert drawn_alt == alt and pixels.shape == (128, 128 * num_forms)
    first = np.asarray(app_context.renderer.render(alt[0]))
    assert np.array_equal(pixels[:, :128], first)
