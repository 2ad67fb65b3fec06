"""All glyphs as a few pages of small pictures, neighbours on the map on the same page."""

import io

import numpy as np
from PIL import Image

TILE_SIZE = 64
TILES_A_SIDE = 32
GREY_LEVELS = 8

MORTON_BITS = 10


def morton_codes(places: np.ndarray) -> np.ndarray:
    """Place on the Z-order curve (Morton 1966) of points (points, 2) in [0, 1]: int64 (points,)."""
    cells = np.clip((places * (1 << MORTON_BITS)).astype(np.int64), 0, (1 << MORTON_BITS) - 1)
    codes = np.zeros(len(places), np.int64)
    for bit in range(MORTON_BITS):
        for axis in (0, 1):
            codes |= ((cells[:, axis] >> bit) & 1) << (2 * bit + axis)
    return codes


def tile_order(places: np.ndarray) -> np.ndarray:
    """Each glyph's tile: its rank on the Z-order curve, uint16 (glyphs,)."""
    order = np.argsort(morton_codes(places), kind="stable")
    tiles = np.empty(len(places), np.uint16)
    tiles[order] = np.arange(len(places))
    return tiles


def build_pages(glyphs: np.ndarray, tiles: np.ndarray) -> list[bytes]:
    """Draw the pages.

    Args:
        glyphs: uint8 (glyphs, 128, 128).
        tiles: from `tile_order`; tile k stands on page k // 1024, there in row (k % 1024) // 32 and column k % 32.

    Returns:
        Lossless WebP files of 2048 by 2048 pixels.
    """
    count = TILES_A_SIDE**2
    factor = glyphs.shape[-1] // TILE_SIZE
    small = glyphs.reshape(len(glyphs), TILE_SIZE, factor, TILE_SIZE, factor).mean(axis=(2, 4))
    grey = np.round(np.round(small / 255 * (GREY_LEVELS - 1)) * 255 / (GREY_LEVELS - 1)).astype(np.uint8)
    pages = []
    for start in range(0, len(glyphs), count):
        cells = np.full((count, TILE_SIZE, TILE_SIZE), 255, np.uint8)
        on_page = np.flatnonzero((tiles >= start) & (tiles < start + count))
        cells[tiles[on_page] - start] = grey[on_page]
        side = TILES_A_SIDE * TILE_SIZE
        page = cells.reshape(TILES_A_SIDE, TILES_A_SIDE, TILE_SIZE, TILE_SIZE).swapaxes(1, 2).reshape(side, side)
        buffer = io.BytesIO()
        Image.fromarray(page).save(buffer, "WEBP", lossless=True, quality=100, method=4)
        pages.append(buffer.getvalue())
    return pages
