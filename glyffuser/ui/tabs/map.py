"""Tab 3: all real characters as a map, found by word, by meaning, or by wandering about."""

import html
import uuid
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

import gradio as gr
import numpy as np

from glyffuser.config import SampleConfig
from glyffuser.data.characters import Character
from glyffuser.data.radical_names import radical_of
from glyffuser.map.search import Search, latin_of
from glyffuser.request import Request
from glyffuser.text import clean_prompt
from glyffuser.ui.components.character_list import build_character_list
from glyffuser.ui.components.glyph_map import build_glyph_map
from glyffuser.ui.components.waiting import build_waiting
from glyffuser.ui.context import AppContext
from glyffuser.ui.figures import character_figure, figure, figures, radical_image
from glyffuser.ui.generation import denoise_request, work_of
from glyffuser.ui.into_view import into_view
from glyffuser.ui.notices import checked_prompt, notice, prompt_notice
from glyffuser.ui.protocol import GoMessage, HitsMessage, LightMessage, PathMessage
from glyffuser.ui.request import random_seed
from glyffuser.ui.runs import IN_ORDER, QUICK, RunEvents, RunWiring, answer
from glyffuser.ui.safe_blocks import details
from glyffuser.ui.streaming import PixelFrame, Throttle
from glyffuser.ui.text import say

NUM_SHOWN = 24
"""Hits that are shown as pictures with buttons at first, and more at each click."""

BY_WORD, BY_MEANING = "word", "meaning"

NOTHING_PICKED = notice(say("map.nothing_picked"))
"""The panel while no character is picked."""


@dataclass(frozen=True)
class MapTab:
    """What the page wires to other tabs.

    Attributes:
        glyph_map: takes messages.
        panel: the picked character; its select event hands one over.
        hits: characters that were found; the same.
        drawn: the nearest real character of a sampled glyph; the same.
    """

    glyph_map: gr.HTML
    panel: gr.HTML
    hits: gr.HTML
    drawn: gr.HTML

    def lists(self) -> list[gr.HTML]:
        """Everything with characters to hand over."""
        return [self.panel, self.hits, self.drawn]


@dataclass(frozen=True)
class SearchFields:
    """What is typed, and where answers appear."""

    query: gr.Textbox
    how: gr.Radio
    message: gr.HTML
    glyph_map: gr.HTML
    hits: gr.HTML
    more: gr.Button


class MapSearch:
    """Answers what is typed into the search field and the prompt field of the map."""

    def __init__(self, context: AppContext) -> None:
        """
        Args:
            context: of the page.
        """
        self._context = context
        self._meanings = context.map_files.meanings
        self._search = Search(context.characters, self._meanings)

    def find(self, query: str, how: str) -> list[int]:
        """Indices of the characters that a cleaned query finds, by word or by meaning."""
        words = latin_of(query)
        if how == BY_MEANING and words:
            return self._search.by_meaning(query, self._sentence_vector(words))
        return self._search.by_word(query)

    def light(self, prompt: str) -> LightMessage:
        """The characters whose definitions are near to a cleaned prompt; "" switches the light off."""
        message: LightMessage = {"kind": "light", "id": uuid.uuid4().hex, "indices": None}
        if prompt:
            indices, weights = self._meanings.weights(self._sentence_vector(prompt))
            message |= {"indices": indices.tolist(), "weights": weights.round(5).tolist(), "label": prompt}
        return message

    def _sentence_vector(self, text: str) -> np.ndarray:
        return self._context.pipeline.encode(text).sentence.numpy()


def build_map_tab(page: gr.Blocks, context: AppContext) -> MapTab:
    """Lay out the tab; nothing of it is fetched or searched before it is first opened.

    Args:
        page: the whole page.
        context: of the page.
    """
    search, static_files = MapSearch(context), context.static_files
    query, how, message = _lay_out_search()
    with gr.Row():
        with gr.Column(scale=3, min_width=240):
            glyph_map = build_glyph_map(static_files, context.map_files, context.pipeline.scheduler, elem_id="map")
            drawn = _build_light(page, context, search, glyph_map)
        with gr.Column(scale=1, min_width=240, elem_id="map-sheet"):
            close = gr.Button(say("map.close"), elem_id="map-close", size="sm")
            panel = build_character_list(static_files, NOTHING_PICKED, elem_id="map-panel")
    hits = build_character_list(static_files, elem_id="map-hits")
    more = gr.Button(say("map.more"), visible=False, elem_id="map-more")
    gr.Markdown(say("map.introduction", count=f"{len(context.characters):,}"))
    _wire_search(context, search, SearchFields(query, how, message, glyph_map, hits, more))

    def show_picked(event: gr.EventData) -> str:
        return panel_of(context, context.checked_index(details(event).get("index")))

    glyph_map.select(show_picked, None, panel, **IN_ORDER)
    close.click(lambda: NOTHING_PICKED, None, panel, **IN_ORDER)
    return MapTab(glyph_map, panel, hits, drawn)


