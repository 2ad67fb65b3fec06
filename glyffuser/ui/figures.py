"""Small captioned pictures as HTML."""

import html

import numpy as np

from glyffuser.images import encode_png
from glyffuser.ui.components.frame_player import data_url


def figure(pixels: np.ndarray, title: str, caption: str, heading: str | None = None, below: str = "") -> str:
    """One picture with its name and a sentence.

    Args:
        pixels: uint8 (height, width), or (height, width, 3) in colour.
        title: plain text, for those who cannot see the picture.
        caption: plain text.
        heading: what stands above the caption; the title when not given.
        below: HTML that stands below the caption.
    """
    return (
        f'<figure class="glyff-figure"><img src="{data_url(encode_png(pixels), "image/png")}" '
        f'alt="{html.escape(title)}"><figcaption><strong>{html.escape(heading or title)}</strong>'
        f"{html.escape(caption)}</figcaption>{below}</figure>"
    )


def figures(items: list[str]) -> str:
    """A grid of figures."""
    return f'<div class="glyff-figures">{"".join(items)}</div>'
