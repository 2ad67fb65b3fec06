"""Tab 1: a definition goes in, noise becomes glyphs, frame by frame."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import gradio as gr
import torch

from glyffuser.compare import SAMPLER_NAMES
from glyffuser.config import SampleConfig
from glyffuser.diffusion import SAMPLERS
from glyffuser.radicals import RadicalClassifier
from glyffuser.images import encode_png, x_0_to_uint8
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.text import clean_prompt
from glyffuser.ui.example_run import REQUEST, example_url
from glyffuser.ui.tabs.map import Landscape
from glyffuser.ui.components.frame_player import build_frame_player, data_url
from glyffuser.ui.generation import (
    MAX_GUIDANCE_SCALE,
    MAX_PAG_SCALE,
    MAX_STEPS,
    NUM_GLYPHS,
    Request,
    default_num_glyphs,
    default_num_steps,
    random_seed,
    stream_frames,
)
from glyffuser.ui.is_it_new import answer_with
from glyffuser.ui.notices import notice, prompt_notice, seed_notice
from glyffuser.ui.radical_meter import RadicalMeter
from glyffuser.ui.replay import replay_link, replay_png
from glyffuser.ui.runs import MODEL_QUEUE, ON_MODEL, QUICK, STOPPED, Runs, apology, order_number
from glyffuser.ui.tabs.compare import build_same_noise

EXAMPLES = [REQUEST.prompt, "fish", "bird singing at dawn", "sickness", "silk thread", "to run on foot"]
SAMPLER_REMARKS = {"dpm++-sde": " (default)", "dpm++": " (no fresh noise)", "ddpm": " (the original)"}


def gpu_seconds(request: Request) -> int:
    """How long a GPU is asked for, start and pictures included."""
    return 10 + len(request.seeds) * request.config.num_inference_steps // 100


@dataclass(frozen=True)
class Controls:
    """What the visitor touches, and where answers appear."""

    prompt: gr.Textbox
    message: gr.HTML
    suggestion: gr.HTML
    examples: gr.Dataset
    generate: gr.Button
    stop: gr.Button
    num_glyphs: gr.Radio
    num_steps: gr.Slider
    guidance_scale: gr.Slider
    pag_scale: gr.Slider
    sampler: gr.Dropdown
    seed: gr.Number
    is_new_seed: gr.Checkbox
    dice: gr.Button
    seed_message: gr.HTML
    png: gr.UploadButton
    png_message: gr.HTML
    player: gr.HTML
    newness: gr.HTML


def build_generate_tab(page: gr.Blocks, landscape: Landscape, on_gpu: Callable) -> tuple[gr.HTML, gr.Textbox]:
    """Lay out the tab and wire it to the model.

    Args:
        page: the current `gr.Blocks`; opened by a link to a run, it runs that.
        landscape: a loaded model, and the real characters among which its glyphs belong.
        on_gpu: seconds -> a decorator for the function that runs the model that long at most.

    Returns:
        The frame player, whose select event hands a glyph over, and the prompt.
    """

    pipeline = landscape.pipeline
    meter = RadicalMeter(pipeline, RadicalClassifier.load())

    @on_gpu(gpu_seconds)
    def run_model(request: Request) -> Iterator[dict]:
        yield from stream_frames(pipeline, request, landscape.map_files.place, meter)

    controls = _lay_out(meter)
    _wire_runs(controls, pipeline, run_model)
    _wire_fields(controls, meter)
    c = controls
    replay_link(page, _fields(c), c.message, pipeline.device)
    replay_png(c.png, _fields(c), c.png_message)
    # every pick is answered, in order: "once" would drop one that comes before the answer to the last
    c.player.click(
        answer_with(landscape), None, c.newness,
        trigger_mode="multiple", concurrency_limit=1, **QUICK | {"queue": True},
    )  # fmt: skip
    with gr.Accordion("Same noise, one thing changed", open=False, elem_id="same-noise"):
        build_same_noise(pipeline, [c.prompt, c.num_steps, c.guidance_scale, c.pag_scale, c.sampler, c.seed], on_gpu)
    gr.api(_api(run_model), api_name="generate", concurrency_id=MODEL_QUEUE, concurrency_limit=1)
    return controls.player, controls.prompt


def _lay_out(meter: RadicalMeter) -> Controls:
    with gr.Row(elem_classes="glyff-generate"):
        with gr.Column(scale=4, min_width=320):
            with gr.Row(elem_classes="glyff-prompt-row"):
                with gr.Column(scale=3, min_width=180):
                    prompt = gr.Textbox(
                        value=EXAMPLES[0],
                        label="Definition",
                        info="What should the character mean? A dictionary's English works best.",
                        placeholder="gold",
                        elem_id="prompt",
                    )
                    message = gr.HTML("", elem_id="message")
                suggestion = gr.HTML(suggest(meter, EXAMPLES[0]), elem_id="suggestion", min_width=112)
            examples = gr.Dataset(
                components=[prompt],
                samples=[[example] for example in EXAMPLES],
                type="values",
                label="Try one",
                elem_id="examples",
            )
            with gr.Row(elem_classes="glyff-actions"):
                generate = gr.Button("Generate", variant="primary", elem_id="generate", scale=3, min_width=120)
                stop = gr.Button("Stop", elem_id="stop", scale=1, min_width=80)
            with gr.Accordion("Settings", open=False, elem_id="settings"):
                settings = _lay_out_settings(meter.pipeline.device)
        with gr.Column(scale=5, min_width=320):
            player = build_frame_player(can_hand_over=True, example_url=example_url(meter.pipeline), elem_id="player")
            newness = gr.HTML("", elem_id="is-it-new")
    return Controls(prompt, message, suggestion, examples, generate, stop, *settings, player, newness)


def _wire_runs(controls: Controls, pipeline: GlyffuserPipeline, run_model: Callable) -> None:
    """Generate, the examples and Stop."""
    runs = Runs()

    def generate_for_visitor(visitor: gr.Request, number, *fields):
        *fields, seed, is_new_seed = fields
        answers = _run_for_visitor(pipeline, run_model, *fields, None if is_new_seed else seed)
        yield from runs.while_current(visitor.session_hash, number, answers)

    def take_example(sample, visitor: gr.Request):
        return sample[0], runs.order_for_visitor(visitor)

    c, number = controls, order_number()
    run = {
        "fn": generate_for_visitor,
        "inputs": [number, *_fields(c)],
        "outputs": [c.player, c.seed, c.message],
        "show_progress_on": c.message,
        **ON_MODEL,
    }
    by_hand = gr.on([c.generate.click, c.prompt.submit], runs.order_for_visitor, None, number, **QUICK).then(**run)
    by_example = c.examples.click(take_example, c.examples, [c.prompt, number], **QUICK).then(**run)
    c.stop.click(runs.stop_for_visitor, None, [c.player, c.message], cancels=[by_hand, by_example], **QUICK)


def _wire_fields(controls: Controls, meter: RadicalMeter) -> None:
    """What answers while one types, without the model."""

    def look_at_prompt(prompt: str) -> tuple[str, str]:
        return suggest(meter, prompt), prompt_notice(prompt, meter.pipeline.text_encoder)

    c = controls
    c.prompt.change(look_at_prompt, c.prompt, [c.suggestion, c.message], trigger_mode="always_last", **QUICK)
    c.seed.change(seed_notice, c.seed, c.seed_message, **QUICK)
    c.seed.input(lambda: False, None, c.is_new_seed, **QUICK)
    c.dice.click(lambda: (random_seed(), False), None, [c.seed, c.is_new_seed], **QUICK)


def _fields(controls: Controls) -> list[gr.components.Component]:
    """All that decides a run."""
    c = controls
    return [c.prompt, c.num_glyphs, c.num_steps, c.guidance_scale, c.pag_scale, c.sampler, c.seed, c.is_new_seed]


def suggest(meter: RadicalMeter, prompt: str) -> str:
    """What the words alone suggest, before any noise is removed: the glyph prior's picture, and its word for it."""
    try:
        text = clean_prompt(prompt or "")
    except ValueError:
        text = ""
    png = encode_png(x_0_to_uint8(meter.pipeline.suggest([text]))[0])
    return (
        f'<figure class="glyff-suggestion"><img src="{data_url(png, "image/png")}" width="112" height="112" '
        f'alt="A blurry guess of the character"><figcaption>What the words alone suggest{meter.guess(text)}'
        f"</figcaption></figure>"
    )


