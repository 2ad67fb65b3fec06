"""In tab 1: several glyphs from the noise of one seed, between which one thing differs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import prod

import gradio as gr
import torch

from glyffuser.compare import (
    NO_WORDS,
    Variant,
    batches,
    compare,
    vary_change,
    vary_definition,
    vary_guidance,
    vary_pag,
    vary_sampler,
    vary_steps,
    vary_steps_and_guidance,
    vary_words,
)
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.sample import file_stem, settings_of
from glyffuser.side_by_side import JointFrame
from glyffuser.text import clean_prompt
from glyffuser.ui.components.frame_player import build_frame_player
from glyffuser.ui.generation import Request
from glyffuser.ui.streaming import stream_joint_frames
from glyffuser.ui.notices import notice
from glyffuser.ui.runs import ON_MODEL, QUICK, STOPPED, Runs, apology, order_number

EXPLANATION = """
All glyphs below begin with the same noise, that of the seed in Settings (after a run: of its first glyph). Between them
one thing differs (or two, in a table), so whatever else comes to differ is its doing.
"""
WORDS, DEFINITION, CHANGE = "words", "definition", "change"
STEPS, GUIDANCE, STEPS_AND_GUIDANCE, PAG, SAMPLER = "steps", "guidance", "steps-and-guidance", "pag", "sampler"
CHOICES = [
    ("words, one by one", WORDS),
    ("another definition", DEFINITION),
    ("a change of mind", CHANGE),
    ("steps", STEPS),
    ("guidance", GUIDANCE),
    ("steps × guidance", STEPS_AND_GUIDANCE),
    ("perturbed-attention guidance (PAG)", PAG),
    ("sampler", SAMPLER),
]
WHAT_TO_SEE = {
    WORDS: "The definition grows by a word from glyph to glyph. See at which step two of them part: the earlier, the "
    "more of the glyph that word decides.",
    DEFINITION: "Two definitions, and where their glyphs differ: nowhere as long as both are the same noise.",
    CHANGE: "One definition at first, another after some steps. Early, the glyph still follows; late, it stays "
    "what it has become; in between it may carry both.",
    STEPS: "Fewer steps are longer strides; a single one arrives at a blur, the average of what it could become, "
    "sharpened by guidance. The default sampler adds fresh noise at every step, so the glyph never settles; with "
    "DDIM or plain DPM-Solver++ (in Settings) it does.",
    GUIDANCE: "At 1 the definition is followed as it is; further up its effect is exaggerated, at the cost of variety "
    "and in the end of the strokes.",
    STEPS_AND_GUIDANCE: "Steps grow downwards, guidance to the right: it takes steps to turn what guidance asks for "
    "into strokes.",
    PAG: "See whether stray strokes join into parts. While parts take shape, the glyph is pushed away from what the "
    "model would draw if every place saw itself alone. At 0 this is off; far up, strokes run into knots.",
    SAMPLER: "One model, four rules for the next step. DDPM and DPM-Solver++ SDE add fresh noise at every step, so "
    "they part from the others.",
}
DIFFERENCE = "where they differ"
OF_TWO = {DEFINITION: vary_definition, CHANGE: vary_change}
OF_ONE = {
    WORDS: vary_words,
    STEPS: vary_steps,
    GUIDANCE: vary_guidance,
    STEPS_AND_GUIDANCE: vary_steps_and_guidance,
    PAG: vary_pag,
    SAMPLER: vary_sampler,
}


@dataclass(frozen=True)
class Order:
    """A checked order for a comparison.

    Attributes:
        change: a key of `WHAT_TO_SEE`.
        request: prompt, settings and the seed that all glyphs share.
        variants: what is compared.
        label: what all of it is about, in a line.
    """

    change: str
    request: Request
    variants: list[Variant]
    label: str

    @classmethod
    def check(cls, change: str, other: str, prompt: str, *settings) -> "Order":
        """Make an order of what a visitor sent.

        Args:
            change: a key of `WHAT_TO_SEE`.
            other: the other definition, where there are two.
            prompt: an English definition.
            settings: steps, both guidances, sampler and seed, as for `Request.check`.

        Raises:
            ValueError: with one sentence that a visitor can act on.
        """
        request = Request.check(prompt, 1, *settings)
        text, config = request.prompt, request.config
        if change in OF_TWO:
            other = clean_prompt(other or "", "The other definition")
            return cls(
                change, request, OF_TWO[change](text, other, config), f"{text or NO_WORDS} / {other or NO_WORDS}"
            )
        return cls(change, request, OF_ONE[change](text, config), text)


def gpu_seconds(order: Order) -> int:
    """How long a GPU is asked for, start and pictures included: by calls of the model, and by glyphs in them."""
    runs = [(batch[0].config.num_inference_steps, len(batch)) for batch in batches(order.variants)]
    return 10 + sum(num_steps for num_steps, _ in runs) // 20 + sum(map(prod, runs)) // 100


def build_same_noise(pipeline: GlyffuserPipeline, source: list[gr.components.Component], on_gpu: Callable) -> None:
    """Lay out the section and wire it to the model.

    Args:
        pipeline: a loaded model.
        source: fields of prompt, steps, both guidances, sampler and seed.
        on_gpu: seconds -> a decorator for the function that runs the model that long at most.
    """

    @on_gpu(gpu_seconds)
    def run_comparison(order: Order) -> Iterator[dict]:
        yield from comparison_frames(pipeline, order)

    runs = Runs()

    def answers(*fields) -> Iterator[tuple]:
        try:
            order = Order.check(*fields)
        except ValueError as error:
            yield STOPPED, notice(str(error), "error")  # the former run ended when this one was ordered
            return
        try:
            for frame in run_comparison(order):
                yield frame, ""
        except Exception as error:
            yield STOPPED, apology(error)

    def compare_for_visitor(visitor: gr.Request, number, *fields):
        yield from runs.while_current(visitor.session_hash, number, answers(*fields))

    gr.Markdown(EXPLANATION)
    change = gr.Radio(CHOICES, value=WORDS, label="What differs", info=WHAT_TO_SEE[WORDS], elem_id="same-noise-change")
    other = gr.Textbox("bird", label="Another definition", elem_id="same-noise-other", visible=False)
    with gr.Row(elem_classes="glyff-actions"):
        start = gr.Button("Compare", variant="primary", elem_id="compare", scale=3, min_width=120)
        stop = gr.Button("Stop", elem_id="compare-stop", scale=1, min_width=80)
    message = gr.HTML("", elem_id="same-noise-message")
    player = build_frame_player(idle="Here they will stand side by side.", elem_id="same-noise-player")
    number = order_number()
    change.change(
        lambda chosen: (gr.Radio(info=WHAT_TO_SEE[chosen]), gr.Textbox(visible=chosen in OF_TWO)),
        change, [change, other], **QUICK,
    )  # fmt: skip
    run = gr.on([start.click, other.submit], runs.order_for_visitor, None, number, **QUICK).then(
        compare_for_visitor, [number, change, other, *source], [player, message], show_progress_on=message, **ON_MODEL
    )
    stop.click(runs.stop_for_visitor, None, [player, message], cancels=[run], **QUICK)


def comparison_frames(pipeline: GlyffuserPipeline, order: Order) -> Iterator[dict]:
    """The glyphs of a comparison as the player takes them; of two definitions also the difference."""
    prompt, (seed,) = order.request.prompt, order.request.seeds
    frames = compare(pipeline, order.variants, seed)
    names = [variant.name for variant in order.variants]
    whole = settings_of(prompt, [seed], order.request.config) | {"compared": names}
    each = [_settings(variant, seed) for variant in order.variants]
    if order.change == DEFINITION:
        frames, names, each = map(with_difference, frames), [*names, DIFFERENCE], [*each, whole]
    stem = f"glyffuser-{file_stem(prompt)}-{order.change}"
    return stream_joint_frames(
        frames,
        names=names,
        settings=[whole, *each],
        label=order.label,
        beginning="The start: the same noise for all.",
        file_names=[f"{stem}.png", *(f"{stem}-{i}.png" for i in range(1, len(names) + 1))],
    )


def _settings(variant: Variant, seed: int) -> dict:
    prompt = variant.prompt
    if isinstance(prompt, str):
        return settings_of(prompt, [seed], variant.config)
    changing = {"then": prompt.then, "change_below": prompt.change_below}
    return settings_of(prompt.first, [seed], variant.config) | changing


def with_difference(frame: JointFrame) -> JointFrame:
    """The frame of two glyphs with a third: paper where they agree, ink where they differ by all of it."""
    return replace(frame, x_t=_with_difference(frame.x_t), pred_x_0=_with_difference(frame.pred_x_0))


def _with_difference(pair: torch.Tensor) -> torch.Tensor:
    first, second = pair
    return torch.cat([pair, 1 - (first - second).abs()[None]]).clamp(-1, 1)
