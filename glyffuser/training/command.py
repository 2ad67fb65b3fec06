"""Train the U-net: what `python -m glyffuser.training` does."""

import argparse
import dataclasses
import inspect
import random
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

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
from glyffuser.training.export import PRIOR_FOLDER
from glyffuser.training.loop import stop_on_signals, train
from glyffuser.training.monitor import MeasuredGlyphs, MonitorConfig
from glyffuser.training.precision import PRECISIONS, faster_precision
from glyffuser.training.prior import caption_folds
from glyffuser.training.recipe import TRAINING_PRESETS, Preset, Recipe
from glyffuser.training.segments import STUDENT_CONFIG, STUDENT_TIMESTEPS, SegmentObjective
from glyffuser.training.state import STATE_FILE, StateError, TrainingState, build_state, read_metadata

NUM_MEASURED = 256
"""Held-out glyphs whose errors are measured during a run, and training glyphs."""


def parse(
    arguments: list[str] | None,
    prog: str = "python -m glyffuser.training",
    presets: Mapping[str, Preset] = TRAINING_PRESETS,
) -> argparse.Namespace:
    """Read the command line of the command `prog`; the chosen one of `presets` gives the defaults of the recipe."""
    preset = presets.get(chosen_preset(arguments) or "", presets["two-cores"])
    parser = argparse.ArgumentParser(prog=prog, description="Train the U-net.")
    run = parser.add_argument_group("the run")
    run.add_argument("--output", type=Path, default=Path("runs/unet"), help="its folder (default: runs/unet)")
    run.add_argument("--resume", action="store_true", help="resume from the state in the folder, if there is one")
    run.add_argument("--new-plan", action="store_true", help="count samples, hours and decay from here on")
    run.add_argument("--init", type=Path, help="start with the weights of a checkpoint folder (default: the teacher's)")
    run.add_argument(
        "--teacher", type=Path, help="checkpoint folder; distil it, guidance included, into four calls of the network"
    )
    run.add_argument("--glyph-prior", type=Path, help="its folder (default: the run's own, at first the shipped one)")
    run.add_argument("--text-encoder", default="minilm", help="a text encoder by name (default: minilm)")
    run.add_argument("--cache", type=Path, default=Path(".cache"), help="folder for text states (default: .cache)")
    run.add_argument(
        "--precision",
        choices=("auto", *PRECISIONS),
        default="auto",
        help="mixed precision (default: that of the state, else the faster one)",
    )
    run.add_argument(
        "--eager", action="store_true", help="on a GPU, do not compile the network, which needs a C compiler"
    )
    interval = "training samples between two {}, 0 for none (default: %(default)s)"
    run.add_argument("--error-samples", type=int, default=preset.error_samples, help=interval.format("measured errors"))
    run.add_argument("--grid-samples", type=int, default=preset.grid_samples, help=interval.format("sample grids"))
    recipe = parser.add_argument_group("the recipe")
    recipe.add_argument(
        "--recipe", choices=tuple(presets), default="two-cores", help="what the defaults suit (default: two-cores)"
    )
    add_fields(recipe, preset.recipe, {"max_samples": int, "max_hours": float})
    add_fields(parser.add_argument_group("the network"), ModelConfig(), {"prediction_type": prediction_type})
    return parser.parse_args(arguments)


def chosen_preset(arguments: list[str] | None) -> str | None:
    """The name after `--recipe`, which decides the defaults of other options; None if it is not given."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--recipe", nargs="?")
    return parser.parse_known_args(arguments)[0].recipe


def add_fields(group: argparse._ArgumentGroup, config: Recipe | ModelConfig, types: dict[str, Callable]) -> None:
    """Add an option for each field of a dataclass, with the field's docstring as help.

    Args:
        group: of a parser.
        config: the defaults.
        types: of the fields whose defaults do not show their type.
    """
    helps = attribute_docs(config)
    for field in dataclasses.fields(config):
        if field.name == "text_channels":  # the text encoder decides
            continue
        default = getattr(config, field.name)
        options: dict[str, Any] = {"default": default, "type": types.get(field.name, type(default))}
        if isinstance(default, tuple):
            options = {"default": list(default), "type": int, "nargs": "+"}
        help_text = f"{helps[field.name]} (default: %(default)s)"
        group.add_argument(f"--{field.name.replace('_', '-')}", help=help_text, **options)


def attribute_docs(config: Recipe | ModelConfig) -> dict[str, str]:
    """The descriptions in the "Attributes" section of a dataclass's docstring."""
    found = re.findall(r"^ {4}(\w+): (.+(?:\n {8}.+)*)", inspect.getdoc(config) or "", re.MULTILINE)
    return {name: " ".join(text.split()).rstrip(".") for name, text in found}


def prediction_type(name: str) -> str:
    """Check what a network is to be trained to predict."""
    if name not in ("v_prediction", "epsilon"):
        raise argparse.ArgumentTypeError(f"{name!r} is neither v_prediction nor epsilon")
    return name


def recipe_from(options: argparse.Namespace) -> Recipe:
    """The recipe of the command line."""
    return Recipe(**{field.name: getattr(options, field.name) for field in dataclasses.fields(Recipe)})


def model_from(options: argparse.Namespace, text_channels: int) -> ModelConfig:
    """The network of the command line."""
    return ModelConfig(
        patch_size=options.patch_size,
        block_out_channels=tuple(options.block_out_channels),
        num_attention_heads=tuple(options.num_attention_heads),
        layers_per_block=options.layers_per_block,
        cross_attention_dim=options.cross_attention_dim,
        text_channels=text_channels,
        prediction_type=options.prediction_type,
    )


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
        CheckpointError: if the teacher cannot be read.
    """
    dtype = torch.bfloat16 if accelerator.mixed_precision == "bf16" else torch.float32
    pipeline = GlyffuserPipeline.load(teacher, device=accelerator.device, dtype=dtype)
    if is_compiled(accelerator):
        pipeline.unet.compile(dynamic=False)
    return SegmentObjective(pipeline.unet, conditioning([""]), pipeline.scheduler, recipe.overshoot_weight)


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
    """Folder of the glyph prior: that of the options, else the run's own, else the shipped one."""
    own = options.output / PRIOR_FOLDER
    return options.glyph_prior or (own if own.is_dir() else DEFAULT_CHECKPOINT / "glyph_prior")


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
    """A new state with the weights and the sample count of a checkpoint; errors as of `start_or_resume`."""
    pipeline = GlyffuserPipeline.load(folder)
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
