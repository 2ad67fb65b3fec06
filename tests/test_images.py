import io
import json
import time
import zlib

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from glyffuser.config import InputError
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


def chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


TEXT = json.dumps({"prompt": "gold"}).encode()


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (b"iTXt", b"glyffuser\0\0\0\0\0" + TEXT),
        (b"iTXt", b"glyffuser\0\1\0\0\0" + zlib.compress(TEXT)),
        (b"tEXt", b"glyffuser\0" + TEXT),
        (b"zTXt", b"glyffuser\0\0" + zlib.compress(TEXT)),
    ],
)
@pytest.mark.parametrize("is_before", [True, False])
def test_settings_are_read_wherever_another_tool_has_put_them(kind, data, is_before):
    png = encode_png(np.zeros((8, 8), np.uint8))
    place = 33 if is_before else -12  # after the header, or before the end
    others = chunk(b"tEXt", b"Software\0another tool") + chunk(b"tIME", bytes(7))
    assert read_settings(png[:place] + others + chunk(kind, data) + png[place:]) == {"prompt": "gold"}


def test_settings_in_a_picture_of_many_pixels_are_read_without_decoding_them():
    png = encode_png(np.zeros((8, 8), np.uint8))
    header = chunk(b"IHDR", (9000).to_bytes(4) * 2 + bytes([8, 0, 0, 0, 0]))
    late = png[:8] + header + png[33:-12] + chunk(b"tEXt", b"glyffuser\0" + TEXT) + png[-12:]
    assert read_settings(late) == {"prompt": "gold"}


@pytest.mark.parametrize("cut", [0, 7, 20, 33, 40, -13])
def test_a_cut_off_file_is_answered_with_a_sentence(cut):
    with pytest.raises(InputError, match="not a PNG picture|holds no glyffuser settings"):
        read_settings(encode_png(np.zeros((8, 8), np.uint8))[:cut])


def test_settings_that_unpack_to_megabytes_are_damaged():
    png = encode_png(np.zeros((8, 8), np.uint8))
    bomb = chunk(b"zTXt", b"glyffuser\0\0" + zlib.compress(b"x" * 50_000_000))
    with pytest.raises(InputError, match="are damaged"):
        read_settings(png[:33] + bomb + png[33:])


def test_a_file_of_nothing_but_chunks_takes_milliseconds():
    png = encode_png(np.zeros((8, 8), np.uint8))
    start = time.process_time()
    with pytest.raises(InputError, match="holds no glyffuser settings"):
        read_settings(png[:33] + chunk(b"abCD", b"") * 1_000_000 + png[33:])
    assert time.process_time() - start < 0.2


def test_files_without_settings_are_refused():
    with pytest.raises(ValueError, match="holds no glyffuser settings"):
        read_settings(encode_png(np.zeros((8, 8), np.uint8)))
    with pytest.raises(ValueError, match="not a PNG picture"):
        read_settings(b"GIF is what I say I am")


@pytest.mark.parametrize("text", ["{", "[" * 90_000, '"' + "x" * 900_000 + '"', '{"seeds": [' + "9" * 5000 + "]}"])
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
