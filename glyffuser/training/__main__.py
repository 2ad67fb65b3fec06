"""Train the U-net: `make train` = `python -m glyffuser.training`."""

import argparse
import dataclasses
import random
import sys
from pathlib import Path

import torch
from accelerate import Accelerator, PartialState
from accelerate.utils import broadcast_object_list

from glyffuser.config import ModelConfig
from glyffuser.data.characters import Character, load_characters
from glyffuser.data.dataset import GlyphDataset, distinct_captions
from glyffuser.data.glyphs import draw
from glyffuser.diffusion import training_scheduler
from glyffuser.pipeline import CheckpointError, GlyffuserPipeline
from glyffuser.prior import GlyphPrior
from glyffuser.sample import DEFAULT_CHECKPOINT
from glyffuser.text import TextEncoder, TextStateCache
from glyffuser.training.batches import CaptionConditioning, TrainingBatches
from glyffuser.training.loop import (
    PRIOR_FOLDER,
    Watch,
    build_state,
    faster_precision,
    stop_on_signals,
    train,
)
from glyffuser.training.monitor import HeldOut
from glyffuser.training.prior import caption_folds
from glyffuser.training.recipe import Recipe
from glyffuser.training.state import STATE_FILE, StateError, TrainingState, read_metadata

NUM_HELD_OUT = 256
"""Held-out glyphs whose errors are followed."""


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    recipe, model = Recipe(), ModelConfig()
    parser = argparse.ArgumentParser(prog="python -m glyffuser.training", description=__doc__.splitlines()[0])
    run = parser.add_argument_group("the run")
    run.add_argument("--output", type=Path, default=Path("runs/unet"), help="its folder (default: runs/unet)")
    run.add_argument("--resume", action="store_true", help="go on from the state in the folder, if there is one")
    run.add_argument("--new-plan", action="store_true", help="count samples, hours and decay from here on")
    run.add_argument("--init", type=Path, help="begin with the weights of a checkpoint folder")
    run.add_argument("--glyph-prior", type=Path, help="its folder (default: the run's own, at first the shipped one)")
    run.add_argument("--text-encoder", default="minilm", help="a text encoder by name (default: minilm)")
    run.add_argument("--cache", type=Path, default=Path(".cache"), help="folder for text states (default: .cache)")
    run.add_argument(
        "--precision",
        choices=("auto", "no", "bf16"),
        default="auto",
        help="mixed precision (default: that of the state, else the faster one)",
    )
    run.add_argument("--error-samples", type=int, default=20_000, help="samples between held-out errors; 0 for none")
    run.add_argument("--grid-samples", type=int, default=40_000, help="samples between sample grids; 0 for none")
    learning = parser.add_argument_group("the recipe")
    for field in dataclasses.fields(Recipe):
        kind = {"max_samples": int, "max_hours": float}.get(field.name, type(getattr(recipe, field.name)))
        learning.add_argument(f"--{field.name.replace('_', '-')}", type=kind, default=getattr(recipe, field.name))
    network = parser.add_argument_group("the network")
    network.add_argument("--prediction-type", choices=("v_prediction", "epsilon"), default=model.prediction_type)
    network.add_argument("--patch-size", type=int, default=model.patch_size)
    network.add_argument("--block-out-channels", type=int, nargs="+", default=list(model.block_out_channels))
    network.add_argument("--num-attention-heads", type=int, nargs="+", default=list(model.num_attention_heads))
    network.add_argument("--layers-per-block", type=int, default=model.layers_per_block)
    network.add_argument("--cross-attention-dim", type=int, default=model.cross_attention_dim)
    return parser.parse_args(arguments)


def recipe_from(options: argparse.Namespace) -> Recipe:
    """The recipe that the command line asks for."""
    return Recipe(**{field.name: getattr(options, field.name) for field in dataclasses.fields(Recipe)})


