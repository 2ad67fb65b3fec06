"""Train the radical classifier on real glyphs: `python -m glyffuser.training.radical_classifier`, a few minutes.

The settings below gave the shipped classifier, whose top-1 accuracy on held-out glyphs is 0.918.
"""

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from tqdm import tqdm

from glyffuser.command import ends_in_one_line
from glyffuser.data.characters import Character, load_characters
from glyffuser.data.glyphs import GlyphRenderer, render_glyphs
from glyffuser.images import uint8_to_x_0
from glyffuser.radicals import DEFAULT_CLASSIFIER, RadicalClassifier
from glyffuser.shipped import write_manifest

BATCH_SIZE = 128
LEARNING_RATE = 3e-3
NUM_EPOCHS = 14

# Limits of the augmentation. Generated glyphs are less sharp and less exactly placed than those of a font.
MAX_SHIFT = 0.08
"""In halves of the picture's side."""
MAX_STRETCH = 0.10
MAX_SLANT = 0.05
MAX_NOISE = 0.4


def augment(x_0: torch.Tensor) -> torch.Tensor:
    """Shift, stretch, slant, blur and noise each glyph at random: (batch, 1, 128, 128) -> the same shape."""
    batch = len(x_0)
    matrix = torch.eye(2) + torch.empty(batch, 2, 2).uniform_(-1, 1) * torch.tensor(
        [[MAX_STRETCH, MAX_SLANT], [MAX_SLANT, MAX_STRETCH]]
    )
    shift = torch.empty(batch, 2, 1).uniform_(-MAX_SHIFT, MAX_SHIFT)
    grid = F.affine_grid(torch.cat([matrix, shift], dim=2), list(x_0.shape), align_corners=False)
    moved = F.grid_sample(x_0 - 1, grid, align_corners=False) + 1  # padding with 0 is paper, once shifted by 1
    blurred = F.avg_pool2d(moved, 5, stride=1, padding=2, count_include_pad=False)
    moved = torch.lerp(moved, blurred, torch.rand(batch, 1, 1, 1))
    return moved + torch.randn_like(moved) * MAX_NOISE * torch.rand(batch, 1, 1, 1)


def train_classifier(
    characters: Sequence[Character],
    num_epochs: int = NUM_EPOCHS,
    block_out_channels: tuple[int, ...] = (32, 64, 128, 256),
    seed: int = 0,
) -> RadicalClassifier:
    """Train a classifier on the glyphs of characters, with a one-cycle learning rate (Smith & Topin 2018).

    Args:
        characters: training characters.
        num_epochs: passes over the characters.
        block_out_channels: widths of the classifier's blocks.
        seed: decides the initial weights, the order of the batches and the augmentation.

    Returns:
        The classifier in evaluation mode.
    """
    torch.manual_seed(seed)
    pixels = GlyphRenderer().render_all(character.char for character in characters)
    targets = torch.tensor([character.radical - 1 for character in characters])
    classifier = RadicalClassifier(block_out_channels).to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(classifier.parameters(), weight_decay=0.05)
    num_steps = num_epochs * math.ceil(len(characters) / BATCH_SIZE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=num_steps + 1)
    with tqdm(total=num_steps, desc="radical classifier") as progress:
        for _epoch in range(num_epochs):
            for batch in torch.randperm(len(characters)).split(BATCH_SIZE):
                x_0 = augment(uint8_to_x_0(pixels[batch])).contiguous(memory_format=torch.channels_last)
                loss = F.cross_entropy(classifier(x_0), targets[batch], label_smoothing=0.05)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                progress.set_postfix(loss=f"{loss.item():.2f}", refresh=False)
                progress.update()
    return classifier.eval()


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    """Train, save and print the accuracy on held-out glyphs; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m glyffuser.training.radical_classifier",
        description=(__doc__ or "").splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--output", type=Path, default=DEFAULT_CLASSIFIER, help="folder to write")
    parser.add_argument("--num-epochs", type=int, default=NUM_EPOCHS, help="passes over the training characters")
    parser.add_argument("--seed", type=int, default=0, help="decides initial weights, order and augmentation")
    options = parser.parse_args(arguments)
    characters = load_characters()
    train = [character for character in characters if character.split == "train"]
    train_classifier(train, options.num_epochs, seed=options.seed).half().save_pretrained(options.output)
    held_out = [character for character in characters if character.split == "held-out"]
    radicals = [character.radical for character in held_out]
    write_manifest(options.output)
    accuracy = RadicalClassifier.load(options.output).top_1_accuracy(render_glyphs(held_out), radicals)
    print(f"top-1 accuracy on {len(held_out)} held-out glyphs: {accuracy:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
