"""Write a run's averaged weights as a checkpoint: `python -m glyffuser.training.export RUN FOLDER`."""

import argparse
import sys
from pathlib import Path

import torch

from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.training.onnx_graph import write_graph


def export_checkpoint(pipeline: GlyffuserPipeline, folder: Path) -> None:
    """Write U-net and glyph prior in half precision, and the scheduler; the pipeline itself stays as it is."""
    halves = GlyffuserPipeline(
        _half(pipeline.unet),
        _half(pipeline.glyph_prior),
        pipeline.scheduler,
        pipeline.config.text_encoder_name,
        pipeline.config.samples_seen,
    )
    halves.save_pretrained(folder)


def _half(module: torch.nn.Module) -> torch.nn.Module:
    copy = type(module).from_config(module.config)
    copy.load_state_dict(module.state_dict())
    return copy.half()


def main(arguments: list[str] | None = None) -> int:
    """Export a run; returns the exit status."""
    from glyffuser.training.loop import load_run
    from glyffuser.training.state import StateError

    parser = argparse.ArgumentParser(prog="python -m glyffuser.training.export", description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="folder of a training run")
    parser.add_argument("folder", type=Path, help="checkpoint folder to write")
    options = parser.parse_args(arguments)
    try:
        pipeline = load_run(options.run)
    except StateError as error:
        print(error, file=sys.stderr)
        return 1
    export_checkpoint(pipeline, options.folder)
    write_graph(options.folder)
    print(f"{options.folder} written from {options.run} at {pipeline.config.samples_seen:,} samples")
    return 0


if __name__ == "__main__":
    sys.exit(main())
