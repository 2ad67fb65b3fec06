"""The only place where pixel ranges change: uint8 pictures here, float tensors in [-1, 1] everywhere else."""

import io
import json
import math

import numpy as np
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from glyffuser.config import GLYPH_SIZE, PAPER, InputError

SIGNED_COLOURS = ((255, 255, 255), (178, 24, 43), (33, 102, 172))
"""Zero, more ink, more paper; safe for colour-blind readers (ColorBrewer RdBu)."""

SETTINGS_KEY = "glyffuser"
"""Name of the PNG text chunk that holds prompt, seeds and settings as JSON."""

PNG_HEADER_LENGTH = 33
"""Bytes of signature and IHDR chunk."""

PNG_END = b"\0\0\0\0IEND\xaeB`\x82"
TEXT_CHUNKS = (b"tEXt", b"zTXt", b"iTXt")
MAX_CHUNKS = 10_000
"""Chunks of a file that are looked at; a picture of 80 MB in pieces of 8 kB has as many."""

MAX_SETTINGS_LENGTH = 100_000
"""Characters of that text; the settings of a thousand glyphs are shorter."""


def uint8_to_x_0(pixels: np.ndarray | torch.Tensor) -> torch.Tensor:
    """Turn pictures into clean samples, on the device where they are.

    Args:
        pixels: uint8 (..., height, width), paper 255, ink 0.

    Returns:
        float32 (..., 1, height, width) in [-1, 1], paper +1, ink -1.
    """
    levels = pixels if isinstance(pixels, torch.Tensor) else torch.from_numpy(np.array(pixels))
    return (levels.float() / 127.5 - 1).unsqueeze(-3)


def x_0_to_uint8(x_0: torch.Tensor) -> np.ndarray:
    """Turn samples, clean or noised, into pictures; values outside [-1, 1] are clipped.

    Args:
        x_0: float (..., 1, height, width).

    Returns:
        uint8 (..., height, width).
    """
    return ((x_0.detach().float().clamp(-1, 1) + 1) * 127.5).round().byte().squeeze(-3).cpu().numpy()


def signed_to_rgb(difference: torch.Tensor, limit: float = 1.0) -> np.ndarray:
    """Turn a signed picture into colours: white is zero, red is more ink, blue is more paper.

    Args:
        difference: float (..., 1, height, width), positive where there is more paper.
        limit: absolute value of full colour.

    Returns:
        uint8 (..., height, width, 3).
    """
    strength = (difference.detach().float() / limit).clamp(-1, 1).squeeze(-3)[..., None].cpu()
    white, ink, paper = (torch.tensor(colour, dtype=torch.float32) for colour in SIGNED_COLOURS)
    colour = torch.where(strength < 0, white + (white - ink) * strength, white - (white - paper) * strength)
    return colour.round().byte().numpy()


