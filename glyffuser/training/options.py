"""Options of the commands that train the U-net, and what they stand for: the run, the recipe, the network."""

import argparse
import dataclasses
import inspect
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from glyffuser.config import ModelConfig
from glyffuser.training.precision import PRECISIONS
from glyffuser.training.recipe import TRAINING_PRESETS, Preset, Recipe


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
    run.add_argument("--init", type=Path, help="start with the weights of a checkpoint or run (default: the teacher's)")
    run.add_argument(
        "--teacher", type=Path, help="checkpoint or run; distil it, guidance included, into four calls of the network"
    )
    run.add_argument(
        "--glyph-prior",
        type=Path,
        help="its folder (default: the run's own, at first that of --init, --teacher or the shipped one)",
    )
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
