"""Captioned pictures as HTML: of arrays, and of real characters."""

import html

import numpy as np

from glyffuser.data.characters import Character
from glyffuser.data.glyphs import GlyphRenderer
from glyffuser.data.radical_names import Radical
from glyffuser.images import encode_png
from glyffuser.ui.context import AppContext
from glyffuser.ui.streaming import data_url
from glyffuser.ui.text import say

BUTTONS = {"generate": "generate", "take_apart": "one-step", "on_the_map": "go", "go_there": "go"}
"""Button labels, sentences of the section "character", and their actions (`protocol.CharacterPicked`)."""


def figure(
    pixels: np.ndarray, title: str, caption: str, heading: str | None = None, above: str = "", below: str = ""
) -> str:
    """One picture with its name and a sentence.

    Args:
        pixels: uint8 (height, width), or (height, width, 3) in colour.
        title: plain text, for those who cannot see the picture.
        caption: plain text.
        heading: what stands above the caption; the title when not given.
        above: HTML that stands above the heading.
        below: HTML that stands below the caption.
    """
    return (
        f'<figure class="glyff-figure"><img src="{data_url(encode_png(pixels), "image/png")}" '
        f'alt="{html.escape(title)}"><figcaption>{above}<strong>{html.escape(heading or title)}</strong>'
        f"{html.escape(caption)}</figcaption>{below}</figure>"
    )


def figures(items: list[str]) -> str:
    """A grid of figures."""
    return f'<div class="glyff-figures">{"".join(items)}</div>'


def character_figure(context: AppContext, index: int, *labels: str) -> str:
    """A real character, drawn and as text, with its reading and its definition.

    Args:
        context: of the page.
        index: the character.
        labels: of its buttons, keys of `BUTTONS`.
    """
    character = context.characters[index]
    title = character_title(character)
    below = "".join(_button(index, label, title) for label in labels)
    pixels = np.asarray(context.renderer.render(character.char))
    return figure(pixels, title, character.definition, above=_as_text(character), below=below)


def character_title(character: Character) -> str:
    """Code point and strokes in a line."""
    sentence = "character.title_one" if character.strokes == 1 else "character.title_many"
    return say(sentence, codepoint=f"{character.codepoint:04X}", strokes=character.strokes)


def radical_image(renderer: GlyphRenderer, radical: Radical) -> str:
    """A radical and the forms that it takes within characters, drawn side by side, as HTML."""
    pixels = np.hstack([np.asarray(renderer.render(form)) for form in radical.forms])
    return (
        f'<img class="glyff-radical" src="{data_url(encode_png(pixels), "image/png")}" '
        f'alt="{html.escape(" ".join(radical.forms))}">'
    )


def _as_text(character: Character) -> str:
    """The character as text that can be copied, beside the drawn one, since not every device has a font for it."""
    return (
        f'<span class="glyff-as-text"><span class="glyff-character" lang="zh">{character.char}</span> '
        f'<span lang="zh-Latn">{html.escape(character.pinyin)}</span></span>'
    )


def _button(index: int, label: str, title: str) -> str:
    action, text = BUTTONS[label], html.escape(say(f"character.{label}"))
    return (
        f'<button type="button" class="glyff-hand-over" data-action="{action}" data-index="{index}" '
        f'aria-label="{text}: {html.escape(title)}">{text}</button>'
    )