def _lay_out_settings(device: torch.device) -> list[gr.components.Component]:
    defaults = SampleConfig()
    num_glyphs = gr.Radio(
        NUM_GLYPHS, value=default_num_glyphs(device), label="Glyphs", info="Each has noise of its own.",
        elem_id="num-glyphs",
    )  # fmt: skip
    num_steps = gr.Slider(
        1, MAX_STEPS, default_num_steps(device), step=1, label="Steps", elem_id="num-steps",
        info="In how many steps the noise is removed: more is slower, not always better.",
    )  # fmt: skip
    guidance_scale = gr.Slider(
        1, MAX_GUIDANCE_SCALE, defaults.guidance_scale, step=0.5, label="Guidance", elem_id="guidance",
        info="How far the definition's effect is exaggerated while noise is strong. At 1 it is followed as it is; too "
        "much costs variety and clean strokes.",
    )  # fmt: skip
    pag_scale = gr.Slider(
        0, MAX_PAG_SCALE, defaults.pag_scale, step=0.5, label="Perturbed-attention guidance", elem_id="pag",
        info="How far the glyph is pushed away from loose strokes while its parts take shape: 0 is off, too much makes "
        "knots.",
    )  # fmt: skip
    sampler = gr.Dropdown(
        [(SAMPLER_NAMES[name] + SAMPLER_REMARKS.get(name, ""), name) for name in SAMPLERS],
        value=defaults.sampler, label="Sampler",
        info="The rule that turns the model's guess into the next, less noisy glyph.", elem_id="sampler",
    )  # fmt: skip
    with gr.Row():
        seed = gr.Number(
            value=0, label="Seed", precision=0, elem_id="seed", min_width=140,
            info="Decides the noise: same seed, same glyph. Further glyphs count up from it.",
        )  # fmt: skip
        with gr.Column(min_width=140):
            is_new_seed = gr.Checkbox(True, label="New seed every time", elem_id="new-seed")
            dice = gr.Button("⚄ Roll a seed", elem_id="dice", size="sm")
    seed_message = gr.HTML("", elem_id="seed-message")
    png = gr.UploadButton("Settings from a downloaded PNG …", file_types=[".png"], elem_id="png", size="sm")
    png_message = gr.HTML("", elem_id="png-message")
    numbers = [num_glyphs, num_steps, guidance_scale, pag_scale]
    return [*numbers, sampler, seed, is_new_seed, dice, seed_message, png, png_message]


