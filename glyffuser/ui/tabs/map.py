"""Tab 3: all real characters as a landscape, found by word, by meaning, or by wandering about."""

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import gradio as gr
import numpy as np

from glyffuser.config import SampleConfig
from glyffuser.data.characters import Character
from glyffuser.data.glyphs import GlyphRenderer
from glyffuser.data.radical_names import RADICAL_NAMES
from glyffuser.map.files import MapFiles
from glyffuser.images import x_0_to_uint8
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.text import clean_prompt, sentence_vectors
from glyffuser.ui.figures import figure, figures
from glyffuser.ui.generation import Throttle, random_seed
from glyffuser.ui.components.glyph_map import build_glyph_map
from glyffuser.ui.notices import LAST_LATIN, notice, prompt_notice
from glyffuser.ui.runs import ON_MODEL, QUICK, apology

NUM_SHOWN = 24
"""Hits that are shown as pictures with buttons at first, and more at each click."""

NUM_NEAREST = 60
"""Characters that a search by meaning brings."""

BY_WORD, BY_MEANING = "word", "meaning"
INTRODUCTION = """
These are the real ones: {count:,} characters, the whole data set, laid out so that those that look alike lie together
(UMAP of their pixels: neighbours mean much, distances between islands little). Wander, search, drown them in noise.
"""
NOTHING_PICKED = "Pick a character on the map, and it is shown here with those that look most like it."
NO_PROMPT = "Type a definition to light up."

BUTTON = (
    '<button type="button" class="glyff-hand-over" data-action="{action}" data-index="{index}" '
    'aria-label="{label}: {title}">{label}</button>'
)

