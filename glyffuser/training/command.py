"""Train the U-net: what `python -m glyffuser.training` does."""

import argparse
import random
import sys
from collections.abc import Mapping
from pathlib import Path

import torch
from accelerate import Accelerator, PartialState
from accelerate.utils import DynamoBackend, TorchDynamoPlugin, broadcast_object_list

from glyffuser.checkpoint import DEFAULT_CHECKPOINT, CheckpointError
from glyffuser.config import ModelConfig, SampleConfig
from glyffuser.data.characters import Character, load_characters
from glyffuser.data.dataset import CAPTION_DROPOUT, GlyphDataset
from glyffuser.data.glyphs import render_glyphs
from glyffuser.diffusion import training_scheduler
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.prior import GlyphPrior
from glyffuser.text import MAX_TOKENS, TextEncoder
from glyffuser.training.batches import CaptionConditioning, TrainingBatches
from glyffuser.training.captions import caption_states
from glyffuser.training.export import PRIOR_FOLDER, load_run
from glyffuser.training.loop import stop_on_signals, train
from glyffuser.training.monitor import MeasuredGlyphs, MonitorConfig
from glyffuser.training.options import model_from, parse, recipe_from
from glyffuser.training.precision import faster_precision
from glyffuser.training.prior import caption_folds
from glyffuser.training.recipe import TRAINING_PRESETS, Preset, Recipe
from glyffuser.training.segments import STUDENT_CONFIG, STUDENT_TIMESTEPS, SegmentObjective
from glyffuser.training.state import STATE_FILE, StateError, TrainingState, build_state, read_metadata, weight_format

NUM_MEASURED = 256
"""Held-out glyphs whose errors are measured during a run, and training glyphs."""


def run(options: argparse.Namespace, characters: list[Character], prior: GlyphPrior) -> None:
    """Build data, network and state from the options, and train.

    Args:
        options: from `parse`.
        characters: all of them; the training split is trained on, errors are measured on some of the held-out split.
        prior: a glyph prior for the network's patch size.

    Raises:
        StateError, CheckpointError, ValueError: if parts do not fit together; the message names them.
    """
    recipe, encoder = recipe_from(options), TextEncoder.load(options.text_encoder)
    model = model_from(options, encoder.channels)
    check_grid_size(prior, model)
    accelerator = start_accelerator(options, model)
    state = start_or_resume(model, recipe, encoder.name, accelerator.device, options)
    state.precision = accelerator.mixed_precision
    with accelerator.main_process_first():
        states = caption_states(encoder, characters, options.cache)
    conditioning = CaptionConditioning(
        states,
        prior,
        caption_folds(characters, prior.config.num_folds),
        sharpness=None if options.teacher else 1.0,  # students learn what is sampled
        device=accelerator.device,
        num_tokens=MAX_TOKENS if is_compiled(accelerator) else None,
    )
    train_characters = [c for c in characters if c.split == "train"]
    dropout = 0.0 if options.teacher else CAPTION_DROPOUT  # the guidance that it is for is in a student's weights
    dataset = GlyphDataset(train_characters, seed=recipe.seed, caption_dropout=dropout)
    scheduler = training_scheduler(model.prediction_type)
    batches = TrainingBatches(dataset, conditioning, recipe, STUDENT_TIMESTEPS if options.teacher else None)
    objective = segment_objective(options.teacher, conditioning, accelerator, recipe) if options.teacher else None
    pipeline = GlyffuserPipeline(state.unet, prior, scheduler, encoder.name)
    pipeline.text_encoder = encoder
    if accelerator.is_main_process:
        prior.save_pretrained(options.output / PRIOR_FOLDER)
        accelerator.print(f"training on {accelerator.device}, mixed precision {accelerator.mixed_precision}")
    held_out = choose_glyphs([c for c in characters if c.split == "held-out"], conditioning)
    train_glyphs = choose_glyphs(train_characters, conditioning)
    grid_config = STUDENT_CONFIG if options.teacher else SampleConfig()
    monitor = MonitorConfig(
        options.output, held_out, train_glyphs, pipeline, options.error_samples, options.grid_samples, grid_config
    )
    train(state, recipe, batches, scheduler, accelerator, monitor, stop_on_signals(), objective)
    accelerator.end_training()
    accelerator.print(f"{state.counters.samples_seen:,} samples seen; the state is in {options.output}")


def segment_objective(
    teacher: Path, conditioning: CaptionConditioning, accelerator: Accelerator, recipe: Recipe
) -> SegmentObjective:
    """The objective of distillation, with the teacher in the number format that the student is trained in.

    Raises:
        CheckpointError, StateError: if the teacher cannot be read.
    """
    dtype = torch.bfloat16 if accelerator.mixed_precision == "bf16" else torch.float32
    pipeline = load_weights(teacher)
    unet = pipeline.unet.to(accelerator.device, dtype, memory_format=weight_format(accelerator.device))
    if is_compiled(accelerator):
        unet.compile(dynamic=False)
    return SegmentObjective(unet, conditioning([""]), pipeline.scheduler, recipe.overshoot_weight)


