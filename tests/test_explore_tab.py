import pytest

from glyffuser.data.characters import load_characters
from glyffuser.ui.explore_tab import find_by_word, summary


@pytest.fixture(scope="module")
def characters():
    return load_characters()


def test_words_are_found_whole(characters):
    hits = find_by_word(characters, "Gold")
    assert "金" in {c.char for c in hits}
    assert all("gold" in c.definition.lower() for c in hits)
    assert not any(c.definition == "goldfish" for c in hits)


def test_every_word_must_be_there(characters):
    both = find_by_word(characters, "metal ring")
    assert both and all("metal" in c.definition.lower() and "ring" in c.definition.lower() for c in both)
    assert len(both) < len(find_by_word(characters, "metal"))


def test_characters_find_themselves(characters):
    assert {c.char for c in find_by_word(characters, "河 山")} == {"河", "山"}


def test_nothing_finds_nothing(characters):
    assert find_by_word(characters, "") == find_by_word(characters, "qwertz") == []


@pytest.mark.parametrize(
    ("hits", "shown", "sentence"),
    [
        (0, 0, "No character has this word in its definition."),
        (1, 1, "1 character found."),
        (1234, 60, "1,234 characters found; the first 60 are shown."),
    ],
)
def test_the_number_of_hits_is_said(hits, shown, sentence):
    assert summary(hits, shown) == sentence
