"""Batches that depend on the recipe's seed and on the place in the run alone, so that a resumed run repeats nothing."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch

from glyffuser.data.dataset import GlyphDataset
from glyffuser.pipeline import make_conditioning
from glyffuser.prior import MEAN_OF_FOLDS, GlyphPrior
from glyffuser.text import TextStateCache, sentence_vectors
from glyffuser.unet import Conditioning


class CaptionConditioning:
    """What the U-net is told of a caption, from states that were encoded once."""

    def __init__(self, states: TextStateCache, prior: GlyphPrior, folds: dict[str, int]) -> None:
        """
        Args:
            states: of every caption, "" included.
            prior: on the CPU.
            folds: the network of the prior that has not seen a caption; all of them where a caption is not listed.
        """
        self._states = states
        self._prior = prior
        self._folds = folds

    @torch.no_grad()
    def __call__(self, captions: Sequence[str]) -> Conditioning:
        """One row a caption; the null prompt for ""."""
        states = self._states[captions]
        is_null = torch.tensor([not caption for caption in captions])
        folds = torch.tensor([self._folds.get(caption, MEAN_OF_FOLDS) for caption in captions])
        pictures = self._prior(sentence_vectors(states), sharpness=1.0, folds=folds)
        return make_conditioning(states, pictures, is_null)


class TrainingBatches:
    """The endless stream of samples: every glyph once an epoch, in an order of its own, across all processes."""

    def __init__(self, dataset: GlyphDataset, conditioning: CaptionConditioning, seed: int) -> None:
        """
        Args:
            dataset: the training characters.
            conditioning: what the U-net is told of their captions.
            seed: decides order, captions, timesteps and noise.
        """
        self._dataset = dataset
        self._conditioning = conditioning
        self._seed = seed
        self._order = lru_cache(maxsize=2)(self._order_of_epoch)

    def samples(self, start: int, count: int) -> tuple[torch.Tensor, Conditioning, list[int]]:
        """The samples at places `start` to `start + count` of the stream.

        Returns:
            x_0 float32 (count, 1, 128, 128) in [-1, 1], what the U-net is told, and the codepoints.
        """
        rows = []
        for place in range(start, start + count):
            epoch, offset = divmod(place, len(self._dataset))
            self._dataset.set_epoch(epoch)
            rows.append(self._dataset[int(self._order(epoch)[offset])])
        x_0 = torch.stack([row["x_0"] for row in rows])
        return x_0, self._conditioning([row["caption"] for row in rows]), [row["codepoint"] for row in rows]

    def noise(self, start: int, x_0: torch.Tensor, num_timesteps: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Noise and uniform timesteps for the samples at `start`, drawn on the CPU: the same on every device.

        Returns:
            Standard Gaussian like `x_0`, and int64 (batch,) in [0, num_timesteps).
        """
        (seed,) = np.random.SeedSequence([self._seed, start]).generate_state(1, np.uint64)
        generator = torch.Generator().manual_seed(int(seed))
        noise = torch.randn(x_0.shape, generator=generator)
        return noise, torch.randint(num_timesteps, (len(x_0),), generator=generator)

    def _order_of_epoch(self, epoch: int) -> np.ndarray:
        return np.random.default_rng([self._seed, epoch]).permutation(len(self._dataset))
