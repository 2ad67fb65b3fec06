"""Settings of a run: the fold in Generate, and links and PNGs that fill it."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from glyffuser.checks import MAX_TIMESTEP
from glyffuser.compare import SAMPLER_NAMES
from glyffuser.config import FAST_CONFIG, NETWORKS, SampleConfig
from glyffuser.diffusion import SAMPLERS
from glyffuser.request import Request
from glyffuser.spacing import SPACINGS
from glyffuser.ui.components.png_button import build_png_button, chosen_png
from glyffuser.ui.context import AppContext
from glyffuser.ui.notices import notice, seed_notice
from glyffuser.ui.request import (
    MAX_GUIDANCE_SCALE,
    MAX_PAG_SCALE,
    MAX_STEPS,
    NUM_GLYPHS,
    check_request,
    default_num_glyphs,
    default_num_steps,
    random_seed,
    request_from_link,
    request_from_png,
)
from glyffuser.ui.runs import QUICK
from glyffuser.ui.safe_blocks import details
from glyffuser.ui.text import say, sentence_of

SAMPLER_REMARKS = {
    "dpm++-sde": "settings.sampler_default",
    "dpm++": "settings.sampler_plain",
    "ddpm": "settings.sampler_ddpm",
}

ROUND = "(number) => Math.round(number)"
"""In the browser, when a slider's number field is left: Gradio lets fractions be typed into whole-number sliders."""


@dataclass(frozen=True)
class Settings:
    """The controls of the fold."""

    num_glyphs: gr.Radio
    network: gr.Radio
    num_steps: gr.Slider
    guidance_scale: gr.Slider
    pag_scale: gr.Slider
    sampler: gr.Dropdown
    spacing: gr.Radio
    guidance_from: gr.Slider
    guidance_to: gr.Slider
    pag_from: gr.Slider
    pag_to: gr.Slider
    seed: gr.Number
    is_new_seed: gr.Checkbox

    def inputs(self) -> list[gr.components.Component]:
        """All that decides a run besides the prompt, in the order of `request_of`."""
        return [getattr(self, name) for name in self.__dataclass_fields__]

    def of_full_network(self) -> list[gr.components.Component]:
        """What the fast network does not ask for."""
        free = (self.num_glyphs, self.network, self.seed, self.is_new_seed)
        return [control for control in self.inputs() if control not in free]

    def comparison_inputs(self) -> list[gr.components.Component]:
        """What decides a comparison besides the prompt: one glyph of the seed that is shown, by the full network."""
        return [
            control for control in self.inputs() if control not in (self.num_glyphs, self.network, self.is_new_seed)
        ]


def request_of(prompt: str, num_glyphs: Any, network: Any, num_steps: Any, *settings: Any) -> Request:
    """The request that the page's fields ask for; arguments as `Settings.inputs` after the prompt.

    Raises:
        ValueError: with one sentence that a visitor can act on.
    """
    guidance_scale, pag_scale, sampler, spacing, *intervals, seed, is_new_seed = settings
    return check_request(
        prompt,
        num_glyphs,
        rounded(num_steps),
        guidance_scale,
        pag_scale,
        sampler,
        None if is_new_seed else seed,
        guidance_interval=(rounded(intervals[0]), rounded(intervals[1])),
        pag_interval=(rounded(intervals[2]), rounded(intervals[3])),
        spacing=spacing,
        network=network,
    )


def rounded(number: Any) -> Any:
    """A number from a whole-number slider without its fraction, should one have been typed; anything else as it is."""
    return round(number) if isinstance(number, float) and number == number and abs(number) < 1e9 else number


