"""Defects of finished glyphs."""

import numpy as np
import pytest

from glyffuser.config import SampleConfig
from glyffuser.data.characters import load_characters
from glyffuser.data.glyphs import render_glyphs
from glyffuser.defects import KNOT_SIZE, MAX_GREY, MAX_INK, MIN_INK, defect_of
from glyffuser.images import x_0_to_uint8
from glyffuser.ui.mending import defect_note, mended


@pytest.fixture(scope="module")
def real() -> np.ndarray:
    """Every twentieth real glyph."""
    return x_0_to_uint8(render_glyphs(load_characters()[::20]))


def a_glyph() -> np.ndarray:
    glyph = np.full((128, 128), 255, np.uint8)
    glyph[20:30, 14:114] = glyph[60:70, 14:114] = glyph[100:110, 14:114] = 0
    return glyph


def test_real_glyphs_are_not_accused(real):
    accused = [defect for defect in map(defect_of, real) if defect]
    assert len(accused) / len(real) < 0.003
    assert defect_of(a_glyph()) is None


def test_a_nearly_blank_glyph_is_recognised():
    glyph = np.full((128, 128), 255, np.uint8)
    assert defect_of(glyph) == "blank"
    rows = int(MIN_INK * 128) + 1
    glyph[:rows] = 0
    assert defect_of(glyph) is None
    glyph[0] = 255
    assert defect_of(glyph) == "blank"


def test_a_grey_glyph_is_recognised():
    glyph = a_glyph()
    rows = int(MAX_GREY * 128)
    glyph[:rows] = 160
    assert defect_of(glyph) is None
    glyph[: rows + 1] = 160
    assert defect_of(glyph) == "grey"
    assert defect_of(np.full((128, 128), 200, np.uint8)) == "grey"


def test_a_knot_is_recognised():
    glyph = a_glyph()
    glyph[50 : 50 + KNOT_SIZE - 1, 50 : 50 + KNOT_SIZE - 1] = 0
    glyph[60:70] = 255
    glyph[76 : 76 + KNOT_SIZE - 1, 90 : 90 + KNOT_SIZE - 1] = 0
    assert defect_of(glyph) is None
    glyph[76 : 76 + KNOT_SIZE, 90 : 90 + KNOT_SIZE] = 0
    assert defect_of(glyph) == "knotted"


def test_too_much_ink_is_a_knot():
    glyph = np.full((128, 128), 255, np.uint8)
    glyph[:, ::2] = 0
    assert glyph.mean() / 255 < 1 - MAX_INK and defect_of(glyph) == "knotted"


def test_a_run_is_told_what_is_wrong_and_how_many():
    blank = np.full((128, 128), 255, np.uint8)
    assert defect_note(np.stack([a_glyph()] * 4)) == ""
    assert defect_note(blank[None]).startswith("Nearly blank: 1 of 1.")
    assert defect_note(np.stack([blank, a_glyph(), blank, blank // 2])).startswith("Nearly blank: 2 of 4.")


def test_mending_lowers_guidance_and_draws_enough_steps():
    assert mended(20, 8, 1)[:3] == (4, 3, SampleConfig().num_inference_steps)
    assert mended(4, 3, 50)[:3] == (2, 3, 50)
    assert mended(1, 0, 25)[:3] == (1, 0, 25)
    assert len({mended(4, 3, 25)[3] for _ in range(5)}) > 1
