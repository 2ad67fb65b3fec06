"""A button that hands a PNG from the visitor's disk to a listener; no file is written on the server."""

import base64
import binascii
from typing import Any

import gradio as gr

from glyffuser.ui.components import build_component
from glyffuser.ui.static_files import StaticFiles
from glyffuser.ui.text import say

MAX_PNG_BYTES = 200_000
"""The PNG of 16 glyphs has less than half of it."""


def build_png_button(static_files: StaticFiles, **kwargs: Any) -> gr.HTML:
    """A button whose upload event carries a `protocol.PngChosen`.

    Args:
        static_files: serve its module.
        kwargs: as for `gr.HTML`.
    """
    return build_component("png_button", static_files, "png_button.html", max_bytes=MAX_PNG_BYTES, **kwargs)


def chosen_png(values: dict[str, Any]) -> bytes:
    """The file that an upload event brings.

    Raises:
        ValueError: with one sentence, if it is too large or there is none.
    """
    content, size = values.get("content"), values.get("size")
    if not isinstance(content, str) or type(size) is not int:
        raise ValueError(say("errors.no_png"))
    if max(size, len(content) * 3 // 4 - 2) > MAX_PNG_BYTES:
        raise ValueError(say("errors.png_too_large", most=MAX_PNG_BYTES // 1000))
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(say("errors.no_png")) from error