def go_to(index: int) -> GoMessage:
    """The message that moves the map to a character."""
    return {"kind": "go", "id": uuid.uuid4().hex, "index": index}


def panel_of(context: AppContext, index: int) -> str:
    """A picked character, large, and its nearest neighbours, each with buttons, as HTML."""
    character = context.characters[index]
    neighbours = [
        character_figure(context, other, "go_there") for other in context.map_files.projection.neighbours(index)
    ]
    return (
        f'<div class="glyff-panel" data-index="{index}">{character_figure(context, index, "generate", "take_apart")}'
        f"{_composition(context, character)}"
        f"<h2>{html.escape(say('map.neighbours'))}</h2>{figures(neighbours)}</div>"
    )


def _composition(context: AppContext, character: Character) -> str:
    radical = radical_of(character.radical)
    about = say("map.about", number=radical.number, char=radical.char, name=radical.name, layout=character.layout)
    return radical_image(context.renderer, radical) + notice(about)


def summary(num_hits: int, how: str = BY_WORD, has_words: bool = True) -> str:
    """How many were found, in a sentence.

    Args:
        num_hits: how many.
        how: `BY_WORD` or `BY_MEANING`.
        has_words: whether there were English words to search by.
    """
    if num_hits == 0:
        return say("map.none_found" if has_words else "map.nothing_to_search_by")
    if how == BY_MEANING and has_words and num_hits > 1:
        return say("map.nearest_found", count=num_hits)
    return say("map.one_found" if num_hits == 1 else "map.found", count=f"{num_hits:,}")


def _lay_out_search() -> tuple[gr.Textbox, gr.Radio, gr.HTML]:
    with gr.Row():
        query = gr.Textbox(
            label=say("map.search"), placeholder=say("map.search_info"), elem_id="map-query", scale=3, min_width=150
        )
        how = gr.Radio(
            [(say("map.by_word"), BY_WORD), (say("map.by_meaning"), BY_MEANING)], value=BY_WORD,
            label=say("map.search_by"), elem_id="map-how", scale=1, min_width=150,
        )  # fmt: skip
    return query, how, gr.HTML("", elem_id="map-message")


def _wire_search(context: AppContext, search: MapSearch, fields: SearchFields) -> None:
    """Answers while one types."""
    num_shown = gr.State(NUM_SHOWN)

    def show(found: list[int], number: int) -> tuple:
        shown = [character_figure(context, index, "on_the_map", "take_apart") for index in found[:number]]
        return figures(shown), number, gr.Button(visible=len(found) > number)

    def search_for_visitor(query: str, how: str) -> tuple:
        text, wrong = checked_prompt(query)
        if wrong:
            return gr.skip(), gr.skip(), gr.skip(), gr.skip(), wrong
        found = search.find(text, how)
        marked: HitsMessage = {"kind": "hits", "indices": found if text else None}
        sentence = summary(len(found), how, bool(latin_of(text))) if text else ""
        return marked, *show(found, NUM_SHOWN), notice(sentence)

    def show_more(query: str, how: str, num_shown: int) -> tuple:
        text, wrong = checked_prompt(query)
        return (gr.skip(),) * 3 if wrong else show(search.find(text, how), num_shown + NUM_SHOWN)

    f = fields
    typed, listed = [f.query, f.how], [f.hits, num_shown, f.more]
    gr.on(
        [f.query.change, f.how.change], search_for_visitor, typed, [f.glyph_map, *listed, f.message],
        trigger_mode="always_last", **QUICK,
    )  # fmt: skip
    f.more.click(show_more, [*typed, num_shown], listed, **QUICK)


