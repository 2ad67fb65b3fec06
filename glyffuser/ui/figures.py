"""Captioned pictures as HTML: of arrays, and of real characters."""

import html

import numpy as np

from glyffuser.data.characters import Character
from glyffuser.images import encode_png
from glyffuser.ui.context import AppContext
from glyffuser.ui.streaming import data_url
from glyffuser.ui.text import say

BUTTONS = {"generate": "generate", "take_apart": "one-step", "on_the_map": "go", "go_there": "go"}
"""Button labels, sentences of the section "character", and their actions (`protocol.CharacterPicked`)."""


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


def character_figure(context: AppContext, index: int, *labels: str) -> str:
    """A real character with its definition.

    Args:
        context: of the page.
        index: the character.
        labels: of its buttons, keys of `BUTTONS`.
    """
    character = context.characters[index]
    title = character_title(character)
    below = "".join(_button(index, label, title) for label in labels)
    return figure(np.asarray(context.renderer.render(character.char)), title, character.definition, below=below)


def character_title(character: Character) -> str:
    """Code point and strokes in a line; the character itself is drawn, since not every device has a font for it."""
    return say("character.title", codepoint=f"{character.codepoint:04X}", strokes=character.strokes)


def _button(index: int, label: str, title: str) -> str:
    action, text = BUTTONS[label], html.escape(say(f"character.{label}"))
    return (
        f'<button type="button" class="glyff-hand-over" data-action="{action}" data-index="{index}" '
        f'aria-label="{text}: {html.escape(title)}">{text}</button>'
    )
