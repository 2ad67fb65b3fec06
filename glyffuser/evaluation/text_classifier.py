"""Radical accuracy of a classifier that reads the definition alone: a reference for that of generated glyphs.

With the settings below it is 0.494 (`python -m glyffuser.evaluation --parts held-out`).
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from glyffuser.data.characters import Character
from glyffuser.data.dataset import caption_variants, unseen_characters
from glyffuser.radicals import NUM_RADICALS
from glyffuser.text import TextEncoder, sentence_vectors

NUM_EPOCHS = 4
BATCH_SIZE = 256
LEARNING_RATE = 2e-3


def text_accuracy(encoder: TextEncoder, characters: Sequence[Character], seed: int = 0) -> float:
    """Train a network of two layers, sentence vector -> radical, and measure it on held-out definitions.

    Args:
        encoder: encodes the definitions.
        characters: of both splits.
        seed: decides the initial weights and the order of the batches.

    Returns:
        Top-1 accuracy on the definitions of `unseen_characters`.
    """
    captions, radicals = [], []
    for character in characters:
        if character.split == "train":
            own = sorted({character.definition, *caption_variants(character).senses})
            captions += own
            radicals += [character.radical] * len(own)
    network = _train(_encode(encoder, captions), torch.tensor(radicals) - 1, seed)
    unseen = unseen_characters(characters)
    with torch.inference_mode():
        predicted = network(_encode(encoder, [c.definition for c in unseen])).argmax(dim=1) + 1
    return float((predicted == torch.tensor([c.radical for c in unseen])).float().mean())


def _encode(encoder: TextEncoder, captions: list[str]) -> torch.Tensor:
    """Sentence vectors (captions, channels), scaled to unit variance per channel."""
    batches = [captions[start : start + BATCH_SIZE] for start in range(0, len(captions), BATCH_SIZE)]
    return torch.cat([sentence_vectors(encoder(batch)) for batch in batches]) * encoder.channels**0.5


def _train(sentences: torch.Tensor, targets: torch.Tensor, seed: int) -> nn.Module:
    """Train on sentence vectors (captions, channels) and classes (captions,), with a one-cycle learning rate."""
    torch.manual_seed(seed)
    network = nn.Sequential(
        nn.Linear(sentences.shape[1], 1024), nn.GELU(), nn.Dropout(0.5), nn.Linear(1024, NUM_RADICALS)
    )
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.1)
    num_steps = NUM_EPOCHS * (len(targets) // BATCH_SIZE + 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=num_steps + 1)
    for _epoch in range(NUM_EPOCHS):
        for batch in torch.randperm(len(targets)).split(BATCH_SIZE):
            optimizer.zero_grad()
            F.cross_entropy(network(sentences[batch]), targets[batch], label_smoothing=0.05).backward()
            optimizer.step()
            schedule.step()
    return network.eval()
