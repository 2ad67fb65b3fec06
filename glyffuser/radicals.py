"""Radical classifier: a small network that names the Kangxi radical of a glyph, real or generated.

It is trained on real glyphs only. Its penultimate layer gives the features in which sets of glyphs are compared. Top-1
accuracy of the shipped one on held-out glyphs: 0.918 (`python -m glyffuser.evaluation --quick`).
"""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import nn

from glyffuser.checkpoint import CHECKPOINTS

NUM_RADICALS = 214
DEFAULT_CLASSIFIER = CHECKPOINTS / "radicals"


class ClassifierError(OSError):
    """A radical classifier that cannot be read; the message says which folder and what to do."""


class RadicalClassifier(ModelMixin, ConfigMixin):
    """Glyph -> one logit per radical."""

    config_name = "config.json"

    @register_to_config
    def __init__(self, block_out_channels: tuple[int, ...] = (32, 64, 128, 256), feature_channels: int = 256) -> None:
        """
        Args:
            block_out_channels: widths of the blocks; each block halves the picture.
            feature_channels: width of the features.
        """
        super().__init__()
        widths = (1, *block_out_channels)
        self.blocks = nn.Sequential(*(_block(before, after) for before, after in pairwise(widths)))
        side = 64 // 2 ** len(block_out_channels)
        # flattened, not pooled: the position of a component matters as much as its shape
        self.to_features = nn.Sequential(
            nn.Flatten(), nn.Dropout(0.3), nn.Linear(widths[-1] * side**2, feature_channels), nn.ReLU()
        )
        self.to_logits = nn.Sequential(nn.Dropout(0.2), nn.Linear(feature_channels, NUM_RADICALS))

    def features(self, x_0: torch.Tensor) -> torch.Tensor:
        """Activations below the logits: (batch, 1, 128, 128) in [-1, 1] -> (batch, feature_channels), 0 or greater."""
        return self.to_features(self.blocks(F.avg_pool2d(x_0, 2)))

    def forward(self, x_0: torch.Tensor) -> torch.Tensor:
        """Classify glyphs.

        Args:
            x_0: float (batch, 1, 128, 128) in [-1, 1].

        Returns:
            Logits (batch, 214); radical n is at index n - 1.
        """
        return self.to_logits(self.features(x_0))

    @torch.inference_mode()
    def top_k(self, x_0: torch.Tensor, k: int = 3, batch_size: int = 256) -> torch.Tensor:
        """The k most probable radicals, most probable first: int64 (batch, k), values 1 to 214."""
        return torch.cat([self.forward(batch).topk(k).indices + 1 for batch in x_0.split(batch_size)])

    @torch.inference_mode()
    def top_1_accuracy(self, x_0: torch.Tensor, radicals: Sequence[int]) -> float:
        """Share of glyphs (batch, 1, 128, 128) whose most probable radical is the given one, 1 to 214."""
        return float((self.top_k(x_0, k=1)[:, 0] == torch.tensor(radicals)).float().mean())

    @torch.inference_mode()
    def extract_features(self, x_0: torch.Tensor, batch_size: int = 256) -> torch.Tensor:
        """Compute the `features` of many glyphs, batch by batch."""
        return torch.cat([self.features(batch) for batch in x_0.split(batch_size)])

    @classmethod
    def load(cls, folder: Path = DEFAULT_CLASSIFIER) -> "RadicalClassifier":
        """Load a classifier in float32, in evaluation mode; the shipped one by default.

        Raises:
            ClassifierError: if a file is missing or damaged.
        """
        try:
            return cls.from_pretrained(folder, dtype=torch.float32, local_files_only=True).eval()
        except Exception as error:  # diffusers raises whatever its parts raise
            reason = str(error).strip().split("\n")[0][:200]
            raise ClassifierError(
                f"the radical classifier in {folder} cannot be read ({reason}): restore it "
                f"with `git checkout -- {folder}` or train one with `python -m glyffuser.training.radical_classifier`"
            ) from error


def _block(in_channels: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
        nn.MaxPool2d(2),
    )
