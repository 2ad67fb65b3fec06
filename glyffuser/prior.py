"""The glyph prior: a blurry guess of the glyph from the text alone, before any noise is removed.

A small version of the prior of DALL-E 2 (Ramesh et al. 2022): five networks, each trained without one fifth of the
definitions, classify a sentence vector by family of characters, those that share a radical and a layout. The guess is
the mean of the families' average glyphs, weighted by their probabilities.
"""

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import nn

MEAN_OF_FOLDS = -1
"""In place of a fold's index: the mean of all folds' probabilities."""

NUM_RADICALS = 214
"""Kangxi radicals, numbered from 1."""


class GlyphPrior(ModelMixin, ConfigMixin):
    """Sentence vector -> blurry guess of the glyph at the U-net's resolution."""

    config_name = "config.json"
    family_glyphs: torch.Tensor
    mean_glyph: torch.Tensor
    std: torch.Tensor

    @register_to_config
    def __init__(
        self,
        families: tuple[tuple[int, str], ...],
        text_channels: int = 384,
        hidden_channels: tuple[int, int] = (1024, 256),
        grid_size: int = 32,
        num_folds: int = 5,
        input_scale: float = 19.6,
        sharpness: float = 3.0,
    ) -> None:
        """
        Args:
            families: radical and layout of each family; layout "any" holds a radical's remaining characters.
            text_channels: width of the sentence vector.
            hidden_channels: widths of each fold's two hidden layers.
            grid_size: side of the picture.
            num_folds: number of networks, whose probabilities are averaged.
            input_scale: factor that gives the centred, unit-length sentence vector unit variance per channel.
            sharpness: exponent of the radicals' probabilities when a prompt is sampled. At 1 all radicals are mixed by
                their probabilities, as in training; above 1 the likeliest ones dominate. The families (layouts) of one
                radical keep their shares.
        """
        super().__init__()
        self.folds = nn.ModuleList(
            Fold(text_channels, hidden_channels, len(families), input_scale) for _ in range(num_folds)
        )
        # average glyph of each family minus the mean glyph, in units of `std`
        self.register_buffer("family_glyphs", torch.zeros(len(families), grid_size**2))
        self.register_buffer("mean_glyph", torch.zeros(grid_size**2))
        self.register_buffer("std", torch.ones(1))

    def probabilities(self, sentence: torch.Tensor, folds: torch.Tensor | None = None) -> torch.Tensor:
        """Probability of each family given a sentence.

        Args:
            sentence: (batch, text_channels), unit length.
            folds: int64 (batch,), index of the network that classifies each row, or `MEAN_OF_FOLDS`; the mean of all
                networks for every row when not given.

        Returns:
            float32 (batch, families), each row sums to 1.
        """
        sentence = sentence.to(self.family_glyphs.dtype)
        by_fold = [fold(sentence).float().softmax(dim=-1) for fold in self.folds]
        stacked = torch.stack(by_fold)  # (folds, batch, families)
        if folds is None:
            return stacked.mean(dim=0)
        chosen = stacked[folds.clamp(min=0), torch.arange(len(sentence))]
        return torch.where((folds == MEAN_OF_FOLDS)[:, None], stacked.mean(dim=0), chosen)

    def by_radical(self, probabilities: torch.Tensor) -> torch.Tensor:
        """Sum families (batch, families) by radical: (batch, 215), radicals count from 1 and column 0 is empty."""
        totals = probabilities.new_zeros(len(probabilities), NUM_RADICALS + 1)
        return totals.index_add_(1, self._radicals(probabilities.device), probabilities)

    def forward(
        self, sentence: torch.Tensor, sharpness: float | None = None, folds: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Guess the glyph.

        Args:
            sentence: (batch, text_channels), unit length; a zero vector is the null prompt.
            sharpness: as in the config, whose value is the default.
            folds: as in `probabilities`; training uses the network that was trained without the caption.

        Returns:
            float32 (batch, 1, grid_size, grid_size): deviation from the mean glyph in standard deviations, paper
            positive, ink negative; zeros for the null prompt.
        """
        power = self.config.sharpness if sharpness is None else sharpness
        weights = self._sharpened(self.probabilities(sentence, folds), power)
        picture = (weights @ self.family_glyphs.float()) * sentence.any(dim=-1, keepdim=True)
        size = self.config.grid_size
        return picture.view(-1, 1, size, size)

    def _radicals(self, device: torch.device) -> torch.Tensor:
        return torch.tensor([radical for radical, _layout in self.config.families], device=device)

    def _sharpened(self, probabilities: torch.Tensor, power: float) -> torch.Tensor:
        """Family probabilities (batch, families) with each radical's total raised to `power`, normalised again."""
        totals = self.by_radical(probabilities)[:, self._radicals(probabilities.device)].clamp(min=1e-30)
        return (probabilities.log() + (power - 1) * totals.log()).softmax(dim=-1)

    def to_x_0(self, picture: torch.Tensor) -> torch.Tensor:
        """Add the mean glyph to a picture from `forward`: a blurry glyph in [-1, 1] of the same shape."""
        return (self.mean_glyph.view(picture.shape[-2:]) + picture * self.std).float().clamp(-1, 1)


class Fold(nn.Module):
    """One network of the prior: sentence vector -> one score per family."""

    mean: torch.Tensor

    def __init__(self, text_channels: int, hidden: tuple[int, int], num_families: int, input_scale: float) -> None:
        """
        Args:
            text_channels: width of the sentence vector.
            hidden: widths of the two hidden layers.
            num_families: number of scores.
            input_scale: factor for the centred sentence vector.
        """
        super().__init__()
        self.input_scale = input_scale
        self.register_buffer("mean", torch.zeros(text_channels))
        self.net = nn.Sequential(
            nn.Linear(text_channels, hidden[0]),
            nn.GELU(),
            nn.Dropout(0.5),
            nn.Linear(hidden[0], hidden[1]),
            nn.GELU(),
            nn.Dropout(0.25),
            nn.Linear(hidden[1], num_families),
        )

    def forward(self, sentence: torch.Tensor) -> torch.Tensor:
        """Logits (batch, families) of sentence vectors (batch, text_channels)."""
        return self.net((sentence - self.mean) * self.input_scale)
