"""Training batches, decided by seed and position in the run alone, so that a resumed run continues the same stream.

Glyphs and captions lie on the device as tables, and batches are drawn there: on a GPU nothing is copied in a step but
the numbers of the rows.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch

from glyffuser.data.dataset import GlyphDataset
from glyffuser.images import uint8_to_x_0
from glyffuser.prior import MEAN_OF_FOLDS, GlyphPrior
from glyffuser.prompts import make_conditioning
from glyffuser.text import TextStateCache, sentence_vectors
from glyffuser.training.recipe import Recipe
from glyffuser.unet import Conditioning

NUM_TRAIN_TIMESTEPS = 1000
"""Length of the noise schedule."""

PRIOR_BATCH = 1024
"""Captions whose pictures the glyph prior draws at once."""


class Batch(NamedTuple):
    """One row per glyph, on the device of the training.

    Attributes:
        x_0: float32 (batch, 1, 128, 128) in [-1, 1].
        noise: standard Gaussian, of the same shape.
        timesteps: int64 (batch,).
        conditioning: of the drawn captions.
    """

    x_0: torch.Tensor
    noise: torch.Tensor
    timesteps: torch.Tensor
    conditioning: Conditioning


class CaptionConditioning:
    """Captions -> the U-net's conditioning, from tables of text states and of the prior's pictures.

    Attributes:
        device: where the tables lie.
    """

    def __init__(
        self,
        states: TextStateCache,
        prior: GlyphPrior,
        folds: dict[str, int],
        sharpness: float | None = 1.0,
        device: torch.device | str = "cpu",
        num_tokens: int | None = None,
    ) -> None:
        """
        Args:
            states: text states of every caption, "" included; on the CPU.
            prior: on the CPU.
            folds: caption -> index of the prior's network that was trained without it; for captions that are not
                listed, the mean of all networks.
            sharpness: of the prior's pictures; None for that with which prompts are sampled.
            device: where batches are wanted.
            num_tokens: to which text states are padded, so that all batches have one shape; the longest caption of a
                batch when not given.
        """
        self.device = torch.device(device)
        self._ids = {caption: i for i, caption in enumerate(states.texts)}
        self._states = states.to(self.device)
        self._pictures = draw_pictures(states, prior, folds, sharpness).to(self.device)
        self._num_tokens = num_tokens

    def __call__(self, captions: Sequence[str]) -> Conditioning:
        """One row per caption; "" gives the null prompt."""
        return self.rows(self.ids(captions).to(self.device))

    def ids(self, captions: Sequence[str]) -> torch.Tensor:
        """The numbers of captions in the tables: int64 (captions,), on the CPU."""
        return torch.tensor([self._ids[caption] for caption in captions])

    def rows(self, ids: torch.Tensor) -> Conditioning:
        """One row per number, int64 (batch,), on the device."""
        states = self._states.padded(ids, self._num_tokens)
        return make_conditioning(states, self._pictures[ids], ids == self._ids[""])


@torch.no_grad()
def draw_pictures(
    states: TextStateCache, prior: GlyphPrior, folds: dict[str, int], sharpness: float | None
) -> torch.Tensor:
    """The prior's picture of every text: float32 (texts, 1, grid, grid); arguments as of `CaptionConditioning`."""
    pictures = []
    for start in range(0, len(states.texts), PRIOR_BATCH):
        texts = states.texts[start : start + PRIOR_BATCH]
        chosen = torch.tensor([folds.get(text, MEAN_OF_FOLDS) for text in texts])
        pictures.append(prior(sentence_vectors(states[texts]), sharpness=sharpness, folds=chosen))
    return torch.cat(pictures)


