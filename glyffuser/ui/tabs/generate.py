"""Tab 1: a definition goes in, noise becomes glyphs, frame by frame."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

import gradio as gr

from glyffuser.config import NETWORKS, SampleConfig
from glyffuser.images import encode_png, x_0_to_uint8
from glyffuser.request import Request
from glyffuser.ui.components.frame_player import build_frame_player
from glyffuser.ui.components.waiting import build_waiting
from glyffuser.ui.context import AppContext
from glyffuser.ui.example_runs import REQUEST, example_url
from glyffuser.ui.generation import denoise_request, gpu_seconds, request_messages, work_of
from glyffuser.ui.mending import defect_note, mended
from glyffuser.ui.notices import checked_prompt, prompt_notice
from glyffuser.ui.protocol import FrameMessage
from glyffuser.ui.radical_meter import suggested_radical
from glyffuser.ui.request import check_request
from glyffuser.ui.runs import MODEL_QUEUE, QUICK, STOPPED, RunEvents, RunWiring, answer
from glyffuser.ui.streaming import PixelFrame, data_url
from glyffuser.ui.tabs.compare import build_compare
from glyffuser.ui.tabs.draft import Draft, build_draft, draft_in_full
from glyffuser.ui.tabs.newness import build_newness
from glyffuser.ui.tabs.settings import Settings, build_settings, replay_link, request_of
from glyffuser.ui.tabs.where import Where, build_where
from glyffuser.ui.text import say, sentence_of

EXAMPLES = [REQUEST.prompt, "fish", "bird singing at dawn", "sickness", "silk thread", "to run on foot"]


@dataclass(frozen=True)
class GenerateTab:
    """What other tabs need of this one.

    Attributes:
        prompt: they may fill it.
        player: its input event brings a path over the map, its select event a glyph for One step.
    """

    prompt: gr.Textbox
    player: gr.HTML


@dataclass(frozen=True)
class Controls:
    """Controls beside the settings, and where answers appear."""

    prompt: gr.Textbox
    message: gr.HTML
    link_message: gr.HTML
    suggestion: gr.HTML
    draft: Draft | None
    examples: gr.Dataset
    generate: gr.Button
    stop: gr.Button
    waiting: gr.HTML
    settings: Settings
    player: gr.HTML
    mend: gr.Button
    where: Where | None


def build_generate_tab(page: gr.Blocks, context: AppContext) -> GenerateTab:
    """Lay out the tab and wire it to the model.

    Args:
        page: the whole page; opened by a link to a run, it runs that.
        context: of the page.
    """

    @context.on_gpu(gpu_seconds)
    def denoise(request: Request) -> Iterator[PixelFrame]:
        yield from denoise_request(context.pipeline, request)

    def stream(request: Request) -> Generator[FrameMessage, None, None]:
        yield from request_messages(context, request, denoise(request))

    controls = _lay_out(context)
    _wire_runs(page, context, controls, stream)
    _wire_prompt(controls, context)
    build_compare(page, context, controls.prompt, controls.settings)
    gr.api(_api(context, stream), api_name="generate", concurrency_id=MODEL_QUEUE, concurrency_limit=1)
    return GenerateTab(controls.prompt, controls.player)


def suggest(context: AppContext, prompt: str) -> str:
    """What the words alone suggest, before any noise is removed: the glyph prior's picture, and its radical."""
    text, _ = checked_prompt(prompt)
    png = encode_png(x_0_to_uint8(context.pipeline.suggest([text]))[0])
    caption = say("generate.suggestion") + suggested_radical(context, text)
    return (
        f'<figure class="glyff-suggestion"><img src="{data_url(png, "image/png")}" width="112" height="112" '
        f'alt="{say("generate.suggestion_alt")}"><figcaption>{caption}</figcaption></figure>'
    )


