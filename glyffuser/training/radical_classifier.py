"""Train the radical reader on real glyphs: `python -m glyffuser.training.radical_classifier`, a few minutes."""

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from tqdm import tqdm

from glyffuser.data.characters import Character, load_characters
from glyffuser.data.glyphs import GlyphRenderer
from glyffuser.evaluation.hits import accuracy
from glyffuser.radicals import DEFAULT_CLASSIFIER, RadicalClassifier
from glyffuser.images import uint8_to_x_0

BATCH_SIZE = 128
LEARNING_RATE = 3e-3
NUM_EPOCHS = 14

# Generated glyphs are never as crisp nor as exactly placed as a font's, so the reader meets neither in training.
MAX_SHIFT = 0.08  # of the half side
MAX_STRETCH = 0.10
MAX_SLANT = 0.05
MAX_NOISE = 0.4


def distort(x_0: torch.Tensor) -> torch.Tensor:
    """Shift, stretch, slant, blur and noise each glyph a little: (batch, 1, 128, 128) -> the same shape."""
    batch = len(x_0)
    matrix = torch.eye(2) + torch.empty(batch, 2, 2).uniform_(-1, 1) * torch.tensor(
        [[MAX_STRETCH, MAX_SLANT], [MAX_SLANT, MAX_STRETCH]]
    )
    shift = torch.empty(batch, 2, 1).uniform_(-MAX_SHIFT, MAX_SHIFT)
    where = F.affine_grid(torch.cat([matrix, shift], dim=2), x_0.shape, align_corners=False)
    moved = F.grid_sample(x_0 - 1, where, align_corners=False) + 1  # paper beyond the border
    blurred = F.avg_pool2d(moved, 5, stride=1, padding=2, count_include_pad=False)
    moved = torch.lerp(moved, blurred, torch.rand(batch, 1, 1, 1))
    return moved + torch.randn_like(moved) * MAX_NOISE * torch.rand(batch, 1, 1, 1)


def train_reader(
    characters: Sequence[Character],
    num_epochs: int = NUM_EPOCHS,
    block_out_channels: tuple[int, ...] = (32, 64, 128, 256),
    seed: int = 0,
) -> RadicalClassifier:
    """Train a reader on the glyphs of `characters`, with a rate that rises and falls (Smith & Topin 2018)."""
    torch.manual_seed(seed)
    pixels = GlyphRenderer().render_all(c.char for c in characters)
    targets = torch.tensor([c.radical - 1 for c in characters])
    reader = RadicalClassifier(block_out_channels).to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(reader.parameters(), weight_decay=0.05)
    num_steps = num_epochs * math.ceil(len(characters) / BATCH_SIZE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=num_steps + 1)
    with tqdm(total=num_steps, desc="radical reader") as progress:
        for _epoch in range(num_epochs):
            for batch in torch.randperm(len(characters)).split(BATCH_SIZE):
                x_0 = distort(uint8_to_x_0(pixels[batch])).contiguous(memory_format=torch.channels_last)
                loss = F.cross_entropy(reader(x_0), targets[batch], label_smoothing=0.05)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                progress.set_postfix(loss=f"{loss.item():.2f}", refresh=False)
                progress.update()
    return reader.eval()


def main(arguments: list[str] | None = None) -> int:
    """Train, print the accuracy on held-out glyphs, save; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m glyffuser.training.radical_classifier",
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--output", type=Path, default=DEFAULT_CLASSIFIER, help="folder to write")
    parser.add_argument("--num-epochs", type=int, default=NUM_EPOCHS, help="how often each glyph is seen")
    parser.add_argument("--seed", type=int, default=0, help="decides first weights, order and distortions")
    options = parser.parse_args(arguments)
    characters = load_characters()
    reader = train_reader([c for c in characters if c.split == "train"], options.num_epochs, seed=options.seed)
    reader.half().save_pretrained(options.output)
    held_out = [c for c in characters if c.split == "held-out"]
    print(
        f"{accuracy(RadicalClassifier.load(options.output), held_out):.3f} of {len(held_out)} held-out glyphs read right"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
