"""The draft beside the suggestion in Generate: it follows the prompt while one types, and can be drawn in full."""

import html
from dataclasses import dataclass

import gradio as gr

from glyffuser.config import SampleConfig
from glyffuser.ui.context import AppContext, without_gpu
from glyffuser.ui.drafts import SEED, Drafts
from glyffuser.ui.notices import checked_prompt
from glyffuser.ui.runs import QUICK
from glyffuser.ui.streaming import data_url
from glyffuser.ui.text import say

AFTER_A_PAUSE = """async (prompt) => {
  await new Promise((resolve) => setTimeout(resolve, 250));
  const isSparing = matchMedia("(prefers-reduced-motion: reduce)").matches || navigator.connection?.saveData === true;
  return [prompt, !isSparing];
}"""
"""In the browser: a moment after a key, and nothing for those who ask for little motion or little data."""


@dataclass(frozen=True)
class Draft:
    """The draft and what is done with it.

    Attributes:
        picture: a figure; empty while there is none.
        in_full: the button that draws the same noise with the full network.
    """

    picture: gr.HTML
    in_full: gr.Button


def build_draft(context: AppContext, prompt: gr.Textbox) -> Draft | None:
    """Lay out the draft and wire it; None without a fast network, or where a GPU is lent by the second.

    Args:
        context: of the page.
        prompt: that the draft follows.
    """
    if not context.has_fast_network or context.on_gpu is not without_gpu:
        return None
    drafts = Drafts(context.pipeline)

    def follow(typed: str, is_wanted: bool) -> tuple[str, gr.Button]:
        text, _ = checked_prompt(typed)
        png = drafts.draw(text) if text and is_wanted else None
        return (draft_as_html(text, png) if png else ""), gr.Button(visible=png is not None)

    with gr.Column(min_width=112, elem_classes="glyff-draft"):
        picture = gr.HTML("", elem_id="draft")
        in_full = gr.Button(say("generate.draft_in_full"), visible=False, size="sm", elem_id="draft-in-full")
    is_wanted = gr.Checkbox(visible="hidden")
    prompt.change(
        follow, [prompt, is_wanted], [picture, in_full], js=AFTER_A_PAUSE, trigger_mode="always_last", **QUICK
    )
    return Draft(picture, in_full)


def draft_as_html(prompt: str, png: bytes) -> str:
    """The figure of a draft."""
    alt = html.escape(say("generate.draft_alt", prompt=prompt))
    return (
        f'<figure class="glyff-suggestion"><img src="{data_url(png, "image/png")}" width="112" height="112" '
        f'alt="{alt}"><figcaption>{say("generate.draft")}</figcaption></figure>'
    )


def draft_in_full() -> tuple[str, int, bool]:
    """Network, seed and "new seed every time" with which the full network draws from the noise of a draft."""
    return SampleConfig.network, SEED, False
