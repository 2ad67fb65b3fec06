"""The page as a whole: title, three tabs, how it works; what tabs hand to each other; and how it is served."""

from pathlib import Path
from typing import Any

import gradio as gr
from starlette.middleware import Middleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware

from glyffuser.text import MAX_PROMPT_LENGTH
from glyffuser.ui import components
from glyffuser.ui.components.tab_keys import build_tab_keys
from glyffuser.ui.context import AppContext
from glyffuser.ui.guard import Guard
from glyffuser.ui.headers import Headers
from glyffuser.ui.health import Health
from glyffuser.ui.into_view import into_view
from glyffuser.ui.own_device import DeviceService
from glyffuser.ui.runs import IN_ORDER, QUICK
from glyffuser.ui.safe_blocks import SafeBlocks, details
from glyffuser.ui.tabs.generate import GenerateTab, build_generate_tab
from glyffuser.ui.tabs.map import MapTab, build_map_tab, go_to
from glyffuser.ui.tabs.one_step import MIDDLE, OneStepTab, build_one_step_tab
from glyffuser.ui.text import say
from glyffuser.ui.theme import build_theme

STYLES = [Path(__file__).parent / name for name in ("page.css", "phone.css")]

MAX_QUEUE = 20
"""Events that may wait, nearly all of them runs; whoever comes later is told that the queue is full."""

MAX_SESSIONS = 500
"""Visitors whose state Gradio keeps, up to 0.3 MB each; whoever was away longest is forgotten first."""

COMPRESSION: dict[str, Any] = {
    "minimum_size": 1_000,
    "compresslevel": 6,
    "exclude_content_types": (*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/octet-stream", "application/wasm"),
}
"""Of the page and of JSON; neither of streams, whose frames must not wait, nor of weights, which do not get smaller."""

GENERATE, ONE_STEP, MAP = "generate", "one-step", "map"
"""Ids of the tabs."""

HANDED_OVER = into_view("step-message", "prompt", block="start")
"""In the browser: what was handed over is in view, whichever tab it went to."""


def build_page(context: AppContext) -> gr.Blocks:
    """Build the page around a loaded model."""
    with SafeBlocks(title="Glyffuser", analytics_enabled=False, delete_cache=(3600, 3600)) as page:
        gr.Markdown(say("page.title"), elem_id="title")
        build_tab_keys(context.static_files)
        with gr.Tabs() as tabs:
            with gr.Tab(say("page.generate"), id=GENERATE):
                generate = build_generate_tab(page, context)
            with gr.Tab(say("page.one_step"), id=ONE_STEP) as tab:
                one_step = build_one_step_tab(page, tab, context)
            with gr.Tab(say("page.map"), id=MAP):
                glyph_map = build_map_tab(page, context)
        _wire_glyphs(context, tabs, generate, one_step, glyph_map)
        _wire_characters(context, tabs, generate, one_step, glyph_map)
        with gr.Accordion(say("page.how_it_works_title"), open=False, elem_id="how-it-works"):
            gr.Markdown(say("page.how_it_works"))
    return page.queue(max_size=MAX_QUEUE, api_open=False)  # who runs the model waits in the queue


def launch_options(context: AppContext) -> dict:
    """Arguments for `Blocks.launch`: our look and files, and nothing that is stored or sent elsewhere."""
    return {
        "theme": build_theme(),
        "css_paths": [*STYLES, *components.STYLES],
        "app_kwargs": {
            "routes": [
                *context.static_files.routes(),
                *DeviceService(context).routes(),
                *context.line.routes(),
                *Health(context).routes(),
            ],
            "middleware": [Middleware(Headers), Middleware(GZipMiddleware, **COMPRESSION), Middleware(Guard)],
        },
        "footer_links": ["api"],
        "run_history": False,
        "enable_monitoring": False,
        "ssr_mode": False,
        "state_session_capacity": MAX_SESSIONS,
    }


def _wire_glyphs(
    context: AppContext, tabs: gr.Tabs, generate: GenerateTab, one_step: OneStepTab, glyph_map: MapTab
) -> None:
    """A generated glyph: its path goes to the map in the browser alone, itself to One step."""

    def take_apart(event: gr.EventData) -> tuple:
        values = details(event)
        glyph = context.finished.find(values.get("run"), values.get("index"))
        if glyph is None:
            raise gr.Error(say("errors.glyph_gone"), print_exception=False)
        return gr.Tabs(selected=ONE_STEP), glyph.prompt, "", glyph, MIDDLE

    generate.player.input(None, generate.player, glyph_map.glyph_map, js="(path) => path", **QUICK)
    taken = generate.player.select(take_apart, None, [tabs, *one_step.inputs()], **QUICK)
    taken.then(None, js=HANDED_OVER, **QUICK)


def _wire_characters(
    context: AppContext, tabs: gr.Tabs, generate: GenerateTab, one_step: OneStepTab, glyph_map: MapTab
) -> None:
    """A real character: to the map, to Generate, or to One step."""
    unchanged = [gr.skip()] * len(one_step.inputs())

    def hand_over(event: gr.EventData) -> tuple:
        values = details(event)
        index, action = context.checked_index(values.get("index")), values.get("action")
        character = context.characters[index]
        definition = character.definition[:MAX_PROMPT_LENGTH]
        if action == "go":
            return gr.skip(), gr.skip(), go_to(index), *unchanged
        if action == "generate":
            return gr.Tabs(selected=GENERATE), definition, gr.skip(), *unchanged
        return gr.Tabs(selected=ONE_STEP), gr.skip(), gr.skip(), gr.skip(), character.char, None, MIDDLE

    outputs = [tabs, generate.prompt, glyph_map.glyph_map, *one_step.inputs()]
    for characters in glyph_map.lists():
        characters.select(hand_over, None, outputs, **IN_ORDER).then(None, js=HANDED_OVER, **QUICK)
