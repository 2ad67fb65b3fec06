"""Tab 1, beginning with a former run: a link fills the fields and draws it again, a downloaded PNG fills them."""

from pathlib import Path

import gradio as gr
import torch

from glyffuser.config import SampleConfig
from glyffuser.images import read_settings
from glyffuser.ui.generation import NUM_GLYPHS, SETTINGS, Request, default_num_glyphs, default_num_steps, random_seed
from glyffuser.ui.notices import notice
from glyffuser.ui.runs import QUICK


def replay_link(page: gr.Blocks, fields: list[gr.components.Component], message: gr.HTML, device: torch.device) -> None:
    """Fill the fields and press Generate when a link to a run opens the page.

    Args:
        page: the current `gr.Blocks`.
        fields: prompt, number of glyphs, steps, both guidances, sampler, seed, and whether the next run has a new seed.
        message: where a bent link is answered.
        device: that of the model.
    """
    untouched, is_asked = [gr.skip()] * len(fields), gr.Checkbox(visible=False)

    def take_link(visitor: gr.Request) -> tuple:
        query = dict(visitor.query_params)
        if "prompt" not in query:
            return *untouched, gr.skip(), False
        try:
            return *_values(link_request(query, device)), "", True
        except ValueError as error:
            return *untouched, notice(str(error), "error"), False

    page.load(take_link, None, [*fields, message, is_asked], **QUICK).then(
        None, is_asked, None, js="(isAsked) => { if (isAsked) document.querySelector('#generate').click(); }"
    )


def replay_png(png: gr.UploadButton, fields: list[gr.components.Component], message: gr.HTML) -> None:
    """Fill the fields with what a PNG of ours remembers; `fields` as for `replay_link`."""
    untouched = [gr.skip()] * len(fields)

    def take_png(path: str) -> tuple:
        try:
            request = offered(Request.from_settings(read_settings(Path(path).read_bytes())))
        except ValueError as error:
            return *untouched, notice(f"{str(error)[0].upper()}{str(error)[1:].rstrip('.')}.", "error")
        return *_values(request), notice("Definition, seed and settings are those of the picture.")

    png.upload(take_png, png, [*fields, message], **QUICK)


def link_request(query: dict[str, str], device: torch.device) -> Request:
    """The run that a link asks for; what it leaves open is as on a fresh page.

    Args:
        query: of the link.
        device: that of the model.

    Raises:
        ValueError: with one sentence that a visitor can act on.
    """
    fresh = {
        "num_glyphs": default_num_glyphs(device),
        **{name: getattr(SampleConfig(), name) for name in SETTINGS},
        "num_inference_steps": default_num_steps(device),
        "seed": random_seed(),
    }
    return offered(Request.from_query(fresh | query))


def offered(request: Request) -> Request:
    """The same order, if the page offers such.

    Raises:
        ValueError: with one sentence that a visitor can act on.
    """
    if len(request.seeds) not in NUM_GLYPHS:
        raise ValueError(f"Number of glyphs must be 1, 4, 9 or 16; got {len(request.seeds)}.")
    return request


def _values(request: Request) -> tuple:
    """What the fields hold for an order."""
    settings = (getattr(request.config, name) for name in SETTINGS)
    return request.prompt, len(request.seeds), *settings, request.seeds[0], False