def heat_to_rgb(pixels: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Overlay a heat map on a glyph: at heat 1 paper is red and ink dark red.

    Args:
        pixels: uint8 (height, width).
        heat: float (height, width) in [0, 1].

    Returns:
        uint8 (height, width, 3).
    """
    grey = 0.75 * PAPER + 0.25 * pixels[..., None].astype(np.float32)  # a faint glyph, so that the heat is visible
    red = np.array(SIGNED_COLOURS[1], dtype=np.float32) * grey / PAPER
    return (grey + (red - grey) * heat[..., None]).round().astype(np.uint8)


def to_pil(pixels: np.ndarray) -> Image.Image:
    """A PIL picture of uint8 (height, width), grey, or (height, width, 3), in colour."""
    return Image.fromarray(pixels)


def grid_columns(num_glyphs: int) -> int:
    """Columns of the most nearly square grid: 1, 4, 9 and 16 glyphs give 1, 2, 3 and 4."""
    return math.ceil(math.sqrt(num_glyphs))


def tile(pixels: np.ndarray, columns: int | None = None) -> np.ndarray:
    """Lay glyphs out row by row; empty cells are paper.

    Args:
        pixels: uint8 (batch, height, width).
        columns: glyphs per row; as `grid_columns` when not given.

    Returns:
        uint8 (rows * height, columns * width).
    """
    batch, height, width = pixels.shape
    columns = columns or grid_columns(batch)
    rows = math.ceil(batch / columns)
    cells = np.full((rows * columns, height, width), PAPER, dtype=np.uint8)
    cells[:batch] = pixels
    return cells.reshape(rows, columns, height, width).swapaxes(1, 2).reshape(rows * height, columns * width)


def encode_jpeg(pixels: np.ndarray, quality: int = 75) -> bytes:
    """A grey JPEG of uint8 (height, width)."""
    buffer = io.BytesIO()
    to_pil(pixels).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def encode_png(pixels: np.ndarray, settings: dict | None = None) -> bytes:
    """A PNG of uint8 (height, width) or (height, width, 3), with `settings` as JSON in a text chunk when given."""
    buffer = io.BytesIO()
    to_pil(pixels).save(buffer, "PNG", pnginfo=_settings_chunk(settings) if settings else None)
    return buffer.getvalue()


def decode_glyph(png: bytes) -> np.ndarray:
    """Read the pixels of a PNG of one glyph.

    Returns:
        uint8 (128, 128).

    Raises:
        ValueError: if the file is not a PNG of 128 by 128 pixels.
    """
    try:
        with Image.open(io.BytesIO(png), formats=["PNG"]) as picture:
            if picture.size != (GLYPH_SIZE, GLYPH_SIZE):
                raise InputError(
                    "no_glyph",
                    "A glyph has {side} by {side} pixels; this picture has {width} by {height}.",
                    side=GLYPH_SIZE,
                    width=picture.width,
                    height=picture.height,
                )
            return np.asarray(picture.convert("L"))
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError("no_png", "This file is not a PNG picture.") from error


def read_settings(png: bytes) -> dict:
    """Read the settings that `encode_png` wrote, wherever in the file another tool has put them; no pixel is decoded.

    Raises:
        ValueError: if the file is not a PNG or its text chunk is missing or not JSON. The caller checks the values.
    """
    try:
        text = Image.open(io.BytesIO(_header_and_settings(png)), formats=["PNG"]).info.get(SETTINGS_KEY)
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError("no_png", "This file is not a PNG picture.") from error
    except ValueError as error:  # text that is larger uncompressed than Pillow allows
        raise InputError("settings_damaged", "The glyffuser settings in this picture are damaged.") from error
    if not text:
        raise InputError("no_settings", "This picture holds no glyffuser settings.")
    try:
        if len(text) > MAX_SETTINGS_LENGTH:
            raise ValueError("no settings are that long")
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError("settings_damaged", "The glyffuser settings in this picture are damaged.") from error


def _header_and_settings(png: bytes) -> bytes:
    """The same PNG without pixels: its header, and the text chunk of the settings if there is one.

    Pillow reads the chunks before the pixels at once, but those after them only once all pixels are decoded.
    """
    kept, start = [png[:PNG_HEADER_LENGTH]], PNG_HEADER_LENGTH
    for _ in range(MAX_CHUNKS):
        length = int.from_bytes(png[start : start + 4])
        kind, data, end = png[start + 4 : start + 8], start + 8, start + 12 + length
        if kind in TEXT_CHUNKS and png[data:end].startswith(SETTINGS_KEY.encode() + b"\0"):
            kept.append(png[start:end])
            break
        if end > len(png):
            break
        start = end
    return b"".join([*kept, PNG_END])


def _settings_chunk(settings: dict) -> PngInfo:
    chunk = PngInfo()
    chunk.add_itxt(SETTINGS_KEY, json.dumps(settings, ensure_ascii=False))
    return chunk
