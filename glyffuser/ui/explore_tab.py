"""Tab 3: the real characters that the model learnt from, found by the words of their definitions."""

import re

import gradio as gr
import numpy as np

from glyffuser.data.characters import Character
from glyffuser.data.glyphs import GlyphRenderer
from glyffuser.text import clean_prompt
from glyffuser.ui.figures import figure, figures
from glyffuser.ui.notices import notice

MAX_SHOWN = 60
INTRODUCTION = """
These are the real ones: {count:,} characters with their English definitions, the whole of what the model has seen.
Look for a word, and see which parts its characters share: that is what the model had to find out by itself.
"""


# Gradio hands in element and trigger
HAND_OVER = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-char]");
  if (button) trigger("select", { char: button.dataset.char });
});
"""


def build_explore_tab(tab: gr.Tab, characters: list[Character], renderer: GlyphRenderer) -> gr.HTML:
    """Lay out the tab; the first search is made when it is first opened.

    Args:
        tab: where it stands.
        characters: all that can be found.
        renderer: draws them.

    Returns:
        The hits, whose select event hands a character over.
    """

    def as_figure(hit: Character) -> str:
        button = f'<button type="button" class="glyff-hand-over" data-char="{hit.char}">Take apart</button>'
        return figure(np.asarray(renderer.render(hit.char)), title_of(hit), hit.definition, below=button)

    def search_for_visitor(query: str) -> tuple[str, str]:
        try:
            hits = find_by_word(characters, clean_prompt(query or ""))
        except ValueError as error:
            return gr.skip(), notice(str(error), "error")
        shown = hits[:MAX_SHOWN]
        return (
            figures([as_figure(hit) for hit in shown]),
            notice(summary(len(hits), len(shown))),
        )

    gr.Markdown(INTRODUCTION.format(count=len(characters)))
    query = gr.Textbox("metal", label="Word", info="A character itself works too.", elem_id="map-query")
    message = gr.HTML("", elem_id="map-message")
    hits = gr.HTML("", js_on_load=HAND_OVER, elem_id="map-hits")
    gr.on(
        [tab.select, query.change],
        search_for_visitor,
        query,
        [hits, message],
        trigger_mode="always_last",
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )
    return hits


def find_by_word(characters: list[Character], query: str) -> list[Character]:
    """Characters whose definition holds every word of the query, or that are the query; in code point order."""
    words = re.findall(r"[a-z0-9']+", query.lower())
    if words:
        patterns = [re.compile(rf"\b{re.escape(word)}\b") for word in words]
        return [c for c in characters if all(pattern.search(c.definition.lower()) for pattern in patterns)]
    wanted = set(query.strip())
    return [c for c in characters if c.char in wanted]


def title_of(character: Character) -> str:
    """Code point and strokes in a line; the character itself is drawn, since not every device has a font for it."""
    return f"U+{character.codepoint:04X} · {character.strokes} strokes"


def summary(num_hits: int, num_shown: int) -> str:
    """How many were found, in a sentence."""
    if num_hits == 0:
        return "No character has this word in its definition."
    found = "1 character" if num_hits == 1 else f"{num_hits:,} characters"
    return f"{found} found." if num_hits == num_shown else f"{found} found; the first {num_shown} are shown."
