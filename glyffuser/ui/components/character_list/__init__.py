"""Characters as figures with buttons; a button says what to do with its character."""

from typing import Any

import gradio as gr

from glyffuser.ui.components import build_component
from glyffuser.ui.static_files import StaticFiles


def build_character_list(static_files: StaticFiles, value: str = "", **kwargs: Any) -> gr.HTML:
    """A component whose value is HTML with figures from `glyffuser.ui.figures.character_figure`.

    Its select event carries a `protocol.CharacterPicked`.

    Args:
        static_files: serve its module.
        value: HTML at the start.
        kwargs: as for `gr.HTML`.
    """
    return build_component("character_list", static_files, value=value, **kwargs)
