"""Sprite pages: all glyphs as small tiles on a few large pictures, neighbours on the map on the same page."""

import io

import numpy as np
from PIL import Image

TILE_SIZE = 64
"""Side of a tile in pixels."""

TILES_A_SIDE = 32
"""Tiles along each side of a page."""

GREY_LEVELS = 8
"""Levels that tiles are rounded to, for smaller files."""

MORTON_BITS = 10
"""Bits per axis of a position on the Z-order curve."""


def morton_codes(points: np.ndarray) -> np.ndarray:
    """Compute the Z-order codes (Morton 1966) of points (points, 2) in [0, 1]: int64 (points,)."""
    cells = np.clip((points * (1 << MORTON_BITS)).astype(np.int64), 0, (1 << MORTON_BITS) - 1)
    codes = np.zeros(len(points), np.int64)
    for bit in range(MORTON_BITS):
        for axis in (0, 1):
            codes |= ((cells[:, axis] >> bit) & 1) << (2 * bit + axis)
    return codes


def tile_order(points: np.ndarray) -> np.ndarray:
    """Number the tiles of glyphs at points (glyphs, 2) in [0, 1] along the Z-order curve: uint16 (glyphs,)."""
    order = np.argsort(morton_codes(points), kind="stable")
    tiles = np.empty(len(points), np.uint16)
    tiles[order] = np.arange(len(points))
    return tiles


def build_pages(glyphs: np.ndarray, tiles: np.ndarray) -> list[bytes]:
    """Build the sprite pages.

    Args:
        glyphs: uint8 (glyphs, 128, 128).
        tiles: from `tile_order`; tile k is on page k // 1024, in row (k % 1024) // 32 and column k % 32.

    Returns:
        Lossless WebP files of 2048x2048 pixels.
    """
    tiles_a_page = TILES_A_SIDE**2
    small = shrink(glyphs)
    pages = []
    for first in range(0, len(glyphs), tiles_a_page):
        on_page = np.flatnonzero((tiles >= first) & (tiles < first + tiles_a_page))
        pages.append(build_page(small[on_page], tiles[on_page] - first))
    return pages


def shrink(glyphs: np.ndarray) -> np.ndarray:
    """Average glyphs to the size of a tile and round them to 8 grey levels: uint8 (glyphs, 64, 64)."""
    factor = glyphs.shape[-1] // TILE_SIZE
    small = glyphs.reshape(len(glyphs), TILE_SIZE, factor, TILE_SIZE, factor).mean(axis=(2, 4))
    levels = np.round(small / 255 * (GREY_LEVELS - 1))
    return np.round(levels * 255 / (GREY_LEVELS - 1)).astype(np.uint8)


def build_page(small: np.ndarray, cells: np.ndarray) -> bytes:
    """Build one page from glyphs (glyphs, 64, 64) and their cells (glyphs,), 0 to 1023, row by row."""
    page = np.full((TILES_A_SIDE**2, TILE_SIZE, TILE_SIZE), 255, np.uint8)
    page[cells] = small
    side = TILES_A_SIDE * TILE_SIZE
    pixels = page.reshape(TILES_A_SIDE, TILES_A_SIDE, TILE_SIZE, TILE_SIZE).swapaxes(1, 2).reshape(side, side)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP", lossless=True, quality=100, method=4)
    return buffer.getvalue()