def _run_for_visitor(pipeline: GlyffuserPipeline, run_model: Callable, prompt: str, *settings) -> Iterator[tuple]:
    """Frames, the seed that is used, and a sentence where something is wrong; never a traceback."""
    try:
        request = Request.check(prompt, *settings)
    except ValueError as error:
        yield STOPPED, gr.skip(), notice(str(error), "error")  # the former run ended when this one was ordered
        return
    advice = prompt_notice(prompt, pipeline.text_encoder)
    try:
        for number, frame in enumerate(run_model(request)):
            # only once: what the visitor types in the meantime is for the next run
            yield (frame, request.seeds[0], advice) if number == 0 else (frame, gr.skip(), gr.skip())
    except Exception as error:
        yield STOPPED, gr.skip(), apology(error)


def _api(run_model: Callable) -> Callable:
    """The endpoint for programs; its signature and docstring are what the API page shows."""
    defaults = SampleConfig()

    def generate(
        prompt: str,
        num_glyphs: int = 1,
        num_inference_steps: int = defaults.num_inference_steps,
        guidance_scale: float = defaults.guidance_scale,
        pag_scale: float = defaults.pag_scale,
        sampler: str = defaults.sampler,
        seed: int | None = None,
    ) -> Iterator[dict]:
        """Denoise glyphs for an English definition and yield the frames.

        Args:
            prompt: an English definition, at most 200 characters; "" samples without one.
            num_glyphs: 1 to 16.
            num_inference_steps: 1 to 120.
            guidance_scale: 1 (off) to 20.
            pag_scale: perturbed-attention guidance, 0 (off) to 10.
            sampler: "dpm++-sde", "dpm++", "ddim" or "ddpm".
            seed: 0 to 4294967295; drawn at random when not given. Glyph i has the seed seed + i.

        Yields:
            At most 12 frames a second: step (0 is pure noise), num_steps, seeds, and as data URLs the pictures x_t, as
            noisy as next_timestep says, and pred_x_0, guessed at timestep (both null at step 0); from step 1 on, where
            the guesses belong on the map (places) and the real characters nearest to them (nearest, in the order of the
            code points). The last has state "done", the PNGs in downloads (the grid, then each glyph, with prompt,
            seeds and settings inside), the query of a link that replays it, and a note on the radicals of the glyphs.
        """
        try:
            request = Request.check(prompt, num_glyphs, num_inference_steps, guidance_scale, pag_scale, sampler, seed)
        except ValueError as error:
            raise gr.Error(str(error), print_exception=False) from error
        yield from run_model(request)

    return generate
