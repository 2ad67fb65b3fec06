"""Write a run's averaged weights as a checkpoint: `python -m glyffuser.training.export RUN FOLDER`."""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from diffusers import ModelMixin
from safetensors import SafetensorError

from glyffuser.checkpoint import CheckpointError, checkpoint_fingerprint
from glyffuser.command import ends_in_one_line
from glyffuser.config import FAST_CONFIG, ModelConfig
from glyffuser.diffusion import training_scheduler
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.prior import GlyphPrior
from glyffuser.shipped import write_manifest
from glyffuser.training.onnx_graph import write_graph
from glyffuser.training.state import STATE_FILE, StateError, read_averaged_weights, read_metadata
from glyffuser.unet import build_unet

PRIOR_FOLDER = "glyph_prior"
"""Folder of a run that holds the glyph prior it was trained with."""


def load_run(folder: Path, teacher: Path | None = None) -> GlyffuserPipeline:
    """The averaged weights of a run as a pipeline.

    Args:
        folder: of the run.
        teacher: checkpoint that the network was distilled from, if it was.

    Raises:
        CheckpointError: if a file of the teacher is missing.
        StateError: if the state or the glyph prior is missing or damaged.
    """
    metadata = read_metadata(folder / STATE_FILE)
    model: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in metadata["model"].items()
    }
    config = ModelConfig(**model)
    unet = build_unet(config)
    unet.load_state_dict(read_averaged_weights(folder / STATE_FILE))
    try:
        prior = GlyphPrior.from_pretrained(folder / PRIOR_FOLDER)
    except (OSError, ValueError, SafetensorError) as error:
        raise StateError(f"the glyph prior {folder / PRIOR_FOLDER} is missing or damaged: put a copy there") from error
    scheduler = training_scheduler(config.prediction_type)
    samples_seen = metadata["counters"]["samples_seen"]
    return GlyffuserPipeline(unet, prior, scheduler, metadata["text_encoder"], samples_seen, **_origin(teacher))


def _origin(teacher: Path | None) -> dict[str, Any]:
    """What a checkpoint says of its teacher, and of the only way in which it can be sampled."""
    if teacher is None:
        return {}
    return {"teacher": checkpoint_fingerprint(teacher), "sampling": asdict(FAST_CONFIG)}


def export_checkpoint(pipeline: GlyffuserPipeline, folder: Path) -> None:
    """Write U-net and glyph prior in half precision, and the scheduler; the pipeline stays unchanged."""
    in_half_precision = GlyffuserPipeline(
        _to_half(pipeline.unet),
        _to_half(pipeline.glyph_prior),
        pipeline.scheduler,
        pipeline.config.text_encoder_name,
        pipeline.config.samples_seen,
        pipeline.config.teacher,
        pipeline.config.sampling,
    )
    in_half_precision.save_pretrained(folder)


def _to_half(module: ModelMixin) -> ModelMixin:
    copy = type(module).from_config(module.config)
    copy.load_state_dict(module.state_dict())
    return copy.half()


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    """Export a run; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m glyffuser.training.export", description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="folder of a training run")
    parser.add_argument("folder", type=Path, help="checkpoint folder to write")
    parser.add_argument("--teacher", type=Path, metavar="DIR", help="checkpoint it was distilled from, if it was")
    options = parser.parse_args(arguments)
    try:
        pipeline = load_run(options.run, options.teacher)
    except (StateError, CheckpointError) as error:
        print(error, file=sys.stderr)
        return 1
    export_checkpoint(pipeline, options.folder)
    write_graph(options.folder)
    write_manifest(options.folder)
    print(f"{options.folder} written from {options.run} at {pipeline.config.samples_seen:,} samples")
    return 0


if __name__ == "__main__":
    sys.exit(main())
