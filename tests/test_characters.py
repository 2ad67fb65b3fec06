"""The committed characters, and the errors for a damaged file."""

import json
from collections import Counter

import pytest

from glyffuser.data.characters import (
    DEFINITIONS_PATH,
    Character,
    character_to_line,
    line_to_character,
    load_characters,
    save_characters,
)

# Characters of 2014 and later, which the table of decompositions lacks.
WITHOUT_DECOMPOSITION = "鿃鿌鿍鿎鿏鿐鿒鿓鿔鿕鿫鿬鿭"
GOOD_LINE = '{"char":"好","codepoint":22909,"senses":["good"],"radical":38,"strokes":6,"layout":"left-right"}'


@pytest.fixture(scope="module")
def characters():
    return load_characters()


def test_counts(characters):
    assert len(characters) == 20_592
    assert sum(character.split == "held-out" for character in characters) == 513
    assert sum(character.is_weak for character in characters) == 158
    assert sum(character.is_simplified_radical for character in characters) == 1_181
    assert sum(len(character.senses) for character in characters) == 36_593
    assert Counter(character.layout for character in characters) == {
        "left-right": 14_020, "top-bottom": 4_525, "surround": 1_785, "other": 262,
    }  # fmt: skip


def test_known_characters(characters):
    known = {character.char: character for character in characters}
    assert known["好"].definition == "good, excellent, fine; well"
    assert (known["好"].radical, known["好"].strokes, known["好"].layout) == (38, 6, "left-right")
    assert (known["语"].is_simplified_radical, known["語"].is_simplified_radical) == (True, False)
    assert [known[char].layout for char in "字品国進"] == ["top-bottom", "top-bottom", "surround", "surround"]
    assert (known["火"].pinyin, known["火"].frequency, known["火"].grade) == ("huǒ", 956, 1)
    assert (known["㐂"].pinyin, known["㐂"].frequency, known["㐂"].grade) == ("", 0, 0)
    assert known["铝"].definition == known["鋁"].definition == "aluminium/aluminum (element 13, Al)"
    assert known["嶼"].tags == ("Cantonese",)
    assert known["鑫"].is_weak and not known["好"].is_weak


def test_characters_unknown_to_the_decompositions_have_another_layout(characters):
    layouts = {character.char: character.layout for character in characters}
    assert [layouts[char] for char in WITHOUT_DECOMPOSITION] == ["other"] * 13


def test_codepoints_ascend_in_range(characters):
    codepoints = [character.codepoint for character in characters]
    assert codepoints == sorted(set(codepoints))
    assert all(0x3400 <= codepoint <= 0x4DBF or 0x4E00 <= codepoint <= 0x9FFF for codepoint in codepoints)


def test_no_definition_is_on_both_sides_of_the_split(characters):
    sides = {
        split: {character.definition.lower() for character in characters if character.split == split}
        for split in ("train", "held-out")
    }
    assert len(sides["train"]) > 10_000
    assert not sides["train"] & sides["held-out"]


@pytest.mark.parametrize("pair", ["铝鋁", "语語", "东東", "马馬", "龙龍", "国國"])
def test_simplified_and_traditional_are_on_the_same_side(characters, pair):
    splits = {character.split for character in characters if character.char in pair}
    assert len(splits) == 1


def test_every_radical_occurs(characters):
    assert {character.radical for character in characters} == set(range(1, 215))


def test_saving_gives_the_committed_file(characters, tmp_path):
    save_characters(reversed(characters), tmp_path / "again.jsonl")
    assert (tmp_path / "again.jsonl").read_bytes() == DEFINITIONS_PATH.read_bytes()


def test_line_round_trip():
    character = Character(
        codepoint=ord("讠"), senses=("to say", "speech"), radical=149, strokes=2, layout="other",
        tags=("Cantonese",), is_simplified_radical=True, is_weak=True, split="held-out",
    )  # fmt: skip
    assert line_to_character(character_to_line(character)) == character
    assert json.loads(character_to_line(character))["char"] == "讠"


def test_defaults_are_not_written():
    assert character_to_line(line_to_character(GOOD_LINE)) == GOOD_LINE


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (GOOD_LINE[:40], "no JSON"),
        ("", "no JSON"),
        ("[1, 2]", "no JSON object"),
        (GOOD_LINE.replace('"radical":38,', ""), "missing or unknown: radical"),
        (GOOD_LINE.replace("strokes", "stroke"), "missing or unknown: stroke, strokes"),
        (GOOD_LINE.replace("38", "215"), "radical must be a whole number from 1 to 214, not 215"),
        (GOOD_LINE.replace("38", '"38"'), "radical must be a whole number from 1 to 214, not '38'"),
        (GOOD_LINE.replace('["good"]', "[]"), "senses must be one or more non-empty strings"),
        (GOOD_LINE.replace('["good"]', '"good"'), "senses must be"),
        (GOOD_LINE.replace("left-right", "round"), "layout must be one of"),
        (GOOD_LINE.replace("}", ',"split":"val"}'), "split must be one of train, held-out, not 'val'"),
        (GOOD_LINE.replace(":6", ":0"), "strokes must be a whole number from 1 to 64, not 0"),
        (GOOD_LINE.replace("}", ',"pinyin":3}'), "pinyin must be a string, not 3"),
        (GOOD_LINE.replace("}", ',"frequency":-1}'), "frequency must be a whole number from 0 to 999999, not -1"),
        (GOOD_LINE.replace("}", ',"grade":"1"}'), "grade must be a whole number from 0 to 6, not '1'"),
        (GOOD_LINE.replace("22909", "65"), "codepoint must be in U+3400-9FFF, not 65"),
        (GOOD_LINE.replace("22909", '"22909"'), "codepoint must be in U+3400-9FFF, not '22909'"),
        (GOOD_LINE.replace("22909", "22910"), "codepoint 22910 is 奾, not 好"),
        (GOOD_LINE, "out of order"),
    ],
)
def test_damaged_line_is_named(tmp_path, line, complaint):
    path = tmp_path / "definitions.jsonl"
    path.write_text(f"{GOOD_LINE}\n{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="is damaged") as caught:
        load_characters(path)
    message = str(caught.value)
    assert message.startswith(f"Line 2 of {path} is damaged") and complaint in message and "make data" in message
    assert "\n" not in message


def test_broken_bytes_are_a_damaged_line(tmp_path):
    path = tmp_path / "definitions.jsonl"
    path.write_bytes(GOOD_LINE.encode("utf-8").replace("好".encode(), b"\xe5\xa5"))
    with pytest.raises(ValueError, match="Line 1 of"):
        load_characters(path)
