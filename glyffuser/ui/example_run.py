"""Draw the run that a page just opened plays, and keep it beside the weights.

Run `python -m glyffuser.ui.example_run` again for every new checkpoint.
"""

import argparse
import json
import sys
from itertools import count
from pathlib import Path

from glyffuser.checkpoint import CheckpointError, checkpoint_folder
from glyffuser.config import SampleConfig
from glyffuser.radicals import RadicalClassifier, ClassifierError
from glyffuser.pipeline import GlyffuserPipeline, best_device
from glyffuser.ui.generation import Judge, Request, stream_frames
from glyffuser.ui.radical_meter import RadicalMeter
from glyffuser.ui.static_files import serve

REQUEST = Request("gold", [0, 1, 2, 3], SampleConfig())
"""What it draws: what a visitor of a page on a CPU gets who touches nothing, but for the seed."""
_FILE = "example_run.json"


def example_url(pipeline: GlyffuserPipeline) -> str:
    """Where the browser finds the run of a pipeline's checkpoint, a JSON list of frames; "" if it has none."""
    if not pipeline.name_or_path:
        return ""
    path = Path(pipeline.name_or_path) / _FILE
    return serve(path) if path.is_file() else ""


def draw_example(pipeline: GlyffuserPipeline, judge: Judge | None = None) -> list[dict]:
    """Every frame of the run, as `glyffuser.ui.components.frame_player.build_frame_player` tells of them.

    Args:
        pipeline: a loaded model.
        judge: if given, has its say in the last frame.
    """
    return list(stream_frames(pipeline, REQUEST, judge=judge, clock=count().__next__))  # each a second after the last


def main(arguments: list[str] | None = None) -> int:
    """Draw the run and write it beside the weights; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m glyffuser.ui.example_run", description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, default=checkpoint_folder(), help="folder of the weights")
    folder = parser.parse_args(arguments).checkpoint
    try:
        pipeline = GlyffuserPipeline.load(folder, device=best_device())
        meter = RadicalMeter(pipeline, RadicalClassifier.load())
    except (CheckpointError, ClassifierError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    frames = draw_example(pipeline, meter)
    (folder / _FILE).write_text(json.dumps(frames, separators=(",", ":")), encoding="utf-8")
    print(f"{folder / _FILE}: {len(frames)} frames")
    return 0


if __name__ == "__main__":
    sys.exit(main())
