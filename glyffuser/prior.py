"""The glyph prior: what the words alone suggest, before any noise is removed.

The text-to-image-embedding stage of DALL-E 2 (Ramesh et al. 2022) made small: five little networks, each trained
without one fifth of the definitions, map a sentence vector to the principal components of a blurry glyph.
"""

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import nn


class GlyphPrior(ModelMixin, ConfigMixin):
    """Sentence vector -> blurry guess of the glyph on the U-net's own grid."""

    config_name = "config.json"

    @register_to_config
    def __init__(
        self,
        text_channels: int = 384,
        hidden_channels: tuple[int, int] = (1024, 256),
        num_components: int = 192,
        grid_size: int = 32,
        num_folds: int = 5,
        input_scale: float = 19.6,
    ) -> None:
        """
        Args:
            text_channels: width of the sentence vector.
            hidden_channels: widths of each fold's two hidden layers.
            num_components: principal components that each fold predicts.
            grid_size: side of the picture.
            num_folds: networks whose predictions are averaged.
            input_scale: brings the centred, unit-length sentence vector to unit variance per channel.
        """
        super().__init__()
        self.folds = nn.ModuleList(
            _Fold(text_channels, hidden_channels, num_components, input_scale) for _ in range(num_folds)
        )
        # component -> picture, in units of the pictures' standard deviation over the training captions
        self.register_buffer("basis", torch.zeros(num_components, grid_size**2))
        self.register_buffer("mean_glyph", torch.zeros(grid_size**2))
        self.register_buffer("std", torch.ones(1))

    def forward(self, sentence: torch.Tensor) -> torch.Tensor:
        """Guess the glyph.

        Args:
            sentence: (batch, text_channels), unit length; a zero vector stands for the null prompt.

        Returns:
            float32 (batch, 1, grid_size, grid_size): deviation from the mean glyph in standard deviations, paper
            positive, ink negative; zeros for the null prompt.
        """
        sentence = sentence.to(self.basis.dtype)
        components = torch.stack([fold(sentence) for fold in self.folds]).mean(dim=0)  # (batch, num_components)
        picture = (components @ self.basis).float() * sentence.any(dim=-1, keepdim=True)
        size = self.config.grid_size
        return picture.view(-1, 1, size, size)

    def to_x_0(self, picture: torch.Tensor) -> torch.Tensor:
        """A guess as a blurry glyph in [-1, 1]: the mean glyph and the deviation `forward` returned, same shape."""
        return (self.mean_glyph.view(picture.shape[-2:]) + picture * self.std).float().clamp(-1, 1)


class _Fold(nn.Module):
    def __init__(self, text_channels: int, hidden: tuple[int, int], num_components: int, input_scale: float) -> None:
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
            nn.Linear(hidden[1], num_components),
        )

    def forward(self, sentence: torch.Tensor) -> torch.Tensor:
        return self.net((sentence - self.mean) * self.input_scale)