class TrainingBatches:
    """Endless stream of samples: every glyph once per epoch, each epoch in its own order, shared by all processes."""

    def __init__(
        self,
        dataset: GlyphDataset,
        conditioning: CaptionConditioning,
        recipe: Recipe,
        timesteps: Sequence[int] | None = None,
    ) -> None:
        """
        Args:
            dataset: the training characters; its captions are drawn.
            conditioning: of these captions; its device is that of the batches.
            recipe: its seed decides order, timesteps, noise and dropped tokens.
            timesteps: those that are drawn, each equally often; when not given all of them, as the recipe spreads them.
        """
        self._num_glyphs = len(dataset)
        self._glyphs = torch.from_numpy(dataset.glyphs).to(conditioning.device)
        self._conditioning = conditioning
        self._recipe = recipe
        self._timesteps = None if timesteps is None else torch.tensor(timesteps)
        self._epoch = lru_cache(maxsize=2)(self._draw_epoch)
        self._draw_captions = dataset.draw_captions
        self._caption_ids = conditioning.ids(dataset.captions)

    def batch(self, start: int, count: int) -> Batch:
        """The samples at positions `start` to `start + count` of the stream, with noise and timesteps."""
        device, recipe = self._conditioning.device, self._recipe
        numbers, on_device = self._generators(start)
        timesteps = self._draw_timesteps(count, numbers)
        rows, captions = (part.to(device, non_blocking=True) for part in self.rows(start, count))
        x_0, conditioning = uint8_to_x_0(self._glyphs[rows]), self._conditioning.rows(captions)
        noise = torch.randn(x_0.shape, generator=on_device, device=device)
        conditioning = without_some_tokens(conditioning, recipe.token_dropout, on_device)
        conditioning = with_noised_sentences(conditioning, recipe.text_noise, on_device)
        return Batch(x_0, noise, timesteps.to(device, non_blocking=True), conditioning)

    def rows(self, start: int, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Which glyphs and captions stand at positions `start` to `start + count` of the stream.

        Returns:
            Indices of the data set's glyphs and of the conditioning's captions, int64 (count,) each, on the CPU.
        """
        rows, captions = [], []
        for epoch in range(start // self._num_glyphs, (start + count - 1) // self._num_glyphs + 1):
            order, drawn = self._epoch(epoch)
            first = epoch * self._num_glyphs
            chosen = order[max(0, start - first) : start + count - first]
            rows.append(chosen)
            captions.append(drawn[chosen])
        return torch.cat(rows), torch.cat(captions)

    def _draw_epoch(self, epoch: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The order of an epoch, and the caption of each glyph."""
        order = np.random.default_rng([self._recipe.seed, epoch]).permutation(self._num_glyphs)
        return torch.from_numpy(order), self._caption_ids[torch.from_numpy(self._draw_captions(epoch))]

    def _generators(self, start: int) -> tuple[torch.Generator, torch.Generator]:
        """Sources of randomness of the batch at `start`: on the CPU, and on the device of the batches."""
        seeds = np.random.SeedSequence([self._recipe.seed, start]).generate_state(2, np.uint64)
        on_cpu, on_device = torch.Generator(), torch.Generator(self._conditioning.device)
        return on_cpu.manual_seed(int(seeds[0])), on_device.manual_seed(int(seeds[1]))

    def _draw_timesteps(self, count: int, generator: torch.Generator) -> torch.Tensor:
        if self._timesteps is None:
            times = spread_timesteps(count, self._recipe.timestep_focus, self._recipe.timestep_shift, generator)
            return (NUM_TRAIN_TIMESTEPS * times).long().clamp(max=NUM_TRAIN_TIMESTEPS - 1)
        times = spread_timesteps(count, 0, 1, generator)
        return self._timesteps[(len(self._timesteps) * times).long().clamp(max=len(self._timesteps) - 1)]


def without_some_tokens(conditioning: Conditioning, share: float, generator: torch.Generator) -> Conditioning:
    """Mask a share of the tokens, never a caption's first, so that captions are not learnt by heart."""
    if not share:
        return conditioning
    mask = conditioning.encoder_attention_mask
    is_kept = torch.rand(mask.shape, generator=generator, device=mask.device) >= share
    is_kept[:, 0] = True
    return conditioning._replace(encoder_attention_mask=mask & is_kept)


def with_noised_sentences(conditioning: Conditioning, strength: float, generator: torch.Generator) -> Conditioning:
    """Add Gaussian noise to the sentence vectors, for the same reason; norms are kept, and null prompts stay zero.

    Args:
        conditioning: its sentence vectors have unit variance per channel.
        strength: standard deviation of the noise.
        generator: source of randomness.
    """
    if not strength:
        return conditioning
    vectors = conditioning.class_labels
    norms = vectors.norm(dim=1, keepdim=True)
    noised = vectors + strength * torch.randn(vectors.shape, generator=generator, device=vectors.device)
    return conditioning._replace(class_labels=noised * norms / noised.norm(dim=1, keepdim=True).clamp(min=1e-6))


def spread_timesteps(count: int, focus: float, shift: float, generator: torch.Generator) -> torch.Tensor:
    """Draw stratified random times for a batch, so that every batch covers all noise levels.

    Args:
        count: number of times; one falls into each of `count` equal shares of the distribution (Kingma et al. 2021,
            VDM, appendix I.1).
        focus: 0 is uniform; above 0 the middle, where glyphs take shape, is drawn more often, and both ends less
            (Esser et al. 2024, SD3, section 3.1, "mode sampling").
        shift: 1 leaves the mode in the middle; above 1 it moves to `shift / (1 + shift)`, where noise is stronger
            (ibid., equation 23).
        generator: source of randomness.

    Returns:
        float32 (count,) in [0, 1], in random order.
    """
    shares = torch.randperm(count, generator=generator) + torch.rand(count, generator=generator)
    u = shares / count
    times = (1 - u - focus * ((math.pi / 2 * u).cos().square() - 1 + u)).clamp(0, 1)
    return shift * times / (1 + (shift - 1) * times)
