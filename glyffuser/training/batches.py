"""Training batches, decided by seed and position in the run alone, so that a resumed run continues the same stream."""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch

from glyffuser.data.dataset import GlyphDataset
from glyffuser.prior import MEAN_OF_FOLDS, GlyphPrior
from glyffuser.prompts import make_conditioning
from glyffuser.text import TextStateCache, sentence_vectors
from glyffuser.unet import Conditioning


class CaptionConditioning:
    """Captions -> the U-net's conditioning, from cached text states."""

    def __init__(self, states: TextStateCache, prior: GlyphPrior, folds: dict[str, int]) -> None:
        """
        Args:
            states: text states of every caption, "" included.
            prior: on the CPU.
            folds: caption -> index of the prior's network that was trained without it; for captions that are not
                listed, the mean of all networks.
        """
        self._states = states
        self._prior = prior
        self._folds = folds

    @torch.no_grad()
    def __call__(self, captions: Sequence[str]) -> Conditioning:
        """One row per caption; "" gives the null prompt."""
        states = self._states[captions]
        is_null = torch.tensor([not caption for caption in captions])
        folds = torch.tensor([self._folds.get(caption, MEAN_OF_FOLDS) for caption in captions])
        pictures = self._prior(sentence_vectors(states), sharpness=1.0, folds=folds)
        return make_conditioning(states, pictures, is_null)


class TrainingBatches:
    """Endless stream of samples: every glyph once per epoch, each epoch in its own order, shared by all processes."""

    def __init__(
        self,
        dataset: GlyphDataset,
        conditioning: CaptionConditioning,
        seed: int,
        timestep_focus: float = 0.0,
        timestep_shift: float = 1.0,
        timesteps: Sequence[int] | None = None,
    ) -> None:
        """
        Args:
            dataset: the training characters.
            conditioning: of their captions.
            seed: decides order, timesteps and noise.
            timestep_focus: `focus` of `spread_timesteps`.
            timestep_shift: `shift` of `spread_timesteps`.
            timesteps: those that are drawn, each equally often; all of them when not given.
        """
        self._dataset = dataset
        self._conditioning = conditioning
        self._seed = seed
        self._timestep_focus = timestep_focus
        self._timestep_shift = timestep_shift
        self._timesteps = timesteps
        self._order = lru_cache(maxsize=2)(self._order_of_epoch)

    def samples(self, start: int, count: int) -> tuple[torch.Tensor, Conditioning, list[int]]:
        """The samples at positions `start` to `start + count` of the stream.

        Returns:
            x_0 float32 (count, 1, 128, 128) in [-1, 1], the conditioning, and the codepoints.
        """
        rows = []
        for position in range(start, start + count):
            epoch, offset = divmod(position, len(self._dataset))
            self._dataset.set_epoch(epoch)
            rows.append(self._dataset[int(self._order(epoch)[offset])])
        x_0 = torch.stack([row["x_0"] for row in rows])
        return x_0, self._conditioning([row["caption"] for row in rows]), [row["codepoint"] for row in rows]

    def noise(self, start: int, x_0: torch.Tensor, num_timesteps: int = 1000) -> tuple[torch.Tensor, torch.Tensor]:
        """Noise and timesteps of the batch at position `start`, drawn on the CPU: the same on every device.

        Returns:
            Standard Gaussian like `x_0`, and int64 (batch,) in [0, num_timesteps).
        """
        (seed,) = np.random.SeedSequence([self._seed, start]).generate_state(1, np.uint64)
        generator = torch.Generator().manual_seed(int(seed))
        noise = torch.randn(x_0.shape, generator=generator)
        times = spread_timesteps(len(x_0), self._timestep_focus, self._timestep_shift, generator)
        if self._timesteps is None:
            return noise, (num_timesteps * times).long().clamp(max=num_timesteps - 1)
        drawn = (len(self._timesteps) * times).long().clamp(max=len(self._timesteps) - 1)
        return noise, torch.tensor(self._timesteps)[drawn]

    def _order_of_epoch(self, epoch: int) -> np.ndarray:
        return np.random.default_rng([self._seed, epoch]).permutation(len(self._dataset))


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
