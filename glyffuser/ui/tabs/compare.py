"""The fold "Same noise, one thing changed" in Generate: glyphs of one seed between which one thing differs."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import gradio as gr
import torch

from glyffuser.compare import (
    NO_WORDS,
    Variant,
    batches,
    compare,
    vary_definition,
    vary_guidance,
    vary_network,
    vary_pag,
    vary_sampler,
    vary_steps,
    vary_steps_and_guidance,
    vary_switch,
    vary_words,
)
from glyffuser.config import SampleConfig
from glyffuser.images import grid_columns
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.request import Request
from glyffuser.side_by_side import JointFrame
from glyffuser.text import clean_prompt
from glyffuser.ui.components.frame_player import build_frame_player
from glyffuser.ui.components.waiting import build_waiting
from glyffuser.ui.context import AppContext
from glyffuser.ui.protocol import FrameMessage
from glyffuser.ui.runs import QUICK, RunEvents, RunWiring, answer
from glyffuser.ui.streaming import PixelFrame, RunCard, joint_to_pixels, stream_messages
from glyffuser.ui.tabs.settings import Settings, request_of
from glyffuser.ui.text import say

DEFINITION, SWITCH = "definition", "change"
OF_TWO = {DEFINITION: vary_definition, SWITCH: vary_switch}
"""What can differ where there is a second definition; the names stand in links and file names."""

NETWORK = "network"
OF_ONE = {
    "words": vary_words,
    "steps": vary_steps,
    "guidance": vary_guidance,
    "steps-and-guidance": vary_steps_and_guidance,
    "pag": vary_pag,
    "sampler": vary_sampler,
    NETWORK: vary_network,
}
CHOICES = ("words", *OF_TWO, "steps", "guidance", "steps-and-guidance", "pag", "sampler", NETWORK)
MAX_ROW = 3
"""Glyphs that stand in one row, where that is all of them."""


@dataclass(frozen=True)
class Comparison:
    """A checked comparison.

    Attributes:
        changed: one of `CHOICES`.
        request: prompt, settings and the seed that all glyphs share.
        variants: what is compared.
        label: what all of it is about, in a line.
    """

    changed: str
    request: Request
    variants: list[Variant]
    label: str

    @classmethod
    def check(cls, changed: str, other: str, request: Request) -> "Comparison":
        """Make a comparison of what a visitor sent.

        Args:
            changed: one of `CHOICES`.
            other: the other definition, where there are two.
            request: of one glyph.

        Raises:
            ValueError: with one sentence that a visitor can act on.
        """
        prompt, config = request.prompt, request.config
        if changed not in OF_ONE and changed not in OF_TWO:
            raise ValueError(say("errors.wrong_request"))
        if changed not in OF_TWO:
            return cls(changed, request, OF_ONE[changed](prompt, config), prompt)
        other = clean_prompt(other or "", say("compare.other_subject"))
        variants = OF_TWO[changed](prompt, other, config)
        return cls(changed, request, variants, f"{prompt or NO_WORDS} / {other or NO_WORDS}")

    def runs(self) -> list[tuple[int, int]]:
        """Steps and glyphs of each batch that goes through the network together."""
        return [(batch[0].config.num_inference_steps, len(batch)) for batch in batches(self.variants)]

    def work(self) -> int:
        """Glyphs times steps."""
        return sum(map(prod, self.runs()))


def gpu_seconds(comparison: Comparison) -> int:
    """How long a GPU is requested for, start and pictures included: by model calls, and by glyphs in them."""
    return 10 + sum(num_steps for num_steps, _ in comparison.runs()) // 20 + comparison.work() // 100


def build_compare(page: gr.Blocks, context: AppContext, prompt: gr.Textbox, settings: Settings) -> None:
    """Lay out the fold and wire it to the model.

    Args:
        page: the whole page.
        context: of the page.
        prompt: of Generate.
        settings: of Generate.
    """

    @context.on_gpu(gpu_seconds)
    def denoise(comparison: Comparison) -> Iterator[PixelFrame]:
        yield from denoise_comparison(context.pipeline, comparison)

    def stream(comparison: Comparison) -> Iterator[FrameMessage]:
        yield from stream_messages(denoise(comparison), card_of(comparison))

    def check(changed: str, other: str, prompt: str, *values: object) -> Comparison:
        request = request_of(prompt, 1, SampleConfig.network, *values, False)
        return Comparison.check(changed, other, context.drawn_here(request))

    def answers(*values: Any) -> Generator[tuple, None, None]:
        yield from answer(lambda: check(*values), stream)

    with gr.Accordion(say("compare.title"), open=False, elem_id="same-noise"):
        changed, other = _lay_out_choice(context.has_fast_network)
        with gr.Row(elem_classes="glyff-actions"):
            start = gr.Button(say("compare.start"), variant="primary", elem_id="compare", scale=3, min_width=120)
            stop = gr.Button(say("compare.stop"), elem_id="compare-stop", scale=1, min_width=80)
        waiting = build_waiting(context.static_files, say("compare.start"), elem_id="same-noise-waiting")
        message = gr.HTML("", elem_id="same-noise-message")
        player = build_frame_player(context.static_files, idle=say("compare.idle"), elem_id="same-noise-player")
    inputs = [changed, other, prompt, *settings.comparison_inputs()]
    wiring = RunWiring(
        page=page,
        line=context.line,
        starts=[start.click, other.submit],
        button=start,
        stop=stop,
        player=player,
        waiting=waiting,
        message=message,
        inputs=inputs,
        work=lambda *values: check(*values).work(),
    )
    RunEvents(wiring, answers).finish()


def _lay_out_choice(has_fast_network: bool) -> tuple[gr.Radio, gr.Textbox]:
    gr.Markdown(say("compare.explanation"))
    offered = [name for name in CHOICES if name != NETWORK or has_fast_network]
    choices = [(say(f"compare.{name}"), name) for name in offered]
    changed = gr.Radio(
        choices, value=CHOICES[0], label=say("compare.changed"), info=what_to_see(CHOICES[0]),
        elem_id="same-noise-change",
    )  # fmt: skip
    other = gr.Textbox("bird", label=say("compare.other"), elem_id="same-noise-other", visible=False)
    changed.change(
        lambda chosen: (gr.Radio(info=what_to_see(chosen) if chosen else ""), gr.Textbox(visible=chosen in OF_TWO)),
        changed, [changed, other], **QUICK,
    )  # fmt: skip
    return changed, other


def what_to_see(changed: str) -> str:
    """What to look for in a comparison."""
    return say(f"compare.{changed}_info")


def denoise_comparison(pipeline: GlyffuserPipeline, comparison: Comparison) -> Iterator[PixelFrame]:
    """The frames of a comparison; of two definitions also their difference."""
    frames = compare(pipeline, comparison.variants, comparison.request.seeds[0])
    yield from joint_to_pixels(map(with_difference, frames) if comparison.changed == DEFINITION else frames)


def card_of(comparison: Comparison) -> RunCard:
    """What all messages of a comparison share."""
    request = comparison.request
    names = [variant.name for variant in comparison.variants]
    whole = request.to_settings(compared=names)
    settings = [_settings(variant, request) for variant in comparison.variants]
    if comparison.changed == DEFINITION:
        names, settings = [*names, say("compare.difference")], [*settings, whole]
    stem = f"glyffuser-{request.file_stem}-{comparison.changed}"
    return RunCard(
        label=comparison.label,
        seeds=request.seeds * len(names),
        settings=[whole, *settings],
        file_names=[f"{stem}.png", *(f"{stem}-{i}.png" for i in range(1, len(names) + 1))],
        columns=len(names) if len(names) <= MAX_ROW else grid_columns(len(names)),
        names=names,
        beginning=say("compare.beginning"),
        unit=say("compare.unit"),
    )


def _settings(variant: Variant, request: Request) -> dict:
    """What the PNG of one glyph keeps; a plain one can be replayed by itself."""
    prompt = variant.prompt
    if variant.config.network != request.config.network:
        request = request.with_checkpoint("")  # it is not known here which one the other network came from
    if isinstance(prompt, str):
        return replace(request, prompt=prompt, config=variant.config).to_settings()
    switch = {"then": prompt.then, "change_below": prompt.switch_timestep}
    return replace(request, prompt=prompt.first, config=variant.config).to_settings(**switch)


def with_difference(frame: JointFrame) -> JointFrame:
    """The frame of two glyphs with a third: paper where they agree, ink where they differ by all of it."""
    return replace(frame, x_t=_with_difference(frame.x_t), pred_x_0=_with_difference(frame.pred_x_0))


def _with_difference(pair: torch.Tensor) -> torch.Tensor:
    first, second = pair
    return torch.cat([pair, 1 - (first - second).abs()[None]]).clamp(-1, 1)