def values_of(request: Request) -> tuple:
    """What prompt and settings show for a request."""
    config = request.config
    of_full_network = (
        config.num_inference_steps,
        config.guidance_scale,
        config.pag_scale,
        config.sampler,
        config.spacing,
        *config.guidance_interval,
        *config.pag_interval,
    )
    return (
        request.prompt,
        gr.Radio(sorted({*NUM_GLYPHS, len(request.seeds)}), value=len(request.seeds)),
        config.network,
        *([gr.skip()] * len(of_full_network) if config == FAST_CONFIG else of_full_network),
        request.seeds[0],
        False,
    )


def whole_slider(minimum: int, maximum: int, value: int, **kwargs: Any) -> gr.Slider:
    """A slider of whole numbers whose number field takes no fraction either."""
    slider = gr.Slider(minimum, maximum, value, step=1, **kwargs)
    slider.release(None, slider, slider, js=ROUND)
    return slider


def build_settings(prompt: gr.Textbox, context: AppContext) -> Settings:
    """Lay out the fold and wire what needs no model.

    Args:
        prompt: a PNG fills it, too.
        context: of the page.
    """
    with gr.Accordion(say("settings.title"), open=False, elem_id="settings"):
        num_glyphs, network, num_steps = _lay_out_numbers(context)
        guidance_scale, pag_scale, sampler = _lay_out_guidance()
        with gr.Accordion(say("settings.fine_print"), open=False, elem_id="intervals"):
            gr.Markdown(say("settings.intervals_info"))
            guidance_from, guidance_to, pag_from, pag_to = _lay_out_intervals()
            spacing = _lay_out_spacing()
        seed, is_new_seed = _lay_out_seed()
        settings = Settings(
            num_glyphs,
            network,
            num_steps,
            guidance_scale,
            pag_scale,
            sampler,
            spacing,
            guidance_from,
            guidance_to,
            pag_from,
            pag_to,
            seed,
            is_new_seed,
        )
        _lay_out_png(prompt, settings, context)
    controls = settings.of_full_network()
    network.change(
        lambda name: [gr.update(interactive=name != FAST_CONFIG.network)] * len(controls), network, controls, **QUICK
    )
    return settings


def replay_link(
    page: gr.Blocks, prompt: gr.Textbox, settings: Settings, message: gr.HTML, context: AppContext
) -> gr.Checkbox:
    """Fill prompt and settings when a link to a run opens the page.

    Args:
        page: the whole page.
        prompt: a field.
        settings: more fields.
        message: what there is to say of the link.
        context: of the page.

    Returns:
        A hidden box whose change event says that the run is to be drawn.
    """
    fields, is_requested = [prompt, *settings.inputs()], gr.Checkbox(visible="hidden")

    def take_link(visitor: gr.Request) -> tuple:
        query = dict(visitor.query_params)
        if "prompt" not in query:
            return *[gr.skip()] * len(fields), gr.skip(), gr.skip()
        try:
            request = request_from_link(query, context.pipeline.device)
        except ValueError as error:
            return *[gr.skip()] * len(fields), notice(sentence_of(error), "error"), gr.skip()
        return *values_of(request), notice(other_checkpoint(request, context)), True

    page.load(take_link, None, [*fields, message, is_requested], **QUICK)
    return is_requested


def other_checkpoint(request: Request, context: AppContext) -> str:
    """A sentence for a request that another checkpoint drew first; "" for one of ours, or of an unknown one."""
    ours = context.drawn_here(request).checkpoint
    if not (request.checkpoint and ours) or request.checkpoint == ours:
        return ""
    return say("settings.other_checkpoint")


def _lay_out_numbers(context: AppContext) -> tuple[gr.Radio, gr.Radio, gr.Slider]:
    device = context.pipeline.device
    num_glyphs = gr.Radio(
        NUM_GLYPHS, value=default_num_glyphs(device), label=say("settings.num_glyphs"),
        info=say("settings.num_glyphs_info"), elem_id="num-glyphs",
    )  # fmt: skip
    network = gr.Radio(
        [(say(f"settings.network_{name}"), name) for name in NETWORKS], value=SampleConfig.network,
        label=say("settings.network"), info=say("settings.network_info"), visible=context.has_fast_network,
        elem_id="network",
    )  # fmt: skip
    num_steps = whole_slider(
        1, MAX_STEPS, default_num_steps(device), label=say("settings.num_steps"), info=say("settings.num_steps_info"),
        elem_id="num-steps",
    )  # fmt: skip
    return num_glyphs, network, num_steps


