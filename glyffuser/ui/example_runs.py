"""Draw the run that a page just opened shows; `checkpoints/examples` holds it.

Run `python -m glyffuser.ui.example_runs` again for every new checkpoint.
"""

import argparse
import json
import sys
from itertools import count
from pathlib import Path

import numpy as np

from glyffuser.checkpoint import DEFAULT_CHECKPOINT, CheckpointError, checkpoint_folder
from glyffuser.command import ends_in_one_line
from glyffuser.config import SampleConfig
from glyffuser.images import decode_glyph
from glyffuser.map.files import MapError
from glyffuser.pipeline import GlyffuserPipeline, best_device
from glyffuser.radicals import ClassifierError
from glyffuser.request import Request
from glyffuser.shipped import write_manifest
from glyffuser.ui.context import AppContext
from glyffuser.ui.generation import card_of, denoise_request
from glyffuser.ui.protocol import FrameMessage
from glyffuser.ui.radical_meter import radical_note
from glyffuser.ui.streaming import Observers, from_data_url, stream_messages

FOLDER = DEFAULT_CHECKPOINT.parent / "examples"
INDEX = "index.json"
"""Names the checkpoint that drew the runs."""

RUN = "gold.json"
REQUEST = Request("gold", [0, 1, 2, 3], SampleConfig())
"""What a visitor of a page on a CPU gets who touches nothing, but for the seed."""


def example_url(context: AppContext, folder: Path = FOLDER) -> str:
    """Where the browser finds a finished run of this checkpoint, a JSON list of messages; "" if there is none.

    The run's glyphs are kept like those of a visitor's run, so that they can be picked.
    """
    index = folder / INDEX
    if not index.is_file() or json.loads(index.read_bytes())["checkpoint"] != context.fingerprint:
        return ""
    last = json.loads((folder / RUN).read_bytes())[-1]
    glyphs = np.stack([decode_glyph(from_data_url(url)) for url in last["downloads"][1:]])
    context.finished.keep_for_ever(last["run"], last["label"], glyphs)
    return f"{context.static_files.serve('examples', folder)}/{RUN}"


def draw_example(context: AppContext) -> list[FrameMessage]:
    """Every message of the run; it leaves no path on the map, which is the visitor's own."""
    card = card_of(REQUEST.with_checkpoint(context.fingerprint))
    observers = Observers(note=lambda glyphs: radical_note(context, REQUEST.prompt, glyphs))
    a_second_a_frame = count().__next__  # so that the throttle lets all of them pass
    return list(stream_messages(denoise_request(context.pipeline, REQUEST), card, observers, a_second_a_frame))


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    """Draw the run and write it; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m glyffuser.ui.example_runs", description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, default=checkpoint_folder(), help="folder of the weights")
    parser.add_argument("--output", type=Path, default=FOLDER, help="folder to write")
    options = parser.parse_args(arguments)
    try:
        context = AppContext.load(GlyffuserPipeline.load(options.checkpoint, device=best_device()))
    except (CheckpointError, ClassifierError, MapError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    messages = draw_example(context)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / RUN).write_text(json.dumps(messages, separators=(",", ":")), encoding="utf-8")
    index = {"checkpoint": context.fingerprint, "runs": [RUN]}
    (options.output / INDEX).write_text(f"{json.dumps(index)}\n", encoding="utf-8")
    write_manifest(options.output)
    print(f"{options.output / RUN}: {len(messages)} frames")
    return 0


if __name__ == "__main__":
    sys.exit(main())