def _lay_out(context: AppContext) -> Controls:
    """Prompt, canvas, and what may come after them, in the order in which a phone shows them."""
    static_files = context.static_files
    with gr.Row(elem_classes="glyff-generate"):
        with gr.Column(scale=4, min_width=280, elem_classes="glyff-ask"):
            prompt, message, link_message = _lay_out_prompt()
            with gr.Row(elem_classes="glyff-actions"):
                generate = gr.Button(
                    say("generate.generate"), variant="primary", elem_id="generate", scale=3, min_width=120
                )
                stop = gr.Button(say("generate.stop"), elem_id="stop", scale=1, min_width=80)
            waiting = build_waiting(static_files, say("generate.generate"), elem_id="waiting")
        with gr.Column(scale=5, min_width=280, elem_classes="glyff-watch"):
            gr.Markdown(say("generate.about"), elem_id="about")
            player = build_frame_player(
                static_files, can_hand_over=True, example_url=example_url(context), elem_id="player"
            )
            mend = gr.Button(say("mending.button"), visible=False, elem_id="mend")
            build_newness(context, player)
        with gr.Column(scale=4, min_width=280, elem_classes="glyff-choose"):
            with gr.Row(elem_classes="glyff-inspiration"):
                suggestion = gr.HTML(suggest(context, EXAMPLES[0]), elem_id="suggestion", min_width=112)
                draft = build_draft(context, prompt)
                examples = _lay_out_examples(prompt)
            where = build_where(context)
            settings = build_settings(prompt, context)
    return Controls(
        prompt,
        message,
        link_message,
        suggestion,
        draft,
        examples,
        generate,
        stop,
        waiting,
        settings,
        player,
        mend,
        where,
    )


def _lay_out_prompt() -> tuple[gr.Textbox, gr.HTML, gr.HTML]:
    prompt = gr.Textbox(
        value=EXAMPLES[0],
        label=say("generate.prompt"),
        info=say("generate.prompt_info"),
        placeholder="gold",
        elem_id="prompt",
    )
    return prompt, gr.HTML("", elem_id="message"), gr.HTML("", elem_id="link-message")


def _lay_out_examples(prompt: gr.Textbox) -> gr.Dataset:
    return gr.Dataset(
        components=[prompt],
        samples=[[example] for example in EXAMPLES],
        type="values",
        label=say("generate.examples"),
        elem_id="examples",
    )


def _wire_runs(page: gr.Blocks, context: AppContext, controls: Controls, stream: Callable) -> None:
    """Generate, the examples, a link and Stop."""
    c, pipeline = controls, context.pipeline
    is_requested = replay_link(page, c.prompt, c.settings, c.link_message, context)

    def answers(prompt: str, *settings: object) -> Generator[tuple, None, None]:
        for number, (message, sentence) in enumerate(answer(lambda: request_of(prompt, *settings), stream)):
            is_first = number == 0 and message is not STOPPED
            # only once: what the visitor types in the meantime is for the next run
            advice = prompt_notice(prompt, pipeline) if is_first else sentence or gr.skip()
            yield message, advice, message["seeds"][0] if is_first else gr.skip(), mend_after(message)

    def mend_after(message: FrameMessage) -> gr.Button:
        is_done = message["state"] == "done"
        return gr.Button(visible=is_done and bool(defect_note(context.finished.glyphs_of(message["run"]))))

    starts, fields = [c.generate.click, c.prompt.submit, is_requested.change], [c.prompt, *c.settings.inputs()]
    wiring = RunWiring(
        page=page,
        line=context.line,
        starts=[c.where.server_runs.change] if c.where else starts,
        button=c.generate,
        stop=c.stop,
        player=c.player,
        waiting=c.waiting,
        message=c.message,
        inputs=fields,
        work=lambda *values: work_of(request_of(*values)),
        extra_outputs=[c.settings.seed, c.mend],
    )
    events = RunEvents(wiring, answers)
    _wire_starts(c, events, starts, fields)
    # what was said of the link holds for its own run alone
    gr.on([c.generate.click, c.examples.click, c.prompt.input], lambda: "", None, c.link_message, **QUICK)
    gr.on([c.generate.click, c.examples.click, c.mend.click], lambda: gr.Button(visible=False), None, c.mend, **QUICK)