def model_from(options: argparse.Namespace, text_channels: int) -> ModelConfig:
    """The network that the command line asks for."""
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
    """Put everything together and train.

    Args:
        options: from `parse`.
        characters: all of them; those of the training split are trained on, some of the others watched.
        prior: of the network's patch size.

    Raises:
        StateError, CheckpointError, ValueError: if something does not fit; the message says what.
    """
    recipe, encoder = recipe_from(options), TextEncoder.load(options.text_encoder)
    model = model_from(options, encoder.channels)
    if prior.config.grid_size != model.grid_size:
        raise ValueError(
            f"the glyph prior draws {prior.config.grid_size} by {prior.config.grid_size} cells, a patch size of "
            f"{model.patch_size} needs {model.grid_size}: train one with `python -m glyffuser.training.prior "
            f"--patch-size {model.patch_size}`"
        )
    accelerator = start_accelerator(options, model)
    state = begin(model, recipe, encoder.name, accelerator.device, options)
    state.precision = accelerator.mixed_precision
    with accelerator.main_process_first():
        states = TextStateCache.load_or_build(encoder, distinct_captions(characters), options.cache)
    conditioning = CaptionConditioning(states, prior, caption_folds(characters, prior.config.num_folds))
    dataset = GlyphDataset([c for c in characters if c.split == "train"], seed=recipe.seed)
    scheduler = training_scheduler(model.prediction_type)
    pipeline = GlyffuserPipeline(state.unet, prior, scheduler, encoder.name)
    pipeline.text_encoder = encoder
    if accelerator.is_main_process:
        prior.save_pretrained(options.output / PRIOR_FOLDER)
        accelerator.print(f"training on {accelerator.device}, mixed precision {accelerator.mixed_precision}")
    watch = Watch(
        options.output, watched(characters, conditioning), pipeline, options.error_samples, options.grid_samples
    )
    batches = TrainingBatches(dataset, conditioning, recipe.seed)
    train(state, recipe, batches, scheduler, accelerator, watch, stop_on_signals())
    accelerator.end_training()
    accelerator.print(f"{state.counters.samples_seen:,} samples seen; the state is in {options.output}")


def prior_folder(options: argparse.Namespace) -> Path:
    """Where the glyph prior comes from: the one given, else the one that the run began with, else the shipped one."""
    own = options.output / PRIOR_FOLDER
    return options.glyph_prior or (own if own.is_dir() else DEFAULT_CHECKPOINT / "glyph_prior")


def start_accelerator(options: argparse.Namespace, model: ModelConfig) -> Accelerator:
    """Device, processes and precision, with TensorBoard as tracker."""
    precision = options.precision
    if precision == "auto" and (state := options.output / STATE_FILE).exists():
        precision = read_metadata(state).get("precision", "auto")
    if precision == "auto":
        (precision,) = broadcast_object_list([faster_precision(model, PartialState().device)])
    options.output.mkdir(parents=True, exist_ok=True)
    accelerator = Accelerator(mixed_precision=precision, log_with="tensorboard", project_dir=options.output)
    accelerator.init_trackers("tensorboard")
    return accelerator


def begin(
    model: ModelConfig, recipe: Recipe, text_encoder_name: str, device: torch.device, options: argparse.Namespace
) -> TrainingState:
    """The state of the run's folder, or a new one with the weights of a checkpoint or random ones."""
    path = options.output / STATE_FILE
    if path.exists() and not options.resume:
        raise StateError(f"{path} holds a run already: go on with --resume, or give another --output")
    start = GlyffuserPipeline.load(options.init) if options.init else None
    if start and (theirs := start.scheduler.config.prediction_type) != model.prediction_type:
        raise StateError(f"{options.init} was trained with --prediction-type {theirs}, not {model.prediction_type}")
    state = build_state(model, recipe, text_encoder_name, device, start and start.unet.state_dict())
    state.counters.samples_seen = start.config.samples_seen if start else 0
    if path.exists():
        state.load(path)
    if options.new_plan:
        state.counters.plan_samples, state.counters.plan_seconds = 0, 0.0
    return state


def watched(characters: list[Character], conditioning: CaptionConditioning) -> HeldOut:
    """Held-out characters with their definitions, always the same ones."""
    held_out = [c for c in characters if c.split == "held-out"]
    chosen = random.Random(0).sample(held_out, min(NUM_HELD_OUT, len(held_out)))
    definitions = [c.definition for c in chosen]
    return HeldOut(draw(chosen), conditioning(definitions), conditioning([""] * len(chosen)))


def main(arguments: list[str] | None = None) -> int:
    """Train; returns the exit status."""
    options = parse(arguments)
    try:
        run(options, load_characters(), GlyphPrior.from_pretrained(prior_folder(options)))
    except (StateError, CheckpointError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