def load_weights(folder: Path) -> GlyffuserPipeline:
    """A checkpoint, or the averaged weights of a run.

    Raises:
        CheckpointError, StateError: if it cannot be read.
    """
    return load_run(folder) if (folder / STATE_FILE).is_file() else GlyffuserPipeline.load(folder)


def check_grid_size(prior: GlyphPrior, model: ModelConfig) -> None:
    """Compare the prior's pictures with the network's resolution.

    Raises:
        ValueError: if their sizes differ.
    """
    size = prior.config.grid_size
    if size != model.grid_size:
        raise ValueError(
            f"the glyph prior draws {size} by {size} cells, a patch size of {model.patch_size} needs "
            f"{model.grid_size}: train one with `python -m glyffuser.training.prior --patch-size {model.patch_size}`"
        )


def prior_folder(options: argparse.Namespace) -> Path:
    """Folder of the glyph prior: that of the options, else the run's own, else that of the weights it begins with."""
    own = options.output / PRIOR_FOLDER
    first = options.init or options.teacher or DEFAULT_CHECKPOINT
    return options.glyph_prior or (own if own.is_dir() else first / PRIOR_FOLDER)


def start_accelerator(options: argparse.Namespace, model: ModelConfig) -> Accelerator:
    """Set up device, processes and precision, with TensorBoard as tracker; a resumed run keeps its precision.

    On CUDA, accelerate compiles the network, once for each shape of its inputs.
    """
    precision = options.precision
    if precision == "auto" and (state := options.output / STATE_FILE).exists():
        precision = read_metadata(state).get("precision", "auto")
    if precision == "auto":
        (precision,) = broadcast_object_list([faster_precision(model, PartialState().device)])
    options.output.mkdir(parents=True, exist_ok=True)
    is_eager = options.eager or PartialState().device.type != "cuda"
    accelerator = Accelerator(
        mixed_precision=precision,
        log_with="tensorboard",
        project_dir=options.output,
        dynamo_plugin=TorchDynamoPlugin(backend="no" if is_eager else "inductor", dynamic=False),
    )
    accelerator.init_trackers("tensorboard")
    return accelerator


def is_compiled(accelerator: Accelerator) -> bool:
    """Whether the accelerator compiles the network, which asks for batches of one shape."""
    return accelerator.state.dynamo_plugin.backend != DynamoBackend.NO


def start_or_resume(
    model: ModelConfig, recipe: Recipe, text_encoder_name: str, device: torch.device, options: argparse.Namespace
) -> TrainingState:
    """The state of the run's folder, or a new one with the weights of a checkpoint or random ones.

    Raises:
        StateError: if the folder holds a run and `--resume` was not given, or if the weights do not fit the options.
        CheckpointError: if the checkpoint of `--init` cannot be read.
    """
    path = options.output / STATE_FILE
    if path.exists() and not options.resume:
        raise StateError(f"{path} holds a run already: go on with --resume, or give another --output")
    if start := options.init or options.teacher:
        state = start_from_checkpoint(start, model, recipe, text_encoder_name, device)
    else:
        state = build_state(model, recipe, text_encoder_name, device)
    if path.exists():
        state.load(path)
    if options.new_plan:
        state.counters.plan_samples, state.counters.plan_seconds = 0, 0.0
    return state


def start_from_checkpoint(
    folder: Path, model: ModelConfig, recipe: Recipe, text_encoder_name: str, device: torch.device
) -> TrainingState:
    """A new state with the weights and the sample count of a checkpoint or run; errors as of `start_or_resume`."""
    pipeline = load_weights(folder)
    trained_with = pipeline.scheduler.config.prediction_type
    if trained_with != model.prediction_type:
        raise StateError(f"{folder} was trained with --prediction-type {trained_with}, not {model.prediction_type}")
    state = build_state(model, recipe, text_encoder_name, device, pipeline.unet.state_dict())
    state.counters.samples_seen = pipeline.config.samples_seen
    return state


def choose_glyphs(characters: list[Character], conditioning: CaptionConditioning) -> MeasuredGlyphs:
    """Draw the characters whose errors are measured, the same ones in every run."""
    chosen = random.Random(0).sample(characters, min(NUM_MEASURED, len(characters)))
    definitions = [c.definition for c in chosen]
    return MeasuredGlyphs(render_glyphs(chosen), conditioning(definitions), conditioning([""] * len(chosen)))


def main(
    arguments: list[str] | None = None,
    prog: str = "python -m glyffuser.training",
    presets: Mapping[str, Preset] = TRAINING_PRESETS,
) -> int:
    """Train; returns the exit status."""
    options = parse(arguments, prog, presets)
    try:
        run(options, load_characters(), GlyphPrior.from_pretrained(prior_folder(options)))
    except (StateError, CheckpointError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0