# Gradio hands in element and trigger
BUTTONS = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-action]");
  if (!button) return;
  const index = Number(button.dataset.index);
  if (button.dataset.action === "go") document.dispatchEvent(new CustomEvent("glyff-go", { detail: index }));
  else trigger("select", { action: button.dataset.action, index });
});
"""


@dataclass(frozen=True)
class Landscape:
    """What the tab's answers are made of.

    Attributes:
        characters: in the order of their code points.
        renderer: draws them.
        map_files: where they lie.
        pipeline: a loaded model.

    Raises:
        ValueError: if the map was built from other characters.
    """

    characters: list[Character]
    renderer: GlyphRenderer
    map_files: MapFiles
    pipeline: GlyffuserPipeline

    def __post_init__(self) -> None:
        on_map = self.map_files.manifest["num_glyphs"]
        if on_map != len(self.characters):
            raise ValueError(f"the map has {on_map} glyphs, the data {len(self.characters)}: build it with `make map`")

    def sentence(self, text: str) -> np.ndarray:
        """The vector of a text: float32 (text_channels,)."""
        return sentence_vectors(self.pipeline.text_encoder([text]))[0].numpy()

    def search(self, query: str, how: str) -> list[int]:
        """Indices of the characters that a query finds: those that it holds, then those that its words find."""
        themselves = [index for index, character in enumerate(self.characters) if character.char in query]
        words = latin_of(query)
        if how == BY_MEANING and words:
            found = self.map_files.meanings.nearest(self.sentence(words), NUM_NEAREST)[0].tolist()
        else:
            found = find_by_word(self.characters, words)
        return list(dict.fromkeys(themselves + found))

    def figure_of(self, index: int, *actions: tuple[str, str]) -> str:
        """A character with its definition, and a button for each action and its label."""
        character = self.characters[index]
        title = title_of(character)
        below = "".join(
            BUTTON.format(action=action, index=index, label=label, title=title) for action, label in actions
        )
        pixels = np.asarray(self.renderer.render(character.char))
        return figure(pixels, title, character.definition, below=below)


def build_explore_tab(landscape: Landscape, on_gpu: Callable) -> tuple[gr.HTML, gr.HTML]:
    """Lay out the tab; nothing of it is fetched or searched before it is first opened.

    Args:
        landscape: what it shows.
        on_gpu: decorates the function that runs the model.

    Returns:
        The picked character and the hits, whose select events hand a character over: `action`, "generate" or
        "noise", and `index`.
    """
    gr.Markdown(INTRODUCTION.format(count=len(landscape.characters)))
    with gr.Row():
        query = gr.Textbox(
            label="Search", info="A word of the definition, or a character itself.", elem_id="map-query", scale=3,
            min_width=200,
        )  # fmt: skip
        how = gr.Radio(
            [BY_WORD, BY_MEANING], value=BY_WORD, label="Search by", elem_id="map-how", scale=2, min_width=200,
            info="By meaning: the text encoder's nearest definitions.",
        )  # fmt: skip
    message = gr.HTML("", elem_id="map-message")
    with gr.Row():
        with gr.Column(scale=3, min_width=320):
            glyph_map = build_glyph_map(landscape.map_files, landscape.pipeline.scheduler, elem_id="map")
            _lay_out_light(landscape, glyph_map, on_gpu)
        with gr.Column(scale=1, min_width=240):
            panel = gr.HTML(notice(NOTHING_PICKED), js_on_load=BUTTONS, elem_id="map-panel")
    hits = gr.HTML("", js_on_load=BUTTONS, elem_id="map-hits")
    num_shown = gr.State(NUM_SHOWN)
    more = gr.Button("Show more", visible=False, elem_id="map-more")

    def search_for_visitor(query: str, how: str) -> tuple:
        text, wrong = cleaned(query)
        if wrong:
            return gr.skip(), gr.skip(), gr.skip(), gr.skip(), wrong
        found = landscape.search(text, how)
        marked = {"kind": "hits", "indices": found if text else None}
        return marked, *show(found, NUM_SHOWN), notice(summary(len(found), how, bool(latin_of(text))) if text else "")

    def show_more(query: str, how: str, num_shown: int) -> tuple:
        text, wrong = cleaned(query)
        return (gr.skip(),) * 3 if wrong else show(landscape.search(text, how), num_shown + NUM_SHOWN)

    def show(found: list[int], number: int) -> tuple:
        actions = ("go", "On the map"), ("noise", "Take apart")
        shown = [landscape.figure_of(index, *actions) for index in found[:number]]
        return figures(shown), number, gr.Button(visible=len(found) > number)

    def show_picked(event: gr.EventData) -> str:
        return panel_of(landscape, checked_index(event.index, landscape))

    search, listed = [query, how], [hits, num_shown, more]
    gr.on(
        [query.change, how.change], search_for_visitor, search, [glyph_map, *listed, message],
        trigger_mode="always_last", **QUICK,
    )  # fmt: skip
    more.click(show_more, [*search, num_shown], listed, **QUICK)
    # "once" would drop a second pick that comes before the answer to the first; the queue keeps answers in order
    glyph_map.select(show_picked, None, panel, trigger_mode="multiple", concurrency_limit=1, **QUICK | {"queue": True})
    return panel, hits


def _lay_out_light(landscape: Landscape, glyph_map: gr.HTML, on_gpu: Callable) -> None:
    """Light up a prompt, and sample it."""
    with gr.Row():
        prompt = gr.Textbox(
            label="Light up a definition", placeholder="fish", elem_id="map-prompt", scale=4, min_width=240,
            info="Where do characters lie that mean this? Then let the model draw one, and see where it lands.",
        )  # fmt: skip
        light = gr.Button("Light up", elem_id="map-light", scale=1, min_width=110)
        draw = gr.Button("Sample it", variant="primary", elem_id="map-sample", scale=1, min_width=110)
    message = gr.HTML("", elem_id="map-light-message")
    drawn = gr.HTML("", elem_id="map-drawn")

    def light_up(prompt: str) -> tuple:
        text, wrong = cleaned(prompt)
        if wrong:
            return gr.skip(), wrong
        lit = {"kind": "light", "run": uuid.uuid4().hex}  # a browser takes no notice of the same value twice
        if not text:
            return lit | {"indices": None}, notice(NO_PROMPT)
        indices, weights = landscape.map_files.meanings.weights(landscape.sentence(text))
        lit |= {"label": text, "indices": indices.tolist(), "weights": weights.round(5).tolist()}
        return lit, prompt_notice(text, landscape.pipeline.text_encoder)

    @on_gpu(20)
    def run_model(text: str, seed: int) -> Iterator[tuple[dict, str]]:
        yield from stream_path(landscape, text, seed)

    def sample_for_visitor(prompt: str) -> Iterator[tuple]:
        text, wrong = cleaned(prompt)
        if wrong:
            yield gr.skip(), gr.skip(), wrong
            return
        try:
            for path, picture in run_model(text, random_seed()):
                yield path, picture or gr.skip(), ""
        except Exception as error:
            yield gr.skip(), gr.skip(), apology(error)

    gr.on([light.click, prompt.submit], light_up, prompt, [glyph_map, message], **QUICK)
    draw.click(
        sample_for_visitor, prompt, [glyph_map, drawn, message], show_progress_on=message,
        **ON_MODEL | {"trigger_mode": "once"},
    )  # fmt: skip


def stream_path(landscape: Landscape, prompt: str, seed: int) -> Iterator[tuple[dict, str | None]]:
    """Sample one glyph and follow the model's guess over the map.

    Args:
        landscape: with the model and the map.
        prompt: cleaned.
        seed: of the noise.

    Yields:
        The path so far as the map takes it, at most 12 a second and always the last; with the last one the finished
        glyph beside its nearest real character as HTML.
    """
    points, throttle = [], Throttle()
    for frame in landscape.pipeline.stream([prompt], [seed], SampleConfig()):
        is_last = frame.step == frame.num_inference_steps
        place, nearest = landscape.map_files.place(frame.x_t if is_last else frame.pred_x_0)
        points.append(place[0].round(4).tolist())
        path = {"kind": "path", "label": prompt, "points": points, "nearest": int(nearest[0]) if is_last else None}
        if is_last:
            drawn = figure(x_0_to_uint8(frame.x_t)[0], "The glyph that was drawn", prompt or "without a definition")
            yield path, figures([drawn, landscape.figure_of(int(nearest[0]), ("go", "On the map"))])
        elif throttle.is_due():
            yield path, None


def panel_of(landscape: Landscape, index: int) -> str:
    """A picked character, large, and its nearest neighbours, each a button."""
    character = landscape.characters[index]
    actions = ("generate", "Generate from this definition"), ("noise", "Take apart")
    neighbours = [
        landscape.figure_of(other, ("go", "Go there")) for other in landscape.map_files.projection.neighbours(index)
    ]
    about = f"{RADICAL_NAMES[character.radical - 1]} (radical {character.radical}), {character.layout}"
    return (
        f'<div class="glyff-panel" data-index="{index}">{landscape.figure_of(index, *actions)}'
        f"{notice(about)}<h3>Looks most like</h3>{figures(neighbours)}</div>"
    )


def checked_index(value: object, landscape: Landscape) -> int:
    """An index that came from a browser.

    Raises:
        gr.Error: if it is none.
    """
    if type(value) is not int or not 0 <= value < len(landscape.characters):
        raise gr.Error("There is no such character on the map.", print_exception=False)
    return value


def cleaned(text: str | None) -> tuple[str, str]:
    """What a visitor typed as the encoder gets it; or "" and a sentence that says what is wrong with it, as HTML."""
    try:
        return clean_prompt(text or ""), ""
    except ValueError as error:
        return "", notice(str(error), "error")


def find_by_word(characters: list[Character], query: str) -> list[int]:
    """Indices of characters whose definition holds every word of the query, in their order; none without a word."""
    words = set(re.findall(r"[a-z0-9']+", query.lower()))
    patterns = [re.compile(rf"\b{re.escape(word)}\b", re.IGNORECASE) for word in words]
    return [
        index
        for index, character in enumerate(characters)
        if patterns and all(pattern.search(character.definition) for pattern in patterns)
    ]


def title_of(character: Character) -> str:
    """Code point and strokes in a line; the character itself is drawn, since not every device has a font for it."""
    return f"U+{character.codepoint:04X} · {character.strokes} strokes"


def latin_of(query: str) -> str:
    """The part of a query that may be English."""
    return "".join(char for char in query if char <= LAST_LATIN).strip()


def summary(num_hits: int, how: str = BY_WORD, has_words: bool = True) -> str:
    """How many were found, in a sentence.

    Args:
        num_hits: how many.
        how: `BY_WORD` or `BY_MEANING`.
        has_words: whether there were English words to search by.
    """
    if num_hits == 0 and not has_words:
        return "There are no English words here to search by, and none of the characters."
    if num_hits == 0:
        return "No definition holds these words; try by meaning."
    if how == BY_MEANING and has_words and num_hits > 1:
        return f"The {num_hits} nearest characters, shown below the map."
    return f"{num_hits:,} character{'s' * (num_hits > 1)} found, shown below the map."
