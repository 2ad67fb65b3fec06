"""Train the U-net: `make train` = `python -m glyffuser.training`."""

import argparse
import dataclasses
import inspect
import random
import re
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from accelerate import Accelerator, PartialState
from accelerate.utils import broadcast_object_list

from glyffuser.checkpoint import DEFAULT_CHECKPOINT, CheckpointError
from glyffuser.config import ModelConfig
from glyffuser.data.characters import Character, load_characters
from glyffuser.data.dataset import GlyphDataset, distinct_captions
from glyffuser.data.glyphs import render_glyphs
from glyffuser.diffusion import training_scheduler
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.prior import GlyphPrior
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
    for name, default, what in (("error", 20_000, "looks at the held-out errors"), ("grid", 40_000, "sample grids")):
        told = f"samples between two {what}, 0 for none (default: %(default)s)"
        run.add_argument(f"--{name}-samples", type=int, default=default, help=told)
    add_fields(parser.add_argument_group("the recipe"), Recipe(), {"max_samples": int, "max_hours": float})
    add_fields(parser.add_argument_group("the network"), ModelConfig(), {"prediction_type": prediction_type})
    return parser.parse_args(arguments)


def add_fields(group, config: Recipe | ModelConfig, kinds: dict[str, Callable]) -> None:
    """An option for each field of a dataclass, with what its docstring says of it.

    Args:
        group: of a parser.
        config: the defaults.
        kinds: types of the fields whose defaults do not tell.
    """
    told = re.findall(r"^ {4}(\w+): (.+(?:\n {8}.+)*)", inspect.getdoc(config), re.MULTILINE)
    helps = {name: " ".join(text.split()).rstrip(".") for name, text in told}
    for field in dataclasses.fields(config):
        if field.name == "text_channels":  # the text encoder decides
            continue
        default = getattr(config, field.name)
        many = {"nargs": "+"} if isinstance(default, tuple) else {}
        default = list(default) if many else default
        kind = kinds.get(field.name, int if many else type(default))
        text = f"{helps[field.name]} (default: %(default)s)"
        group.add_argument(f"--{field.name.replace('_', '-')}", type=kind, default=default, help=text, **many)


def prediction_type(name: str) -> str:
    """What a network may be trained to predict."""
    if name not in ("v_prediction", "epsilon"):
        raise argparse.ArgumentTypeError(f"{name!r} is neither v_prediction nor epsilon")
    return name


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
    batches = TrainingBatches(dataset, conditioning, recipe.seed, recipe.timestep_focus, recipe.timestep_shift)
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
    return HeldOut(render_glyphs(chosen), conditioning(definitions), conditioning([""] * len(chosen)))


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
