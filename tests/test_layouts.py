"""Layouts: the rule, and what it makes of characters that everybody can check."""

import pytest

from glyffuser.data.characters import load_characters
from glyffuser.data.layouts import CORRECTIONS, Decomposition, layout_of, operator_to_layout

LAYOUTS = {character.char: character.layout for character in load_characters()}


@pytest.mark.parametrize(
    ("layout", "operators"),
    [
        ("left-right", "a a/m a/t ra r3a r4a rrefl rrefr"),
        ("top-bottom", "d d/t d/m d/s rd rd/m r3d r3tr r4sq"),
        ("surround", "s s/t st sb sl sr stl str sbl sbr sl/s rs rstl"),
        ("other", "c me msp w wtl lock built refh rot r4dia d/o sbl/o rrefr/t bd ba wa wd"),
        ("other", ""),
    ],
)
def test_layout_of_operators(layout, operators):
    assert {operator_to_layout(operator) for operator in operators.split(" ")} == {layout}


@pytest.mark.parametrize(
    ("layout", "operator", "outer"),
    [
        ("left-right", "w", "行"),
        ("top-bottom", "w", "衣"),
        ("other", "w", "37036"),
        ("surround", "a", "門"),
        ("left-right", "a", "气"),
        ("left-right", "a", ""),
        ("top-bottom", "d", "虍"),
    ],
)
def test_layout_within_and_beside_a_component(layout, operator, outer):
    assert layout_of("㐀", Decomposition(operator, outer)) == layout


def test_corrections_come_first_and_the_unknown_has_no_layout():
    assert layout_of("疒", Decomposition("a", "亠")) == layout_of("疒", None) == "surround"
    assert layout_of("㐀", None) == "other"


def test_no_character_is_corrected_twice():
    chars = "".join(CORRECTIONS.values())
    assert len(chars) == len(set(chars)) and set(chars) <= LAYOUTS.keys()


@pytest.mark.parametrize("char", "疒广尸辶囗門门厂匚勹虍病店屋道國問間起句")
def test_frames_and_what_they_enclose_are_surrounds(char):
    assert LAYOUTS[char] == "surround"


@pytest.mark.parametrize(
    ("layout", "chars"),
    [("left-right", "河語街術麟穆明他班辯"), ("top-bottom", "花思裏字品慰名器哀雪"), ("other", "我火一人水戊大女十中")],
)
def test_other_characters_keep_their_layout(layout, chars):
    assert {LAYOUTS[char] for char in chars} == {layout}