def _lay_out_guidance() -> tuple[gr.Slider, gr.Slider, gr.Dropdown]:
    defaults = SampleConfig()
    guidance_scale = gr.Slider(
        1, MAX_GUIDANCE_SCALE, defaults.guidance_scale, step=0.5, label=say("settings.guidance"),
        info=say("settings.guidance_info"), elem_id="guidance",
    )  # fmt: skip
    pag_scale = gr.Slider(
        0, MAX_PAG_SCALE, defaults.pag_scale, step=0.5, label=say("settings.pag"), info=say("settings.pag_info"),
        elem_id="pag",
    )  # fmt: skip
    sampler = gr.Dropdown(
        [(_sampler_name(name), name) for name in SAMPLERS], value=defaults.sampler, label=say("settings.sampler"),
        info=say("settings.sampler_info"), elem_id="sampler",
    )  # fmt: skip
    return guidance_scale, pag_scale, sampler


def _sampler_name(name: str) -> str:
    remark = SAMPLER_REMARKS.get(name)
    return f"{SAMPLER_NAMES[name]} ({say(remark)})" if remark else SAMPLER_NAMES[name]


def _lay_out_intervals() -> list[gr.Slider]:
    defaults = SampleConfig()
    sliders = []
    for kind, interval in (("guidance", defaults.guidance_interval), ("pag", defaults.pag_interval)):
        with gr.Row():
            for end, timestep in zip(("from", "to"), interval, strict=True):
                label, name = say(f"settings.{kind}_{end}"), f"{kind}-{end}"
                sliders.append(whole_slider(0, MAX_TIMESTEP, timestep, label=label, min_width=140, elem_id=name))
    return sliders


def _lay_out_spacing() -> gr.Radio:
    return gr.Radio(
        [(say(f"settings.spacing_{name}"), name) for name in SPACINGS], value=SampleConfig.spacing,
        label=say("settings.spacing"), info=say("settings.spacing_info"), elem_id="spacing",
    )  # fmt: skip


def _lay_out_seed() -> tuple[gr.Number, gr.Checkbox]:
    with gr.Row():
        seed = gr.Number(
            value=0, label=say("settings.seed"), precision=0, elem_id="seed", min_width=140,
            info=say("settings.seed_info"),
        )  # fmt: skip
        with gr.Column(min_width=140):
            is_new_seed = gr.Checkbox(True, label=say("settings.new_seed"), elem_id="new-seed")
            dice = gr.Button(say("settings.dice"), elem_id="dice", size="sm")
    message = gr.HTML("", elem_id="seed-message")
    seed.change(seed_notice, seed, message, **QUICK)
    seed.input(lambda: False, None, is_new_seed, **QUICK)
    dice.click(lambda: (random_seed(), False), None, [seed, is_new_seed], **QUICK)
    return seed, is_new_seed


def _lay_out_png(prompt: gr.Textbox, settings: Settings, context: AppContext) -> None:
    """A button that fills prompt and settings with what a PNG of ours keeps."""
    fields = [prompt, *settings.inputs()]

    def take_png(event: gr.EventData) -> tuple:
        try:
            request = request_from_png(chosen_png(details(event)))
        except ValueError as error:
            return *[gr.skip()] * len(fields), notice(sentence_of(error), "error")
        return *values_of(request), notice(other_checkpoint(request, context) or say("settings.png_taken"))

    png = build_png_button(context.static_files, elem_id="png")
    message = gr.HTML("", elem_id="png-message")
    png.upload(take_png, None, [*fields, message], **QUICK)