def _build_light(page: gr.Blocks, context: AppContext, search: MapSearch, glyph_map: gr.HTML) -> gr.HTML:
    """Light up a prompt, and sample it; returns where the sampled glyph is shown."""
    prompt, light, draw = _lay_out_light()
    waiting = build_waiting(context.static_files, say("map.sample"), has_line=True, elem_id="map-waiting")
    message = gr.HTML("", elem_id="map-light-message")
    drawn = build_character_list(context.static_files, elem_id="map-drawn")

    def light_up(prompt: str) -> tuple:
        text, wrong = checked_prompt(prompt)
        if wrong:
            return gr.skip(), wrong
        sentence = prompt_notice(text, context.pipeline) if text else notice(say("map.no_prompt"))
        return search.light(text), sentence

    gr.on([light.click, prompt.submit], light_up, prompt, [glyph_map, message], **QUICK)
    wiring = RunWiring(
        page=page,
        line=context.line,
        starts=[draw.click],
        button=draw,
        stop=None,
        player=glyph_map,
        waiting=waiting,
        message=message,
        inputs=[prompt],
        work=lambda prompt: work_of(checked_sample(prompt)),
        extra_outputs=[drawn],
        has_caption=False,
    )
    RunEvents(wiring, _sample_answers(context))
    drawn.change(None, js=into_view("map-drawn", while_typing=False), **QUICK)
    return drawn


def _sample_answers(context: AppContext) -> Callable[[str], Generator[tuple, None, None]]:
    """A prompt -> what the map, the message and the place of the sampled glyph show."""

    @context.on_gpu(20)
    def denoise(request: Request) -> Iterator[PixelFrame]:
        yield from denoise_request(context.pipeline, request)

    def answers(prompt: str) -> Generator[tuple, None, None]:
        nothing = (gr.skip(), gr.skip())
        for (path, drawn), sentence in answer(
            lambda: checked_sample(prompt), lambda request: stream_path(context, request, denoise(request)), nothing
        ):
            yield path, sentence, drawn

    return answers


def checked_sample(prompt: str) -> Request:
    """The request for one glyph of the prompt below the map.

    Raises:
        ValueError: with one sentence that a visitor can act on.
    """
    return Request(clean_prompt(prompt or ""), [random_seed()], SampleConfig())


def _lay_out_light() -> tuple[gr.Textbox, gr.Button, gr.Button]:
    with gr.Row():
        prompt = gr.Textbox(
            label=say("map.prompt"), placeholder="fish", info=say("map.prompt_info"), elem_id="map-prompt", scale=4,
            min_width=200,
        )  # fmt: skip
        light = gr.Button(say("map.light"), elem_id="map-light", scale=1, min_width=110)
        draw = gr.Button(say("map.sample"), variant="primary", elem_id="map-sample", scale=1, min_width=110)
    return prompt, light, draw


def stream_path(
    context: AppContext, request: Request, frames: Iterator[PixelFrame], throttle: Throttle | None = None
) -> Iterator[tuple[PathMessage, object]]:
    """Follow the predictions of one glyph over the map.

    Args:
        context: of the page.
        request: of one glyph.
        frames: of its run.
        throttle: says when the next message is due.

    Yields:
        The path so far, at most 12 a second and always the last; with the last one the finished glyph beside its
        nearest real character as HTML.
    """
    points, throttle = [], throttle or Throttle()
    for frame in frames:
        if frame.step == 0:
            continue
        is_last = frame.step == frame.num_steps
        positions, (nearest,) = context.locate(frame.x_t if is_last else frame.pred_x_0)
        points.append(positions[0].round(4).tolist())
        path: PathMessage = {"kind": "path", "label": request.prompt, "points": points, "nearest": None}
        if is_last:
            yield path | {"nearest": int(nearest)}, _drawn(context, request, frame, int(nearest))
        elif throttle.is_due():
            yield path, gr.skip()


def _drawn(context: AppContext, request: Request, frame: PixelFrame, nearest: int) -> str:
    caption = request.prompt or say("map.without_definition")
    drawn = figure(frame.x_t[0], say("map.drawn"), caption)
    return figures([drawn, character_figure(context, nearest, "on_the_map")])
