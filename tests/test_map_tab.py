import dataclasses
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest

from glyffuser.config import SampleConfig
from glyffuser.data.characters import load_characters
from glyffuser.data.glyphs import GlyphRenderer
from glyffuser.map.files import MapFiles
from glyffuser.ui.tabs.map import (
    BY_MEANING,
    BY_WORD,
    NUM_NEAREST,
    Landscape,
    checked_index,
    cleaned,
    find_by_word,
    panel_of,
    stream_path,
    summary,
)


@pytest.fixture(scope="module")
def characters():
    return load_characters()


def found(characters, query):
    return [characters[index] for index in find_by_word(characters, query)]


def test_words_are_found_whole(characters):
    hits = found(characters, "Gold")
    assert "金" in {c.char for c in hits}
    assert all("gold" in c.definition.lower() for c in hits)
    assert not any(c.definition == "goldfish" for c in hits)


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
def landscape(characters, pipeline):
    return Landscape(characters, GlyphRenderer(), MapFiles.load(), pipeline)


def test_a_search_by_meaning_brings_the_nearest_first(landscape, characters):
    hits = landscape.search("happy", BY_MEANING)
    assert len(hits) == NUM_NEAREST and "happy" in characters[hits[0]].definition
    assert landscape.search("", BY_MEANING) == []


@pytest.mark.parametrize("how", [BY_WORD, BY_MEANING])
def test_characters_find_themselves(landscape, characters, how):
    assert {characters[index].char for index in landscape.search("河 山", how)} == {"河", "山"}
    both = landscape.search("河 dragon", how)
    assert characters[both[0]].char == "河" and all("dragon" in characters[i].definition for i in both[1:4])


def test_a_map_of_other_characters_is_refused(landscape, characters):
    with pytest.raises(ValueError, match="the map has 20592 glyphs, the data 20591: build it with .make map."):
        dataclasses.replace(landscape, characters=characters[1:])


def test_what_is_wrong_with_a_text_is_said():
    assert cleaned("  a   fish ") == ("a fish", "") and cleaned(None) == ("", "")
    text, wrong = cleaned("x" * 201)
    assert text == "" and "The prompt has 201 characters" in wrong


@pytest.mark.parametrize("value", [-1, 20592, 1.5, "3", None, True])
def test_an_index_that_is_none_is_refused(landscape, value):
    with pytest.raises(gr.Error, match="no such character"):
        checked_index(value, landscape)


def test_the_path_ends_at_the_finished_glyph(landscape, monkeypatch):
    monkeypatch.setattr("glyffuser.ui.tabs.map.Throttle", lambda: SimpleNamespace(is_due=lambda: True))
    *before, (last, picture) = stream_path(landscape, "fish", 0)
    assert len(before) == SampleConfig().num_inference_steps - 1
    assert all(html is None and path["nearest"] is None for path, html in before)
    assert len(last["points"]) == SampleConfig().num_inference_steps and last["kind"] == "path"
    assert "The glyph that was drawn" in picture and f'data-index="{last["nearest"]}"' in picture
    assert np.abs(last["points"]).max() < 3


def test_the_panel_shows_a_character_and_its_neighbours(landscape, characters):
    index = next(i for i, c in enumerate(characters) if c.char == "河")
    panel = panel_of(landscape, index)
    assert panel.count("<figure") == 9 and panel.count('data-action="go"') == 8
    assert "water (radical 85), left-right" in panel and 'data-action="generate"' in panel
