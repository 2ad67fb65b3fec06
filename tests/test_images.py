import io

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from glyffuser.images import (
    SETTINGS_KEY,
    decode_glyph,
    encode_jpeg,
    encode_png,
    grid_columns,
    heat_to_rgb,
    read_settings,
    signed_to_rgb,
    tile,
    uint8_to_x_0,
    x_0_to_uint8,
)


def test_every_grey_level_survives_the_round_trip():
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    x_0 = uint8_to_x_0(pixels)
    assert x_0.shape == (1, 1, 16, 16) and x_0.dtype == torch.float32
    assert x_0.min() == -1 and x_0.max() == 1
    assert np.array_equal(x_0_to_uint8(x_0), pixels)


def test_what_lies_outside_the_range_is_clipped():
    assert x_0_to_uint8(torch.tensor([[[-7.0, 7.0, 0.0]]])).tolist() == [[0, 255, 128]]


@pytest.mark.parametrize(("num_glyphs", "columns"), [(1, 1), (2, 2), (4, 2), (5, 3), (9, 3), (16, 4)])
def test_the_grid_is_as_square_as_possible(num_glyphs, columns):
    assert grid_columns(num_glyphs) == columns


def test_tiles_run_row_by_row_and_empty_cells_are_paper():
    glyphs = np.stack([np.full((2, 2), value, np.uint8) for value in (1, 2, 3)])
    assert tile(glyphs).tolist() == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 255, 255], [3, 3, 255, 255]]


def test_a_png_gives_back_its_settings_and_its_pixels():
    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8)
    settings = {"prompt": "naïve “gold” 金\n", "seeds": [1, 2], "guidance_scale": 5.0}
    png = encode_png(pixels, settings)
    assert read_settings(png) == settings
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png))), pixels)


def test_files_without_settings_are_refused():
    with pytest.raises(ValueError, match="holds no glyffuser settings"):
        read_settings(encode_png(np.zeros((8, 8), np.uint8)))
    with pytest.raises(ValueError, match="not a PNG picture"):
        read_settings(b"GIF is what I say I am")


@pytest.mark.parametrize("text", ["{", "[" * 100_000])
def test_damaged_settings_are_named(text):
    written = PngInfo()
    written.add_itxt(SETTINGS_KEY, text)
    stream = io.BytesIO()
    Image.new("L", (8, 8)).save(stream, "png", pnginfo=written)
    with pytest.raises(ValueError, match="are damaged"):
        read_settings(stream.getvalue())


def test_a_jpeg_is_grey_and_close():
    pixels = np.full((16, 16), 77, np.uint8)
    picture = Image.open(io.BytesIO(encode_jpeg(pixels)))
    assert picture.mode == "L" and picture.format == "JPEG"
    assert abs(np.asarray(picture).astype(int) - 77).max() <= 2


def test_ink_is_red_paper_is_blue_and_zero_is_white():
    colours = signed_to_rgb(torch.tensor([[[-3.0, -0.5, 0.0, 0.5, 3.0]]]), limit=1)
    assert colours.shape == (1, 5, 3)
    assert colours[0, 2].tolist() == [255, 255, 255]
    full_red, half_red, _, half_blue, full_blue = colours[0].astype(int).tolist()
    assert full_red == [178, 24, 43] and full_blue == [33, 102, 172]
    assert half_red[0] > half_red[2] and half_blue[2] > half_blue[0]
    assert Image.open(io.BytesIO(encode_png(colours))).mode == "RGB"


def test_heat_is_red_and_pixels_without_heat_stay_grey():
    pixels = np.array([[255, 255, 0, 0]], np.uint8)
    cold_paper, hot_paper, cold_ink, hot_ink = heat_to_rgb(pixels, np.array([[0.0, 1.0, 0.0, 1.0]]))[0].astype(int)
    assert cold_paper.tolist() == [255, 255, 255] and len(set(cold_ink.tolist())) == 1
    assert hot_paper[0] - hot_paper[1] > 100 and hot_ink[0] - hot_ink[1] > 100
    assert hot_ink.sum() < hot_paper.sum()


def test_a_glyph_is_read_back_from_its_png():
    glyph = np.arange(128 * 128, dtype=np.uint32).reshape(128, 128).astype(np.uint8)
    assert np.array_equal(decode_glyph(encode_png(glyph)), glyph)
    with pytest.raises(ValueError, match="128 by 128 pixels"):
        decode_glyph(encode_png(glyph[:64]))
    with pytest.raises(ValueError, match="not a PNG"):
        decode_glyph(encode_jpeg(glyph))
    with pytest.raises(ValueError, match="not a PNG"):
        decode_glyph(encode_png(glyph).replace(b"IDAT", b"\0DAT"))