def _wire_starts(c: Controls, events: RunEvents, starts: list[Callable], fields: list[gr.components.Component]) -> None:
    """What starts a run, where the visitor wants it; and what ends it."""
    s = c.settings
    mendable = [s.guidance_scale, s.pag_scale, s.num_steps]
    if c.where is None:
        if c.draft:
            events.start_by(c.draft.in_full.click, draft_in_full, None, [s.network, s.seed, s.is_new_seed])
        events.start_by(c.examples.click, lambda sample: (example_of(sample),), c.examples, [c.prompt])
        events.start_by(c.mend.click, mended, mendable, [*mendable, s.seed])
        events.finish()
        return
    if c.draft:
        kept = c.draft.in_full.click(draft_in_full, None, [s.network, s.seed, s.is_new_seed], **QUICK)
        starts = [*starts, kept.then]
    mending = c.mend.click(mended, mendable, [*mendable, s.seed], **QUICK)
    filled = c.examples.click(example_of, c.examples, c.prompt, **QUICK)
    c.where.route([*starts, filled.then, mending.then], fields)
    c.where.connect(c.player, c.settings.seed, c.stop)
    events.finish(ends=[c.where.own_device.click])


def example_of(sample: list[str] | None) -> str:
    """The prompt of an example that was clicked.

    Raises:
        gr.Error: if a program clicked none.
    """
    if not sample:
        raise gr.Error(say("errors.wrong_request"), print_exception=False)
    return sample[0]


def _wire_prompt(controls: Controls, context: AppContext) -> None:
    """What answers while one types, without the diffusion model."""

    def look_at_prompt(prompt: str) -> tuple[str, str]:
        return suggest(context, prompt), prompt_notice(prompt, context.pipeline)

    c = controls
    c.prompt.change(look_at_prompt, c.prompt, [c.suggestion, c.message], trigger_mode="always_last", **QUICK)


def _api(context: AppContext, stream: Callable[[Request], Generator[FrameMessage, None, None]]) -> Callable:
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
        spacing: str = defaults.spacing,
        fast: bool = False,
    ) -> Iterator[FrameMessage]:
        """Denoise glyphs for an English definition and yield the frames.

        Args:
            prompt: an English definition, at most 200 characters; "" samples without one.
            num_glyphs: 1 to 16.
            num_inference_steps: 1 to 120.
            guidance_scale: 1 (off) to 20.
            pag_scale: perturbed-attention guidance, 0 (off) to 10.
            sampler: "dpm++-sde", "dpm++", "ddim" or "ddpm".
            seed: 0 to 4294967295; drawn at random when not given. Glyph i has the seed seed + i.
            spacing: "middle", with steps dense where the parts of a glyph are decided, or "even".
            fast: draw with the network that was distilled into four calls; steps, guidance, sampler and spacing are
                its own then.

        Yields:
            At most 12 frames a second: step (0 is pure noise), num_steps, seeds, and as data URLs the pictures x_t, as
            noisy as next_timestep says, and pred_x_0, predicted at timestep (both null at step 0); from step 1 on, the
            predictions' places on the map (positions) and the real characters nearest to them (nearest, in code point
            order). The last has state "done", the PNGs in downloads (the grid, then each glyph, with prompt, seeds and
            settings inside), the query of a link that replays it, and a note on the radicals of the glyphs.
        """
        try:
            request = check_request(
                prompt, num_glyphs, num_inference_steps, guidance_scale, pag_scale, sampler, seed,
                spacing=spacing, network=NETWORKS[bool(fast)],
            )  # fmt: skip
        except ValueError as error:
            raise gr.Error(sentence_of(error), print_exception=False) from error
        yield from context.line.counted(work_of(request), stream(request))

    return generate
