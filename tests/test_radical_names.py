"""The table of radicals, against the Unicode standard, the data and the font."""

import unicodedata

import pytest

from glyffuser.data.characters import RADICALS, load_characters
from glyffuser.data.glyphs import GlyphRenderer
from glyffuser.data.probe import PROBE
from glyffuser.data.radical_names import RADICAL_TABLE, radical_of

KANGXI_RADICALS = 0x2F00
"""First code point of the block that has the 214 radicals in order, each with its name and its character."""

OTHER_THAN_UNICODE = {2: "vertical line", 139: "colour", 172: "short-tailed bird", 181: "head, page", 190: "long hair"}
"""Names that are not those of Unicode, checked by hand; Unicode calls 頁 a leaf."""

OF_ANOTHER_RADICAL = {"丷": 3, "卤": 25}
"""Forms that Unihan sorts under another radical when they stand alone."""


def test_there_is_a_row_for_every_radical_in_order():
    assert [radical.number for radical in RADICAL_TABLE] == list(RADICALS)
    assert len({radical.key for radical in RADICAL_TABLE}) == len({radical.name for radical in RADICAL_TABLE}) == 214
    forms = "".join(radical.forms for radical in RADICAL_TABLE)
    assert len(forms) == len(set(forms))


@pytest.mark.parametrize("radical", RADICAL_TABLE, ids=lambda radical: radical.key)
def test_characters_and_names_are_those_of_unicode(radical):
    standard = chr(KANGXI_RADICALS + radical.number - 1)
    assert radical.char == unicodedata.normalize("NFKC", standard)
    name = unicodedata.name(standard).removeprefix("KANGXI RADICAL ").lower()
    if radical.number in OTHER_THAN_UNICODE:
        assert radical.name == OTHER_THAN_UNICODE[radical.number] and name not in radical.name.split(", ")
    else:
        assert name in radical.name.split(", ")


def test_forms_are_sorted_under_their_radical():
    radicals = {character.char: character.radical for character in load_characters()} | OF_ANOTHER_RADICAL
    sorted_elsewhere = [
        (radical.number, form)
        for radical in RADICAL_TABLE
        for form in radical.forms
        if radicals.get(form, radical.number) not in (radical.number, OF_ANOTHER_RADICAL.get(form))
    ]
    assert sorted_elsewhere == []


def test_definitions_of_most_radicals_have_one_of_their_names():
    definitions = {character.char: character.definition for character in load_characters()}
    known = [radical for radical in RADICAL_TABLE if radical.char in definitions]
    named = [radical for radical in known if any(n in definitions[radical.char] for n in radical.name.split(", "))]
    assert len(named) > 0.8 * len(known) > 160


def test_the_font_has_every_form():
    renderer = GlyphRenderer()
    assert [form for radical in RADICAL_TABLE for form in radical.forms if not renderer.supports(form)] == []


@pytest.mark.parametrize(
    ("number", "forms", "name"),
    [
        (9, "人亻", "man, person"),
        (61, "心忄⺗", "heart"),
        (85, "水氵", "water"),
        (104, "疒", "sickness"),
        (149, "言訁讠", "speech, words"),
        (162, "辵辶", "walk"),
        (167, "金釒钅", "gold, metal"),
        (181, "頁页", "head, page"),
        (184, "食飠饣", "eat, food"),
        (196, "鳥鸟", "bird"),
        (214, "龠", "flute"),
    ],
)
def test_known_rows(number, forms, name):
    assert (radical_of(number).forms, radical_of(number).name) == (forms, name)


@pytest.mark.parametrize("number", [0, 215, -1])
def test_a_number_of_no_radical_is_refused(number):
    with pytest.raises(ValueError, match=f"from 1 to 214, not {number}"):
        radical_of(number)


def test_the_probe_words_are_keys_of_their_radicals():
    assert len(PROBE) == len({word for word, _radical in PROBE}) == 36
    assert all(radical_of(radical).key == word for word, radical in PROBE)
