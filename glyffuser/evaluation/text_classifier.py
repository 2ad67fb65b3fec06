"""How well the words alone tell the radical, read by a small classifier: what generated glyphs are compared with."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from glyffuser.data.characters import Character
from glyffuser.data.dataset import caption_variants, never_met
from glyffuser.radicals import NUM_RADICALS
from glyffuser.text import TextEncoder, sentence_vectors

NUM_EPOCHS = 4
BATCH_SIZE = 256
LEARNING_RATE = 2e-3


def text_accuracy(encoder: TextEncoder, characters: Sequence[Character], seed: int = 0) -> float:
    """Train a network of two layers to tell radicals from sentence vectors, and ask it the held-out definitions.

    Returns:
        Share of the definitions of `never_met` whose radical it names first.
    """
    train = [c for c in characters if c.split == "train"]
    pairs = [(caption, c.radical - 1) for c in train for caption in sorted({c.definition, *caption_variants(c).senses})]
    sentences = _encode(encoder, [caption for caption, _ in pairs])
    network = _train(sentences, torch.tensor([radical for _, radical in pairs]), seed)
    asked = never_met(characters)
    with torch.inference_mode():
        named = network(_encode(encoder, [c.definition for c in asked])).argmax(dim=1) + 1
    return float((named == torch.tensor([c.radical for c in asked])).float().mean())


def _encode(encoder: TextEncoder, captions: list[str]) -> torch.Tensor:
    parts = [captions[i : i + 256] for i in range(0, len(captions), 256)]
    # to unit variance per channel
    return torch.cat([sentence_vectors(encoder(part)) for part in parts]) * encoder.channels**0.5


def _train(sentences: torch.Tensor, targets: torch.Tensor, seed: int) -> nn.Module:
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
