"""The whole chain on 64 glyphs, in about a minute: `python -m glyffuser.training.smoke`.

Data, text states, glyph prior, U-net, export, samples: it checks that all parts fit together; its glyphs are noise.
"""

import argparse
import sys
from pathlib import Path

from glyffuser.command import ends_in_one_line
from glyffuser.config import SampleConfig
from glyffuser.data.characters import Character, load_characters
from glyffuser.images import encode_png, tile, x_0_to_uint8
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.text import TextEncoder
from glyffuser.training.command import parse, run
from glyffuser.training.export import export_checkpoint, load_run
from glyffuser.training.prior import gather_examples, train_prior

NUM_GLYPHS = 64
NUM_HELD_OUT = 16
TINY_NETWORK = ["--block-out-channels", "32", "32", "--num-attention-heads", "1", "1", "--cross-attention-dim", "32"]
TINY_RECIPE = ["--batch-size", "8", "--max-samples", "256", "--error-samples", "128", "--grid-samples", "256"]


def choose(characters: list[Character]) -> list[Character]:
    """The first characters of the training split, and a few of the held-out split."""
    train = [c for c in characters if c.split == "train"][:NUM_GLYPHS]
    return train + [c for c in characters if c.split == "held-out"][:NUM_HELD_OUT]


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    """Run the chain; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m glyffuser.training.smoke", description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("runs/smoke"), help="folder to write (default: runs/smoke)")
    folder = parser.parse_args(arguments).output

    characters, encoder = choose(load_characters()), TextEncoder.load()
    examples, families = gather_examples(characters, encoder, num_folds=2, grid_size=32, cache_folder=folder)
    prior = train_prior(characters, examples, families, num_folds=2, hidden_channels=(32, 32))
    options = ["--output", str(folder / "run"), "--cache", str(folder), "--precision", "no", "--resume"]
    run(parse([*options, *TINY_NETWORK, *TINY_RECIPE]), characters, prior)
    trained = load_run(folder / "run")
    export_checkpoint(trained, folder / "checkpoint")
    pipeline = GlyffuserPipeline.load(folder / "checkpoint")
    for frame in pipeline.stream(["gold", "fish"], [0, 1], SampleConfig(num_inference_steps=5)):
        finished = frame.x_t
    (folder / "samples.png").write_bytes(encode_png(tile(x_0_to_uint8(finished))))
    print(f"{pipeline.config.samples_seen} samples seen; checkpoint and samples.png are in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
