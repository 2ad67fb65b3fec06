"""The page as a whole: title, three tabs, how it works; and how it is served."""

from collections.abc import Callable
from pathlib import Path

import gradio as gr

from glyffuser.data.characters import load_characters
from glyffuser.data.glyphs import GlyphRenderer
from glyffuser.map.files import MapFiles
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.text import MAX_PROMPT_LENGTH
from glyffuser.ui.tabs.map import Landscape, build_explore_tab, checked_index
from glyffuser.ui.tabs.generate import build_generate_tab
from glyffuser.ui.runs import QUICK
from glyffuser.ui.tabs.one_step import MIDDLE, build_single_step_tab
from glyffuser.ui.theme import build_theme

ASSETS = Path(__file__).parent / "assets"
MAX_QUEUE = 20
"""Events that may wait, nearly all of them runs; whoever comes later is told that the queue is full."""

GENERATE, ONE_STEP = "generate", "one-step"
TITLE = """
# Glyffuser
Type what a character should mean, and watch it come out of pure noise.
"""
HOW_IT_WORKS = (ASSETS / "how_it_works.md").read_text(encoding="utf-8")


def without_gpu(seconds: float | Callable) -> Callable:
    """What stands for `spaces.GPU` where no GPU has to be asked for: decorates a function with itself."""
    return lambda function: function


def build_page(pipeline: GlyffuserPipeline, on_gpu: Callable = without_gpu) -> gr.Blocks:
    """Build the page around a loaded model.

    Args:
        pipeline: a loaded model.
        on_gpu: seconds, or a function that tells them from the arguments -> a decorator for the functions that run the
            model that long at most (`spaces.GPU` on ZeroGPU).

    Raises:
        MapError: if a file of the map is missing or damaged.
        ClassifierError: if one of the radical reader is.
        ValueError: if the map was built from other characters.
    """
    renderer, characters = GlyphRenderer(), load_characters()
    landscape = Landscape(characters, renderer, MapFiles.load(), pipeline)
    with gr.Blocks(title="Glyffuser", analytics_enabled=False, delete_cache=(3600, 3600)) as page:
        gr.Markdown(TITLE, elem_id="title")
        with gr.Tabs() as tabs:
            with gr.Tab("Generate", id=GENERATE):
                player, prompt = build_generate_tab(page, landscape, on_gpu)
            with gr.Tab("One step", id=ONE_STEP) as single_step_tab:
                source = build_single_step_tab(single_step_tab, pipeline, characters, renderer, on_gpu)
            with gr.Tab("Map"):
                givers = build_explore_tab(landscape, on_gpu)

        def take_character_over(event: gr.EventData) -> tuple:
            character = characters[checked_index(event.index, landscape)]
            if event.action == "generate":
                return gr.Tabs(selected=GENERATE), character.definition[:MAX_PROMPT_LENGTH], *[gr.skip()] * len(source)
            return gr.Tabs(selected=ONE_STEP), gr.skip(), gr.skip(), character.char, None, MIDDLE

        player.select(take_glyph_apart, None, [tabs, *source], **QUICK)
        for giver in givers:
            giver.select(take_character_over, None, [tabs, prompt, *source], **QUICK)
        with gr.Accordion("How it works", open=False, elem_id="how-it-works"):
            gr.Markdown(HOW_IT_WORKS)
    return page.queue(max_size=MAX_QUEUE)


def take_glyph_apart(event: gr.EventData) -> tuple:
    """Hand the glyph picked in Generate to One step: the tab, prompt, character, picture and timestep there."""
    return gr.Tabs(selected=ONE_STEP), event.label, "", event.picture, MIDDLE


def launch_options() -> dict:
    """Arguments for `Blocks.launch`: our look, and nothing that is stored or sent elsewhere."""
    return {
        "theme": build_theme(),
        "css_paths": [ASSETS / "page.css", ASSETS / "frame_player.css", ASSETS / "glyph_map.css"],
        "footer_links": ["api", "settings"],
        "run_history": False,
        "enable_monitoring": False,
        "ssr_mode": False,
        "max_file_size": "200kb",
    }
